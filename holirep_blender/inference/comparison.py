# SPDX-License-Identifier: GPL-3.0-or-later
"""Plate and character side by side: the solved skeleton drawn over the plate's frames, beside rendered frames.

usage: comparison --plate PLATE --take TAKE.npz --renders FOLDER --out FOLDER [--height PIXELS] [--columns N]

FOLDER of renders holds ``NNNN.png``, one for each plate frame that is to be shown, and optionally ``regions.json``: the
part of the plate ``{"NNNN": [x0, y0, x1, y1]}`` in pixels that a render shows, where that is not all of it. Writes
``frames/NNNN.png`` (plate with skeleton, render) and, if ``--columns`` is given, ``contact_sheet.png`` of all of them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ..motion.take import Take
from .plate import open_plate

Picture = npt.NDArray[np.uint8]

LEFT_COLOUR = (80, 170, 255)
RIGHT_COLOUR = (255, 120, 60)
MIDDLE_COLOUR = (255, 235, 120)
_SHIFT = 4  # cv2 takes sub-pixel coordinates as fixed point with this many bits


def joint_colour(name: str) -> tuple[int, int, int]:
    """RGB colour of a joint's bone: blue on the performer's left, orange on the right, yellow in the middle."""
    if name.startswith("left"):
        return LEFT_COLOUR
    return RIGHT_COLOUR if name.startswith("right") else MIDDLE_COLOUR


def draw_skeleton(picture: Picture, take: Take, joints_2d: npt.NDArray[np.float64], scale: float) -> None:
    """Draws one frame's bones into an RGB picture ``(H, W, 3)``.

    ``joints_2d`` ``(J, 2)`` are pixels of the picture's region of the plate, pixel edges at integers; ``scale`` takes
    them to the picture. Bones with an end that is not in front of the camera are left out.
    """
    size = max(1, round(picture.shape[0] / 540))
    points = np.round((joints_2d * scale - 0.5) * (1 << _SHIFT))
    for joint, parent in enumerate(take.parents):
        name = take.joint_names[joint]
        if parent < 0 or name.endswith(("Eye", "jaw")) or not np.isfinite(points[[joint, parent]]).all():
            continue
        finger = any(part in name for part in ("Thumb", "Index", "Middle", "Ring", "Little"))
        start, end = (tuple(int(v) for v in points[i]) for i in (parent, joint))
        if not finger:
            cv2.line(picture, start, end, (0, 0, 0), size * 4, cv2.LINE_AA, _SHIFT)
        cv2.line(picture, start, end, joint_colour(name), size if finger else size * 2, cv2.LINE_AA, _SHIFT)
        if not finger:
            cv2.circle(picture, end, (size * 3) << _SHIFT, joint_colour(name), -1, cv2.LINE_AA, _SHIFT)


def labelled(picture: Picture, text: str) -> Picture:
    """The picture with a line of text in its lower left corner."""
    result = picture.copy()
    scale = result.shape[0] / 540
    origin = (round(14 * scale), result.shape[0] - round(16 * scale))
    for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        thickness = max(1, round(width * scale))
        cv2.putText(result, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.7 * scale, colour, thickness, cv2.LINE_AA)
    return result


def side_by_side(frame: Picture, render: Picture) -> Picture:
    """Two RGB pictures of the same view, at the size of ``frame``, with a thin line between them."""
    height, width, _ = frame.shape
    gap = np.full((height, max(2, height // 180), 3), 20, dtype=np.uint8)
    return np.hstack([frame, gap, cv2.resize(render, (width, height), interpolation=cv2.INTER_AREA)])


def contact_sheet(pairs: Sequence[Picture], columns: int) -> Picture:
    """Pictures of one size in a grid, row by row, on a dark ground."""
    height, width, _ = pairs[0].shape
    gap = max(4, height // 40)
    rows = -(-len(pairs) // columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 24, dtype=np.uint8)
    for index, pair in enumerate(pairs):
        top, left = gap + index // columns * (height + gap), gap + index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = pair
    return sheet


def compare(plate_path: Path, take_path: Path, renders: Path, out: Path, height: int, columns: int) -> list[Path]:
    """Writes the comparison pictures; see the module's text. Returns their paths.

    Raises ValueError where the take has no camera or no render is found.
    """
    take = Take.load(take_path)
    if take.camera is None:
        raise ValueError(f"{take_path} holds no camera, so its skeleton cannot be drawn over the plate")
    pictures = {int(path.stem): path for path in sorted(renders.glob("[0-9]*.png"))}
    if not pictures:
        raise ValueError(f"no rendered frames NNNN.png in {renders}")
    regions_file = renders / "regions.json"
    regions = json.loads(regions_file.read_text()) if regions_file.is_file() else {}
    projected = take.camera.project(take.world_positions())
    (out / "frames").mkdir(parents=True, exist_ok=True)
    pairs, written = [], []
    for number, _, rgb in open_plate(plate_path).frames(min(pictures), max(pictures)):
        row = number - take.frame_start
        if number not in pictures or not 0 <= row < take.frame_count:
            continue
        x0, y0, x1, y1 = regions.get(f"{number:04d}", (0, 0, rgb.shape[1], rgb.shape[0]))
        scale = height / (y1 - y0)
        width = round((x1 - x0) * scale)
        frame = cv2.resize(rgb[y0:y1, x0:x1], (width, height), interpolation=cv2.INTER_AREA)
        draw_skeleton(frame, take, projected[row] - (x0, y0), scale)
        render = cv2.cvtColor(cv2.imread(str(pictures[number])), cv2.COLOR_BGR2RGB)
        pair = side_by_side(labelled(frame, f"plate frame {number}"), render)
        path = out / "frames" / f"{number:04d}.png"
        cv2.imwrite(str(path), cv2.cvtColor(pair, cv2.COLOR_RGB2BGR))
        written.append(path)
        if columns:
            pairs.append(pair)
    if pairs:
        path = out / "contact_sheet.png"
        cv2.imwrite(str(path), cv2.cvtColor(contact_sheet(pairs, columns), cv2.COLOR_RGB2BGR))
        written.append(path)
    return written


def main(argv: Sequence[str]) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="comparison", description="Plate and character side by side.")
    for name in ("plate", "take", "renders", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--height", type=int, default=540)
    parser.add_argument("--columns", type=int, default=0)
    options = parser.parse_args(argv)
    for path in compare(options.plate, options.take, options.renders, options.out, options.height, options.columns):
        print(path)
    return 0
