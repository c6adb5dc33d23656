# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's main job: plate → tracking → solve → take."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from typing import Any, Callable

import numpy as np

from ..motion.geometric import SolveOptions
from ..motion.resampling import resampled_count
from ..motion.take import Take
from ..protocol.messages import Progress
from .camera_tracks import track_source
from .errors import UserError
from .methods import Method, method_of
from .plate import Plate
from .plate_requests import frame_range_of, plate_of, plate_path_of, sequence_fps_of
from .provenance import Fingerprints, plate_facts, software
from .tracking import PersonChoice
from .tracking.devices import tracker_on, used_by

STAGES = ("Reading the plate", "Tracking", "Solving", "Writing the take")
STAGE_STARTS = (0.0, 0.01, 0.95, 0.99)
"""Where each stage begins in the whole job, as a fraction; tracking is nearly all of it."""
REPORT_SECONDS = 0.1
RATE_WINDOW_SECONDS = 15.0
"""The rate is that of so long: between finding people and the first hands nothing is done for some seconds."""


class Clock:
    """Turns "so many frames are done" into progress with a rate and the time left."""

    def __init__(self, first_frame: int, report: Callable[[Progress], None]) -> None:
        self._first_frame = first_frame
        self._report = report
        self._recent: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._last_report = 0.0

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` frames are tracked."""
        now = time.monotonic()
        if done < total and now - self._last_report < REPORT_SECONDS:
            return
        self._last_report = now
        self._recent.append((now, done))
        while len(self._recent) > 2 and now - self._recent[0][0] > RATE_WINDOW_SECONDS:
            self._recent.popleft()
        then, done_then = self._recent[0]
        rate = (done - done_then) / (now - then) if now > then else 0.0
        begin, end = STAGE_STARTS[1], STAGE_STARTS[2]
        self._report(
            Progress(
                STAGES[1],
                1,
                len(STAGES),
                frame=self._first_frame + max(done - 1, 0),
                frame_count=total,
                fps=rate or None,
                seconds_left=(total - done) / rate if rate else None,
                fraction=begin + (end - begin) * done / max(total, 1),
            )
        )


def replicate(request: dict[str, Any], report: Any) -> dict[str, Any]:
    """Track and solve a plate and write the take to `out`; the params and the result are in docs/architecture.md.

    Raises UserError for a wrong setting or plate, and OSError as the disk gives it. The take appears under its name
    only when it is complete; an older take of that name stays until then.
    """
    started = time.monotonic()
    out = output_of(request)
    warnings: list[str] = []

    def warn(text: str) -> None:
        if text not in warnings:
            warnings.append(text)
            report.warn(text)

    report(_stage(0))
    method = method_of(request, warn)
    plate = plate_of(request, frame_range_of(request))
    _check_track(method.options, plate)
    with Fingerprints(plate) as fingerprints:
        take, tracked = _performance(request, plate, method, report, warn)
        report(_stage(3))
        try:
            fingerprints.wait(lambda: report(_stage(3)))
        except OSError as error:
            warn(f"The plate could not be read again to note its checksum in the take ({error.strerror}).")
    take.header = {
        **take.header,
        "plate": plate_facts(plate, sequence_fps_of(request), fingerprints.plate_sha256),
        "models": fingerprints.models + take.header.get("models", []),
        "request": request,
        **track_source(request),
        **software(),
    }
    take.save(out)
    return {
        "take": str(out),
        "frames": take.frame_count,
        "fps": float(take.fps),
        "tracked_frames": tracked,
        "seconds": round(time.monotonic() - started, 3),
        "warnings": warnings,
    }


def _check_track(options: SolveOptions, plate: Plate) -> None:
    """Raises UserError where a camera's track has not a row for each frame, before an hour of tracking shows it."""
    if options.camera_track is None:
        return
    frames = resampled_count(plate.times, float(plate.fps))
    if len(options.camera_track) != frames:
        raise UserError(
            f"The camera track has {len(options.camera_track)} frames, but {plate.path.name} has {frames} in this "
            "frame range: it needs one row for each frame."
        )


def _performance(
    request: dict[str, Any], plate: Plate, method: Method, report: Any, warn: Callable[[str], None]
) -> tuple[Take, int]:
    """The solved take with its tracker noted, and in how many frames the performer was found."""
    clock = Clock(plate.first_frame, report)
    clock(0, plate.frame_count)
    tracker = tracker_on(str(request.get("device") or "auto"), warn)
    observations = tracker.track(
        plate, PersonChoice.from_json(request.get("person")), processes=request.get("processes"), progress=clock
    )
    tracked = int(np.count_nonzero(observations.body_confidence > 0.0))
    if tracked == 0:
        raise UserError(
            f"No performer was found in {plate_path_of(request)}. Check the frame range, or point at the performer."
        )
    report(_stage(2))
    take = method.solve(
        observations, float(plate.fps), plate.first_frame, lambda done: report(_stage(2, min(max(done, 0.0), 1.0)))
    )
    take.header = {**take.header, "tracking": used_by(tracker)}
    return take, tracked


def _stage(index: int, done: float = 0.0) -> Progress:
    """The beginning of a stage, or a place within it; the last one has no length."""
    begin, end = (*STAGE_STARTS, STAGE_STARTS[-1])[index : index + 2]
    return Progress(STAGES[index], index, len(STAGES), fraction=begin + (end - begin) * done)


def output_of(request: dict[str, Any]) -> Path:
    """Where the request's take goes; raises UserError where no take can be written there."""
    name = request.get("out")
    if not isinstance(name, str) or not name.strip():
        raise UserError("No file is chosen for the take.")
    out = Path(name)
    if out.suffix.lower() != ".npz":
        raise UserError(f"A take is a .npz file: rename {out.name} to {out.with_suffix('.npz').name}.")
    if not out.parent.is_dir():
        raise UserError(f"The folder for the take does not exist: {out.parent}. Create it, or choose another.")
    if not os.access(out.parent, os.W_OK):
        raise UserError(f"No permission to write into {out.parent}. Choose another folder for the take.")
    return out
