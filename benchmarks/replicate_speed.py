# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the worker's main job takes, from its start to the written take, and in which stage.

    RUNTIME_PYTHON -m benchmarks.replicate_speed PLATE [--device auto] [--processes N] [--jobs 2] [--out FILE.json]

The jobs run one after the other in one worker, which loads the networks for the first of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from holirep_blender.inference.replicate import replicate
from holirep_blender.motion.take import Take
from holirep_blender.protocol.messages import Progress


class Stages:
    """Takes a job's reports, and adds up the seconds of each of its stages."""

    def __init__(self) -> None:
        self.seconds: Dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def __call__(self, progress: Progress) -> None:
        """The job is in this stage."""
        if progress.stage != self._stage:
            self.end()
            self._stage = progress.stage

    def end(self) -> None:
        """The stage that runs is over."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = round(now - self._since, 3)
        self._since = now

    def warn(self, text: str) -> None:
        """What the user is told."""
        print(text, file=sys.stderr)


def job(plate: Path, device: str, processes: Optional[int]) -> Dict[str, Any]:
    """One job: seconds in all and by stage, frames, and what the take says about who computed."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "take.npz"
        request = {"plate": str(plate), "out": str(out), "device": device, "processes": processes}
        stages, start = Stages(), time.perf_counter()
        result = replicate(request, stages)
        stages.end()
        seconds = time.perf_counter() - start
        header = Take.load(out).header
    return {
        "seconds": round(seconds, 3),
        "frames": result["frames"],
        "tracked_frames": result["tracked_frames"],
        "stages": stages.seconds,
        "tracking": header["tracking"],
        "solving": header.get("fusion", {}).get("device"),
        "warnings": result["warnings"],
    }


def main() -> int:
    """Prints one line of JSON a job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plate", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows: List[Dict[str, Any]] = []
    for _ in range(arguments.jobs):
        rows.append(job(arguments.plate, arguments.device, arguments.processes))
        print(json.dumps(rows[-1]), flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
