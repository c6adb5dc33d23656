# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of one machine on another one: the rules of Open Job Description, ``pathmapping-1.0``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

VERSION = "pathmapping-1.0"
ENVIRONMENT_VARIABLE = "HOLIREP_PATH_MAPPING"


class PathMappingError(ValueError):
    """A file of rules that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Rule:
    """What lies below ``source`` on the machine that wrote a path lies below ``destination`` here."""

    source: PurePath
    destination: str

    def apply(self, path: str) -> str | None:
        """The path here; None where the rule says nothing about it. Windows' paths are compared without their case."""
        given = type(self.source)(path)
        if given != self.source and self.source not in given.parents:
            return None
        rest = given.parts[len(self.source.parts) :]
        return str(Path(self.destination, *rest))


@dataclass(frozen=True)
class PathMapping:
    """Rules, the most particular first."""

    rules: tuple[Rule, ...] = ()

    def map(self, path: str) -> str:
        """Where a path is on this machine: by the first rule that fits it, else as it is."""
        return next((found for rule in self.rules if (found := rule.apply(path)) is not None), path)

    @classmethod
    def load(cls, path: Path) -> PathMapping:
        """The rules of a JSON file. An empty object has none. Raises PathMappingError."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise PathMappingError(f"The path mapping {path} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise PathMappingError(f"The path mapping {path} is not JSON: {error}.") from error
        return cls.from_json(found, str(path))

    @classmethod
    def from_json(cls, found: Any, name: str) -> PathMapping:
        """The rules of a JSON object; ``name`` is what it is called in an error."""
        if found == {}:
            return cls()
        if not isinstance(found, dict) or found.get("version") != VERSION:
            raise PathMappingError(f'The path mapping {name} is not of the version "{VERSION}".')
        rules = found.get("path_mapping_rules")
        if not isinstance(rules, list):
            raise PathMappingError(f"The path mapping {name} has no list path_mapping_rules.")
        made = [_rule(one, f"rule {number} of the path mapping {name}") for number, one in enumerate(rules, 1)]
        return cls(tuple(sorted(made, key=lambda rule: -len(rule.source.parts))))

    @classmethod
    def chosen(cls, option: Path | None, environ: Mapping[str, str]) -> PathMapping:
        """The rules that the command names, else those of ``HOLIREP_PATH_MAPPING``, else none."""
        named = option or (Path(environ[ENVIRONMENT_VARIABLE]) if environ.get(ENVIRONMENT_VARIABLE) else None)
        return cls.load(named) if named else cls()


def _rule(values: Any, where: str) -> Rule:
    keys = ("source_path_format", "source_path", "destination_path")
    if not isinstance(values, dict) or not all(isinstance(values.get(key), str) and values[key] for key in keys):
        raise PathMappingError(f"{where[0].upper()}{where[1:]} needs {', '.join(keys)}.")
    kinds: dict[str, type[PurePath]] = {"POSIX": PurePosixPath, "WINDOWS": PureWindowsPath}
    kind = kinds.get(values["source_path_format"])
    if kind is None:
        raise PathMappingError(f"{where[0].upper()}{where[1:]}: source_path_format is POSIX or WINDOWS.")
    return Rule(kind(values["source_path"]), values["destination_path"])
