# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a plate: a movie, or the pictures of a sequence by one of them, their folder or a pattern."""

from __future__ import annotations

import re
from pathlib import Path

PICTURES = (".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".dpx", ".bmp", ".webp")
MOVIES = (".mp4", ".mov", ".mkv", ".avi", ".m4v", ".mxf", ".webm", ".mpg", ".mpeg", ".mts", ".gif")
_PATTERN = re.compile(r"%0?\d*d|#+")
_NUMBER = re.compile(r"\d+(?=\D*$)")


def plate_files(path: Path) -> list[Path]:
    """A movie alone, or a sequence's pictures in the order of their names; empty where there is no plate."""
    if path.is_file():
        number = _NUMBER.search(path.stem) if path.suffix.lower() in PICTURES else None
        if number is None:
            return [path]
        return _numbered(path.parent, path.name[: number.start()], path.stem[number.end() :] + path.suffix)
    if path.is_dir():
        return [
            file for file in sorted(path.iterdir()) if file.suffix.lower() in PICTURES and _NUMBER.search(file.stem)
        ]
    pattern = _PATTERN.search(path.name)
    if pattern is None or not path.parent.is_dir():
        return []
    return _numbered(path.parent, path.name[: pattern.start()], path.name[pattern.end() :])


def is_sequence(path: Path) -> bool:
    """Whether a plate is an image sequence: by a pattern, a folder, or one of its pictures."""
    if path.is_dir() or path.suffix.lower() in PICTURES:
        return True
    return _PATTERN.search(path.name) is not None and not path.exists()


def numbers_of(path: Path) -> dict[tuple[str, str], set[int]]:
    """The frames of a sequence by what stands before and after the number; several where a folder holds several.

    Raises OSError.
    """
    pattern = None if path.exists() else _PATTERN.search(path.name)
    if pattern is not None:
        head, tail = path.name[: pattern.start()], path.name[pattern.end() :]
        numbers = {int(file.name[len(head) : len(file.name) - len(tail)]) for file in plate_files(path)}
        return {(head, tail): numbers} if numbers else {}
    found: dict[tuple[str, str], set[int]] = {}
    for file in plate_files(path):
        number = _NUMBER.search(file.stem)
        if number is not None and not file.name.startswith("."):
            key = (file.name[: number.start()], file.stem[number.end() :] + file.suffix)
            found.setdefault(key, set()).add(int(number[0]))
    return found


def _numbered(folder: Path, head: str, tail: str) -> list[Path]:
    end = -len(tail) if tail else None
    return [
        folder / name
        for name in sorted(file.name for file in folder.iterdir())
        if name.startswith(head) and name.endswith(tail) and name[len(head) : end].isdigit()
    ]
