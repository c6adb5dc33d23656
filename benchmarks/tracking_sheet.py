# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet of the frames where this and MediaPipe's own solution look elsewhere, both drawn into the plate.

    RUNTIME_PYTHON -m benchmarks.tracking_sheet PLATE --out SHEET.png [--frames 120] [--device cpu] [--pictures 12]

Each row is a frame: left what MediaPipe's holistic solution found, right what this found.  Chosen are the frames in
which the two differ most: a part that only one of them has counts most, then how far its points lie apart.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import cv2
import numpy as np

from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking.choice import LARGEST
from holirep_blender.inference.tracking.devices import tracker_on

# Points by part, and the columns of the sheet in pixels.
PARTS = {"body": 33, "face": 478, "left_hand": 21, "right_hand": 21}
COLOURS = {"body": (255, 160, 0), "face": (200, 200, 200), "left_hand": (80, 220, 80), "right_hand": (80, 80, 255)}
WIDTH = 640
# A part that one of the two lacks counts as much as points this far apart, in parts of the picture's height.
LACKING = 1.0
# Frames of the sheet lie at least so far apart, in seconds.
APART = 0.25

Points = Dict[str, np.ndarray]


def stock_points(plate: Plate) -> Dict[int, Points]:
    """By frame, what MediaPipe's holistic solution finds: (K, 2) pixels by part."""
    import mediapipe

    width, height = plate.size
    found: Dict[int, Points] = {}
    with mediapipe.solutions.holistic.Holistic(refine_face_landmarks=True) as solution:
        for number, _, image in plate:
            result = solution.process(image)
            found[number] = {}
            for part, name in zip(PARTS, ("pose", "face", "left_hand", "right_hand")):
                marks = getattr(result, name + "_landmarks")
                if marks is not None:
                    found[number][part] = np.array([(mark.x * width, mark.y * height) for mark in marks.landmark])
    return found


def own_points(plate: Plate, device: str) -> Dict[int, Points]:
    """By frame, what this finds."""
    rows = tracker_on(device, lambda text: print(text, file=sys.stderr)).track(plate, LARGEST)
    found: Dict[int, Points] = {}
    for row, number in enumerate(rows.frame_numbers.astype(int).tolist()):
        found[number] = {
            part: getattr(rows, part + "_image")[row, :, :2]
            for part in PARTS
            if getattr(rows, part + "_confidence")[row] > 0
        }
    return found


def difference(first: Points, second: Points, height: int) -> float:
    """How far two answers about a frame differ: the sum over the parts."""
    total = 0.0
    for part in PARTS:
        if (part in first) != (part in second):
            total += LACKING
        elif part in first:
            total += min(LACKING, float(np.median(np.hypot(*(first[part] - second[part]).T))) / height)
    return total


def chosen(stock: Dict[int, Points], own: Dict[int, Points], plate: Plate, count: int) -> List[int]:
    """The frames that differ most, none too near to another, in order."""
    ranked = sorted(own, key=lambda number: -difference(stock.get(number, {}), own[number], plate.size[1]))
    kept: List[int] = []
    for number in ranked:
        if len(kept) < count and all(abs(number - other) >= APART * plate.fps for other in kept):
            kept.append(number)
    return sorted(kept)


def drawn(image: np.ndarray, points: Points, text: str) -> np.ndarray:
    """The picture, `WIDTH` wide, with the points in their parts' colours (BGR)."""
    scale = WIDTH / image.shape[1]
    small = cv2.resize(image, (WIDTH, round(image.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    small = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    for part, places in points.items():
        for x, y in np.round(places * scale).astype(int).tolist():
            cv2.circle(small, (x, y), 1 if part == "face" else 2, COLOURS[part], -1, cv2.LINE_AA)
    cv2.putText(small, text, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return small


def sheet(plate: Plate, stock: Dict[int, Points], own: Dict[int, Points], count: int) -> Tuple[np.ndarray, List[int]]:
    """The sheet (BGR) and its frames."""
    numbers = chosen(stock, own, plate, count)
    rows = []
    for number, _, image in plate.frames(numbers[0], numbers[-1], set(numbers)):
        pair = [
            drawn(image, points[number], f"frame {number}: {name}, {', '.join(points[number]) or 'nobody'}")
            for name, points in (("MediaPipe", stock), ("HoliRep", own))
        ]
        rows.append(np.hstack(pair))
    return np.vstack(rows), numbers


def main() -> int:
    """Writes the sheet, and prints in how many frames each of the two has each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plate", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--pictures", type=int, default=12)
    arguments = parser.parse_args()
    whole = open_plate(arguments.plate)
    last = min(whole.last_frame, whole.first_frame + arguments.frames - 1)
    plate = open_plate(arguments.plate, (whole.first_frame, last))
    stock, own = stock_points(plate), own_points(plate, arguments.device)
    picture, numbers = sheet(plate, stock, own, arguments.pictures)
    cv2.imwrite(str(arguments.out), picture)
    print("frames of the sheet:", *numbers)
    for part in PARTS:
        counts = [sum(part in points for points in each.values()) for each in (stock, own)]
        print(f"{part:12} in {counts[0]} frames by MediaPipe, {counts[1]} by HoliRep, of {plate.frame_count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
