# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress in the status bar, seen from every workspace."""

from __future__ import annotations

import bpy

from .. import session
from .progress import draw_progress, progress_text


def draw(self: bpy.types.Header, _context: bpy.types.Context) -> None:
    """Draws nothing while no job runs."""
    job = session.active_job()
    if job is None:
        return
    row = self.layout.row(align=True)
    row.label(text=f"HoliRep: {progress_text(job)}")
    bar = row.row(align=True)
    bar.ui_units_x = 5
    draw_progress(bar, job)
    row.operator("holirep.cancel_job", text="", icon="X")
