# SPDX-License-Identifier: GPL-3.0-or-later
"""Check Motion: what is not human, or does not hold, in any animation of a mapped rig."""

from __future__ import annotations

import bpy

from .animation_verb import AnimationVerb, OnFloor


class HOLIREP_OT_check_motion(AnimationVerb, OnFloor, bpy.types.Operator):
    """List what is beyond human limits, speed, strength or balance, and feet that slide or sink; nothing is changed"""

    bl_idname = "holirep.check_motion"
    bl_label = "Check Motion"
    bl_options = {"REGISTER", "UNDO"}

    def draw(self, _context: bpy.types.Context) -> None:
        """The redo panel."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "preset")
        self.draw_floor(layout)
        self.draw_common(layout)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Looks, lists and says how much was found."""
        from ..scene.animation_refining import check_animation_of

        done = self.run(context, check_animation_of, {}, self)
        if done is None:
            return {"CANCELLED"}
        self.list_violations(context, done)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_check_motion,)
