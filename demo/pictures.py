# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the pictures of the README and the docs from a demo's output; the plate itself is not shown in them.

usage: python -m demo.pictures --demo FOLDER --out FOLDER [--screens FOLDER]

``--screens`` is the folder of screenshots that the graphical test writes; the part of each that a page shows is taken.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import bpy
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]

WIDTH = 1800
QUALITY = 82
SHOWN = 4
"""Frames of the comparison in the README's picture, every second one."""
SCREENS = {
    "6-before-esc": ("panel_running", (0.646, 0.24, 0.80, 0.76)),
    "24-edited": ("panel_refine", (0.0, 0.03, 0.82, 1.0)),
    "30-lighting": ("panel_lighting", (0.3, 0.03, 0.82, 0.66)),
    "57-quality-panel": ("panel_quality", (0.652, 0.187, 0.805, 0.766)),
    "41-batch-running": ("panel_batch", (0.63, 0.345, 0.80, 0.765)),
}
"""Screenshot: name in the docs and the part x0, y0, x1, y1 to show, as shares from the top left."""


def pixels_of(path: Path) -> Pixels:
    """A picture's pixels ``(H, W, 4)``, rows from the top, encoded as in the file."""
    picture = bpy.data.images.load(str(path))
    width, height = picture.size
    pixels = np.empty(width * height * 4, dtype=np.float32)
    picture.pixels.foreach_get(pixels)
    return pixels.reshape(height, width, 4)[::-1]


def save_jpeg(pixels: Pixels, target: Path) -> None:
    """Writes pixels ``(H, W, 4)``, rows from the top, as a JPEG that is at most ``WIDTH`` pixels wide."""
    height, width, _ = pixels.shape
    picture = bpy.data.images.new(target.stem, width, height)
    picture.pixels.foreach_set(np.ascontiguousarray(pixels[::-1]).ravel())
    if width > WIDTH:
        picture.scale(WIDTH, round(height * WIDTH / width))
    picture.file_format = "JPEG"
    picture.save(filepath=str(target), quality=QUALITY)


def performance(frames: list[Path]) -> Pixels:
    """The character in some frames of the comparison, side by side: the right half of each."""
    halves = [pixels_of(path) for path in frames]
    return np.concatenate([half[:, half.shape[1] // 2 + 2 :] for half in halves], axis=1)


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo.pictures")
    parser.add_argument("--demo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--screens", type=Path)
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    lit = options.demo.resolve() / "lit.png"
    if lit.is_file():
        save_jpeg(pixels_of(lit), out / "lit.jpg")
    frames = sorted((options.demo.resolve() / "frames").glob("*.png"))
    save_jpeg(performance(frames[1 : 1 + 2 * SHOWN : 2]), out / "performance.jpg")
    if options.screens:
        for screen, (name, (x0, y0, x1, y1)) in SCREENS.items():
            whole = pixels_of(options.screens.resolve() / f"{screen}.png")
            height, width, _ = whole.shape
            rows, columns = slice(round(y0 * height), round(y1 * height)), slice(round(x0 * width), round(x1 * width))
            save_jpeg(whole[rows, columns], out / f"{name}.jpg")


if __name__ == "__main__":
    main()
