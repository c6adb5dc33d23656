# SPDX-License-Identifier: GPL-3.0-or-later
"""Set Contact: in a range of frames a point of the body touches, or is free."""

import bpy

from ..scene import refine_clock
from ..scene.refine_properties import POINT_ITEMS
from .refining import solve_if_live


class HOLIREP_OT_add_contact_edit(bpy.types.Operator):
    """Say that the chosen points touch, or are free, in the range of frames, whatever was detected"""

    bl_idname = "holirep.add_contact_edit"
    bl_label = "Set Contact"
    bl_options = {"REGISTER", "UNDO"}

    touching: bpy.props.BoolProperty(
        name="Touching", description="The points touch in the range; off: they are free", default=True
    )
    points: bpy.props.EnumProperty(
        name="Points",
        description="The points of the body; those of the panel where none is given",
        items=POINT_ITEMS,
        options={"ENUM_FLAG", "SKIP_SAVE"},
        default=set(),
    )
    first: bpy.props.IntProperty(
        name="First", description="The scene's first frame; the panel's where it is not given", options={"SKIP_SAVE"}
    )
    last: bpy.props.IntProperty(
        name="Last", description="The scene's last frame; the panel's where it is not given", options={"SKIP_SAVE"}
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """What the button does."""
        if properties.touching:
            return "The chosen points touch the floor, or what they rest on, in this range: they are held in place"
        return "The chosen points are free in this range: nothing holds them"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds a row for each point and solves again where that is live."""
        scene = context.scene
        refine = scene.holirep.refine
        given = self.properties.is_property_set
        first = self.first if given("first") else refine.range_first
        last = self.last if given("last") else refine.range_last
        points = set(self.points) or set(refine.contact_points)
        if not points:
            self.report({"ERROR"}, "Choose at least one point of the body")
            return {"CANCELLED"}
        if last < first:
            self.report({"ERROR"}, f"The range ends at frame {last}, before it begins at frame {first}")
            return {"CANCELLED"}
        for point in (item[0] for item in POINT_ITEMS if item[0] in points):
            _forget_hidden(refine.contact_edits, point, first, last)
            row = refine.contact_edits.add()
            row.point, row.touching = point, self.touching
            row.begin, row.end = refine_clock.seconds_of(scene, first), refine_clock.seconds_of(scene, last)
        refine.contact_edit_index = len(refine.contact_edits) - 1
        solve_if_live(self, context)
        return {"FINISHED"}


def _forget_hidden(edits: bpy.types.bpy_prop_collection, point: str, first: int, last: int) -> None:
    """Removes what the new edit covers wholly."""
    for index in reversed(range(len(edits))):
        if edits[index].point == point and first <= edits[index].first and edits[index].last <= last:
            edits.remove(index)


CLASSES = (HOLIREP_OT_add_contact_edit,)
