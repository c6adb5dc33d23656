# SPDX-License-Identifier: GPL-3.0-or-later
"""How the preferences are drawn."""

from __future__ import annotations

import bpy

from .. import preferences
from ..licences import read_licences
from ..operators import session
from ..operators.install_runtime import why_not_change
from ..runtime.progress_text import progress_text
from .progress import draw_progress
from .sidebar import LEVEL_ICONS, wrapped


def draw(layout: bpy.types.UILayout, stored: bpy.types.AddonPreferences, context: bpy.types.Context) -> None:
    """Runtime, device, folders, licences."""
    layout.use_property_split = True
    _draw_runtime(layout.box().column(), stored, context)
    column = layout.column()
    column.prop(stored, "device")
    if not stored.known_devices:
        wrapped(column, context, "Run Doctor to list the graphics cards that the runtime can use", "INFO")
    column.prop(stored, "weights_file")
    column.prop(stored, "cache_folder")
    _draw_licences(layout.box().column(), stored)


def _draw_runtime(column: bpy.types.UILayout, stored: bpy.types.AddonPreferences, context: bpy.types.Context) -> None:
    problem = preferences.runtime_problem()
    text = problem or f"The runtime is ready: {preferences.runtime_location().folder}"
    wrapped(column, context, text, "ERROR" if problem else "CHECKMARK")
    job = session.active_job()
    if job is not None:
        column.label(text=progress_text(job))
        row = column.row(align=True)
        draw_progress(row, job)
        row.operator("holirep.cancel_job")
    row = column.row(align=True)
    row.operator("holirep.install_runtime" if problem else "holirep.repair_runtime")
    row.operator("holirep.use_runtime")
    row.operator("holirep.remove_runtime")
    row.operator("holirep.doctor")
    reason = why_not_change(online=True) if problem and job is None else ""
    if reason:
        wrapped(column, context, reason, "INFO")
    column.prop(stored, "runtime_path")
    column.prop(stored, "python_path")
    column.prop(stored, "wheels_folder")
    outcome = session.current().outcome
    if outcome is not None and job is None:
        wrapped(column, context, outcome.message, LEVEL_ICONS[outcome.level], alert=outcome.level == "ERROR")


def _draw_licences(column: bpy.types.UILayout, stored: bpy.types.AddonPreferences) -> None:
    column.use_property_split = False
    icon = "DOWNARROW_HLT" if stored.show_licences else "RIGHTARROW"
    column.prop(stored, "show_licences", icon=icon, emboss=False)
    if not stored.show_licences:
        return
    for entry in read_licences():
        row = column.split(factor=0.4)
        row.label(text=entry.name)
        row = row.split(factor=0.3)
        row.label(text=entry.licence)
        row.label(text=entry.source)
