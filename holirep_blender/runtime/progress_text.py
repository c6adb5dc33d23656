# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job is, in words: for panels and for the command line."""

from __future__ import annotations

from .job import Job


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


def _clock(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
