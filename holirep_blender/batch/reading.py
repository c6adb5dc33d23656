# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a shot list, TOML or JSON or a folder, checks every value and merges the defaults into each shot."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import tomllib

from .problems import ListErrors, Problem
from .settings import LIST, SHOT, Setting, by_key
from .shot_folders import DEFAULTS_FILE, read_folder
from .shot_list import Place, Shot, ShotList
from .source_lines import KeyPath, Lines, json_lines, toml_lines
from .values import check

ENDINGS = (".toml", ".json")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")


def read_list(
    path: Path,
    output: Optional[Path] = None,
    mapped: Optional[Callable[[str], str]] = None,
    found: Optional[list[Problem]] = None,
) -> ShotList:
    """The list of a file or folder. Raises ListErrors with everything that is wrong with its form.

    With ``found`` the problems are put there instead, and the list holds the shots that could be read; a file that
    cannot be read at all raises all the same. ``output`` takes the place of the list's own output folder. ``mapped``
    says where an absolute path of the list is on this machine.
    """
    path = path.absolute()
    files: tuple[str, ...] = ()
    if path.is_dir():
        folder_of_shots, root = read_folder(path), path
        data, lines, files = folder_of_shots.data, folder_of_shots.lines, folder_of_shots.files
    else:
        data, lines = _parsed(path)
        root = path.parent
    reader = _Reader(lines, mapped or (lambda text: text), files)
    shots = reader.shots(data)
    folder = reader.output(data, root / f"{path.stem}_output") if output is None else output.absolute()
    if found is not None:
        found += reader.problems
    elif reader.problems:
        raise ListErrors(path.name, reader.problems)
    return ShotList(path, root, Path(os.path.normpath(root / folder)), tuple(shots))


def _parsed(path: Path) -> tuple[dict[str, Any], Lines]:
    def wrong(message: str, line: int = 0) -> ListErrors:
        return ListErrors(path.name, [Problem(line, "", message)])

    if path.suffix.lower() not in ENDINGS:
        raise wrong("a shot list is a .toml or .json file, or a folder of shots")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise wrong(f"there is no shot list at {path}") from None
    except UnicodeDecodeError:
        raise wrong("the file is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise wrong(f"the file cannot be read: {error.strerror}") from error
    if path.suffix.lower() == ".toml":
        try:
            return tomllib.loads(text), toml_lines(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            line = int(found[1]) if found else text.count("\n") + 1
            raise wrong(f"this is no TOML: {str(error).split(' (at')[0]}", line) from None
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise wrong(f"this is no JSON: {error.msg}", error.lineno) from None
    if not isinstance(data, dict):
        raise wrong("the list must be an object with the key shots", 1)
    lines, twice = json_lines(text)
    if twice:
        raise ListErrors(path.name, [Problem(lines[key], _key_text(key), "stands here a second time") for key in twice])
    return data, lines


class _Reader:
    """Collects problems while it goes through the list; ``files`` are the shots' own where a folder stands for it."""

    def __init__(self, lines: Lines, mapped: Callable[[str], str], files: tuple[str, ...]) -> None:
        self._lines = lines
        self._mapped = mapped
        self._files = files
        self.problems: list[Problem] = []

    def output(self, data: dict[str, Any], default: Path) -> Path:
        value = data.get("output")
        return Path(self._path(value, self._place(("output",)))) if isinstance(value, str) else default

    def shots(self, data: dict[str, Any]) -> list[Shot]:
        self._table(data, LIST + (Setting("shots", "any", ""),), (), skip=("shots", "defaults"))
        defaults: dict[str, Any] = {}
        places: dict[str, Place] = {}
        table = data.get("defaults", {})
        if not isinstance(table, dict):
            self._wrong(("defaults",), "must be a table")
        else:
            defaults = self._table(table, SHOT[1:], ("defaults",), places)
        rows = data.get("shots")
        if not isinstance(rows, list) or not rows:
            self._wrong(
                ("shots",), "the list has no shots: write one [[shots]] for each" if not rows else "must be a list"
            )
            return []
        return [
            shot for index, row in enumerate(rows) if (shot := self._shot(row, index, defaults, places)) is not None
        ]

    def _shot(self, row: Any, index: int, defaults: dict[str, Any], places: dict[str, Place]) -> Optional[Shot]:
        path: KeyPath = ("shots", index)
        if not isinstance(row, dict):
            self._wrong(path, "must be a table")
            return None
        own_places: dict[str, Place] = {}
        own = self._table(row, SHOT, path, own_places)
        name = own.get("name")
        if name is None:
            if "name" not in row:
                self._wrong(path, "the shot has no name")
            return None
        if _NAME.fullmatch(name) is None or name.endswith("."):
            self._wrong((*path, "name"), f"a name has letters, digits, _, - and . only, not {name!r}")
            return None
        kept = {key: value for key, value in defaults.items() if not _displaced(key, own)}
        values = {setting.key: setting.default for setting in SHOT if setting.default is not None}
        for setting in SHOT:
            if setting.kind == "table":
                values[setting.key] = {
                    **{one.key: one.default for one in setting.table if one.default is not None},
                    **kept.get(setting.key, {}),
                    **own.get(setting.key, {}),
                }
            elif own.get(setting.key, kept.get(setting.key)) is not None and own.get(setting.key, "") is not None:
                values[setting.key] = own.get(setting.key, kept.get(setting.key))
        return Shot(name, values, self._place(path), {**places, **own_places})

    def _table(
        self,
        data: dict[str, Any],
        settings: tuple[Setting, ...],
        path: KeyPath,
        places: Optional[dict[str, Place]] = None,
        prefix: str = "",
        skip: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        known = by_key(settings)
        found: dict[str, Any] = {}
        for key, value in data.items():
            here = (*path, key)
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                advice = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
                self._wrong(here, f"there is no setting of this name{advice}")
                continue
            if key in skip:
                continue
            setting = known[key]
            place = self._place(here)
            if value == "" and settings is SHOT and setting.removable:
                found[key] = None
                continue
            if setting.kind == "table":
                if not isinstance(value, dict):
                    self._wrong(here, "must be a table")
                    continue
                found[key] = self._table(value, setting.table, here, places, f"{key}.")
            else:
                checked, wrong = check(setting, value)
                if wrong:
                    self._wrong(here, wrong)
                    continue
                found[key] = self._path(checked, place) if setting.kind == "path" else checked
            if places is not None:
                places[prefix + key] = place
        return found

    def _path(self, text: str, place: Place) -> str:
        for word in _VARIABLE.findall(text):
            if word.strip("{}") not in os.environ:
                self.problems.append(place.problem(f"the environment variable {word.strip('{}')} is not set"))
        text = self._mapped(os.path.expanduser(os.path.expandvars(text)))
        return text if os.name != "nt" else text.replace("\\", "/")

    def _place(self, path: KeyPath) -> Place:
        line = next((self._lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in self._lines), 0)
        if not self._files:
            return Place(line, _key_text(path))
        own = len(path) > 1 and isinstance(path[1], int)
        file, key = (self._files[int(path[1])], path[2:]) if own else (DEFAULTS_FILE, path)
        parts = [f"{file}:{line}" if line else file, _key_text(key)]
        return Place(0, ": ".join(part for part in parts if part))

    def _wrong(self, path: KeyPath, message: str) -> None:
        self.problems.append(self._place(path).problem(message))


def _displaced(key: str, own: dict[str, Any]) -> bool:
    """A shot's own file takes the place of the defaults' template, and the other way round; so do take and plate."""
    pairs = {"template": "blend", "blend": "template"}
    return pairs.get(key) in own and key not in own


def _key_text(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
