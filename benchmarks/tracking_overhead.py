# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracking against a bare loop of decoding and MediaPipe holistic, over the same frames in the same run.

    RUNTIME_PYTHON -m benchmarks.tracking_overhead [PLATE …] [--frames 300] [--processes 1 2]

Without plates the sample plate that `make demo` fetches is used.  Plates shorter than asked for are looped.  Prints
milliseconds a frame, the ratio to holistic, and in how many frames each found body, face and hands.  The first plate's
ratios decide the exit code: 1 where one is above 1.15.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List

import cv2
import numpy as np

from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking import track

SAMPLE = Path(__file__).resolve().parents[1] / "build" / "plates" / "demo.mp4"
LIMIT = 1.15
GROUPS = ("body", "face", "left_hand", "right_hand")


def looped(path: Path, frames: int, folder: Path) -> Path:
    """The plate itself where it is long enough, else a movie that runs through it to and fro."""
    plate = open_plate(path)
    if plate.frame_count >= frames:
        return path
    target = folder / (path.stem + ".mp4")
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter_fourcc(*"mp4v"), plate.fps, plate.size)
    pictures = [cv2.cvtColor(image, cv2.COLOR_RGB2BGR) for _, _, image in plate]
    there_and_back = pictures + pictures[-2:0:-1]
    for index in range(frames):
        writer.write(there_and_back[index % len(there_and_back)])
    writer.release()
    return target


def holistic(path: Path, frames: int) -> Dict[str, float]:
    """Decode and process, nothing else."""
    import mediapipe

    found = dict.fromkeys(GROUPS, 0)
    start, work = time.perf_counter(), time.process_time()
    capture = cv2.VideoCapture(str(path))
    with mediapipe.solutions.holistic.Holistic(refine_face_landmarks=True) as solution:
        for _ in range(frames):
            _, image = capture.read()
            result = solution.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            for group, name in zip(GROUPS, ("pose", "face", "left_hand", "right_hand")):
                found[group] += getattr(result, name + "_landmarks") is not None
    return {
        "ms": (time.perf_counter() - start) * 1e3 / frames,
        "cpu_ms": (time.process_time() - work) * 1e3 / frames,
        **found,
    }


def cpu_seconds() -> float:
    """Of this process and its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def ours(plate: Plate, processes: int) -> Dict[str, float]:
    """`track` as a job runs it."""
    start, work = time.perf_counter(), cpu_seconds()
    rows = track(plate, processes=processes)
    found = {group: int(np.sum(getattr(rows, group + "_confidence") > 0)) for group in GROUPS}
    count = plate.frame_count
    return {"ms": (time.perf_counter() - start) * 1e3 / count, "cpu_ms": (cpu_seconds() - work) * 1e3 / count, **found}


def main() -> int:
    """Runs the comparison for each plate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plates", nargs="*", type=Path, default=[SAMPLE])
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    ratios: List[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments.plates:
            movie = looped(path, arguments.frames, Path(folder))
            plate = open_plate(movie, (1, arguments.frames))
            stock = holistic(movie, arguments.frames)
            print(json.dumps({"plate": path.name, "holistic": stock}), flush=True)
            for processes in arguments.processes:
                result = ours(plate, processes)
                ratio = result["ms"] / stock["ms"]
                if path == arguments.plates[0]:
                    ratios.append(ratio)
                print(
                    json.dumps({"plate": path.name, "processes": processes, "ratio": round(ratio, 3), **result}),
                    flush=True,
                )
    return int(max(ratios) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
