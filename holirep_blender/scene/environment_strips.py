# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments too large to be held whole, read and written strip by strip.

Blender's own loader keeps 16 bytes a pixel, and as much again while it reads. Here a large map is averaged while it is
read: by OpenImageIO where this Blender brings it for Python, else by ``lighting.scan_lines`` and ``radiance_hdr``.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
import numpy.typing as npt

from ..lighting.environment_map import EnvironmentMap, broken_note
from ..lighting.progress import Tell, nobody
from ..lighting.radiance_hdr import hdr_lines
from ..lighting.scan_lines import Broken, LineFile, exr_lines
from ..lighting.sphere import Array, row_latitudes, row_solid_angles
from .environment_library import image_io, library_lines
from .environments import EnvironmentMapError, load_pixels, whole_file

LARGEST = 8192
"""Columns of a map that is held whole."""
_HELD = 0.5
"""What is larger is averaged to this part of it, or less: the rig's world must hold it too, with four channels."""
_STRIP = 32
"""Rows that are read at a time, times the factor."""
_BOUND = 1e4
"""A block that must become so many times brighter had no light of its own to scale: it becomes even."""
_TESTED = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.25, 0.5, 4.0]], dtype=np.float32)


@dataclass(frozen=True)
class LargeFile:
    """A float picture of more than ``LARGEST`` columns: ``factor`` pixels each way become one.

    ``matrix`` ``(3, 3)`` turns its values into the scene's working space, as Blender does.
    """

    path: Path
    lines: LineFile
    factor: int
    matrix: Array

    @property
    def width(self) -> int:
        """Columns."""
        return self.lines.size[0]

    @property
    def height(self) -> int:
        """Rows."""
        return self.lines.size[1]

    @property
    def note(self) -> str:
        """For the user."""
        return (
            f"{self.path.name} has {self.width} x {self.height} pixels: it was averaged to "
            f"{self.width // self.factor} x {self.height // self.factor} while it was read."
        )

    def strips(self) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Pixels ``(n, width, 3)`` of some rows from the top on, with the first one's number. EnvironmentMapError."""
        first = 0
        try:
            for strip in self.lines.strips(_STRIP * self.factor):
                yield first, strip
                first += len(strip)
        except (OSError, Broken) as error:
            raise EnvironmentMapError(
                f"{self.path.name} is broken from row {first} on ({error}): export it again."
            ) from error
        except MemoryError as error:
            raise EnvironmentMapError(f"{self.path.name} is too large for this computer's memory.") from error

    def averaged(self, tell: Tell = nobody) -> tuple[npt.NDArray[np.float32], list[str]]:
        """Radiance ``(height, width, 3)`` averaged by solid angle, so that its energy is the file's; and sentences."""
        made = np.empty((self.height // self.factor, self.width // self.factor, 3), dtype=np.float32)
        broken = 0
        for first, strip in self.strips():
            finite = np.isfinite(strip)
            if not finite.all():
                broken += int((~finite).any(axis=2).sum())
                strip[np.isnan(strip) | np.isneginf(strip)] = 0.0
            made[first // self.factor : (first + len(strip)) // self.factor] = self._blocks(first, self._linear(strip))
            tell((first + len(strip)) / self.height)
        return made, [self.note, *([f"{self.path.name}: {broken_note(broken)}"] if broken else [])]

    def write_scaled(self, averaged: EnvironmentMap, path: Path) -> None:
        """Writes the file anew, each block of pixels scaled so that its average is that of ``averaged``.

        A 32-bit OpenEXR of the file's own size and primaries, a complete one or none. Raises OSError, and
        EnvironmentMapError where the file cannot be read again.
        """
        with whole_file(path) as beside:
            try:
                scaled = (self._scaled(first, strip, averaged) for first, strip in self.strips())
                self.lines.write_like(beside, self.lines.size, scaled)
            except OSError as error:
                raise OSError(f"{path} could not be written: {error.strerror or error}") from error

    def _scaled(self, first: int, strip: npt.NDArray[np.float32], averaged: EnvironmentMap) -> npt.NDArray[np.float32]:
        """Rows of the file, each block of pixels scaled so that its average is that of ``averaged``."""
        linear = self._linear(np.nan_to_num(strip, nan=0.0, posinf=0.0, neginf=0.0))
        before = self._blocks(first, linear)
        wanted = averaged.pixels[first // self.factor : (first + len(strip)) // self.factor]
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(wanted == before, np.float32(1.0), wanted / before)
        scale, wanted = (np.repeat(np.repeat(each, self.factor, 0), self.factor, 1) for each in (scale, wanted))
        linear = np.where((scale >= 0) & (scale < _BOUND), linear * scale, wanted).astype(np.float32)
        back = np.linalg.inv(self.matrix)
        return linear if _is_identity(back) else (linear @ back.T).astype(np.float32)

    def _linear(self, strip: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return strip if _is_identity(self.matrix) else (strip @ self.matrix.T.astype(np.float32))

    def _blocks(self, first: int, strip: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Averages of blocks, by solid angle."""
        solid = row_solid_angles(row_latitudes(np.arange(first, first + len(strip) + 1), self.height), self.width)
        weights = solid.reshape(-1, self.factor)
        weights = (weights / (self.factor * weights.sum(axis=1, keepdims=True))).astype(np.float32)
        rows = sum(strip[row :: self.factor] * weights[:, row, None, None] for row in range(self.factor))
        return np.asarray(sum(rows[:, column :: self.factor] for column in range(self.factor)), dtype=np.float32)


def large_file(path: Path) -> Optional[LargeFile]:
    """A file that is better read in strips; None where Blender's own loader must do, or may.

    Read in strips is what has a high dynamic range, red, green and blue, and one part; its values must become those
    that Blender renders with by a matrix, which Blender itself tells of a tiny picture of the same kind.
    """
    lines = _lines(path) if path.suffix.lower() in (".hdr", ".exr") and path.is_file() else None
    factor = _factor(*lines.size) if lines is not None else None
    if lines is None or factor is None:
        return None
    matrix = _matrix(lines, path.suffix)
    return None if matrix is None else LargeFile(path, lines, factor, matrix)


def _lines(path: Path) -> Optional[LineFile]:
    """What reads a file's lines; None where that must be Blender's own loader."""
    library = image_io()
    if library is not None:
        return library_lines(library, path)
    return hdr_lines(path) if path.suffix.lower() == ".hdr" else exr_lines(path)


def _factor(width: int, height: int) -> Optional[int]:
    """The fewest pixels that must become one; None where the map is no larger than may be, or cannot be divided."""
    if width <= LARGEST:
        return None
    least = math.ceil(width / (_HELD * LARGEST))
    return next((by for by in range(least, 2 * least + 1) if width % by == height % by == 0), None)


def _is_identity(matrix: Array) -> bool:
    return bool((matrix == np.eye(3)).all())


def _matrix(lines: LineFile, suffix: str) -> Optional[Array]:
    """What Blender makes of red, green and blue of such a file; None where that is no matrix."""
    with tempfile.TemporaryDirectory(prefix="holirep-") as folder:
        path = Path(folder) / f"colours{suffix}"
        lines.write_sample(path, np.ascontiguousarray(np.broadcast_to(np.tile(_TESTED, (4, 1)), (8, 16, 3))))
        shown, _, _ = load_pixels(path)
    matrix = shown[0, :3].T.astype(np.float64)
    linear = np.allclose(matrix @ _TESTED[3], shown[0, 3], rtol=1e-5, atol=1e-6)
    return matrix if linear and abs(float(np.linalg.det(matrix))) > 1e-6 else None
