# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch: the list, the open shot into it, the run and its results."""

from __future__ import annotations

import bpy

from ..operators import batch_run
from ..operators.batch import results_of
from .sidebar import SidebarPanel, wrapped

SHOWN_STAGES = 8


class HOLIREP_PT_batch(SidebarPanel, bpy.types.Panel):
    """Many shots, in another Blender."""

    bl_idname = "HOLIREP_PT_batch"
    bl_label = "Batch"
    bl_order = 8
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Reads the scene's state and the run's, and draws them."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        batch = context.scene.holirep.batch
        layout.prop(batch, "list_file")
        box = layout.box().column()
        box.label(text="The open shot")
        grid = box.grid_flow(columns=2, align=True, row_major=True)
        grid.use_property_split = False
        grid.prop(batch, "do")
        box.operator("holirep.batch_add_shot", icon="ADD")
        column = layout.column()
        column.prop(batch, "jobs")
        column.prop(batch, "stop_on_error")
        run = batch_run.current()
        if run is not None and run.active:
            self._progress(layout, run)
            return
        row = layout.row()
        row.scale_y = 1.4
        row.operator("holirep.batch_run", icon="PLAY")
        if run is not None and run.message:
            wrapped(layout, context, run.message, "INFO" if run.code == 0 else "ERROR")
            for line in run.failures[:SHOWN_STAGES]:
                wrapped(layout, context, line, "DOT")
        if results_of(context.scene) is not None:
            layout.operator("holirep.batch_open_results", icon="URL")

    def _progress(self, layout: bpy.types.UILayout, run: batch_run.BatchRun) -> None:
        box = layout.box().column()
        box.label(text=f"{run.list_file.name}: {run.ended} of {run.todo} stages" if run.todo else "Reading the list")
        box.progress(factor=min(run.fraction, 1.0), text=f"{100.0 * run.fraction:.0f} %")
        for name, text in list(run.running.items())[:SHOWN_STAGES]:
            rows = box.column(align=True)
            rows.label(text=name)
            rows.label(text=text, icon="BLANK1")
        if run.failures:
            box.label(text=f"{len(run.failures)} failed", icon="ERROR")
        box.operator("holirep.batch_cancel", icon="X")


CLASSES = (HOLIREP_PT_batch,)
