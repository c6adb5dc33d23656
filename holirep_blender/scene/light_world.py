# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds: which environment the artist's own shows, and the one that shows the residual."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import bpy
import numpy as np
from mathutils import Euler

from ..lighting.environment_map import EnvironmentMap, checked_map
from . import blender_versions
from .actions import MARK, Rollback
from .environments import luminance_weights
from .pictures import rendered_pixels

KIND = "light_rig"
"""Value of the mark on everything that belongs to the rig."""
GAIN_NODE = "HoliRep Gain"
_EEVEE_NODES = ("HoliRep EEVEE Output", "HoliRep Camera Only", "HoliRep Light Path")
"""The end of a residual's nodes for EEVEE alone: the camera sees the world, and nothing is lit by it."""
_BAKED = 2048, 4
"""Columns and samples of a world that is rendered into a map."""


@dataclass(frozen=True)
class RigOptions:
    """``strength`` multiplies everything, ``rotation`` turns the environment (XYZ Euler, radians).

    Lamps wider than ``area_from`` (radians) become area lamps ``distance`` metres from the control; None: none do.
    ``light_groups``: one for each lamp and one for the residual, in all view layers. ``balance`` multiplies everything,
    channel by channel. ``dome``: EEVEE gets the residual from so many lamps; 0: from the world.
    """

    strength: float = 1.0
    rotation: tuple[float, ...] = (0.0, 0.0, 0.0)
    area_from: Optional[float] = None
    distance: float = 20.0
    light_groups: bool = True
    balance: tuple[float, ...] = (1.0, 1.0, 1.0)
    dome: int = 0


@dataclass(frozen=True)
class ShownEnvironment:
    """What a world shows: an image just as it is, or a map that was rendered from nodes that do more than that."""

    name: str
    image: Optional[bpy.types.Image]
    baked: Optional[EnvironmentMap] = None


def world_environment(world: Optional[bpy.types.World]) -> tuple[Optional[ShownEnvironment], RigOptions]:
    """The environment of an artist's world, None where it has none; and how it is turned and how strong.

    A world that shows an image, turned by a Mapping node, gives the image itself. Whatever else its nodes do (colours
    changed, two environments mixed, a sky, a mirror ball) is rendered into a map.
    """
    if world is None or world.node_tree is None or world.get(MARK) == KIND:
        return None, RigOptions()
    used = _used_nodes(world)
    shown = [node for node in used if node.type == "TEX_ENVIRONMENT" and node.image is not None]
    if not shown and not any(node.type == "TEX_SKY" for node in used):
        return None, RigOptions()
    options = _plain(shown[0], used) if len(shown) == 1 else None
    if options is not None:
        return ShownEnvironment(shown[0].image.name, shown[0].image), options
    return ShownEnvironment(world.name, None, _baked(world)), RigOptions()


def _used_nodes(world: bpy.types.World) -> list[Any]:
    """The nodes that the world's active output depends on."""
    output = world.node_tree.get_output_node("ALL") or world.node_tree.get_output_node("CYCLES")
    found, waiting = [], [output] if output is not None else []
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.append(node)
        inputs = [node.inputs["Surface"]] if node == output else node.inputs
        waiting += [link.from_node for socket in inputs for link in socket.links]
    return found


def _plain(shown: Any, used: list[Any]) -> Optional[RigOptions]:
    """Turn and strength where the world shows the image and does nothing else with it; else None."""
    chain = {"OUTPUT_WORLD", "BACKGROUND", "TEX_ENVIRONMENT", "MAPPING", "TEX_COORD", "REROUTE"}
    backgrounds = [node for node in used if node.type == "BACKGROUND"]
    mappings = [node for node in used if node.type == "MAPPING"]
    if any(node.type not in chain or node.mute for node in used) or len(backgrounds) != 1 or len(mappings) > 1:
        return None
    strength = backgrounds[0].inputs["Strength"]
    if strength.links or shown.projection != "EQUIRECTANGULAR":
        return None
    if any(link.from_socket.name != "Generated" for node in mappings for link in node.inputs["Vector"].links):
        return None
    if not mappings and any(node.type == "TEX_COORD" and not node.outputs["Generated"].links for node in used):
        return None
    rotation: tuple[float, ...] = (0.0, 0.0, 0.0)
    if mappings:
        mapping = mappings[0]
        if any(mapping.inputs[name].links for name in ("Location", "Rotation", "Scale") if name in mapping.inputs):
            return None
        moved = [mapping.inputs["Location"].default_value[:]] if mapping.vector_type in ("POINT", "TEXTURE") else []
        if any(any(place) for place in moved) or tuple(mapping.inputs["Scale"].default_value) != (1.0, 1.0, 1.0):
            return None
        turn = Euler(mapping.inputs["Rotation"].default_value).to_matrix()
        if mapping.vector_type != "TEXTURE":
            turn.transpose()
        rotation = (*turn.to_euler(),)
    return RigOptions(strength=float(strength.default_value), rotation=rotation)


def _baked(world: bpy.types.World) -> EnvironmentMap:
    """The map that Cycles sees of a world, whatever its nodes do."""
    width, samples = _BAKED
    scene = bpy.data.scenes.new("HoliRep World")
    data = bpy.data.cameras.new("World")
    camera = bpy.data.objects.new("World", data)
    try:
        blender_versions.make_equirectangular(data)
        camera.rotation_euler = (math.pi / 2, 0.0, -math.pi / 2)  # the middle of an environment is +X
        scene.collection.objects.link(camera)
        scene.camera, scene.world = camera, world
        scene.render.engine = "CYCLES"  # type: ignore[assignment]
        scene.render.resolution_x, scene.render.resolution_y = width, width // 2
        scene.render.film_transparent = False
        scene.cycles.samples, scene.cycles.pixel_filter_type = samples, "BOX"
        scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
        pixels = rendered_pixels(scene)[..., :3]
    finally:
        bpy.data.batch_remove([scene, camera, data])
    return checked_map(np.ascontiguousarray(pixels, dtype=np.float32), luminance_weights())


def residual_world(
    name: str, image: bpy.types.Image, control: bpy.types.Object, options: RigOptions, rollback: Rollback
) -> bpy.types.World:
    """The residual as a world that turns with the control; EEVEE must not take a sun out of it a second time."""
    world = bpy.data.worlds.new(f"{name} Residual")
    rollback.add(lambda: bpy.data.worlds.remove(world))
    world[MARK] = KIND
    if hasattr(world, "sun_threshold"):
        world.sun_threshold = 0.0
    if not world.node_tree:
        world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    coordinates, mapping = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeMapping")
    shown, background = nodes.new("ShaderNodeTexEnvironment"), nodes.new("ShaderNodeBackground")
    output, gain = nodes.new("ShaderNodeOutputWorld"), nodes.new("ShaderNodeVectorMath")
    for place, node in enumerate((coordinates, mapping, shown, gain, background, output)):
        node.location = (place * 220 - 720 + 80 * (place > 2), 0)
    gain.name = gain.label = GAIN_NODE
    gain.operation = "MULTIPLY"
    gain.inputs[1].default_value = options.balance
    mapping.vector_type = "TEXTURE"  # looks the environment up where the control would bring it from
    shown.image = image
    background.inputs["Strength"].default_value = options.strength
    links.new(coordinates.outputs["Generated"], mapping.inputs["Vector"])
    links.new(mapping.outputs["Vector"], shown.inputs["Vector"])
    links.new(shown.outputs["Color"], gain.inputs[0])
    links.new(gain.outputs["Vector"], background.inputs["Color"])
    links.new(background.outputs["Background"], output.inputs["Surface"])
    mapping.inputs["Rotation"].default_value = options.rotation
    for axis in range(3):
        curve = mapping.inputs["Rotation"].driver_add("default_value", axis)
        curve.driver.type = "SUM"
        variable = curve.driver.variables.new()
        variable.type = "SINGLE_PROP"
        variable.targets[0].id = control
        variable.targets[0].data_path = f"rotation_euler[{axis}]"
    return world


def set_residual_gain(world: bpy.types.World, gain: Sequence[float]) -> None:
    """Multiplies the residual, channel by channel, with what it is given now and nothing before."""
    node = world.node_tree.nodes.get(GAIN_NODE) if world.node_tree is not None else None
    if node is not None:
        node.inputs[1].default_value = tuple(gain)


def residual_image(world: bpy.types.World) -> bpy.types.Image:
    """The image that a residual's world shows."""
    return next(node for node in world.node_tree.nodes if node.type == "TEX_ENVIRONMENT").image


def hide_world_from_eevee(world: bpy.types.World) -> None:
    """Lets EEVEE show a residual to the camera and light nothing by it; Cycles is not concerned."""
    nodes, links = world.node_tree.nodes, world.node_tree.links
    background = next(node for node in nodes if node.type == "BACKGROUND")
    output, only, seen = (
        nodes.new(kind) for kind in ("ShaderNodeOutputWorld", "ShaderNodeMixShader", "ShaderNodeLightPath")
    )
    for name, node, across in zip(_EEVEE_NODES, (output, only, seen), (680, 460, 240), strict=True):
        node.name = node.label = name
        node.location = (across, -260)
    output.target = "EEVEE"
    links.new(seen.outputs["Is Camera Ray"], only.inputs[0])
    links.new(background.outputs["Background"], only.inputs[2])
    links.new(only.outputs["Shader"], output.inputs["Surface"])


def show_world_to_eevee(world: bpy.types.World) -> None:
    """The other way round."""
    for name in _EEVEE_NODES:
        node = world.node_tree.nodes.get(name)
        if node is not None:
            world.node_tree.nodes.remove(node)
