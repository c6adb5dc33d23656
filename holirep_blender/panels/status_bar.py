# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress in the status bar, seen from every workspace."""

from __future__ import annotations

import textwrap
import time

import bpy

from ..operators import session
from ..operators.match_lighting import running_task
from ..runtime.progress_text import progress_text
from .progress import draw_fraction, draw_progress
from .sidebar import LEVEL_ICONS

GOOD_NEWS_SECONDS = 15.0
"""After this long a job that went well is not told of any more; trouble stays until it is dismissed."""


def draw(self: bpy.types.Header, _context: bpy.types.Context) -> None:
    """How far the job is; after it what came of it, because the sidebar may be closed."""
    job, task = session.active_job(), running_task()
    if task is not None:
        row = self.layout.row(align=True)
        row.label(text=f"HoliRep: {task.text}")
        bar = row.row(align=True)
        bar.ui_units_x = 5
        draw_fraction(bar, task.fraction)
        row.operator("holirep.cancel_matching", text="", icon="X")
    if job is None:
        if task is not None:
            return
        _draw_outcome(self.layout)
        return
    row = self.layout.row(align=True)
    row.label(text=f"HoliRep: {progress_text(job)}")
    bar = row.row(align=True)
    bar.ui_units_x = 5
    draw_progress(bar, job)
    row.operator("holirep.cancel_job", text="", icon="X")


def _draw_outcome(layout: bpy.types.UILayout) -> None:
    state = session.current()
    if state.waiting_for:
        layout.label(text=f"HoliRep: {state.waiting_for}", icon="PAUSE")
        return
    outcome = state.outcome
    if outcome is None or (outcome.level == "INFO" and time.monotonic() - outcome.since > GOOD_NEWS_SECONDS):
        return
    row = layout.row(align=True)
    row.alert = outcome.level == "ERROR"
    row.label(
        text=f"HoliRep: {textwrap.shorten(outcome.message, 110, placeholder=' …')}", icon=LEVEL_ICONS[outcome.level]
    )
    row.operator("holirep.dismiss_outcome", text="", icon="X")
