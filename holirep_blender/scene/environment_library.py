# SPDX-License-Identifier: GPL-3.0-or-later
"""Large pictures read strip by strip with OpenImageIO, the library that Blender itself reads with.

Most Blenders bring it for Python too. It reads what Blender reads, and is quicker than ``lighting.scan_lines``.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

import bpy
import numpy as np

from ..lighting.scan_lines import Broken, Strip

_NAME = "OpenImageIO"


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
class LibraryLines:
    """A file that OpenImageIO reads, a ``LineFile``."""

    library: ModuleType
    path: Path
    size: tuple[int, int]

    def strips(self, rows: int) -> Iterator[Strip]:
        """As ``LineFile`` tells."""
        source = self.library.ImageInput.open(str(self.path))
        if source is None:
            raise Broken(self.library.geterror())
        try:
            for first in range(0, self.size[1], rows):
                strip = source.read_scanlines(first, min(first + rows, self.size[1]), 0, 0, 3, "float")
                if strip is None:
                    raise Broken(source.geterror())
                yield strip
        finally:
            source.close()

    def write_like(self, path: Path, size: tuple[int, int], strips: Iterable[Strip]) -> None:
        """As ``LineFile`` tells."""
        target = self._opened(path, size)
        first = 0
        try:
            for strip in strips:
                if not target.write_scanlines(first, first + len(strip), 0, np.ascontiguousarray(strip)):
                    raise OSError(target.geterror())
                first += len(strip)
        finally:
            complete = target.close()
        if not complete:
            raise OSError(target.geterror())

    def write_sample(self, path: Path, pixels: Strip) -> None:
        """As ``LineFile`` tells."""
        self.write_like(path, (pixels.shape[1], pixels.shape[0]), [pixels])

    def _opened(self, path: Path, size: tuple[int, int]) -> Any:
        """An output of 32-bit red, green and blue with what the file tells of its colours."""
        spec = self.library.ImageSpec(*size, 3, self.library.FLOAT)
        spec.attribute("compression", "zip")
        source = self.library.ImageInput.open(str(self.path))
        if source is None:
            raise OSError(self.library.geterror())
        for told in source.spec().extra_attribs:
            if told.name in ("chromaticities", "colorInteropID", "oiio:ColorSpace"):
                spec.attribute(told.name, told.type, told.value)
        source.close()
        target = self.library.ImageOutput.create(str(path))
        if not target.open(str(path), spec):
            raise OSError(target.geterror())
        return target


def library_lines(library: ModuleType, path: Path) -> Optional[LibraryLines]:
    """A file of red, green and blue, one part and scan lines; None where it is none."""
    source = library.ImageInput.open(str(path))
    if source is None:
        library.geterror()  # else it is printed when Blender ends; Blender's own loader tells it too
        return None
    try:
        spec = source.spec()
        more = source.seek_subimage(1, 0)
    finally:
        source.close()
    plain = (
        [name.upper() for name in spec.channelnames[:3]] == ["R", "G", "B"]
        and len(spec.channelnames) <= 4
        and (spec.full_width, spec.full_height, spec.x, spec.y) == (spec.width, spec.height, 0, 0)
        and spec.tile_width == 0
        and not more
    )
    return LibraryLines(library, path, (spec.width, spec.height)) if plain else None
