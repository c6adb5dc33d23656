# SPDX-License-Identifier: GPL-3.0-or-later
"""A take solved anew from what the tracker saw the first time: other smoothing, lens or height, nothing tracked."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..motion.geometric import SolveOptions
from ..motion.take import Take, TakeError
from ..protocol.messages import Progress
from ..protocol.methods import DEFAULT_METHOD, METHODS
from .camera_tracks import track_source
from .errors import UserError
from .methods import method_of
from .provenance import software
from .replicate import output_of

STAGES = ("Reading the take", "Solving", "Writing the take")
STAGE_STARTS = (0.0, 0.1, 0.95)
"""Where each stage begins in the whole job, as a fraction."""


class TakeFileError(UserError):
    """The take to solve again cannot be used."""

    kind = "disk"


def solve_again(request: dict[str, Any], report: Any) -> dict[str, Any]:
    """Solve the observations of `take` with other settings and write the result to `out`.

    The settings are those of `replicate`; without a method it is the take's, and a camera's track that was given then
    counts again. Returns `{take, frames, fps, seconds, warnings}`. Raises UserError for a wrong setting or a take that
    cannot be solved again, and OSError as the disk gives it. The new take appears under its name only when it is
    complete.
    """
    started = time.monotonic()
    out = output_of(request)
    warnings: list[str] = []

    def warn(text: str) -> None:
        warnings.append(text)
        report.warn(text)

    report(_stage(0))
    old = _take_of(request)
    made_by = old.header.get("method")
    method = method_of(request, warn, made_by if made_by in METHODS else DEFAULT_METHOD)
    method.options = _with_the_old_track(method.options, old)
    report(_stage(1))
    assert old.observations is not None
    take = method.solve(
        old.observations, old.fps, old.frame_start, lambda done: report(_stage(1, min(max(done, 0.0), 1.0)))
    )
    report(_stage(2))
    take.header = {**_kept(old), **take.header, **track_source(request), **software()}
    take.header["models"] = _tracking_models(old) + take.header.get("models", [])
    take.save(out)
    return {
        "take": str(out),
        "frames": take.frame_count,
        "fps": float(take.fps),
        "seconds": round(time.monotonic() - started, 3),
        "warnings": warnings,
    }


def _kept(old: Take) -> dict[str, Any]:
    """What a take's header says that holds for the new one too; not what its own solve found."""
    return {name: value for name, value in old.header.items() if name not in ("fusion", "models")}


def _tracking_models(old: Take) -> list[dict[str, str]]:
    return [model for model in old.header.get("models", []) if "method" not in model]


def _stage(index: int, done: float = 0.0) -> Progress:
    begin, end = (*STAGE_STARTS, STAGE_STARTS[-1])[index : index + 2]
    return Progress(STAGES[index], index, len(STAGES), fraction=begin + (end - begin) * done)


def _with_the_old_track(options: SolveOptions, old: Take) -> SolveOptions:
    """The options with the camera's track that the take was solved with, unless they have another one.

    Its lens is kept too, where it was given then and is not now: track and lens belong together.
    """
    before = old.header.get("solve_options", {})
    if options.camera_track is not None or before.get("camera_track") is None or old.camera is None:
        return options
    focal = options.focal_length_px if options.focal_length_px is not None else before.get("focal_length_px")
    return replace(
        options,
        camera_track=old.camera.world_from_camera,
        focal_length_px=focal,
        principal_point=before.get("principal_point"),
    )


def _take_of(request: dict[str, Any]) -> Take:
    name = request.get("take")
    if not isinstance(name, str) or not name.strip():
        raise UserError("No take is chosen to solve again.")
    try:
        take = Take.load(name)
    except TakeError as error:
        raise TakeFileError(str(error)) from error
    if take.observations is None:
        raise TakeFileError(
            f"{Path(name).name} holds no observations, so it cannot be solved again. Replicate the plate again."
        )
    return take
