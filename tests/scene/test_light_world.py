# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds as artists have them: plain ones are read, all others rendered into a map; and lights that are not there."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

import holirep_blender
from holirep_blender.lighting.environment_map import checked_map, reduced
from holirep_blender.scene import light_world
from holirep_blender.scene.environments import image_of, write_environment
from holirep_blender.scene.light_shot import EnvironmentMapError, match_lighting, remove_lighting
from holirep_blender.scene.light_world import world_environment
from tests.lighting.maps import direction, paint_disk, sky


def soft():
    return checked_map(paint_disk(sky(64), direction(40, 30), 20.0, [1.0, 0.5, 0.2]))


def world_of(*chain):
    """A world whose image goes through nodes, each given by type and the name of its colour socket."""
    world = bpy.data.worlds.new("Own")
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    shown = nodes.new("ShaderNodeTexEnvironment")
    shown.image = image_of(soft(), "soft")
    shown.image.pack()
    socket = shown.outputs["Color"]
    for kind, name in chain:
        node = nodes.new(kind)
        links.new(socket, node.inputs[name])
        socket = node.outputs[0]
    links.new(socket, next(node for node in nodes if node.type == "BACKGROUND").inputs["Color"])
    return world


def test_nodes_that_are_not_used_do_not_count(empty_scene):
    world = world_of()
    stray = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    stray.image = image_of(soft(), "stray")
    shown, options = world_environment(world)
    assert shown.image.name == "soft"
    assert options.strength == 1.0


def test_a_world_of_more_nodes_is_rendered_into_a_map(empty_scene, monkeypatch):
    """Half as bright by a node, and turned by another: the map is that, and the world is left alone."""
    monkeypatch.setattr(light_world, "_BAKED", (256, 16))
    world = world_of(("ShaderNodeInvert", "Color"))
    invert = next(node for node in world.node_tree.nodes if node.type == "INVERT")
    invert.inputs[0].default_value = 0.0  # Fac: it changes nothing, which Blender knows and we need not
    before = len(bpy.data.scenes), len(bpy.data.objects), len(world.node_tree.nodes)
    shown, options = world_environment(world)
    assert shown.image is None
    assert options.rotation == (0.0, 0.0, 0.0)
    wanted, found = reduced(soft(), 32), reduced(shown.baked, 32)
    np.testing.assert_allclose(found.flux, wanted.flux, rtol=0.003)
    assert np.abs(found.radiance - wanted.radiance).max() < 0.05 * wanted.radiance.max()
    assert (len(bpy.data.scenes), len(bpy.data.objects), len(world.node_tree.nodes)) == before


def test_a_world_without_an_environment(empty_scene):
    world = bpy.data.worlds.new("Grey")
    world.use_nodes = True
    assert world_environment(world)[0] is None
    assert world_environment(None)[0] is None


@pytest.fixture
def registered():
    holirep_blender.register()
    bpy.ops.wm.read_homefile(use_empty=True)
    yield bpy.context.scene
    holirep_blender.unregister()


def test_a_linked_world_is_read_and_comes_back(registered, tmp_path):
    scene = registered
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {world_of()}, fake_user=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_there, wanted):
        wanted.worlds = ["Own"]
    scene.world = wanted.worlds[0]
    match_lighting(scene)
    assert scene.world.library is None
    remove_lighting(scene)
    assert scene.world.library is not None
    assert not scene.holirep.light.lamps


def test_a_scene_that_is_linked_is_left_alone(registered, tmp_path):
    other = bpy.data.scenes.new("Shared")
    other.world = world_of()
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {other}, fake_user=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_there, wanted):
        wanted.scenes = ["Shared"]
    with pytest.raises(EnvironmentMapError, match="linked from another file"):
        match_lighting(wanted.scenes[0])
    assert not bpy.data.lights


def test_a_picture_of_eight_bits_as_a_world(registered, tmp_path):
    scene = registered
    image = bpy.data.images.new("ldr", 64, 32)
    pixels = np.full((32, 64, 4), 0.2, dtype=np.float32)
    pixels[20:23, 30:34] = 1.0
    image.pixels.foreach_set(pixels.ravel())
    scene.world = world_of()
    next(node for node in scene.world.node_tree.nodes if node.type == "TEX_ENVIRONMENT").image = image
    matched = match_lighting(scene)
    assert any("no high dynamic range" in warning for warning in matched.warnings)
    assert "no high dynamic range" in scene.holirep.light.warnings


def test_matching_again_after_another_world_was_shown(registered, tmp_path):
    """Two worlds one after the other: what comes back is the last that was shown."""
    scene = registered
    write_environment(soft(), tmp_path / "soft.exr")
    first, second = world_of(), world_of()
    scene.world = first
    match_lighting(scene)
    assert scene.holirep.light.own_world == first
    scene.world = second
    match_lighting(scene)
    assert scene.holirep.light.own_world == second
    assert len([world for world in bpy.data.worlds if world.get("holirep")]) == 1, "the first rig's went"
    remove_lighting(scene)
    assert scene.world == second
