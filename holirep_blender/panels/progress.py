# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job is, in words and as a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from ..runtime.jobs import Job


def progress_text(job: Job) -> str:
    """Stage, frame, frames per second and time left, as far as they are known."""
    if job.state == "queued" or job.progress is None:
        return "Starting the worker"
    progress = job.progress
    parts = [progress.stage]
    if progress.frame is not None:
        parts.append(f"frame {progress.frame}")
    if progress.fps:
        parts.append(f"{progress.fps:.1f} fps")
    if progress.seconds_left is not None:
        parts.append(f"{_clock(progress.seconds_left)} left")
    return ", ".join(parts)


def draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    """A bar with the percentage, for one job."""
    fraction = job.progress.fraction if job.progress is not None and job.progress.fraction is not None else 0.0
    layout.progress(factor=min(max(fraction, 0.0), 1.0), text=f"{100.0 * fraction:.0f} %")


def _clock(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
