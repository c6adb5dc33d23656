# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a job on stderr."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from ..runtime.progress_text import progress_text

if TYPE_CHECKING:
    from ..runtime.jobs import Job


FARM_VARIABLE = "HOLIREP_PROGRESS"
"""Where it is ``openjd``, progress and failure are told as Open Job Description wants to read them, too."""


def progress_line(fraction: float | None, text: str) -> None:
    """One line for a log, which batches and farms read."""
    percent = "" if fraction is None else f"{100.0 * fraction:3.0f} % "
    print(f"{percent}{text}", file=sys.stderr, flush=True)
    if os.environ.get(FARM_VARIABLE) == "openjd":
        if fraction is not None:
            print(f"openjd_progress: {100.0 * fraction:.1f}", file=sys.stderr)
        print(f"openjd_status: {text}", file=sys.stderr, flush=True)


def failure_line(message: str) -> None:
    """The one line of an error."""
    print(f"holirep: error: {message}", file=sys.stderr, flush=True)
    if os.environ.get(FARM_VARIABLE) == "openjd":
        print(f"openjd_fail: {message}", file=sys.stderr, flush=True)


class ProgressLines:
    """Rewrites one line on a terminal; in a log, a line every few seconds and at each new stage."""

    LOG_SECONDS = 5.0

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._last_time = 0.0
        self._last_stage = ""
        self._warnings = 0

    def __call__(self, job: Job) -> None:
        """Shows how far a job is."""
        for warning in job.warnings[self._warnings :]:
            self._end_line()
            print(f"holirep: warning: {warning}", file=sys.stderr, flush=True)
        self._warnings = len(job.warnings)
        progress = job.progress
        if progress is None or job.finished:
            if self._terminal and job.finished:
                self._end_line()
            return
        if self._terminal:
            percent = f"{100.0 * progress.fraction:3.0f} % " if progress.fraction is not None else ""
            print(f"\r\x1b[K{percent}{progress_text(job)}", end="", file=sys.stderr, flush=True)
            return
        now = time.monotonic()
        if progress.stage != self._last_stage or now - self._last_time >= self.LOG_SECONDS:
            self._last_stage, self._last_time = progress.stage, now
            progress_line(progress.fraction, progress_text(job))

    def _end_line(self) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
