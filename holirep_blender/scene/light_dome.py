# SPDX-License-Identifier: GPL-3.0-or-later
"""The residual as lamps for EEVEE, in which nothing keeps a world's light from a surface but what the camera sees."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from ..lighting.dome import dome_lamps
from ..lighting.environment_map import EnvironmentMap
from ..lighting.lamps import Lamp
from .actions import MARK, Rollback
from .environments import read_environment
from .light_tracing import DOME_SHADOWS, put_eevee_back, set_eevee
from .light_world import KIND, RigOptions, hide_world_from_eevee, residual_image, show_world_to_eevee

COLLECTION = "HoliRep EEVEE Dome"
DOME = "holirep_dome"
"""Custom property of a lamp of the dome: the irradiance that it gives with a gain of one."""
_HEIGHT = 12.0
"""Metres above the control at which all of them are drawn; where a Sun stands does not count."""
_FINEST = 0.02
"""Metres of a shadow map's pixel at least: all of the lamps must fit into EEVEE's memory for shadows."""


def build_dome(
    parent: bpy.types.Collection,
    control: bpy.types.Object,
    world: bpy.types.World,
    residual: EnvironmentMap,
    options: RigOptions,
    rollback: Rollback,
) -> bpy.types.Collection:
    """Adds the lamps beside a rig's control and takes the world's light out of EEVEE; their collection.

    Cycles and whatever else reads a lamp's nodes gets no light from them.
    """
    collection = bpy.data.collections.new(COLLECTION)
    rollback.add(lambda: bpy.data.collections.remove(collection))
    collection[MARK] = KIND
    collection.hide_select = True
    parent.children.link(collection)
    for number, lamp in enumerate(dome_lamps(residual, options.dome)):
        data = bpy.data.lights.new(f"EEVEE Dome {number + 1}", "SUN")
        rollback.add(lambda data=data: bpy.data.lights.remove(data))
        one = bpy.data.objects.new(data.name, data)
        rollback.add(lambda one=one: bpy.data.objects.remove(one))
        data[MARK] = one[MARK] = KIND
        one[DOME] = (lamp.irradiance * options.strength).tolist()
        _set_up(one, lamp)
        one.parent = control
        collection.objects.link(one)
        _set_gain(one, options.balance)
    hide_world_from_eevee(world)
    rollback.add(lambda: show_world_to_eevee(world))
    return collection


def set_dome_gain(scene: bpy.types.Scene, gain: Any) -> None:
    """Multiplies the dome, channel by channel, with what it is given now and nothing before."""
    for one in dome_of(scene):
        _set_gain(one, gain)


def dome_of(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The lamps of a scene's dome."""
    return [one for one in scene.objects if DOME in one]


def set_dome_shadows(scene: bpy.types.Scene) -> None:
    """Sets EEVEE's shadows for a dome that a scene's rig has, and puts them back where it has none."""
    settings = scene.holirep.light
    wanted = settings.eevee_dome and settings.control is not None
    if wanted and not settings.dome_before:
        settings.dome_before = set_eevee(scene, DOME_SHADOWS)
    elif not wanted and settings.dome_before:
        put_eevee_back(scene, settings.dome_before)
        settings.dome_before = ""


def refresh_dome(scene: bpy.types.Scene) -> None:
    """Brings the dome of the rig that is there to what the settings say."""
    settings, world = scene.holirep.light, scene.world
    set_dome_shadows(scene)
    if settings.control is None or world is None or world.get(MARK) != KIND:
        return
    parent = next((one for one in settings.control.users_collection), scene.collection)
    stale = dome_of(scene)
    collections = {one for lamp in stale for one in lamp.users_collection if one.get(MARK) == KIND}
    bpy.data.batch_remove([*stale, *(one.data for one in stale), *collections])
    show_world_to_eevee(world)
    if not settings.eevee_dome:
        return
    residual, _ = read_environment(residual_image(world))
    gain = np.array(settings.balance) * np.array(settings.residual_gain)
    options = RigOptions(settings.strength, balance=(*gain,), dome=settings.dome_lamps)
    with Rollback() as rollback:
        build_dome(parent, settings.control, world, residual, options, rollback)


def _set_up(one: bpy.types.Object, lamp: Lamp) -> None:
    data: Any = one.data
    data.angle, data.shadow_maximum_resolution = lamp.angle, _FINEST
    if not data.node_tree:
        data.use_nodes = True
    for node in data.node_tree.nodes:
        if node.type == "EMISSION":
            node.inputs["Strength"].default_value = 0.0
    one.location = (0.0, 0.0, _HEIGHT)
    one.rotation_mode = "QUATERNION"
    one.rotation_quaternion = Vector(lamp.direction.tolist()).to_track_quat("Z", "Y")


def _set_gain(one: bpy.types.Object, gain: Any) -> None:
    light = np.array(one[DOME]) * np.array(gain)
    highest = float(light.max())
    one.data.color = tuple(light / highest) if highest > 0 else (1.0, 1.0, 1.0)
    one.data.energy = highest
