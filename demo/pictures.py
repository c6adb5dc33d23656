# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the README's pictures from a demo's output.

usage: python -m demo.pictures --demo FOLDER --out FOLDER [--screens FOLDER]

``--screens`` is a folder of screenshots (PNG), such as the graphical test writes; they keep their names.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import bpy

WIDTH = 1800
QUALITY = 82


def save_jpeg(source: Path, target: Path) -> None:
    """Writes a picture as a JPEG that is at most ``WIDTH`` pixels wide."""
    picture = bpy.data.images.load(str(source))
    width, height = picture.size
    if width > WIDTH:
        picture.scale(WIDTH, round(height * WIDTH / width))
    picture.file_format = "JPEG"
    picture.save(filepath=str(target), quality=QUALITY)


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo.pictures")
    parser.add_argument("--demo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--screens", type=Path)
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    save_jpeg(options.demo.resolve() / "contact_sheet.png", out / "contact_sheet.jpg")
    if options.screens:
        for screen in sorted(options.screens.resolve().glob("*.png")):
            save_jpeg(screen, out / f"{screen.stem}.jpg")


if __name__ == "__main__":
    main()
