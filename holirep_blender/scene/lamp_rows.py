# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the list of lamps, and the objects in the scene that they stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from ..lighting.editing import halves, merged
from ..lighting.lamps import Lamp
from .light_dome import set_dome_gain
from .light_rig import PLACED, add_lamp, irradiance_of, set_light
from .light_world import RigOptions, set_residual_gain


def read(row: Any) -> Lamp:
    """The lamp of a row, without its tint."""
    return Lamp(
        np.array(row.direction, dtype=np.float64),
        np.array(row.irradiance, dtype=np.float64),
        row.angle,
        row.elongation,
        np.array(row.axis, dtype=np.float64),
        row.share,
        row.sun,
        row.source,
    )


def write(row: Any, lamp: Lamp, made: bpy.types.Object) -> None:
    """Fills a row with a lamp and its object, made without the row's tint and gain, which it then gets."""
    row.lamp, row.name = made, made.name
    row.direction, row.irradiance, row.axis = lamp.direction.tolist(), lamp.irradiance.tolist(), lamp.axis.tolist()
    row.angle, row.elongation, row.share = lamp.angle, lamp.elongation, lamp.share
    row.sun, row.source = lamp.sun, lamp.group
    light = row.id_data.holirep.light
    row.applied = light.strength * np.array(light.balance)
    show(row)
    link(light, made)


def show(row: Any) -> None:
    """Brings a row's object to what the row says: whether it lights, tint and gain; what the artist set stays in it."""
    made = row.lamp
    if made is None:
        return
    made.hide_render = made.hide_viewport = not row.enabled
    wanted, applied = gain_of(row) * np.array(row.tint), np.array(row.applied)
    own = np.array(row.irradiance) * wanted
    now = irradiance_of(made) * (wanted / np.where(applied > 0, applied, 1.0))
    set_light(made, np.where(applied > 0, now, own))
    row.applied = wanted


def gain_of(row: Any) -> Any:
    """What a row's lamp is multiplied with besides its tint: strength of the environment, balance and own gain."""
    light = row.id_data.holirep.light
    return light.strength * np.array(light.balance) * np.array(row.gain)


def show_all(settings: Any) -> None:
    """Brings all lamps and the residual to what the settings say."""
    for row in settings.lamps:
        show(row)
    show_residual(settings)


def show_residual(settings: Any) -> None:
    """Brings the residual to what the settings say."""
    scene, gain = settings.id_data, np.array(settings.balance) * np.array(settings.residual_gain)
    if scene.world is not None:
        set_residual_gain(scene.world, gain)
        set_dome_gain(scene, gain)


def link(settings: Any, made: bpy.types.Object) -> None:
    """Light and shadow linking of one lamp as the settings have it."""
    chosen = settings.link_collection
    made.light_linking.receiver_collection = chosen if settings.linking in ("LIGHT", "BOTH") else None
    made.light_linking.blocker_collection = chosen if settings.linking in ("SHADOW", "BOTH") else None


def link_all(settings: Any) -> None:
    """Light and shadow linking of all lamps."""
    for row in settings.lamps:
        if row.lamp is not None:
            link(settings, row.lamp)


def select(context: bpy.types.Context, settings: Any) -> None:
    """Makes the chosen row's lamp the selected object, where it is in the view layer."""
    if not 0 <= settings.lamp_index < len(settings.lamps):
        return
    made = settings.lamps[settings.lamp_index].lamp
    if made is None or context.mode != "OBJECT" or made.name not in context.view_layer.objects:
        return
    for other in context.selected_objects:
        other.select_set(False)
    made.select_set(True)
    context.view_layer.objects.active = made


def split(scene: bpy.types.Scene, index: int) -> None:
    """Replaces a lamp by two beside each other that light as it does. Raises ValueError where its object is gone."""
    settings = scene.holirep.light
    row = _whole(settings, index)
    parts, old = halves(_as_set(row)), row.lamp
    kept = {"tint": tuple(row.tint), "gain": tuple(row.gain), "enabled": row.enabled, "locked": row.locked}
    settings.lamps.add()
    settings.lamps.move(len(settings.lamps) - 1, index + 1)
    for place, lamp in zip((index, index + 1), parts, strict=True):
        write(settings.lamps[place], lamp, add_lamp(scene, settings.control, lamp, old.name, _options(settings, old)))
        for name, value in kept.items():
            setattr(settings.lamps[place], name, value)
    _take_away(settings.lamps[index], old)


def merge(scene: bpy.types.Scene, index: int) -> str:
    """Joins a lamp with the nearest other that lights; its name. Raises ValueError where that cannot be."""
    settings = scene.holirep.light
    row = _whole(settings, index)
    others = [
        place
        for place, one in enumerate(settings.lamps)
        if place != index and one.lamp and one.enabled and PLACED not in one.lamp
    ]
    if not others:
        raise ValueError("There is no other lamp to join this one with.")
    direction = np.array(row.direction)
    nearest = max(others, key=lambda place: float(direction @ np.array(settings.lamps[place].direction)))
    other = settings.lamps[nearest]
    tint = tuple(row.tint) if tuple(row.tint) == tuple(other.tint) else (1.0, 1.0, 1.0)
    lamp, joined = merged(_coloured(row, tint), _coloured(other, tint)), other.name
    old = [row.lamp, other.lamp]
    made = add_lamp(scene, settings.control, lamp, row.name, _options(settings, row.lamp))
    write(row, lamp, made)
    row.gain, row.tint, row.locked = (1.0, 1.0, 1.0), tint, row.locked or other.locked
    show(row)
    settings.lamps.remove(nearest)
    settings.lamp_index = index - (nearest < index)
    _take_away(settings.lamps[settings.lamp_index], *old)
    return str(joined)


def _as_set(row: Any) -> Lamp:
    """The lamp of a row as the artist has set it by now, without its tint and gain."""
    made, applied = row.lamp, np.array(row.applied)
    now = irradiance_of(made) / np.where(applied > 0, applied, 1.0)
    toward = np.array(made.matrix_basis.to_3x3() @ Vector((0.0, 0.0, 1.0)), dtype=np.float64)
    lamp = read(row)
    return replace(
        lamp,
        irradiance=np.where(applied > 0, now, lamp.irradiance),
        direction=toward / np.linalg.norm(toward),
        angle=made.data.angle if made.data.type == "SUN" else lamp.angle,
    )


def _coloured(row: Any, tint: tuple[float, ...]) -> Lamp:
    """The lamp of a row with what Match to Plate found for it, and with its tint as far as ``tint`` has it not."""
    lamp = _as_set(row)
    own = np.array(row.tint) / np.where(np.array(tint) > 0, tint, 1.0)
    return replace(lamp, irradiance=lamp.irradiance * np.array(row.gain) * own)


def _take_away(row: Any, *old: bpy.types.Object) -> None:
    """Removes lamps with their data; the row's lamp gets the name of the first."""
    name = old[0].name
    bpy.data.batch_remove([*old, *(one.data for one in old if one.data is not None and one.data.users == 1)])
    row.lamp.name = row.lamp.data.name = row.name = name


def _whole(settings: Any, index: int) -> Any:
    if not 0 <= index < len(settings.lamps):
        raise ValueError("Choose a lamp in the list.")
    row = settings.lamps[index]
    if row.lamp is None or settings.control is None:
        raise ValueError(f"{row.name} or the light control was deleted: use Match Lighting again.")
    if PLACED in row.lamp:
        raise ValueError(f"{row.name} stands at {row.lamp[PLACED]}: unlock it and use Match Lighting again first.")
    return row


def _options(settings: Any, like: bpy.types.Object) -> RigOptions:
    """A new lamp is of the kind of the one that it comes from, and as far away."""
    area = 0.0 if like.data.type == "AREA" else None
    balance = tuple(settings.balance)
    return RigOptions(settings.strength, area_from=area, balance=balance, distance=max(like.location.length, 0.1))
