# SPDX-License-Identifier: GPL-3.0-or-later
"""Clamp to Human Limits: any animation of a mapped rig."""

from __future__ import annotations

import bpy
from bpy.props import FloatProperty

from .animation_verb import AnimationVerb


class HOLIREP_OT_clamp_to_human_limits(AnimationVerb, bpy.types.Operator):
    """Bring joints that bend further than human ones back to their limits, in the active action of the character"""

    bl_idname = "holirep.clamp_to_human_limits"
    bl_label = "Clamp to Human Limits"
    bl_options = {"REGISTER", "UNDO"}

    strength: FloatProperty(
        name="Strength",
        description="How firmly: 1 never exceeds a hard limit",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """The redo panel."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "preset")
        layout.prop(self, "strength")
        self.draw_common(layout)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Changes the keys and says what was done."""
        from ..scene.animation_refining import clamp_animation

        done = self.run(context, clamp_animation, {"limits": self.strength})
        return {"CANCELLED"} if done is None else {"FINISHED"}


CLASSES = (HOLIREP_OT_clamp_to_human_limits,)
