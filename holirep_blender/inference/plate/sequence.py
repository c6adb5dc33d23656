# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered image sequences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Container, Dict, Iterator, List, Optional, Tuple

import numpy as np

from ..errors import PlateError
from .pictures import EXTENSIONS, read_picture
from .plate import Plate, check_range
from .rates import exact_rate

_NUMBERED = re.compile(r"^(?P<head>.*?)(?P<number>\d+)(?P<tail>\D*)$")
_PATTERN = re.compile(r"%0?(?P<width>\d*)d|#+")


def is_pattern(path: Path) -> bool:
    """Whether the name holds `%04d` or `####`."""
    return _PATTERN.search(path.name) is not None


def is_picture(path: Path) -> bool:
    """Whether the file is an image by its extension."""
    return path.suffix.lower() in EXTENSIONS


def open_sequence(path: Path, frame_range: Optional[Tuple[int, int]], fps: float) -> Sequence:
    """Opens the sequence that a pattern, a folder or one of its images stands for.

    Missing numbers inside the range are an error that names them: a hole in a sequence is nearly always a copy or a
    render that failed, and silently closing it would shift the performance in time.
    """
    files = _files(path)
    if not files:
        raise PlateError(f"{path}: there is no image here that belongs to a sequence.")
    valid = min(files), max(files)
    if frame_range is not None:
        check_range(path, frame_range, valid)
    first, last = frame_range or valid
    missing = [number for number in range(first, last + 1) if number not in files]
    if missing:
        raise PlateError(
            f"{path.name}: the sequence lacks frame{'s' if len(missing) > 1 else ''} {_spans(missing)}. "
            "Add the missing images, or choose a range without the gap."
        )
    image = read_picture(files[first])
    return Sequence(path, exact_rate(fps), (image.shape[1], image.shape[0]), files, (first, last))


class Sequence(Plate):
    """An image sequence; frames carry the numbers in the files' names."""

    def __init__(
        self, path: Path, fps: float, size: Tuple[int, int], files: Dict[int, Path], frame_range: Tuple[int, int]
    ) -> None:
        start, end = min(files), max(files)
        super().__init__(path, fps, size, np.arange(end - start + 1) / fps, start, frame_range)
        self._files = files

    @property
    def files(self) -> List[Path]:
        """The images of the range, in order."""
        return [self._files[number] for number in range(self.first_frame, self.last_frame + 1)]

    def _images(self, first: int, last: int, only: Optional[Container[int]]) -> Iterator[Tuple[int, np.ndarray]]:
        for number in (number for number in range(first, last + 1) if only is None or number in only):
            yield number, read_picture(self._files[number])


def _files(path: Path) -> Dict[int, Path]:
    if is_pattern(path):
        match = _PATTERN.search(path.name)
        assert match is not None
        head, tail = path.name[: match.start()], path.name[match.end() :]
        return _collect(path.parent, head, tail)
    if path.is_dir():
        return _only_sequence(path)
    match = _NUMBERED.match(path.stem)
    if match is None:
        return {1: path}
    return _collect(path.parent, match["head"], match["tail"] + path.suffix)


def _collect(folder: Path, head: str, tail: str) -> Dict[int, Path]:
    if not folder.is_dir():
        raise PlateError(f"{folder}: there is no such folder.")
    found: Dict[int, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.name.startswith(head) and file.name.endswith(tail):
            number = file.name[len(head) : len(file.name) - len(tail)]
            if number.isdigit():
                found[int(number)] = file
    return found


def _only_sequence(folder: Path) -> Dict[int, Path]:
    groups: Dict[Tuple[str, str], Dict[int, Path]] = {}
    for file in sorted(folder.iterdir()):
        match = _NUMBERED.match(file.stem)
        if is_picture(file) and match is not None and not file.name.startswith("."):
            groups.setdefault((match["head"], match["tail"] + file.suffix), {})[int(match["number"])] = file
    if not groups:
        raise PlateError(f"{folder}: the folder has no numbered images.")
    if len(groups) > 1:
        names = ", ".join(f"{head}####{tail}" for head, tail in list(groups)[:4])
        raise PlateError(
            f"{folder}: the folder holds several sequences ({names}); choose one image of the one you mean."
        )
    return next(iter(groups.values()))


def _spans(numbers: List[int]) -> str:
    spans: List[List[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in spans[:5]]
    return ", ".join(shown) + (" and more" if len(spans) > 5 else "")
