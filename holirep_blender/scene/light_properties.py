# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.light`` stores in the .blend file: how the light is matched, and the lamps of the rig."""

import math

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
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


def _balanced(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    from . import lamp_rows

    lamp_rows.show_all(settings)


def _residual(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    from . import lamp_rows

    lamp_rows.show_residual(settings)


def _linked(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    from . import lamp_rows

    lamp_rows.link_all(settings)


def _chosen(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Selects the lamp of the row that was clicked."""
    from . import lamp_rows

    lamp_rows.select(context, settings)


def _domed(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    from . import light_dome

    light_dome.refresh_dome(settings.id_data)


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
    gain: FloatVectorProperty(
        name="Gain",
        description="Factors, red, green and blue, by which Match to Plate made the lamp stronger or weaker",
        size=3,
        default=(1.0, 1.0, 1.0),
        min=0.0,
        precision=3,
        update=_changed,
    )
    applied: FloatVectorProperty(name="Applied", description="All factors in the lamp's strength as it is", size=3)
    direction: FloatVectorProperty(name="Direction", description="Toward the lamp, environment not turned", size=3)
    irradiance: FloatVectorProperty(name="Irradiance", description="On a surface facing it, in W/m²", size=3)
    angle: FloatProperty(name="Angle", description="How wide the lamp is", subtype="ANGLE")
    elongation: FloatProperty(name="Elongation", description="How many times longer than wide", default=1.0)
    axis: FloatVectorProperty(name="Axis", description="Along which it is longest", size=3)
    share: FloatProperty(name="Share", description="Part of the environment's light", subtype="FACTOR")
    sun: BoolProperty(name="Sun", description="It is the sun")
    source: IntProperty(name="Source", description="Lamps that stand for one light have the same number")


class HOLIREP_PG_plate_light(bpy.types.PropertyGroup):
    """Settings of Match to Plate and what came of it."""

    picture: StringProperty(
        name="Picture",
        description="Picture of the chart or ball, taken as the plate was. Empty: the shot's plate",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
    )
    whole: BoolProperty(
        name="Exposure and Balance Only",
        description="One gain, red, green and blue, for everything that comes from the environment, instead of one for "
        "each light",
        default=False,
    )
    tint: BoolProperty(
        name="Colours Too",
        description="Red, green and blue of each light are matched by themselves, so its colour changes",
        default=False,
    )
    reflectance: FloatProperty(
        name="Reflectance", description="Of the ball: 0.18 for a grey one, 0.9 for a white one", default=0.18, min=0.01,
        max=1.0, precision=3,
    )  # fmt: skip
    summary: StringProperty(name="Result", description="What was matched and how far apart it was before and after")
    warnings: StringProperty(name="Warnings", description="What wants to be looked at, a line each")
    preview: PointerProperty(
        name="Preview", description="The plate, and the same as rendered before and after", type=bpy.types.Image
    )


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
    eevee_tracing: BoolProperty(
        name="EEVEE Ray Tracing",
        description="Switch EEVEE's ray tracing on with the rig, at full resolution and without fast global "
        "illumination, unless it is on already. Without it EEVEE lights by the residual's general direction only, "
        "and no surface keeps any of it from another",
        default=True,
    )
    eevee_dome: BoolProperty(
        name="EEVEE Dome",
        description="EEVEE gets the residual from many wide lamps with shadows instead of from the world: there what "
        "the camera does not see keeps only lamps' light away. Nearer to Cycles, slower, and mirrors show the lamps. "
        "Cycles does not see them",
        default=False,
        update=_domed,
    )
    dome_lamps: IntProperty(
        name="Dome Lamps", description="How many lamps the dome has, at most", default=48, min=2, max=256,
        soft_min=16, soft_max=96, update=_domed,
    )  # fmt: skip
    dome_before: StringProperty(
        name="Shadows Before",
        description="EEVEE's settings before a dome's were set; they are put back when the dome goes",
        options={"HIDDEN"},
    )
    tracing_before: StringProperty(
        name="Ray Tracing Before",
        description="EEVEE's settings before Match Lighting set them; Remove Light Rig puts them back",
        options={"HIDDEN"},
    )
    linking: EnumProperty(
        name="Lamps Light",
        description="What the rig's lamps light and whose shadows they cast; the residual, a world, always lights all",
        items=(
            ("ALL", "Everything", "The lamps light everything, and everything casts shadows"),
            ("LIGHT", "Collection Only", "The lamps light only what is in the collection: the set is lit already"),
            ("SHADOW", "Shadows of Collection", "Only what is in the collection casts shadows from the lamps"),
            ("BOTH", "Both", "The lamps light only the collection, and only it casts shadows"),
        ),
        default="ALL",
        update=_linked,
    )
    link_collection: PointerProperty(
        name="Collection", description="The character's collection", type=bpy.types.Collection, update=_linked
    )
    balance: FloatVectorProperty(
        name="Balance",
        description="Factors, red, green and blue, on everything that comes from the environment: its exposure and "
        "white balance to the plate's. Matching the light again keeps them",
        size=3, default=(1.0, 1.0, 1.0), min=0.0, precision=3, update=_balanced,
    )  # fmt: skip
    residual_gain: FloatVectorProperty(
        name="Residual Gain",
        description="Factors, red, green and blue, by which Match to Plate made the residual stronger or weaker",
        size=3, default=(1.0, 1.0, 1.0), min=0.0, precision=3, update=_residual,
    )  # fmt: skip
    own_world: PointerProperty(
        name="Own World", description="The world that the scene had before Match Lighting", type=bpy.types.World
    )
    plate: PointerProperty(type=HOLIREP_PG_plate_light, description="Match to Plate: settings and what came of it")
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
    figures: StringProperty(name="Figures", description="What was measured of the match, for quality (JSON)")


CLASSES = (HOLIREP_PG_lamp, HOLIREP_PG_plate_light, HOLIREP_PG_light)
