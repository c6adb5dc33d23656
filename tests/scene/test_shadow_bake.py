# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake Shadows in real scenes: what the passes hold, that nothing is touched, and that it goes on where it was."""

from __future__ import annotations

import os

import bpy
import numpy as np
import pytest

from holirep_blender.lighting.multilayer_exr import read_exr
from holirep_blender.lighting.shadow_passes import colour, composited
from holirep_blender.scene.pictures import write_png
from holirep_blender.scene.shadow_bake import ShadowError, ShadowOptions, bake_shadows, file_of
from holirep_blender.scene.shadow_composite import compose
from tests.scene.shadow_stage import as_clip, file_state, show_plate, stage


def options(folder, **more):
    return ShadowOptions(**{"out": folder, "frames": (1, 1), "samples": 8, "device": "cpu", **more})


def test_the_passes_of_a_frame(empty_scene, tmp_path):
    scene = stage(empty_scene)
    bake = bake_shadows(scene, options(tmp_path / "new" / "folder", samples=24))
    planes = read_exr(bake.files[0])
    assert bake.files == [tmp_path / "new" / "folder" / "shadow.0001.exr"]
    assert bake.catchers == ["Plane"]
    assert {"Character.Combined", "Character.Combined_Sun", "Shadow.Catcher", "Shadow.Multiply_Residual"} <= set(
        bake.passes
    )
    assert "shows no plate" in bake.warnings[0]
    alpha = planes["Character.Combined.A"]
    assert 0.03 < alpha.mean() < 0.2, "the ball alone is over the plate"
    multiply, sun = colour(planes, "Shadow.Multiply"), colour(planes, "Shadow.Multiply_Sun")
    assert sun.min() < 0.01, "the sun's own shadow is black"
    assert multiply.min() > 0.01, "the sky still lights it"
    assert (multiply[:4] > 0.98).all(), "far away the plate stays"
    free = alpha == 0
    theirs = colour(planes, "Shadow.Catcher")
    assert abs(theirs[free].mean() - multiply[free].mean()) < 0.005, "as Cycles' own pass, where that is defined"
    assert np.abs(theirs[free] - multiply[free]).mean() < 0.02
    rows, columns = np.nonzero(alpha > 0.99)
    under = rows.max(), round(columns.mean())
    assert theirs[under].min() > 0.99
    assert multiply[under].max() < 0.6, "there is a shadow under the ball, where Cycles' own pass has none"
    total = sum(colour(planes, f"Lit.Combined_{name}") for name in ("Sun", "Residual"))
    np.testing.assert_allclose(total, colour(planes, "Lit.Combined"), rtol=0.01, atol=2e-3)


def test_nothing_in_the_file_is_touched(empty_scene, tmp_path):
    scene = stage(empty_scene)
    scene.objects["Ball"].select_set(True)
    scene.render.engine, scene.frame_current = "BLENDER_WORKBENCH", 2
    scene.render.image_settings.file_format = "JPEG"
    scene.view_layers[0].lightgroups.add(name="Mine")
    scene.objects["Sun"].lightgroup = "Mine"
    before = file_state()
    bake = bake_shadows(scene, options(tmp_path, samples=1))
    assert "Shadow.Multiply_Mine" in bake.passes
    assert file_state() == before

    def stop(progress):
        if progress.frame == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bake_shadows(scene, options(tmp_path / "other", frames=(1, 3), samples=1), stop)
    assert file_state() == before
    assert os.listdir(tmp_path / "other") == ["shadow.0001.exr"], "what was finished is kept, nothing else is there"


def test_finished_frames_are_skipped_until_something_changes(empty_scene, tmp_path):
    scene = stage(empty_scene, ground=False)
    ball, sun = scene.objects["Ball"], scene.objects["Sun"]
    ball.location.x = -1.0
    ball.keyframe_insert("location", frame=1)
    ball.location.x = 1.0
    ball.keyframe_insert("location", frame=2)
    first = bake_shadows(scene, options(tmp_path, frames=(1, 2), samples=1))
    assert first.rendered == [1, 2]
    assert first.ground_height == pytest.approx(0.0, abs=1e-6)
    assert "no ground" in " ".join(first.warnings)
    places = [np.argwhere(read_exr(path)["Character.Combined.A"] > 0.5)[:, 1].mean() for path in first.files]
    assert places[1] - places[0] > 8, "each file shows its own frame"
    dates = [path.stat().st_mtime_ns for path in first.files]
    scene.frame_set(2)
    again = bake_shadows(scene, options(tmp_path, frames=(1, 3), samples=1))
    assert (again.skipped, again.rendered, again.changed) == ([1, 2], [3], {})
    assert [path.stat().st_mtime_ns for path in first.files] == dates
    sun.data.energy = 4.0
    changed = bake_shadows(scene, options(tmp_path, samples=1))
    assert changed.changed == {"lights": [1]}
    assert "because the lamps changed" in changed.sentence
    scene.camera.data.lens = 35.0
    assert bake_shadows(scene, options(tmp_path, samples=2)).changed == {"settings": [1], "camera": [1]}
    file_of(options(tmp_path), 1).write_bytes(b"damaged")
    assert bake_shadows(scene, options(tmp_path, samples=2)).rendered == [1]
    assert bake_shadows(scene, options(tmp_path, samples=2, again=True)).rendered == [1]


def test_stand_ins_occlude_the_environment_in_a_pass_of_its_own(empty_scene, tmp_path):
    scene = stage(empty_scene)
    bpy.ops.mesh.primitive_cube_add(size=1.5, location=(-2.2, 0.5, 0.75))
    wall = bpy.context.object
    bake = bake_shadows(scene, options(tmp_path, samples=16, catchers=(scene.objects["Plane"], wall)))
    planes = read_exr(bake.files[0])
    occlusion, mine = colour(planes, "Shadow.Occlusion"), colour(planes, "Shadow.Multiply_Residual")
    foot = np.s_[16:19, 15:18]  # the ground at the wall's foot, away from the ball
    assert planes["Character.Combined.A"][:, :14].max() == 0.0, "a stand-in is no part of the character"
    assert occlusion.min() < 0.8
    assert occlusion.mean() < mine.mean() - 0.01, (
        "the set's share is in the occlusion, not in what multiplies the plate"
    )
    assert mine[foot].mean() > occlusion[foot].mean()


@pytest.mark.parametrize("clip", [False, True])
def test_light_from_the_ground_has_the_colours_of_the_plate(empty_scene, tmp_path, clip):
    scene = stage(empty_scene)
    image = show_plate(scene, tmp_path / "plate", [(0.8, 0.05, 0.05), (0.05, 0.05, 0.8)])
    if clip:
        as_clip(scene, image)
    scene.frame_end = 2
    bake = bake_shadows(scene, options(tmp_path / "out", frames=(1, 2), samples=16))
    assert not bake.warnings
    reds = []
    for path in bake.files:
        planes = read_exr(path)
        ball = planes["Character.Combined.A"] > 0.99
        ball[: np.nonzero(ball)[0].max() - 2] = False
        character = colour(planes, "Character.Combined")[ball].mean(0)
        reds.append(character[0] / character[2])
    assert reds[0] > 1.5 * reds[1], f"red ground, then blue: {reds}"
    gain = bake.plate_gain
    assert bake_shadows(scene, options(tmp_path / "out", samples=16, plate_gain=gain)).skipped == [1]


def test_plate_shadow_and_character_meet_in_the_compositor(empty_scene, tmp_path):
    scene = stage(empty_scene)
    show_plate(scene, tmp_path / "plate", [(0.2, 0.3, 0.4), (0.6, 0.4, 0.2)])
    bake_shadows(scene, options(tmp_path, frames=(1, 2), plate_gain=1.0))
    with pytest.raises(ShadowError, match="bake the shadows first"):
        compose(scene, tmp_path / "nowhere")
    compose(scene, tmp_path)
    composed = compose(scene, tmp_path)
    assert composed.connected
    assert composed.warnings == ["With the view transform AgX the plate looks other than it was shot: choose Standard."]
    assert len([each for each in bpy.data.node_groups if each.name.startswith("HoliRep Composite")]) == 1
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR", "32", "ZIP"
    plates = {1: np.broadcast_to((0.2, 0.3, 0.4), (32, 48, 3)), 2: np.broadcast_to((0.6, 0.4, 0.2), (32, 48, 3))}

    def agrees(wanted_plates):
        for frame, plate in wanted_plates.items():
            scene.frame_set(frame)
            scene.render.filepath = str(tmp_path / "composite.exr")
            bpy.ops.render.render(write_still=True)
            seen = read_exr(tmp_path / "composite.exr")
            wanted = composited(read_exr(tmp_path / f"shadow.{frame:04d}.exr"), plate)
            np.testing.assert_allclose(np.stack([seen[name] for name in "RGB"], 2), wanted, atol=1e-3)

    agrees(plates)
    with pytest.raises(ShadowError, match="There is no clean plate at"):
        compose(scene, tmp_path, clean=tmp_path / "clean.0011.png")
    half = np.zeros((32, 48, 4), np.float32)
    half[:, :24] = (1.0, 1.0, 0.0, 1.0)
    for number in (10, 11):  # none for the plate's second frame, which is 12: the plate shows
        write_png(half, tmp_path / f"clean.{number:04d}.png")
        compose(scene, tmp_path, clean=tmp_path / "clean.0010.png")
    (clean,) = (each for each in bpy.data.images if each.name.startswith("clean"))
    assert clean.source == "SEQUENCE", "it was one picture before"
    plates[1] = plates[1].copy()
    plates[1][:, :24] = (1.0, 1.0, 0.0)
    agrees(plates)


def test_the_artists_own_compositor_stays(empty_scene, tmp_path):
    from holirep_blender.scene import blender_versions

    scene = stage(empty_scene)
    bake_shadows(scene, options(tmp_path, samples=1))
    tree, _ = blender_versions.compositor_tree(scene)
    output = blender_versions.compositor_output(tree)
    blur = tree.nodes.new("CompositorNodeBlur")
    tree.links.new(blur.outputs[0], output)
    composed = compose(scene, tmp_path)
    assert not composed.connected
    assert "your own nodes keep the output" in composed.sentence
    assert output.links[0].from_node == blur


def test_what_the_user_must_change_first(empty_scene, tmp_path):
    def refused(match, **more):
        with pytest.raises(ShadowError, match=match):
            bake_shadows(empty_scene, options(tmp_path / "out", **more))

    refused("no camera")
    scene = stage(empty_scene, world=None)
    before = file_state()
    refused("ends at frame 3, before it begins at frame 7", frames=(7, 3))
    refused("Sun cannot catch shadows, it is a light", catchers=(scene.objects["Sun"],))
    if not any(kind[0] == "CUDA" for kind in _devices()):
        refused("finds no CUDA device", device="cuda")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        bake_shadows(scene, options(tmp_path / "file"))
    assert file_state() == before
    scene.objects["Sun"].hide_render = True
    refused("Nothing lights")
    assert not (tmp_path / "out").exists() or not os.listdir(tmp_path / "out")


def _devices():
    cycles = bpy.context.preferences.addons["cycles"].preferences
    return [kind for kind in cycles.get_device_types(bpy.context) if cycles.get_devices_for_type(kind[0])]
