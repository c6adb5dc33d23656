# SPDX-License-Identifier: GPL-3.0-or-later
"""Jump to Violation: its frame, and its bone selected in Pose Mode."""

import bpy


class HOLIREP_OT_jump_to_violation(bpy.types.Operator):
    """Go to the frame of a violation and select its bone in Pose Mode"""

    bl_idname = "holirep.jump_to_violation"
    bl_label = "Jump to Violation"
    bl_options = {"REGISTER", "UNDO"}

    to: bpy.props.EnumProperty(
        name="To",
        description="Which of the listed violations",
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
        """Needs a violation."""
        if not context.scene.holirep.refine.violations:
            cls.poll_message_set("No violations are listed")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Selects the row, which goes there."""
        from ..scene.violation_rows import listed

        scene = context.scene
        refine = scene.holirep.refine
        if self.to == "ROW":
            if self.row >= len(refine.violations):
                self.report({"ERROR"}, f"The list has {len(refine.violations)} rows, there is no row {self.row}")
                return {"CANCELLED"}
            refine.violation_index = self.row
            return {"FINISHED"}
        now = scene.frame_current + scene.frame_subframe
        rows = sorted(listed(refine), key=lambda index: refine.violations[index].frame)
        later = [index for index in rows if refine.violations[index].frame > now + 1e-3]
        earlier = [index for index in rows if refine.violations[index].frame < now - 1e-3]
        found = later[:1] if self.to == "NEXT" else earlier[-1:]
        if not found:
            self.report({"INFO"}, f"No violation {'after' if self.to == 'NEXT' else 'before'} this frame")
            return {"CANCELLED"}
        refine.violation_index = found[0]
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_jump_to_violation,)
