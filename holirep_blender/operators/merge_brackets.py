# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge Brackets: exposures of one view become one environment file."""

from __future__ import annotations

from pathlib import Path

import bpy


class HOLIREP_OT_merge_brackets(bpy.types.Operator):
    """Merge several exposures of one view into an OpenEXR beside them, and choose it as the environment"""

    bl_idname = "holirep.merge_brackets"
    bl_label = "Merge Brackets"
    bl_options = {"REGISTER", "UNDO"}

    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    exposures: bpy.props.StringProperty(
        name="Exposures", description="Of the files in order, such as 1/1000, 1/60, 0.5; empty: as they tell"
    )
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Lets the user choose the pictures."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Merges, writes and chooses."""
        from ..scene.environment_settings import EnvironmentMapError, merged_brackets

        paths = [Path(self.directory) / item.name for item in self.files if item.name]
        try:
            path, warnings = merged_brackets(context.scene, paths, self.exposures)
        except (EnvironmentMapError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for warning in warnings:
            self.report({"WARNING"}, warning)
        self.report({"INFO"}, f"Merged {len(paths)} exposures into {path.name}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_merge_brackets,)
