# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks into the movies of a list with the worker, where there is one, before the batch is started."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from .. import preferences
from ..batch.plate_checking import Frames, Seen
from ..operators import session
from ..runtime.faults import RuntimeFault

MOST_MOVIES = 64
LONGEST_SECONDS = 10.0
"""What a look at a list's movies may take: their containers are read as a whole, and plates may be large and far away.
Those that are left are looked at by their stages."""
_TICK = 0.01


def look_into(wanted: Sequence[tuple[Path, Frames]]) -> dict[tuple[Path, Frames], Seen]:
    """The frames of movies, or what the stage would say of them. Empty where there is no runtime to look with."""
    try:
        preferences.runtime_python()
    except RuntimeFault:
        return {}
    jobs = session.job_list()
    submitted = {
        (path, frames): jobs.submit("inspect_plate", {"plate": str(path), "frame_range": frames})
        for path, frames in wanted[:MOST_MOVIES]
    }
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end and not all(job.finished for job in submitted.values()):
        jobs.poll()
        time.sleep(_TICK)
    found: dict[tuple[Path, Frames], Seen] = {}
    for key, job in submitted.items():
        if job.state == "done" and job.result is not None:
            found[key] = Seen((job.result["first_frame"], job.result["last_frame"]))
        elif job.error is not None and job.error.kind == "plate":
            found[key] = Seen(message=job.error.message)
        elif not job.finished:
            jobs.cancel(job)
    jobs.stop_worker()
    return found
