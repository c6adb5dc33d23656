# SPDX-License-Identifier: GPL-3.0-or-later
"""The light rig: lamps that an artist can grab, the residual as the world, and one control that turns both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Euler, Matrix, Quaternion, Vector

from ..lighting.environment_map import EnvironmentMap
from ..lighting.lamps import Lamp
from .actions import MARK, Rollback
from .environments import image_of

KIND = "light_rig"
"""Value of the mark on everything that belongs to the rig."""
COLLECTION = "HoliRep Lights"
_NEAREST, _APART = 6.0, 0.5
"""Metres at which Suns are drawn, the strongest nearest; where a Sun stands does not count."""


@dataclass(frozen=True)
class RigOptions:
    """``strength`` multiplies everything, ``rotation`` turns the environment (XYZ Euler, radians).

    Lamps wider than ``area_from`` (radians) become area lamps ``distance`` metres from the control; None: none do.
    ``light_groups``: one for each lamp and one for the residual, in all view layers.
    """

    strength: float = 1.0
    rotation: tuple[float, ...] = (0.0, 0.0, 0.0)
    area_from: Optional[float] = None
    distance: float = 20.0
    light_groups: bool = True


@dataclass
class LightRig:
    """What was made."""

    control: bpy.types.Object
    lamps: list[bpy.types.Object]
    world: bpy.types.World
    image: bpy.types.Image


def world_environment(scene: bpy.types.Scene) -> tuple[Optional[bpy.types.Image], RigOptions]:
    """The image that the scene's own world shows, None where it shows none; and how it is turned and how strong."""
    world = scene.world
    if world is None or world.node_tree is None or world.get(MARK) == KIND:
        return None, RigOptions()
    shown = next((node for node in world.node_tree.nodes if node.type == "TEX_ENVIRONMENT" and node.image), None)
    if shown is None:
        return None, RigOptions()
    background = next((node for node in world.node_tree.nodes if node.type == "BACKGROUND"), None)
    strength = float(background.inputs["Strength"].default_value) if background is not None else 1.0
    link = next(iter(shown.inputs["Vector"].links), None)
    rotation: tuple[float, ...] = (0.0, 0.0, 0.0)
    if link is not None and link.from_node.type == "MAPPING":
        mapping = link.from_node
        turn = Euler(mapping.inputs["Rotation"].default_value).to_matrix()
        if mapping.vector_type != "TEXTURE":
            turn.transpose()
        rotation = (*turn.to_euler(),)
    return shown.image, RigOptions(strength=strength, rotation=rotation)


def build_rig(
    scene: bpy.types.Scene,
    lamps: list[Lamp],
    residual: EnvironmentMap,
    name: str,
    options: RigOptions,
    kept: Sequence[bpy.types.Object] = (),
) -> LightRig:
    """Puts the rig into a scene in place of the one that HoliRep made before; everything else stays as it is.

    ``kept`` are lamps of that one which go over into the new one as they are.

    What was made is taken back where a step fails.
    """
    stale = [one for one in _old(scene) if one not in kept and one not in [lamp.data for lamp in kept]]
    with Rollback() as rollback:
        image = image_of(residual, f"{name} Residual")
        rollback.add(lambda: bpy.data.images.remove(image))
        image[MARK] = KIND
        image.pack()
        collection = bpy.data.collections.new(COLLECTION)
        rollback.add(lambda: bpy.data.collections.remove(collection))
        collection[MARK] = KIND
        scene.collection.children.link(collection)
        control = bpy.data.objects.new("Light Control", None)
        rollback.add(lambda: bpy.data.objects.remove(control))
        control[MARK] = KIND
        control.empty_display_type, control.empty_display_size = "SINGLE_ARROW", 1.5
        control.rotation_mode, control.rotation_euler = "XYZ", options.rotation
        collection.objects.link(control)
        made = []
        for number, lamp in enumerate(lamps):
            called = "Sun" if lamp.sun else f"Light {number + 1}"
            wide = options.area_from is not None and lamp.angle > options.area_from
            distance = options.distance if wide else _NEAREST + _APART * number
            made.append(_lamp(collection, control, lamp, called, distance, options, rollback))
        for one in kept:
            one.parent = control
            collection.objects.link(one)
        world = _world(name, image, control, options, rollback)
        previous = scene.world
        rollback.set(scene, world=world)
        if previous is not None and previous.get(MARK) != KIND:
            previous.use_fake_user = True  # the artist's world is kept although nothing shows it now
        if options.light_groups:
            _light_groups(scene, [*made, *kept], world, rollback)
    _remove(stale)
    return LightRig(control, made, world, image)


def add_lamp(
    scene: bpy.types.Scene, control: bpy.types.Object, lamp: Lamp, name: str, options: RigOptions
) -> bpy.types.Object:
    """Adds one lamp to a rig that is there, beside its control."""
    collection = control.users_collection[0] if control.users_collection else scene.collection
    with Rollback() as rollback:
        return _lamp(collection, control, lamp, name, options.distance, options, rollback)


def set_light(made: bpy.types.Object, irradiance: npt.NDArray[np.float64]) -> None:
    """Gives a lamp the strength and colour that put an irradiance (W/m², linear RGB) on what faces it there."""
    light = np.maximum(irradiance, 0.0)
    highest = float(light.max())
    made.data.color = tuple(light / highest) if highest > 0 else (1.0, 1.0, 1.0)
    # the power of an area lamp, a Lambertian emitter, that gives an irradiance at a distance: P = E pi d^2
    made.data.energy = highest * np.pi * made.location.length_squared if made.data.type == "AREA" else highest


def _lamp(
    collection: bpy.types.Collection,
    control: bpy.types.Object,
    lamp: Lamp,
    name: str,
    distance: float,
    options: RigOptions,
    rollback: Rollback,
) -> bpy.types.Object:
    wide = options.area_from is not None and lamp.angle > options.area_from
    data: Any = bpy.data.lights.new(name, "AREA" if wide else "SUN")
    rollback.add(lambda: bpy.data.lights.remove(data))
    data[MARK] = KIND
    if wide:
        data.shape = "ELLIPSE"
        stretch = float(np.sqrt(2 * lamp.elongation**2 / (1 + lamp.elongation**2)))
        data.size = 2.0 * distance * float(np.tan(lamp.angle / 2)) * stretch
        data.size_y = data.size / lamp.elongation
    else:
        data.angle = lamp.angle
    made = bpy.data.objects.new(name, data)
    rollback.add(lambda: bpy.data.objects.remove(made))
    made[MARK] = KIND
    toward = Vector(lamp.direction.tolist())
    made.parent = control
    made.location = toward * distance
    made.rotation_mode = "QUATERNION"
    made.rotation_quaternion = _facing(toward, Vector(lamp.axis.tolist()))
    set_light(made, lamp.irradiance * options.strength)
    collection.objects.link(made)
    return made


def _facing(toward: Vector, axis: Vector) -> Quaternion:
    """The rotation of a lamp that shines from a direction: its +Z is toward the light, its X along its longest axis."""
    across = (axis - toward * axis.dot(toward)).normalized()
    up = toward.cross(across)
    columns = (across, up, toward)
    return Matrix(columns).transposed().to_quaternion()


def _world(
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
    output = nodes.new("ShaderNodeOutputWorld")
    for place, node in enumerate((coordinates, mapping, shown, background, output)):
        node.location = (place * 220 - 500, 0)
    mapping.vector_type = "TEXTURE"  # looks the environment up where the control would bring it from
    shown.image = image
    background.inputs["Strength"].default_value = options.strength
    links.new(coordinates.outputs["Generated"], mapping.inputs["Vector"])
    links.new(mapping.outputs["Vector"], shown.inputs["Vector"])
    links.new(shown.outputs["Color"], background.inputs["Color"])
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


def _light_groups(
    scene: bpy.types.Scene, lamps: list[bpy.types.Object], world: bpy.types.World, rollback: Rollback
) -> None:
    names = [f"HoliRep {lamp.name.rsplit('.', 1)[0] if lamp.name[-4:-3] == '.' else lamp.name}" for lamp in lamps]
    for owner, name in [*zip(lamps, names, strict=True), (world, "HoliRep Residual")]:
        for layer in scene.view_layers:
            if name not in layer.lightgroups:
                group = layer.lightgroups.add(name=name)
                rollback.add(lambda layer=layer, group=group: layer.lightgroups.remove(group))
        owner.lightgroup = name


def _old(scene: bpy.types.Scene) -> list[Any]:
    """What HoliRep made for the rig before, in the order in which it can be removed."""
    collections = [one for one in scene.collection.children_recursive if one.get(MARK) == KIND]
    objects = [one for collection in collections for one in collection.objects if one.get(MARK) == KIND]
    data = [one.data for one in objects if one.data is not None and one.data.get(MARK) == KIND]
    world = scene.world
    worlds = [world] if world is not None and world.get(MARK) == KIND else []
    images = [
        node.image
        for one in worlds
        for node in one.node_tree.nodes
        if node.type == "TEX_ENVIRONMENT" and node.image is not None and node.image.get(MARK) == KIND
    ]
    return [*objects, *data, *collections, *worlds, *images]


def _remove(stale: list[Any]) -> None:
    """Removes what was made before, and keeps what the artist put into its collection."""
    for one in stale:
        if isinstance(one, bpy.types.Collection):
            for lamp in [lamp for lamp in one.objects if lamp.get(MARK) == KIND]:
                one.objects.unlink(lamp)  # lamps that were kept are in the new one
        if isinstance(one, bpy.types.Collection) and (one.objects or one.children):
            del one[MARK]
            continue
        bpy.data.batch_remove([one])
