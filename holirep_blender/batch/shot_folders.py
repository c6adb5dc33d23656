# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder convention: a folder of shots stands for a list. docs/batch.md describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from .plates import MOVIES, plate_files
from .problems import ListErrors, Problem
from .settings import SHOT, Setting, by_key
from .source_lines import Lines, toml_lines

ENVIRONMENTS = (".hdr", ".exr")
DEFAULTS_FILE, SHOT_FILE = "defaults.toml", "shot.toml"


@dataclass(frozen=True)
class FolderOfShots:
    """A list's ``data``, in which line of its file each key stands, and each shot's own file."""

    data: dict[str, Any]
    lines: Lines
    files: tuple[str, ...]


def read_folder(folder: Path) -> FolderOfShots:
    """A list's data: each folder in ``folder`` that holds a plate or a ``shot.toml`` is a shot.

    Raises ListErrors where one of the TOML files is none.
    """
    problems: list[Problem] = []
    lines: Lines = {}
    data = _toml(folder / DEFAULTS_FILE, problems, lines)
    if "shots" in data:
        problems.append(Problem(0, DEFAULTS_FILE, "the shots are the folders here: take shots out"))
    data = {key: value for key, value in data.items() if key != "shots"}
    shots: list[dict[str, Any]] = []
    for place in sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith((".", "_"))):
        its_lines: Lines = {}
        own = _toml(place / SHOT_FILE, problems, its_lines)
        found = _found(place)
        if own or "plate" in found:
            lines.update({("shots", len(shots), *path): line for path, line in its_lines.items()})
            shots.append({"name": place.name, **found, **_moved(own, place.name)})
    if problems:
        raise ListErrors(folder.name, problems)
    files = tuple(f"{shot['name']}/{SHOT_FILE}" for shot in shots)
    return FolderOfShots({"output": "_output", **data, "shots": shots}, lines, files)


def _found(place: Path) -> dict[str, str]:
    """What the names of a shot's files say: one plate, environment.hdr or .exr, and shot.blend."""
    found: dict[str, str] = {}
    for file in sorted(place.iterdir()):
        ending = file.suffix.lower()
        name = f"{place.name}/{file.name}"
        if file.stem == "plate" and (file.is_dir() or ending in MOVIES):
            found["plate"] = name
        elif file.stem == "environment" and ending in ENVIRONMENTS:
            found["environment"] = name
        elif file.name == "shot.blend":
            found["blend"] = name
    if "plate" not in found:
        numbered = [file for file in plate_files(place) if file.stem.startswith("plate")]
        if numbered:
            found["plate"] = f"{place.name}/{numbered[0].name}"
    return found


def _moved(own: dict[str, Any], folder: str, settings: tuple[Setting, ...] = SHOT) -> dict[str, Any]:
    """Paths in a shot's own file begin at its folder; here they begin at the folder of shots."""
    known = by_key(settings)
    moved = dict(own)
    for key, value in own.items():
        kind = known[key].kind if key in known else ""
        if kind == "path" and isinstance(value, str) and not Path(value).is_absolute() and value[:1] not in "~$":
            moved[key] = f"{folder}/{value}"
        elif kind == "table" and isinstance(value, dict):
            moved[key] = _moved(value, folder, known[key].table)
    return moved


def _toml(file: Path, problems: list[Problem], lines: Lines) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
        lines.update(toml_lines(text))
        return data
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(Problem(0, f"{file.parent.name}/{file.name}", f"cannot be read as TOML: {error}"))
        return {}
