# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job is, as a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from ..runtime.job import Job


def draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    """A bar with the percentage, for one job."""
    draw_fraction(layout, job.progress.fraction if job.progress is not None and job.progress.fraction else 0.0)


def draw_fraction(layout: bpy.types.UILayout, fraction: float) -> None:
    """The bar itself."""
    layout.progress(factor=min(max(fraction, 0.0), 1.0), text=f"{100.0 * fraction:.0f} %")
