# SPDX-License-Identifier: GPL-3.0-or-later
"""The light rig: lamps that an artist can grab, the residual as the world, and one control that turns both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Matrix, Quaternion, Vector

from ..lighting.environment_map import EnvironmentMap
from ..lighting.lamps import Lamp
from .actions import MARK, Rollback
from .environments import image_of
from .light_dome import build_dome
from .light_world import KIND, RigOptions, residual_world

COLLECTION = "HoliRep Lights"
PLACED = "holirep_placed"
"""Custom property of a lamp that stands at a window of the set: it does not turn with the control."""
POWER = "holirep_power"
"""Custom property of an area lamp: the power, in watts, that gives 1 W/m² at the control to what faces it."""
_NEAREST, _APART = 6.0, 0.5
"""Metres at which Suns are drawn, the strongest nearest; where a Sun stands does not count."""


@dataclass
class LightRig:
    """What was made."""

    control: bpy.types.Object
    lamps: list[bpy.types.Object]
    world: bpy.types.World
    image: bpy.types.Image


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
            called = "Sun" if lamp.sun else f"Light {number + 1 + len(kept)}"
            wide = options.area_from is not None and lamp.angle > options.area_from
            distance = options.distance if wide else _NEAREST + _APART * number
            made.append(_lamp(collection, control, lamp, called, distance, options, rollback))
        for one in kept:
            if PLACED not in one:
                one.parent = control
            collection.objects.link(one)
        world = residual_world(name, image, control, options, rollback)
        dome = [build_dome(collection, control, world, residual, options, rollback)] if options.dome else []
        previous = scene.world
        rollback.set(scene, world=world)
        if previous is not None and previous.get(MARK) != KIND and previous.library is None:
            previous.use_fake_user = True  # the artist's world is kept although nothing shows it now
        if options.light_groups:
            _light_groups(scene, [*made, *kept], world, rollback)
    _remove(stale)
    lights = [*made, *(lamp for each in dome for lamp in each.objects)]
    for owners, those in (
        (bpy.data.collections, [collection, *dome]), (bpy.data.objects, [control, *lights]), (bpy.data.worlds, [world]),
        (bpy.data.lights, [lamp.data for lamp in lights]), (bpy.data.images, [image]),
    ):  # fmt: skip
        for one in those:  # type: ignore[assignment]
            if _own_name(one.name) not in owners:  # taken until now by what was replaced
                one.name = _own_name(one.name)
    return LightRig(control, made, world, image)


def _own_name(name: str) -> str:
    """A name without the number that Blender adds where it is taken."""
    return re.sub(r"\.\d{3,}$", "", name)


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
    made.data.energy = highest * made.get(POWER, 1.0)


def irradiance_of(made: bpy.types.Object) -> npt.NDArray[np.float64]:
    """The irradiance (W/m², linear RGB) of a lamp of the rig at the control, as it is set now."""
    return np.array(made.data.color) * made.data.energy / made.get(POWER, 1.0)


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
    if wide:  # a Lambertian emitter gives an irradiance at a distance by P = E pi d^2
        made[POWER] = float(np.pi * distance**2)
    made.rotation_mode = "QUATERNION"
    made.rotation_quaternion = _facing(toward, Vector(lamp.axis.tolist()))
    set_light(made, lamp.irradiance * options.strength * np.array(options.balance))
    collection.objects.link(made)
    return made


def _facing(toward: Vector, axis: Vector) -> Quaternion:
    """The rotation of a lamp that shines from a direction: its +Z is toward the light, its X along its longest axis."""
    across = (axis - toward * axis.dot(toward)).normalized()
    up = toward.cross(across)
    columns = (across, up, toward)
    return Matrix(columns).transposed().to_quaternion()


def _light_groups(
    scene: bpy.types.Scene, lamps: list[bpy.types.Object], world: bpy.types.World, rollback: Rollback
) -> None:
    names = [f"HoliRep {_own_name(lamp.name)}" for lamp in lamps]
    for owner, name in [*zip(lamps, names, strict=True), (world, "HoliRep Residual")]:
        for layer in scene.view_layers:
            if name not in layer.lightgroups:
                group = layer.lightgroups.add(name=name)
                rollback.add(lambda layer=layer, group=group: layer.lightgroups.remove(group))
        owner.lightgroup = name


def _old(scene: bpy.types.Scene) -> list[Any]:
    """What HoliRep made for the rig before, in the order in which it can be removed."""
    collections = [one for one in reversed(scene.collection.children_recursive) if one.get(MARK) == KIND]
    objects = [one for collection in collections for one in collection.objects if one.get(MARK) == KIND]
    data = [one.data for one in objects if one.data is not None and one.data.get(MARK) == KIND]
    world = scene.world
    worlds = [one for one in bpy.data.worlds if one.get(MARK) == KIND and (one == world or one.users == 0)]
    images = [
        node.image
        for one in worlds
        for node in one.node_tree.nodes
        if node.type == "TEX_ENVIRONMENT" and node.image is not None and node.image.get(MARK) == KIND
    ]
    return [*objects, *data, *collections, *worlds, *images]


def remove_rig(scene: bpy.types.Scene) -> None:
    """Takes away everything that HoliRep made for the rig in a scene, its world too; the artist's stays."""
    _remove(_old(scene))


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
