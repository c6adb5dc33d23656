# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks in PyTorch against MediaPipe's own interpreter, on the very same regions of real plates.

    RUNTIME_PYTHON -m benchmarks.tracking_agreement PLATE … [--frames 3] [--device cpu] [--out FILE.json]

People, faces and palms are found by MediaPipe; body, hands and face are then looked at by both in the same regions, as
they are and mirrored.  MediaPipe's squares are cut by the processor, the others on the device, as in a job.
Prints by network how far points lie apart, in percent of the region's side.  Exit code 1 where for one network more
than 1 % of the points are off by 0.5 % or more.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import torch

from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking.device_picture import DevicePicture
from holirep_blender.inference.tracking.means import engine_on, networks_for
from holirep_blender.inference.tracking.regions import (
    Region,
    body_region,
    face_region_from_detection,
    hand_region_from_palm,
    head_region_from_body,
)
from holirep_blender.inference.tracking.scan import tiles
from holirep_blender.inference.tracking.torch_networks.pictures import PictureStore, Place
from holirep_blender.inference.tracking.torch_networks.sizes import BORDERED

LIMIT = 0.005
SHARE = 0.99
WRISTS = (15, 16)


class Shown:
    """One picture on the device of an engine in this process; see `device_picture.Holder`."""

    def __init__(self, engine: Any, image: np.ndarray) -> None:
        self.image, self._engine = image, engine
        self._pictures = PictureStore(engine.device, (image.shape[1], image.shape[0]), 1)
        self._pictures.put(0, torch.from_numpy(image).to(engine.device))
        if engine.device.type == "cuda":
            torch.cuda.synchronize()

    def look(self, name: str, row: int, region: Region, mirrored: bool, replies: SimpleQueue[Any]) -> None:
        """Put a network's answer about a square into `replies`."""
        self._engine.ask(name, Place(self._pictures, row, region, mirrored, name in BORDERED), replies)

    def picture(self, row: int) -> np.ndarray:
        """The picture."""
        return self.image


class Comparison:
    """Both ways of running the networks, and how far apart their points lie, in parts of the region's side."""

    def __init__(self, device: str) -> None:
        stock, own = networks_for("mediapipe"), networks_for(device)
        self.pose = stock.pose(), own.pose()
        self.hands = {False: (stock.hand(), own.hand()), True: (stock.hand(True), own.hand(True))}
        self.face = stock.face(), own.face()
        self.detectors = {kind: (stock.detector(kind), own.detector(kind)) for kind in ("body", "palm", "face")}
        self._engine = engine_on(device)
        self._shown: Optional[Shown] = None
        self.apart: Dict[str, List[np.ndarray]] = {}
        self.missed: Dict[str, int] = {}

    def shown(self, image: np.ndarray) -> DevicePicture:
        """The picture on the device."""
        if self._shown is None or self._shown.image is not image:
            self._shown = Shown(self._engine, image)
        return DevicePicture(self._shown, 0, image.shape)

    def keep(self, name: str, first: np.ndarray, second: np.ndarray, side: float) -> None:
        """Note the distance of points (N, 2 or 3) in the picture."""
        self.apart.setdefault(name, []).append(np.hypot(*(first - second)[:, :2].T) / side)

    def found(self, kind: str, image: np.ndarray, region: Region) -> list:
        """What MediaPipe's detector finds; the other's key points are compared, and how many each finds."""
        stock, own = self.detectors[kind]
        first, second = stock.run(image, region), own.run(self.shown(image), region)
        self.missed[kind] = self.missed.get(kind, 0) + abs(len(first) - len(second))
        for one, other in zip(first, second):
            self.keep(f"{kind} detector", one.points, other.points, region.side)
        return first

    def look(self, image: np.ndarray) -> None:
        """Compare on one picture."""
        for tile in tiles(image)[:1]:
            for person in self.found("body", image, tile)[:2]:
                region = body_region(person.points[0], person.points[1])
                for mirrored in (False, True):
                    body = self.pose[0].run(image, region, mirrored)
                    other = self.pose[1].run(self.shown(image), region, mirrored)
                    self.keep("body", body.image, other.image, region.side)
                head = head_region_from_body(body.image)
                for face in self.found("face", image, head)[:1]:
                    square = face_region_from_detection(face.box, face.points)
                    mesh, again = self.face[0].run(image, square), self.face[1].run(self.shown(image), square)
                    self.keep("face", mesh.image, again.image, square.side)
                for wrist in WRISTS:
                    place = Region(float(body.image[wrist, 0]), float(body.image[wrist, 1]), 0.3 * region.side)
                    for palm in self.found("palm", image, place)[:1]:
                        self._hands(image, hand_region_from_palm(palm.box, palm.points))

    def _hands(self, image: np.ndarray, region: Region) -> None:
        for lite, networks in self.hands.items():
            for mirrored in (False, True):
                hand = networks[0].run(image, region, mirrored)
                other = networks[1].run(self.shown(image), region, mirrored)
                self.keep("hand lite" if lite else "hand", hand.image, other.image, region.side)


def rows(comparison: Comparison) -> Dict[str, Dict[str, float]]:
    """By network: points, percent of the region's side at the 99th percentile and at most, share below LIMIT."""
    table = {}
    for name, parts in comparison.apart.items():
        values = np.concatenate(parts)
        table[name] = {
            "points": int(values.size),
            "p99_percent": float(100.0 * np.percentile(values, 99)),
            "most_percent": float(100.0 * values.max()),
            "share_below": float((values < LIMIT).mean()),
        }
    return table


def compared(plates: Sequence[Path], frames: int, device: str) -> Comparison:
    """The comparison over so many frames, evenly spread, of each plate."""
    comparison = Comparison(device)
    for path in plates:
        plate = open_plate(path)
        inner = np.linspace(plate.first_frame, plate.last_frame, frames + 2)[1:-1].astype(int)
        for _, _, image in plate.frames(int(inner[0]), int(inner[-1]), set(inner.tolist())):
            comparison.look(image)
    return comparison


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plates", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    comparison = compared(arguments.plates, arguments.frames, arguments.device)
    table = rows(comparison)
    print(f"{'network':14}{'points':>8}{'99th %':>10}{'most %':>10}{'below 0.5 %':>13}")
    for name, row in sorted(table.items()):
        below = f"{100 * row['share_below']:.2f} %"
        print(f"{name:14}{row['points']:8}{row['p99_percent']:10.4f}{row['most_percent']:10.4f}{below:>13}")
    print("detections that only one of them has:", comparison.missed)
    if arguments.out:
        arguments.out.write_text(json.dumps({"table": table, "missed": comparison.missed}, indent=1))
    return int(any(row["share_below"] < SHARE for row in table.values()))


if __name__ == "__main__":
    sys.exit(main())
