# SPDX-License-Identifier: GPL-3.0-or-later
"""Set Contact Range: from or to the current frame, or the preview range."""

import bpy

_SOURCES = [
    ("START", "From Current Frame", "The range begins at the current frame"),
    ("END", "To Current Frame", "The range ends at the current frame"),
    ("PREVIEW", "Preview Range", "The range is the preview range, which P sets in the timeline"),
]


class HOLIREP_OT_set_contact_range(bpy.types.Operator):
    """Set the range of frames in which contacts are edited"""

    bl_idname = "holirep.set_contact_range"
    bl_label = "Set Contact Range"
    bl_options = {"REGISTER", "UNDO"}

    source: bpy.props.EnumProperty(
        name="From",
        description="What the range is taken from",
        items=_SOURCES,
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """What the button does."""
        return next(text for source, _, text in _SOURCES if source == properties.source)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sets first, last or both; the other end moves along where they would change places."""
        scene = context.scene
        refine = scene.holirep.refine
        if self.source == "PREVIEW":
            if not scene.use_preview_range:
                self.report({"ERROR"}, "There is no preview range: press P in the timeline and drag one first")
                return {"CANCELLED"}
            refine.range_first, refine.range_last = scene.frame_preview_start, scene.frame_preview_end
        elif self.source == "START":
            refine.range_first = scene.frame_current
            refine.range_last = max(refine.range_last, refine.range_first)
        else:
            refine.range_last = scene.frame_current
            refine.range_first = min(refine.range_first, refine.range_last)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_set_contact_range,)
