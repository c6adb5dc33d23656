# SPDX-License-Identifier: GPL-3.0-or-later
"""The light rig in real scenes: renders like the environment itself, replaces only itself, turns as one."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Euler, Vector

from holirep_blender.lighting.analysis import analyse
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene.environments import image_of
from holirep_blender.scene.light_rig import build_rig
from holirep_blender.scene.light_stage import LightStage, Look
from holirep_blender.scene.light_world import RigOptions, world_environment
from tests.lighting.maps import direction, paint_disk, sky

SUN = direction(70, 35)


def sunny():
    return paint_disk(sky(256), SUN, 1.0, [4.0, 3.5, 2.5])


def rig_in(scene, **options):
    found = analyse(checked_map(sunny()))
    return build_rig(scene, found.lamps, found.residual, "sunny", RigOptions(**options))


def shown_world(image, rotation=0.0, kind="POINT", strength=1.0):
    world = bpy.data.worlds.new("Own")
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    shown, mapping = nodes.new("ShaderNodeTexEnvironment"), nodes.new("ShaderNodeMapping")
    coordinates = nodes.new("ShaderNodeTexCoord")
    shown.image, mapping.vector_type = image, kind
    mapping.inputs["Rotation"].default_value = (0, 0, rotation)
    background = nodes["Background"]
    background.inputs["Strength"].default_value = strength
    links.new(coordinates.outputs["Generated"], mapping.inputs["Vector"])
    links.new(mapping.outputs["Vector"], shown.inputs["Vector"])
    links.new(shown.outputs["Color"], background.inputs["Color"])
    return world


def rendered(scene, tmp_path, samples=48):
    """A white ball on a grey floor, in blocks of 4 pixels so that noise does not count."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = samples, False
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 48, 32, 100
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.render.filepath = str(tmp_path / "picture.exr")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(scene.render.filepath)
    pixels = np.empty(48 * 32 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(8, 4, 12, 4, 4)[..., :3].mean((1, 3))


@pytest.fixture
def stage(empty_scene):
    bpy.ops.mesh.primitive_uv_sphere_add(location=(0, 0, 1), segments=24, ring_count=12)
    bpy.ops.mesh.primitive_plane_add(size=20)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0, -7, 4), (1.1, 0, 0)
    empty_scene.collection.objects.link(camera)
    empty_scene.camera = camera
    return empty_scene


@pytest.mark.slow
def test_the_rig_renders_like_the_environment(stage, tmp_path):
    """Turned and stronger, as the scene's own world has it, which is read from its nodes."""
    stage.world = shown_world(image_of(checked_map(sunny()), "sunny"), rotation=0.7, strength=1.5)
    truth = rendered(stage, tmp_path)
    shown, options = world_environment(stage.world)
    assert shown.image.name == "sunny"
    rig_in(stage, strength=options.strength, rotation=options.rotation)
    rig = rendered(stage, tmp_path)
    assert np.sqrt(np.mean((rig - truth) ** 2)) / truth.mean() < 0.03
    np.testing.assert_allclose(rig.mean((0, 1)), truth.mean((0, 1)), rtol=0.02)


def test_the_lamp_is_the_sun_in_blenders_units(empty_scene):
    rig = rig_in(empty_scene, strength=2.0)
    sun = rig.lamps[0]
    bpy.context.view_layer.update()
    assert sun.data.type == "SUN"
    np.testing.assert_allclose(sun.data.energy * np.array(sun.data.color), [8.0, 7.0, 5.0], rtol=0.005)
    assert sun.data.angle == pytest.approx(np.radians(1.0), rel=0.1)
    toward = sun.matrix_world.to_3x3() @ Vector((0, 0, 1))
    np.testing.assert_allclose(toward, SUN, atol=2e-3)
    assert rig.world.sun_threshold == 0.0
    assert sun.lightgroup == "HoliRep Sun"
    assert rig.world.lightgroup == "HoliRep Residual"
    assert [group.name for group in empty_scene.view_layers[0].lightgroups] == ["HoliRep Sun", "HoliRep Residual"]


def test_the_control_turns_lamps_and_environment_together(empty_scene):
    rig = rig_in(empty_scene)
    rig.control.rotation_euler = (0.1, -0.2, 1.3)
    bpy.context.view_layer.update()
    evaluated = rig.world.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mapping = next(node for node in evaluated.node_tree.nodes if node.type == "MAPPING")
    np.testing.assert_allclose(mapping.inputs["Rotation"].default_value, (0.1, -0.2, 1.3), atol=1e-6)
    toward = rig.lamps[0].matrix_world.to_3x3() @ Vector((0, 0, 1))
    np.testing.assert_allclose(toward, Euler((0.1, -0.2, 1.3)).to_matrix() @ Vector(SUN), atol=2e-3)


def test_running_again_replaces_only_what_it_made(empty_scene):
    own = bpy.data.worlds.new("Mine")
    empty_scene.world = own
    rig_in(empty_scene)
    mine = bpy.data.objects.new("My Kicker", bpy.data.lights.new("Kicker", "SPOT"))
    empty_scene.collection.children["HoliRep Lights"].objects.link(mine)
    counts = [len(each) for each in (bpy.data.objects, bpy.data.lights, bpy.data.worlds, bpy.data.images)]
    rig = rig_in(empty_scene)
    assert [len(each) for each in (bpy.data.objects, bpy.data.lights, bpy.data.worlds, bpy.data.images)] == counts
    assert mine.users_collection[0].name == "HoliRep Lights", "the artist's lamp stays where it was"
    assert own.name in bpy.data.worlds
    assert own.use_fake_user
    assert empty_scene.world == rig.world
    assert len(empty_scene.view_layers[0].lightgroups) == 2


def test_wide_lights_can_be_area_lamps_that_light_alike(empty_scene):
    pixels = paint_disk((0.1 * sky(256)).astype(np.float32), direction(10, 40), 14.0, [2.0, 2.0, 2.0])
    found = analyse(checked_map(pixels))
    rig = build_rig(
        empty_scene, found.lamps, found.residual, "soft", RigOptions(area_from=np.radians(10), distance=30.0)
    )
    lamp = rig.lamps[0]
    assert lamp.data.type == "AREA"
    assert lamp.location.length == pytest.approx(30.0)
    assert lamp.data.energy / (np.pi * 30.0**2) == pytest.approx(2.0, rel=0.02)
    assert lamp.data.size == pytest.approx(2 * 30 * np.tan(np.radians(7)), rel=0.1)


@pytest.mark.parametrize("kind", ["POINT", "TEXTURE"])
def test_how_the_scenes_own_world_is_turned(empty_scene, kind):
    empty_scene.world = shown_world(image_of(checked_map(sunny()), "sunny"), 0.4, kind, 3.0)
    shown, options = world_environment(empty_scene.world)
    assert shown.image is not None
    assert options.strength == 3.0
    np.testing.assert_allclose(options.rotation, (0, 0, 0.4 if kind == "TEXTURE" else -0.4), atol=1e-6)


@pytest.mark.slow
def test_in_eevee_nothing_is_counted_twice_and_lamps_throw_shadows():
    """A Lambert ball in EEVEE by the rig against Cycles by the environment; and a floor, with and without shadows."""
    bpy.ops.wm.read_homefile(use_empty=True)
    environment = checked_map(sunny())
    found = analyse(checked_map(sunny()))
    with LightStage("balls") as stage:
        stage.show_environment(environment)
        cycles = stage.rendered(Look(samples=32, size=(32, 32)))
        stage.show_rig(found.lamps, found.residual)
        eevee = stage.rendered(Look("EEVEE", samples=2, size=(32, 32)))
    ball = cycles[..., 3] > 0.99
    assert 0.9 < eevee[ball][:, :3].mean() / cycles[ball][:, :3].mean() < 1.03
    with LightStage("floor") as stage:
        stage.show_rig(found.lamps, found.residual)
        mask = stage.floor_mask((48, 32))
        floor = stage.rendered(Look("EEVEE", samples=2, size=(48, 32)))[mask][:, :3].mean(axis=1)
    assert floor.min() < 0.6 * np.median(floor), "the sun's shadow lies on the floor"
    assert not [scene for scene in bpy.data.scenes if "Stage" in scene.name]
