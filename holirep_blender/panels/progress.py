# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job is, as a bar, and a running job with the button that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..runtime.progress_text import progress_text

if TYPE_CHECKING:
    from ..runtime.job import Job


def draw_job(layout: bpy.types.UILayout, job: Job) -> None:
    """What a job does, how far it is, and the button that ends it."""
    box = layout.box().column()
    box.label(text=progress_text(job))
    row = box.row(align=True)
    draw_progress(row, job)
    row.operator("holirep.cancel_job", text="Cancel (Esc)")


def draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    """A bar with the percentage, for one job."""
    draw_fraction(layout, job.progress.fraction if job.progress is not None and job.progress.fraction else 0.0)


def draw_fraction(layout: bpy.types.UILayout, fraction: float) -> None:
    """The bar itself."""
    layout.progress(factor=min(max(fraction, 0.0), 1.0), text=f"{100.0 * fraction:.0f} %")
