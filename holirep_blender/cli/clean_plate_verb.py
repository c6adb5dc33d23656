# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb clean-plate: pictures that take the performer out of the plate."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from .. import preferences
from ..operators import session
from ..operators.clean_plate import summary
from ..runtime.faults import RuntimeFault
from . import files, values
from .errors import CANCELLED, RUNTIME, CommandError, from_job
from .progress import ProgressLines


def clean_plate(options: Namespace) -> tuple[dict[str, Any], str]:
    """Writes ``clean.####.png`` into a folder, by the points of a take and the frames of its plate."""
    take = files.existing(options.take, "take")
    try:
        preferences.runtime_python()
    except RuntimeFault as fault:
        raise CommandError(RUNTIME, str(fault)) from fault
    jobs = session.job_list()
    params = {
        "take": str(take),
        "plate": str(options.plate.absolute()),
        "sequence_fps": options.fps,
        "frame_range": list(options.range) if options.range else None,
        "folder": str(options.out.absolute()),
    }
    try:
        job = jobs.wait(jobs.submit("clean_plate", params), ProgressLines())
    except KeyboardInterrupt:
        session.stop_jobs()
        text = f"cancelled; the pictures that were finished are kept in {options.out}"
        raise CommandError(CANCELLED, text) from None
    if job.error is not None:
        raise from_job(job)
    return dict(job.result), "\n".join([summary(job.result), *(f"Warning: {text}" for text in job.warnings)])


def add_options(verb: ArgumentParser) -> None:
    """The options of the verb."""
    verb.add_argument("--take", type=Path, required=True, metavar="TAKE.npz", help="says where the performer is")
    verb.add_argument("--plate", type=Path, required=True, help="the plate that the take was made from")
    verb.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="made if it is not there")
    verb.add_argument("--range", type=values.frame_range, metavar="A-B", help="frames of the plate; else the take's")
    verb.add_argument(
        "--fps", type=values.number(1.0, 1000.0), metavar="RATE", help="frame rate of an image sequence; else 24"
    )
