# SPDX-License-Identifier: GPL-3.0-or-later
"""Plant Feet: any animation of a mapped rig."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, FloatProperty

from .animation_verb import AnimationVerb, OnFloor


class HOLIREP_OT_plant_feet(AnimationVerb, OnFloor, bpy.types.Operator):
    """Keep the feet where they touch the floor, on the character's own legs, in the active action of the character"""

    bl_idname = "holirep.plant_feet"
    bl_label = "Plant Feet"
    bl_options = {"REGISTER", "UNDO"}

    strength: FloatProperty(
        name="Strength",
        description="How firmly feet stay where they touch: 1 holds them exactly",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    hands: FloatProperty(
        name="Hands",
        description="How firmly hands keep what they touch: each other, the body and, where asked, surfaces",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    surfaces: BoolProperty(
        name="Surfaces",
        description="Look for hands that rest on something in the world, such as the floor, a table or a wall",
        default=False,
    )
    keep_limits: BoolProperty(
        name="Human Limits",
        description="Joints stay within human limits, also where a foot then cannot be held",
        default=False,
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """The redo panel."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "strength")
        layout.prop(self, "hands")
        row = layout.row()
        row.active = self.hands > 0.0
        row.prop(self, "surfaces")
        self.draw_floor(layout)
        layout.prop(self, "keep_limits")
        row = layout.row()
        row.active = self.keep_limits
        row.prop(self, "preset")
        self.draw_common(layout)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Changes the keys and says what was done."""
        from ..scene.animation_refining import plant_animation

        refine = {"limits": float(self.keep_limits), "feet": self.strength, "hands": self.hands}
        refine["surfaces"] = self.surfaces and self.hands > 0.0
        done = self.run(context, plant_animation, refine, self)
        return {"CANCELLED"} if done is None else {"FINISHED"}


CLASSES = (HOLIREP_OT_plant_feet,)
