# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu of saved rig maps."""

from __future__ import annotations

import bpy

from .. import preferences


class HOLIREP_MT_rig_map_presets(bpy.types.Menu):
    """Load or delete a saved rig map"""

    bl_idname = "HOLIREP_MT_rig_map_presets"
    bl_label = "Presets"

    def draw(self, _context: bpy.types.Context) -> None:
        """A row for each preset, then the file browser."""
        from ..motion.rigs.presets import list_presets

        layout = self.layout
        for name in list_presets(preferences.presets_folder()):
            row = layout.row()
            row.operator("holirep.load_rig_map", text=name).preset = name
            row.operator("holirep.delete_rig_map", text="", icon="X").preset = name
        layout.separator()
        layout.operator("holirep.load_rig_map", text="From File…", icon="FILE_FOLDER")


CLASSES = (HOLIREP_MT_rig_map_presets,)
