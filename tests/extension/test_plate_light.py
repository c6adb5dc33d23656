# SPDX-License-Identifier: GPL-3.0-or-later
"""Match to Plate by known truth: plates rendered by a rig whose gains are known, found again."""

from __future__ import annotations

import math

import bpy
import numpy as np
import pytest
from mathutils import Vector

from demo.movie import encode
from holirep_blender.lighting.area import polygon_irradiance
from holirep_blender.lighting.chart import homography
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene.environments import write_environment
from holirep_blender.scene.lit_state import camera_axes, lights_of_rig, render_lights
from holirep_blender.scene.pictures import picture_pixels, plate_pixels, rendered_pixels, shown, write_png
from holirep_blender.scene.plate_light import match_ball, match_chart, match_region
from tests.lighting.maps import direction, paint_disk, sky
from tests.lighting.test_chart import drawn

SIZE = (192, 128)
TRUTH = {"Sun": 0.6, "Light 2": 2.5, "Residual": 1.4}


@pytest.fixture
def light(registered, tmp_path):
    """A sun, a lamp from the other side and a sky, on a grey ball and a floor, seen by a camera."""
    scene = bpy.context.scene
    pixels = paint_disk(sky(128), direction(-60, 40), 1.5, [4.0, 3.5, 2.5])
    paint_disk(pixels, direction(-150, 25), 8.0, [2.0, 2.4, 3.0])
    write_environment(checked_map(pixels), tmp_path / "set.exr")
    grey = bpy.data.materials.new("Grey")
    grey.use_nodes = True
    grey.node_tree.nodes.clear()
    shader, output = (grey.node_tree.nodes.new(f"Shader{kind}") for kind in ("NodeBsdfDiffuse", "NodeOutputMaterial"))
    shader.inputs["Color"].default_value = (0.18, 0.18, 0.18, 1)
    grey.node_tree.links.new(shader.outputs[0], output.inputs[0])
    bpy.ops.mesh.primitive_uv_sphere_add(location=(0, 0, 1.2), segments=48, ring_count=24)
    bpy.ops.object.shade_smooth()
    bpy.context.object.data.materials.append(grey)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0, -7, 1.2), (math.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    settings = scene.holirep.light
    settings.hdri = str(tmp_path / "set.exr")
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    assert [row.name for row in settings.lamps] == ["Sun", "Light 2"]
    return settings


def set_gains(light, gains):
    for row in light.lamps:
        row.gain = [gains[row.name]] * 3
    light.residual_gain = [gains["Residual"]] * 3


def plate_of(scene, path, exposure=0.35):
    """What the scene's camera sees, as an 8-bit plate of known exposure."""
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = *SIZE, 100
    scene.cycles.samples, scene.cycles.use_denoising = 128, False
    write_png(shown(rendered_pixels(scene), exposure), path)
    return path


def ball_box(scene):
    """The box of the ball of radius 1 at its distance of 7, in pixels."""
    _, intrinsics = camera_axes(scene, SIZE, "a test")
    radius = intrinsics[0, 0] * math.tan(math.asin(1 / 7))
    x, y = intrinsics[0, 2], intrinsics[1, 2]
    return x - radius, y - radius, x + radius, y + radius


@pytest.mark.parametrize("kind", ["REGION", "BALL"])
def test_gains_that_made_the_plate_are_found_again(light, tmp_path, kind):
    scene = bpy.context.scene
    set_gains(light, TRUTH)
    light.plate.picture = str(plate_of(scene, tmp_path / "plate.png"))
    set_gains(light, dict.fromkeys(TRUTH, 1.0))
    before = scene_state(scene)
    assert bpy.ops.holirep.match_plate(kind=kind, box=ball_box(scene)) == {"FINISHED"}
    for row in light.lamps:
        assert row.gain[0] == pytest.approx(0.35 * TRUTH[row.name], rel=0.04)
    assert light.residual_gain[0] == pytest.approx(0.35 * TRUTH["Residual"], rel=0.04)
    assert scene_state(scene) == before, "what was set for rendering was put back"
    assert "off now" in light.plate.summary
    sun = light.lamps["Sun"]
    assert sun.lamp.data.energy * sun.lamp.data.color[0] == pytest.approx(sun.irradiance[0] * sun.gain[0], rel=1e-4)
    assert light.plate.preview.size[0] > 100


def scene_state(scene):
    render = scene.render
    return (
        render.engine, render.resolution_x, render.resolution_percentage, render.use_border, render.film_transparent,
        render.filepath, render.image_settings.file_format, scene.cycles.samples, scene.cycles.use_denoising,
        [one.hide_render for one in scene.objects], len(bpy.data.scenes),
        len([image for image in bpy.data.images if image.type != "RENDER_RESULT" and "Plate" not in image.name]),
    )  # fmt: skip


def test_one_gain_for_everything_and_colours(light, tmp_path):
    """Exposure and white balance by the ball; matching the light again keeps them."""
    scene = bpy.context.scene
    light.balance = (0.5, 0.4, 0.3)
    picture = picture_pixels(plate_of(scene, tmp_path / "plate.png", 0.6))
    light.balance = (1, 1, 1)
    match = match_ball(scene, picture, ball_box(scene), 0.18, True, False)
    np.testing.assert_allclose(match.balance, np.array([0.5, 0.4, 0.3]) * 0.6, rtol=0.03)
    light.balance = match.balance
    bpy.ops.holirep.match_lighting()
    np.testing.assert_allclose(light.lamps["Sun"].lamp.data.energy, 4.0 * match.balance[0], rtol=0.02)


def test_a_chart_gives_exposure_and_white_balance(light, tmp_path):
    """A chart turned 35 degrees aside, against a white card that Cycles renders in its place."""
    scene = bpy.context.scene
    _, intrinsics = camera_axes(scene, (640, 480), "a test")
    turn = math.radians(35)  # the chart faces left of the camera
    across = np.array([math.cos(turn), 0.0, math.sin(turn)])
    corners = np.array([(0, 0), (5, 0), (5, 3), (0, 3)], dtype=float)
    points = np.array([0.1, 0.05, 4.0]) + ((corners - (2.5, 1.5)) * 0.25) @ np.stack([across, (0, 1.0, 0)])
    pixels = points @ intrinsics.T
    chart = homography(corners, pixels[:, :2] / pixels[:, 2:])
    light_on_chart = np.array([0.85, 0.8, 0.7])
    encoded = drawn(chart, light_on_chart, noise=0.01)
    picture = np.dstack([encoded**2.2, np.ones(encoded.shape[:2])])
    match = match_chart(scene, picture, None)
    white = white_diffuser_in_place(scene, points.mean(axis=0), across)
    np.testing.assert_allclose(match.balance, light_on_chart / white, rtol=0.03)
    assert match.chart_error < 4
    light.balance = match.balance
    again = match_chart(scene, picture, None)
    np.testing.assert_allclose(again.balance, 1.0, atol=1e-4)
    assert again.before == pytest.approx(again.after, abs=1e-6)


def white_diffuser_in_place(scene, middle, across):
    """Radiance (3,) of a white card as Cycles renders it where the chart is; camera axes X right, Y down, Z forward."""
    bpy.data.objects.remove(bpy.data.objects["Sphere"])
    half = 0.6 * across
    corners = [middle + x * half + (0, y * 0.6, 0) for x, y in ((-1, 1), (1, 1), (1, -1), (-1, -1))]
    mesh = bpy.data.meshes.new("Card")
    mesh.from_pydata([scene.camera.matrix_world @ Vector((x, -y, -z)) for x, y, z in corners], [], [(0, 1, 2, 3)])
    mesh.materials.append(bpy.data.materials["Grey"])
    scene.collection.objects.link(bpy.data.objects.new("Card", mesh))
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 48, 100
    scene.cycles.samples, scene.cycles.use_denoising = 256, False
    return rendered_pixels(scene)[20:28, 28:36, :3].mean(axis=(0, 1)) / 0.18


def test_closing_in_the_middle_leaves_the_scene_as_it_was(light):
    scene = bpy.context.scene
    before = scene_state(scene)
    energies = [lamp.energy for lamp in bpy.data.lights]
    steps = render_lights(scene, lights_of_rig(scene), (60, 40, 130, 90), SIZE)
    next(steps)
    assert all(row.lamp.hide_render for row in light.lamps)
    steps.close()
    assert scene_state(scene) == before
    assert [lamp.energy for lamp in bpy.data.lights] == energies
    gain = scene.world.node_tree.nodes["HoliRep Gain"].inputs[1].default_value
    np.testing.assert_allclose(gain, 1.0)


@pytest.mark.parametrize(
    ("change", "words", "says"),
    [
        (lambda s: setattr(s, "camera", None), {"kind": "REGION", "box": (60, 40, 130, 90)}, "no camera"),
        (lambda s: setattr(s, "camera", None), {"kind": "CHART"}, "no camera"),
        (lambda s: None, {"kind": "REGION"}, "Say where to look"),
        (lambda s: None, {"kind": "REGION", "box": (1, 1, 3, 3)}, "smaller than 4 pixels"),
        (lambda s: None, {"kind": "REGION", "box": (0, 0, 20, 10)}, "shows nothing"),
        (lambda s: None, {"kind": "BALL", "box": (10, 10, 60, 20)}, "as wide as high"),
        (lambda s: None, {"kind": "CHART"}, "No colour chart was found"),
        (lambda s: setattr(s, "world", None), {"kind": "CHART"}, "use Match Lighting first"),
    ],
)
def test_what_cannot_be_matched_says_so(light, tmp_path, change, words, says):
    scene = bpy.context.scene
    grey = np.ones((*SIZE[::-1], 4), dtype=np.float32) * 0.4
    write_png(grey, tmp_path / "grey.png")
    light.plate.picture = str(tmp_path / "grey.png")
    change(scene)
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.holirep.match_plate(**words)


def test_frames_of_movies_and_sequences(plate, tmp_path):
    """Blender itself reads the plate: no worker is needed."""
    first = plate_pixels(plate, 1)
    assert first.shape[2] == 4
    assert 0.02 < first[..., :3].mean() < 0.8
    assert not np.array_equal(first, plate_pixels(plate, 20))
    greys = [tmp_path / f"grey{number}.png" for number in range(10)]
    for number, path in enumerate(greys):
        write_png(np.full((32, 32, 4), (*[0.05 + number / 10] * 3, 1.0), dtype=np.float32), path)
    encode(greys, 30.0, tmp_path / "greys.mp4")
    for frame, current in ((1, 1), (4, 1), (10, 95), (4, 95)):
        bpy.context.scene.frame_set(current)
        seen = plate_pixels(tmp_path / "greys.mp4", frame)[8:24, 8:24, :3].mean()
        assert seen == pytest.approx((0.05 + (frame - 1) / 10) ** 2.2, abs=0.03)
    with pytest.raises(OSError, match="there is no frame 100000"):
        plate_pixels(plate, 100000)
    for frame in (7, 8):
        (tmp_path / "shot").mkdir(exist_ok=True)
        write_png(np.full((8, 16, 4), frame / 16, dtype=np.float32), tmp_path / "shot" / f"shot.{frame:04d}.png")
    assert plate_pixels(tmp_path / "shot", 8)[0, 0, 0] > plate_pixels(tmp_path / "shot" / "shot.####.png", 7)[0, 0, 0]
    with pytest.raises(OSError, match="frames 7 to 8"):
        plate_pixels(tmp_path / "shot", 9)


def test_removing_the_rig_shows_the_world_again(registered, light):
    scene = bpy.context.scene
    bpy.ops.holirep.remove_lighting()
    assert not bpy.data.lights
    assert scene.world is None
    own = bpy.data.worlds.new("Mine")
    scene.world = own
    count = len(bpy.data.images)
    bpy.ops.holirep.match_lighting()
    assert scene.world != own
    bpy.ops.holirep.remove_lighting()
    assert scene.world == own
    assert len(bpy.data.images) == count
    assert not light.lamps


def test_lamps_for_one_collection(light):
    collection = bpy.data.collections.new("Character")
    bpy.context.scene.collection.children.link(collection)
    light.link_collection, light.linking = collection, "SHADOW"
    linking = light.lamps[0].lamp.light_linking
    assert linking.blocker_collection == collection
    assert linking.receiver_collection is None
    light.linking = "BOTH"
    light.lamp_index = 1
    bpy.ops.holirep.split_lamp()
    assert all(row.lamp.light_linking.receiver_collection == collection for row in light.lamps)
    bpy.ops.holirep.match_lighting()
    assert light.lamps[0].lamp.light_linking.blocker_collection == collection
    light.linking = "ALL"
    assert light.lamps[0].lamp.light_linking.receiver_collection is None


def test_a_region_needs_lights_that_reach_it(light):
    scene = bpy.context.scene
    steps = match_region(scene, np.full((*SIZE[::-1], 4), 0.3), (0, 0, 30, 30), False, False)
    with pytest.raises(ValueError, match="shows nothing"):
        list(steps)


def test_a_lamp_at_a_window_lights_the_control_as_before(light):
    """Against Cycles: a card at the control, facing the window, lit by the lamp alone; the window is near and wide."""
    scene = bpy.context.scene
    bpy.data.objects.remove(bpy.data.objects["Sphere"])
    bpy.ops.mesh.primitive_plane_add(size=2.0, location=(1.0, 3.0, 1.5), rotation=(math.pi / 2, 0, 0.3))
    window = bpy.context.object
    window.scale.x = 1.5
    bpy.context.view_layer.update()
    light.lamp_index = next(index for index, row in enumerate(light.lamps) if row.name == "Light 2")
    row = light.lamps[light.lamp_index]
    before = np.array(row.irradiance)
    assert bpy.ops.holirep.place_lamp(window=window.name, face=0) == {"FINISHED"}
    assert row.locked
    assert row.lamp.data.type == "AREA"
    assert sorted((row.lamp.data.size, row.lamp.data.size_y)) == pytest.approx([2.0, 3.0])
    window.hide_render = True
    for other in light.lamps:
        other.enabled = other == row
    light.residual_gain = (0, 0, 0)
    corners = [window.matrix_world @ vertex.co for vertex in window.data.vertices]
    toward = Vector(polygon_irradiance([corners[i] for i in (0, 1, 3, 2)], light.control.location)).normalized()
    card = bpy.data.meshes.new("Card")
    card.from_pydata([(-0.05, -0.05, 0), (0.05, -0.05, 0), (0.05, 0.05, 0), (-0.05, 0.05, 0)], [], [(0, 1, 2, 3)])
    card.materials.append(bpy.data.materials["Grey"])
    made = bpy.data.objects.new("Card", card)
    made.rotation_mode, made.rotation_quaternion = "QUATERNION", toward.to_track_quat("Z", "Y")
    scene.collection.objects.link(made)
    scene.camera.location = toward * 0.5
    scene.camera.rotation_euler = toward.to_track_quat("Z", "Y").to_euler()
    scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 0.05
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 16, 16, 100
    scene.cycles.samples, scene.cycles.use_denoising = 256, False
    radiance = rendered_pixels(scene)[..., :3].mean(axis=(0, 1))
    np.testing.assert_allclose(radiance * np.pi / 0.18, before, rtol=0.02)
    for other in light.lamps:
        other.enabled = True
    place = tuple(row.lamp.matrix_world.translation)
    light.control.rotation_euler[2] = 1.0
    bpy.ops.holirep.match_lighting()
    light.lamp_index = next(index for index, one in enumerate(light.lamps) if one.locked)
    assert tuple(light.lamps[light.lamp_index].lamp.matrix_world.translation) == pytest.approx(place)
    with pytest.raises(RuntimeError, match="stands at Plane"):
        bpy.ops.holirep.split_lamp()
    with pytest.raises(RuntimeError, match="no face number 7"):
        bpy.ops.holirep.place_lamp(window=window.name, face=7)
