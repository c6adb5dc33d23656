# SPDX-License-Identifier: GPL-3.0-or-later
"""Find Rig Map: which bone each joint drives."""

from __future__ import annotations

import bpy

from ..scene import rig_map_rows
from ..scene import shot as shots


class HOLIREP_OT_find_rig_map(bpy.types.Operator):
    """Find out which bones and shape keys of the character the performance drives"""

    bl_idname = "holirep.find_rig_map"
    bl_label = "Find Rig Map"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a character."""
        reason = shots.character_problem(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fills the rig map's rows."""
        from ..motion.rigs import find_rig_map
        from ..scene.characters import read_rig

        shot = context.scene.holirep
        try:
            rig_map = find_rig_map(read_rig(shot.character))
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        rig_map_rows.write_rig_map(shot, rig_map)
        conflicts = shot.rig_map_conflicts.splitlines()
        if conflicts:
            self.report({"WARNING"}, f"{rig_map.family}: {conflicts[0]}")
        else:
            self.report({"INFO"}, f"{rig_map.family}: {len(rig_map.bones)} joints have bones")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_find_rig_map,)
