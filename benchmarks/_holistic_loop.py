# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker-side half of `replicate_overhead`: makes the plate, and runs the bare loop that is compared with.

    RUNTIME_PYTHON benchmarks/_holistic_loop.py plate SOURCE FRAMES OUT
    RUNTIME_PYTHON benchmarks/_holistic_loop.py holistic PLATE

Each prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Dict

import cv2


def make_plate(source: str, frames: int, out: str) -> Dict[str, Any]:
    """Writes a movie of so many frames that runs to and fro through the source, at its size and rate."""
    capture = cv2.VideoCapture(source)
    fps = capture.get(cv2.CAP_PROP_FPS)
    pictures = []
    while len(pictures) < frames:
        read, image = capture.read()
        if not read:
            break
        pictures.append(image)
    height, width = pictures[0].shape[:2]
    there_and_back = pictures + pictures[-2:0:-1]
    writer = cv2.VideoWriter(out, cv2.VideoWriter_fourcc(*"mp4v"), fps, (width, height))
    for index in range(frames):
        writer.write(there_and_back[index % len(there_and_back)])
    writer.release()
    return {"frames": frames, "size": [width, height], "fps": fps}


def run_holistic(plate: str) -> Dict[str, Any]:
    """Decode and process, nothing else; loading the libraries does not count."""
    import mediapipe

    found = dict.fromkeys(("pose", "face", "left_hand", "right_hand"), 0)
    frames = 0
    start, work = time.perf_counter(), time.process_time()
    capture = cv2.VideoCapture(plate)
    with mediapipe.solutions.holistic.Holistic(refine_face_landmarks=True) as holistic:
        while True:
            read, image = capture.read()
            if not read:
                break
            result = holistic.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            frames += 1
            for name in found:
                found[name] += getattr(result, name + "_landmarks") is not None
    seconds, cpu = time.perf_counter() - start, time.process_time() - work
    return {"seconds": seconds, "cpu_seconds": cpu, "frames": frames, "found": found}


if __name__ == "__main__":
    if sys.argv[1] == "plate":
        print(json.dumps(make_plate(sys.argv[2], int(sys.argv[3]), sys.argv[4])))
    else:
        print(json.dumps(run_holistic(sys.argv[2])))
