# SPDX-License-Identifier: GPL-3.0-or-later
"""Jump to Weak Range: the next, the previous or a given range that pulls the chosen score down."""

from __future__ import annotations

import bpy


class HOLIREP_OT_jump_to_quality(bpy.types.Operator):
    """Go to the worst frame of a range that pulls the score down, and select its bones"""

    bl_idname = "holirep.jump_to_quality"
    bl_label = "Jump to Weak Range"
    bl_options = {"REGISTER", "UNDO"}

    to: bpy.props.EnumProperty(
        name="To",
        description="Which range",
        items=[
            ("NEXT", "Next", "The next one in time"),
            ("PREVIOUS", "Previous", "The one before in time"),
            ("ROW", "Row", "The one in a row of the list"),
        ],
        default="NEXT",
    )
    row: bpy.props.IntProperty(name="Row", description="Row of the list, from 0", min=0, options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a range."""
        if not context.scene.holirep.quality.causes:
            cls.poll_message_set("No ranges are listed: use Assess Quality")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Selects the row, which goes there."""
        from ..scene.quality_rows import listed

        scene = context.scene
        rows = scene.holirep.quality
        if self.to == "ROW":
            if self.row >= len(rows.causes):
                self.report({"ERROR"}, f"The list has {len(rows.causes)} rows, there is no row {self.row}")
                return {"CANCELLED"}
            rows.cause_index = self.row
            return {"FINISHED"}
        now = scene.frame_current + scene.frame_subframe
        places = sorted(listed(rows), key=lambda index: rows.causes[index].frame)
        later = [index for index in places if rows.causes[index].frame > now + 1e-3]
        earlier = [index for index in places if rows.causes[index].frame < now - 1e-3]
        found = later[:1] if self.to == "NEXT" else earlier[-1:]
        if not found:
            self.report({"INFO"}, f"No weak range {'after' if self.to == 'NEXT' else 'before'} this frame")
            return {"CANCELLED"}
        rows.cause_index = found[0]
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_jump_to_quality,)
