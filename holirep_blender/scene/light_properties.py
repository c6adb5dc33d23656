# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.light`` stores in the .blend file: how the light is matched, and the lamps of the rig."""

import math

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .blender_versions import PATH_OPTIONS


def _changed(row: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    from . import lamp_rows

    lamp_rows.show(row)


def _chosen(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Selects the lamp of the row that was clicked."""
    from . import lamp_rows

    lamp_rows.select(context, settings)


class HOLIREP_PG_lamp(bpy.types.PropertyGroup):
    """A lamp of the rig; its ``name`` is the object's."""

    lamp: PointerProperty(name="Lamp", description="The lamp's object", type=bpy.types.Object)
    enabled: BoolProperty(
        name="Enabled",
        description="The lamp lights; off takes its light out of the scene",
        default=True,
        update=_changed,
    )
    locked: BoolProperty(
        name="Locked", description="Match Lighting leaves this lamp as it is, with all that you changed", default=False
    )
    tint: FloatVectorProperty(
        name="Tint",
        description="Colour that the lamp's own is multiplied with",
        size=3,
        subtype="COLOR",
        default=(1.0, 1.0, 1.0),
        min=0.0,
        soft_max=1.0,
        update=_changed,
    )
    direction: FloatVectorProperty(name="Direction", description="Toward the lamp, environment not turned", size=3)
    irradiance: FloatVectorProperty(name="Irradiance", description="On a surface facing it, in W/m²", size=3)
    angle: FloatProperty(name="Angle", description="How wide the lamp is", subtype="ANGLE")
    elongation: FloatProperty(name="Elongation", description="How many times longer than wide", default=1.0)
    axis: FloatVectorProperty(name="Axis", description="Along which it is longest", size=3)
    share: FloatProperty(name="Share", description="Part of the environment's light", subtype="FACTOR")
    sun: BoolProperty(name="Sun", description="It is the sun")
    source: IntProperty(name="Source", description="Lamps that stand for one light have the same number")


class HOLIREP_PG_light(bpy.types.PropertyGroup):
    """Settings of Match Lighting and what it found."""

    hdri: StringProperty(
        name="Environment",
        description="Equirectangular HDR or EXR of the set. Empty: the one that the scene's world shows",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
    )
    count: IntProperty(name="Lamps", description="At most so many lamps", default=8, min=0, max=64, soft_max=16)
    use_areas: BoolProperty(
        name="Wide as Area",
        description="Lights that are wide become area lamps at a distance instead of Suns, to be moved into the set",
        default=False,
    )
    area_from: FloatProperty(
        name="Wider Than", description="How wide a light must be to become an area lamp", default=math.radians(8),
        min=math.radians(1), max=math.radians(60), subtype="ANGLE",
    )  # fmt: skip
    distance: FloatProperty(
        name="Distance", description="How far from the control area lamps stand", default=10.0, min=0.1, unit="LENGTH",
        subtype="DISTANCE",
    )  # fmt: skip
    light_groups: BoolProperty(
        name="Light Groups",
        description="A light group for each lamp and one for the residual, to be balanced in the compositor",
        default=True,
    )
    lamps: CollectionProperty(type=HOLIREP_PG_lamp, description="The lamps of the rig, the strongest first")
    lamp_index: IntProperty(
        name="Lamp", description="The row that is selected in the list; its lamp is selected", default=-1,
        options={"SKIP_SAVE"}, update=_chosen,
    )  # fmt: skip
    control: PointerProperty(name="Control", description="Turns lamps and environment together", type=bpy.types.Object)
    source: PointerProperty(
        name="Source", description="The environment that was matched, where the world showed it", type=bpy.types.Image
    )
    strength: FloatProperty(name="Strength", description="Of the environment when it was matched", default=1.0)
    thumbnail: PointerProperty(
        name="Thumbnail", description="The environment with its lamps marked", type=bpy.types.Image
    )
    summary: StringProperty(name="Result", description="What was found, in words")
    warnings: StringProperty(name="Warnings", description="What wants to be looked at, a line each")


CLASSES = (HOLIREP_PG_lamp, HOLIREP_PG_light)
