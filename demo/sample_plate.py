# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks the sample plate, a movie inside the BSD-3-Clause package Sports2D (David Pagnon): FOLDER_OF_WHEEL MOVIE."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

MEMBER = "Sports2D/Demo/demo.mp4"


def unpack(folder: Path, movie: Path) -> None:
    """Writes the movie of the newest Sports2D wheel in the folder. Raises FileNotFoundError where there is none."""
    wheels = sorted(folder.glob("sports2d-*.whl"))
    if not wheels:
        raise FileNotFoundError(f"no Sports2D wheel in {folder}; run `make demo`, which downloads it")
    with zipfile.ZipFile(wheels[-1]) as archive:
        movie.write_bytes(archive.read(MEMBER))


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
