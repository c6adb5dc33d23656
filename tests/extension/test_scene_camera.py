# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot's camera: what the worker is asked for, and what becomes of it when the take is applied."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view

from holirep_blender.cli.errors import CommandError
from holirep_blender.cli.parser import build_parser
from holirep_blender.cli.shot_options import set_solve
from holirep_blender.motion.skeleton import JOINT_INDEX
from holirep_blender.motion.take import Camera, Take
from holirep_blender.operators.performance import Performance, why_not_shot
from holirep_blender.operators.solve_again import SolveAgain
from holirep_blender.scene import shot as shots
from holirep_blender.scene.actions import MARK
from holirep_blender.scene.camera_tracks import PlateFrames
from holirep_blender.scene.shot_take import apply_shot_take, plate_frames_of
from tests.extension.conftest import run_command
from tests.extension.test_jobs_in_blender import finish
from tests.motion.retargeting.clips import lively_take
from tests.rigs.builders import build_rig

LEVEL = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
SIZE = (1768, 994)


def add_camera(name="Matchmove", place=(0.0, -5.0, 1.3)):
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    bpy.context.scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = place, (np.pi / 2, 0.0, 0.0)
    bpy.context.view_layer.update()
    return camera


@pytest.fixture
def filmed(shot, tmp_path):
    """A take that was solved with the scene's camera, from frame 11 on, and a character to put it on."""
    take = lively_take(frames=25)
    pose = np.tile(np.eye(4), (25, 1, 1))
    pose[:, :3, :3], pose[:, :3, 3] = LEVEL, (0.0, -5.0, 1.3)
    take.camera = Camera(np.array([[1000.0, 0, 884], [0, 1000, 497], [0, 0, 1]]), pose, np.array(SIZE, dtype=float))
    take.header["camera_track_source"] = {"camera": "Matchmove", "scene_frame": 11.0}
    take.save(tmp_path / "take.npz")
    shot.take, shot.character = str(tmp_path / "take.npz"), build_rig("vrm")
    bpy.context.scene.render.fps = 30
    return take


def apply(shot):
    return apply_shot_take(bpy.context, shot.id_data, shot.character)


def cameras():
    return sorted(each.name for each in bpy.context.scene.objects if each.type == "CAMERA")


def test_the_take_begins_where_its_camera_was_read_and_is_seen_through_it(shot, filmed, tmp_path):
    camera = add_camera()
    text, warnings = apply(shot)
    assert "frames 11 to 35" in text
    assert not any("camera" in said.lower() for said in warnings)
    assert cameras() == ["Matchmove"]
    assert bpy.context.scene.camera == camera
    assert camera.animation_data is None
    shot.use_start_frame, shot.start_frame = True, 20
    text, warnings = apply(shot)
    assert "frames 20 to 44" in text
    assert any("from frame 11 on, but begins at frame 20" in said for said in warnings)


def test_the_artists_own_camera_and_background_stay(shot, filmed, tmp_path):
    other, camera = add_camera("Render"), add_camera()
    bpy.context.scene.camera = other
    image = bpy.data.images.new("frame", 64, 36)
    image.filepath_raw, image.file_format = str(tmp_path / "plate.png"), "PNG"
    image.save()
    shot.plate = str(tmp_path / "plate.png")
    apply(shot)
    assert bpy.context.scene.camera == other
    assert [MARK in each.image for each in camera.data.background_images] == [True], "asked for: the plate"
    mine = camera.data.background_images.new()
    mine.image = image
    apply(shot)
    assert len(camera.data.background_images) == 2
    camera.data.background_images.remove(camera.data.background_images[0])
    apply(shot)
    assert [each.image for each in camera.data.background_images] == [image], "it is shown already"
    shot.plate_as_background = False
    camera.data.background_images.clear()
    apply(shot)
    assert len(camera.data.background_images) == 0


def test_without_that_camera_one_like_it_is_added_and_a_renamed_one_is_found(shot, filmed):
    _, warnings = apply(shot)
    assert any("Matchmove" in said and "not in this scene" in said for said in warnings)
    assert cameras() == ["HoliRep Camera"]
    bpy.data.objects.remove(bpy.data.objects["HoliRep Camera"])
    shot.camera_kind, shot.track_camera = "OBJECT", add_camera("Renamed")
    apply(shot)
    assert cameras() == ["Renamed"]


def test_keys_on_whole_frames_where_the_camera_was_read_between_two(shot, filmed):
    add_camera()
    filmed.header["camera_track_source"]["scene_frame"] = 11.25
    filmed.save(shot.take)
    bpy.context.scene.render.fps = 24
    shot.whole_frames = True
    text, _ = apply(shot)
    assert "frames 12 to 30" in text  # 24 frames of the plate last until 11.25 + 24 / 30 * 24 = 30.45
    shot.whole_frames = False
    text, _ = apply(shot)
    assert "frames 11.25 to 30.45" in text


@pytest.mark.parametrize(
    ("kind", "said"), [("OBJECT", "Choose the scene's camera"), ("FILE", "Choose the file of the camera's track")]
)
def test_a_camera_that_is_not_chosen_is_said_before_anything_is_started(shot, filmed, tmp_path, kind, said):
    (tmp_path / "plate.mov").write_bytes(b"x")
    shot.plate, shot.camera_kind = str(tmp_path / "plate.mov"), kind
    with pytest.raises(ValueError, match=said):
        Performance(bpy.context.scene).start()
    assert said in why_not_shot(bpy.context.scene), "the buttons say so too"


def test_cameras_that_cannot_be_used_are_named(shot, filmed, tmp_path):
    (tmp_path / "plate.mov").write_bytes(b"x")
    shot.plate, shot.camera_kind, shot.track_camera = str(tmp_path / "plate.mov"), "OBJECT", add_camera()
    shot.track_camera.data.type = "ORTHO"
    with pytest.raises(ValueError, match="Matchmove is orthographic"):
        Performance(bpy.context.scene).start()
    bpy.context.scene.collection.objects.unlink(shot.track_camera)
    with pytest.raises(ValueError, match="Matchmove is not in this scene any more"):
        Performance(bpy.context.scene).start()
    shot.camera_kind, shot.camera_track_file = "FILE", str(tmp_path / "gone.npz")
    with pytest.raises(ValueError, match=r"gone\.npz"):
        Performance(bpy.context.scene).start()


def test_the_request_of_each_kind(shot, tmp_path):
    scene, out = bpy.context.scene, tmp_path / "track.npz"
    plate = PlateFrames(SIZE, 24.0, 5, 1.0)
    assert shots.camera_settings(shot, plate, out) == ({"camera_track": None}, ())
    np.save(tmp_path / "given.npy", np.tile(np.eye(4), (5, 1, 1)))
    shot.camera_kind, shot.camera_track_file = "FILE", str(tmp_path / "given.npy")
    asked, _ = shots.camera_settings(shot, plate, out)
    assert asked["camera_track"] == str(tmp_path / "given.npy")
    shot.focal_kind = "PIXELS"
    assert shots.focal_length_px(shot, None) == 1500.0
    shot.camera_kind, shot.track_camera = "OBJECT", add_camera()
    assert shots.focal_length_px(shot, None) is None, "the camera has the lens"
    scene.render.fps = 24
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    asked, warnings = shots.camera_settings(shot, plate, out)
    assert asked == {"camera_track": str(out), "camera_track_source": {"camera": "Matchmove", "scene_frame": 25.0}}
    assert not warnings
    with np.load(out) as stored:
        assert stored["world_from_camera"].shape == (5, 4, 4)
        assert stored["intrinsics"][0, 0] == pytest.approx(50.0 / 36.0 * SIZE[0], rel=1e-5)


def test_the_command_writes_the_camera_into_the_shot(shot, tmp_path):
    np.save(tmp_path / "given.npy", np.eye(4)[None])
    add_camera()

    def choose(*words):
        set_solve(shot, build_parser("holirep").parse_args(["replicate", *map(str, words)]))
        return shot.camera_kind

    assert choose("--camera", "Matchmove") == "OBJECT"
    assert shot.track_camera.name == "Matchmove"
    assert choose("--smoothing", "none") == "OBJECT", "what is left out stays"
    with pytest.raises(CommandError, match="--still-camera"):
        choose("--focal-length", "35mm")
    assert choose("--camera-track", tmp_path / "given.npy", "--focal-length", "900px") == "FILE"
    assert shot.camera_track_file == str(tmp_path / "given.npy")
    assert choose("--still-camera") == "SOLVED"


def test_what_a_take_says_of_its_plate(filmed, shot, tmp_path):
    with pytest.raises(ValueError, match="holds no observations"):
        plate_frames_of(Path(shot.take))
    with pytest.raises(ValueError, match=r"gone\.npz"):
        plate_frames_of(tmp_path / "gone.npz")


@pytest.fixture(scope="module")
def panned(plate, runtime, tmp_path_factory):
    """Ten frames of the sample plate as they are, and as one that follows her by 3 degrees would see them."""
    folder = tmp_path_factory.mktemp("panned")
    script = f"""
import cv2, numpy as np
reader = cv2.VideoCapture({str(plate)!r})
for _ in range(80): reader.grab()
focal, centre = 50 / 36 * {SIZE[0]}, ({SIZE[0]} / 2 - 0.5, {SIZE[1]} / 2 - 0.5)
lens = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]])
for number, degrees in enumerate(np.linspace(1.5, -1.5, 10)):
    frame = cv2.resize(reader.read()[1], {SIZE}, interpolation=cv2.INTER_AREA)
    turn = cv2.Rodrigues(np.array([0, np.radians(degrees), 0]))[0]
    cv2.imwrite(f"{folder}/still.{{number + 1:04d}}.png", frame)
    # what the turned camera sees of a direction is where the plain one sees that direction turned back
    cv2.imwrite(f"{folder}/pan.{{number + 1:04d}}.png", cv2.warpPerspective(frame, lens @ turn.T @ np.linalg.inv(lens),
                {SIZE}, borderMode=cv2.BORDER_REPLICATE))
"""
    python = next(path for path in (runtime / "bin" / "python", runtime / "Scripts" / "python.exe") if path.exists())
    subprocess.run([python, "-c", script], check=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start = 30, 101
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    build_rig("vrm").name = "Hero"
    add_camera("Tripod", (1.0, -6.0, 3.3))
    head, panning = bpy.data.objects.new("Head", None), add_camera("Panning", (0.0, 0.0, 0.0))
    scene.collection.objects.link(head)
    head.location = (1.0, -6.0, 3.3)
    panning.parent = head
    for frame, degrees in ((101, 1.5), (110, -1.5)):
        head.rotation_euler = (0.0, 0.0, -np.radians(degrees))
        head.keyframe_insert("rotation_euler", frame=frame)
    for curve in head.animation_data.action.layers[0].strips[0].channelbags[0].fcurves:
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "stage.blend"))
    return folder


WOMAN = {"still": "1220,740@1", "pan": "1155,740@1"}
"""Where she walks in the first picture; somebody else jumps in the background."""


def replicated(folder, runtime, pictures, name, *words):
    done = run_command(
        "replicate", "--file", folder / "stage.blend", "--plate", folder / f"{pictures}.0001.png", "--fps", "30",
        "--person", WOMAN[pictures], "--height", "1.65", "--out", folder / f"{name}.npz", *words, "--json",
        HOLIREP_RUNTIME=str(runtime),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), Take.load(folder / f"{name}.npz")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_panning_camera_gives_the_world_that_a_still_one_gives(panned, runtime):
    applying = ("--character", "Hero", "--match-camera", "--no-refine", "--save", panned / "done.blend")
    answer, moving = replicated(panned, runtime, "pan", "moving", "--camera", "Panning", *applying)
    _, still = replicated(panned, runtime, "still", "still", "--camera", "Tripod")
    _, blind = replicated(panned, runtime, "pan", "blind", "--focal-length", f"{50 / 36 * SIZE[0]}px")
    off = np.linalg.norm(moving.root_translation - still.root_translation, axis=1)
    path = still.root_translation[:, :2] - still.root_translation[:1, :2]
    drift = np.abs((moving.root_translation[:, :2] - moving.root_translation[:1, :2]) - path).max(axis=0)
    lost = np.abs((blind.root_translation[:, :2] - blind.root_translation[:1, :2]) - path).max(axis=0)
    print(f"root: {100 * off.mean():.1f} cm apart, drifts by {100 * drift} cm; by {100 * lost} cm without a track")
    assert drift[0] < 0.03 < 0.3 < lost[0], "sideways, where the camera turns"
    assert drift[1] < 0.2, "along the view, where ten metres are known to some two per cent in single frames"
    assert off.mean() < 0.25
    assert moving.header["camera_track_source"] == {"camera": "Panning", "scene_frame": 101.0}
    assert not any("camera" in said for said in answer["warnings"])

    bpy.ops.wm.open_mainfile(filepath=str(panned / "done.blend"))
    scene = bpy.context.scene
    assert cameras() == ["Panning", "Tripod"]
    hero, camera = scene.objects["Hero"], scene.objects["Panning"]
    ankles = moving.observations.body_image[:, [27, 28], :2].mean(axis=1)
    for row in (0, 5, 9):
        scene.frame_set(101 + row)
        feet = [hero.pose.bones[name].head for name in ("leftFoot", "rightFoot")]
        seen = world_to_camera_view(scene, camera, hero.matrix_world @ ((feet[0] + feet[1]) / 2))
        beside = np.array([seen.x * SIZE[0], (1 - seen.y) * SIZE[1]]) - ankles[row]
        print(f"frame {101 + row}: ankles {beside.round(1)} pixels beside the performer's, who is 430 high")
        assert np.abs(beside).max() < 12.0, "its ankle is higher over the sole than hers"

    # solved again with the other camera, nothing is tracked; and without saying so, the track stays
    done = run_command(
        "solve", "--file", panned / "stage.blend", "--take", panned / "moving.npz", "--camera", "Tripod",
        "--out", panned / "wrong.npz", HOLIREP_RUNTIME=str(runtime),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wrong = Take.load(panned / "wrong.npz")
    assert wrong.header["camera_track_source"]["camera"] == "Tripod"
    np.testing.assert_allclose(wrong.camera.world_from_camera, np.tile(wrong.camera.world_from_camera[:1], (10, 1, 1)))
    done = run_command(
        "solve", "--take", panned / "moving.npz", "--out", panned / "again.npz", HOLIREP_RUNTIME=str(runtime)
    )
    assert done.returncode == 0, done.stderr
    assert "Warning: The camera's track that the take was solved with counts again" in done.stdout
    again = Take.load(panned / "again.npz")
    np.testing.assert_array_equal(again.camera.world_from_camera, moving.camera.world_from_camera)
    assert again.header["camera_track_source"]["camera"] == "Panning"
    assert np.ptp(moving.world_positions()[:, JOINT_INDEX["head"], 2]) < 0.5


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_buttons_read_the_camera_once_the_plate_is_known(registered, panned, runtime, monkeypatch):
    monkeypatch.setenv("HOLIREP_RUNTIME", str(runtime))
    bpy.ops.wm.open_mainfile(filepath=str(panned / "stage.blend"))
    scene = bpy.context.scene
    shot = scene.holirep
    shot.plate, shot.character = str(panned / "pan.0001.png"), scene.objects["Hero"]
    shot.use_range, shot.frame_first, shot.frame_last = True, 4, 9
    shot.person_kind, shot.person_frame, shot.person_point = "POINT", 4, (1180, 740)
    shot.camera_kind, shot.track_camera, shot.match_camera = "OBJECT", scene.objects["Panning"], True
    scene.frame_set(150)
    Performance(scene).start()
    outcome = finish()
    assert outcome.level != "ERROR", outcome.message
    assert "frames 104 to 109" in outcome.message, "the range begins three frames later than the plate"
    assert scene.frame_current == 150
    take = Take.load(shot.take)
    yaw = np.degrees(np.arctan2(-take.camera.world_from_camera[:, 1, 0], take.camera.world_from_camera[:, 0, 0]))
    np.testing.assert_allclose(yaw, np.linspace(1.5, -1.5, 10)[3:9], atol=1e-4)
    assert list(Path(bpy.app.tempdir).glob("camera_*.npz")) == []

    scene.objects["Panning"].data.keyframe_insert("lens", frame=104)
    scene.objects["Panning"].data.lens = 80.0
    scene.objects["Panning"].data.keyframe_insert("lens", frame=109)
    Performance(scene).start()
    outcome = finish()
    assert (outcome.level, "by a zoom or a shift" in outcome.message) == ("ERROR", True), outcome.message
    with pytest.raises(ValueError, match="by a zoom or a shift"):
        SolveAgain(scene).start()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--camera", "Nobody"), "no camera named 'Nobody'; its cameras are: Panning, Tripod"),
        (("--camera", "Hero"), "no camera named 'Hero'"),
        (("--camera", "Tripod", "--focal-length", "35mm"), "has the plate's lens"),
        (("--camera", "Tripod", "--camera-track", "a.npz"), "not allowed with"),
        (("--camera-track", "gone.npz"), "no camera track at gone.npz"),
    ],
)
@pytest.mark.slow
def test_what_is_wrong_on_the_command_line(panned, runtime, words, said):
    done = run_command(
        "replicate", "--file", panned / "stage.blend", "--plate", panned / "pan.0001.png",
        "--out", panned / "never.npz", *words, HOLIREP_RUNTIME=str(runtime),
    )  # fmt: skip
    assert done.returncode in (2, 7)
    assert said in done.stderr
    assert not (panned / "never.npz").exists()
