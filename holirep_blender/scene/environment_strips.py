# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments too large to be held whole, read and written strip by strip.

Blender's own loader keeps 16 bytes a pixel, and as much again while it reads. Most Blenders bring the library that it
reads with, OpenImageIO, for Python too: with it a large map is averaged while it is read.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..lighting.environment_map import EnvironmentMap, broken_note
from ..lighting.progress import Tell, nobody
from ..lighting.sphere import Array, row_latitudes, row_solid_angles
from .environments import EnvironmentMapError, load_pixels, whole_file

LARGEST = 8192
"""Columns of a map that is held whole."""
_HELD = 0.5
"""What is larger is averaged to this part of it, or less: the rig's world must hold it too, with four channels."""
_STRIP = 32
"""Rows that are read at a time, times the factor."""
_BOUND = 1e4
"""A block that must become so many times brighter had no light of its own to scale: it becomes even."""
_NAME = "OpenImageIO"
_TESTED = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.25, 0.5, 4.0]], dtype=np.float32)


def image_io() -> Optional[ModuleType]:
    """The OpenImageIO that this Blender brings, None where it brings none.

    The application has it among its Python's own packages; the module ``bpy`` beside its data files.
    """
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    try:
        return importlib.import_module(_NAME)
    except ImportError:
        folders = Path(bpy.utils.resource_path("LOCAL")).glob("python/lib/python*/site-packages")
        spec = importlib.machinery.PathFinder.find_spec(_NAME, [str(folder) for folder in folders])
        if spec is None or spec.loader is None:
            return None
    module = sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:  # made for another Python
        del sys.modules[_NAME]
        return None
    return module


@dataclass(frozen=True)
class LargeFile:
    """A float picture of more than ``LARGEST`` columns: ``factor`` pixels each way become one.

    ``matrix`` ``(3, 3)`` turns its values into the scene's working space, as Blender does.
    """

    path: Path
    width: int
    height: int
    factor: int
    matrix: Array

    @property
    def note(self) -> str:
        """For the user."""
        return (
            f"{self.path.name} has {self.width} x {self.height} pixels: it was averaged to "
            f"{self.width // self.factor} x {self.height // self.factor} while it was read."
        )

    def strips(self) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Pixels ``(n, width, 3)`` of some rows from the top on, with the first one's number. EnvironmentMapError."""
        library = _library()
        source = library.ImageInput.open(str(self.path))
        if source is None:
            raise EnvironmentMapError(f"{self.path.name} cannot be read: {library.geterror()}")
        try:
            for first in range(0, self.height, _STRIP * self.factor):
                last = min(first + _STRIP * self.factor, self.height)
                pixels = source.read_scanlines(first, last, 0, 0, 3, "float")
                if pixels is None:
                    raise EnvironmentMapError(
                        f"{self.path.name} is broken from row {first} on ({source.geterror()}): export it again."
                    )
                yield first, pixels
        finally:
            source.close()

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
        library = _library()
        source = library.ImageInput.open(str(self.path))
        spec = _plain_spec(library, source.spec(), self.width, self.height)
        source.close()
        with whole_file(path) as beside:
            target = library.ImageOutput.create(str(beside))
            if not target.open(str(beside), spec):
                raise OSError(f"{path} could not be written: {target.geterror()}")
            try:
                for first, strip in self.strips():
                    pixels = np.ascontiguousarray(self._scaled(first, strip, averaged))
                    if not target.write_scanlines(first, first + len(strip), 0, pixels):
                        raise OSError(f"{path} could not be written: {target.geterror()}")
            finally:
                complete = target.close()
            if not complete:
                raise OSError(f"{path} could not be written: {target.geterror()}")

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
    library = image_io() if path.suffix.lower() in (".hdr", ".exr") and path.is_file() else None
    if library is None:
        return None
    source = library.ImageInput.open(str(path))
    if source is None:
        library.geterror()  # else it is printed when Blender ends; Blender's own loader tells it too
        return None
    try:
        spec = source.spec()
        more = source.seek_subimage(1, 0)
    finally:
        source.close()
    factor = _factor(spec.width, spec.height)
    plain = (
        [name.upper() for name in spec.channelnames[:3]] == ["R", "G", "B"]
        and len(spec.channelnames) <= 4
        and (spec.full_width, spec.full_height, spec.x, spec.y) == (spec.width, spec.height, 0, 0)
        and spec.tile_width == 0
        and not more
    )
    if factor is None or not plain:
        return None
    matrix = _matrix(library, spec, path.suffix)
    return None if matrix is None else LargeFile(path, spec.width, spec.height, factor, matrix)


def _library() -> ModuleType:
    library = image_io()
    assert library is not None, "only large_file makes such a file"
    return library


def _factor(width: int, height: int) -> Optional[int]:
    """The fewest pixels that must become one; None where the map is no larger than may be, or cannot be divided."""
    if width <= LARGEST:
        return None
    least = math.ceil(width / (_HELD * LARGEST))
    return next((by for by in range(least, 2 * least + 1) if width % by == height % by == 0), None)


def _is_identity(matrix: Array) -> bool:
    return bool((matrix == np.eye(3)).all())


def _plain_spec(library: Any, spec: Any, width: int, height: int) -> Any:
    """A 32-bit picture of red, green and blue with what another one tells of its colours."""
    made = library.ImageSpec(width, height, 3, library.FLOAT)
    made.attribute("compression", "zip")
    for told in spec.extra_attribs:
        if told.name in ("chromaticities", "colorInteropID", "oiio:ColorSpace"):
            made.attribute(told.name, told.type, told.value)
    return made


def _matrix(library: Any, spec: Any, suffix: str) -> Optional[Array]:
    """What Blender makes of red, green and blue of such a file; None where that is no matrix."""
    with tempfile.TemporaryDirectory(prefix="holirep-") as folder:
        path = Path(folder) / f"colours{suffix}"
        target = library.ImageOutput.create(str(path))
        if not target.open(str(path), _plain_spec(library, spec, 16, 8)):
            return None
        target.write_image(np.ascontiguousarray(np.broadcast_to(np.tile(_TESTED, (4, 1)), (8, 16, 3))))
        target.close()
        shown, _, _ = load_pixels(path)
    matrix = shown[0, :3].T.astype(np.float64)
    linear = np.allclose(matrix @ _TESTED[3], shown[0, 3], rtol=1e-5, atol=1e-6)
    return matrix if linear and abs(float(np.linalg.det(matrix))) > 1e-6 else None
