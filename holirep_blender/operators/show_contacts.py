# SPDX-License-Identifier: GPL-3.0-or-later
"""Show Contacts: bars in the timeline, footprints in the 3D views."""

import bpy


class HOLIREP_OT_show_contacts(bpy.types.Operator):
    """Show the contacts of the character, or hide them again"""

    bl_idname = "holirep.show_contacts"
    bl_label = "Show Contacts"
    bl_options = {"REGISTER", "UNDO"}

    where: bpy.props.EnumProperty(
        name="Where",
        description="Where contacts are shown",
        items=[
            ("BOTH", "Timeline and Viewport", "Both; hidden where either of them shows contacts now"),
            ("TIMELINE", "Timeline", "Bars in the timeline and the dope sheet"),
            ("VIEWPORT", "Viewport", "Footprints in the 3D views"),
        ],
        default="BOTH",
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turns the settings round."""
        refine = context.scene.holirep.refine
        if self.where == "BOTH":
            refine.show_bars = refine.show_places = not (refine.show_bars or refine.show_places)
        elif self.where == "TIMELINE":
            refine.show_bars = not refine.show_bars
        else:
            refine.show_places = not refine.show_places
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_show_contacts,)
