# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.batch`` stores in the .blend file: the shot list and what is to be done with this shot."""

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from .blender_versions import PATH_OPTIONS


class HOLIREP_PG_batch(bpy.types.PropertyGroup):
    """The list and how it is run."""

    list_file: StringProperty(
        name="Shot List",
        description="TOML or JSON file of shots, or a folder of shots. Add Open Shot begins one that is not there",
        default="//shots.toml",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
    )
    do: EnumProperty(
        name="Do",
        description="What is to be done with the open shot when it is added to the list",
        items=[
            ("REPLICATE", "Replicate", "Make a take from the plate", 1),
            ("APPLY", "Apply", "Put the take on the character", 2),
            ("LIGHT", "Light", "Turn the environment into lamps", 4),
            ("BAKE_SHADOWS", "Shadows", "Bake the character's shadow as passes", 8),
            ("RENDER_PREVIEW", "Preview", "Render a preview movie through the camera", 16),
        ],
        default={"REPLICATE", "APPLY", "RENDER_PREVIEW"},
        options={"ENUM_FLAG"},
    )
    jobs: IntProperty(
        name="Jobs",
        description="Stages that run at once, each in a Blender of its own",
        default=1,
        min=1,
        max=64,
    )
    stop_on_error: BoolProperty(
        name="Stop on Error", description="Start nothing more after a stage has failed", default=False
    )


CLASSES = (HOLIREP_PG_batch,)
