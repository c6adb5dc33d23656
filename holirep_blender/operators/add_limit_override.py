# SPDX-License-Identifier: GPL-3.0-or-later
"""Add Own Limit: another range for one joint motion."""

import math

import bpy

_shown: list = []
"""Blender does not keep the texts of dynamic items alive."""


def _items(_operator, context):  # type: ignore[no-untyped-def]
    from ..motion.biomechanics.limit_table import LimitTable
    from ..scene.limit_words import limit_label

    if not context.scene:
        return []
    table = LimitTable.load(context.scene.holirep.refine.preset.lower())
    _shown[:] = [
        (
            f"{row.joint}.{row.motion}",
            f"{limit_label(row.joint, row.motion)}  {row.hard[0]:.0f}° to {row.hard[1]:.0f}°",
            row.source,
        )
        for row in table.rows
    ]
    return _shown


class HOLIREP_OT_add_limit_override(bpy.types.Operator):
    """Choose a joint motion and give it limits of your own, in place of the preset's; they are kept in the shot"""

    bl_idname = "holirep.add_limit_override"
    bl_label = "Add Own Limit"
    bl_options = {"REGISTER", "UNDO"}
    bl_property = "limit"

    limit: bpy.props.EnumProperty(
        name="Limit", description="Joint and motion, such as leftLowerLeg.flexion", items=_items, options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Searches among the joints' motions."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds a row that begins with the preset's limits."""
        from ..motion.biomechanics.limit_table import LimitTable
        from ..scene.limit_words import limit_label

        refine = context.scene.holirep.refine
        joint, motion = self.limit.split(".")
        found = next((i for i, row in enumerate(refine.overrides) if (row.joint, row.motion) == (joint, motion)), None)
        if found is None:
            low, high = LimitTable.load(refine.preset.lower()).hard(joint, motion)
            row = refine.overrides.add()
            row.name, row.joint, row.motion = limit_label(joint, motion), joint, motion
            row.low, row.high = math.radians(low), math.radians(high)
            found = len(refine.overrides) - 1
        refine.override_index = found
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_add_limit_override,)
