# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove Contact Edit: what was detected counts again."""

import bpy

from .refining import solve_if_live


class HOLIREP_OT_remove_contact_edit(bpy.types.Operator):
    """Take back an edit of a contact, so that what was detected counts again"""

    bl_idname = "holirep.remove_contact_edit"
    bl_label = "Remove Contact Edit"
    bl_options = {"REGISTER", "UNDO"}

    index: bpy.props.IntProperty(
        name="Row", description="Row of the list, from 0; the selected one where it is not given", options={"SKIP_SAVE"}
    )
    every: bpy.props.BoolProperty(name="All", description="Take back all of them", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs an edit."""
        if not context.scene.holirep.refine.contact_edits:
            cls.poll_message_set("No contact was edited")
            return False
        return True

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """What the button does."""
        if properties.every:
            return "Take back all edits of contacts, so that what was detected counts again"
        return "Take back this edit of a contact, so that what was detected counts again"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes and solves again where that is live."""
        refine = context.scene.holirep.refine
        if self.every:
            refine.contact_edits.clear()
        else:
            index = self.index if self.properties.is_property_set("index") else refine.contact_edit_index
            if not 0 <= index < len(refine.contact_edits):
                self.report({"ERROR"}, f"There is no contact edit in row {index}")
                return {"CANCELLED"}
            refine.contact_edits.remove(index)
        refine.contact_edit_index = max(0, min(refine.contact_edit_index, len(refine.contact_edits) - 1))
        solve_if_live(self, context)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_remove_contact_edit,)
