# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.environment`` stores in the .blend file: the picture's layout, and how it is repaired."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, FloatVectorProperty, StringProperty

from .blender_versions import PATH_OPTIONS


class HOLIREP_PG_environment(bpy.types.PropertyGroup):
    """How the environment's file is read."""

    layout: EnumProperty(
        name="Layout",
        description="How the file shows what is around",
        items=(
            ("equirectangular", "Equirectangular", "Twice as wide as high, as Blender's worlds are"),
            ("mirror_ball", "Mirror Ball", "A square close around a chrome ball that was photographed along +Y"),
            ("angular", "Angular", "A round light probe in a square; its middle looks along +Y"),
            ("cross", "Cube Cross", "Six faces of a cube, unfolded: 4:3 or 3:4; the middle looks along +Y"),
            ("strip", "Cube Strip", "Six faces of a cube in a row: right, left, up, down, front, back"),
        ),
    )
    one_each: BoolProperty(
        name="One Lamp Each",
        description="One lamp for each softbox or window, as wide as it is. Off: wide lights are split into several "
        "lamps, which light more exactly",
        default=False,
    )
    repair: EnumProperty(
        name="Repair",
        description="How an environment whose lights are cut off gets them back",
        items=(
            ("none", "Off", "Lamps stay as weak as the environment says"),
            ("ball", "Ball", "From a picture of a grey or white ball that stood in the shot"),
            ("reading", "Readings", "From a light meter: toward the sun, in its light and with the sun kept off it"),
            ("sky", "Clear Sky", "From a model of a cloudless sky at the sun's height"),
        ),
    )
    ball: StringProperty(
        name="Ball",
        description="Picture of a matt ball, cropped close around it; OpenEXR is best",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
    )
    view: FloatVectorProperty(
        name="View", description="Where the camera looked that saw the ball, environment not turned", size=3,
        subtype="DIRECTION", default=(0.0, 1.0, 0.0),
    )  # fmt: skip
    sun: FloatProperty(name="Sun", description="Reading in the sun, in lux", default=100000.0, min=0.001)
    shade: FloatProperty(
        name="Shade", description="Reading with the sun kept off the meter, in lux", default=15000.0, min=0.001
    )
    turbidity: FloatProperty(
        name="Turbidity", description="2 very clear, 3 clear, 5 summer haze", default=3.0, min=1.0, max=10.0
    )


CLASSES = (HOLIREP_PG_environment,)
