# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads ``licences.toml``, the list of everything that computes a result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tomllib


@dataclass(frozen=True)
class Licence:
    """One thing that computes a result; ``sha256`` is empty for what is no single file."""

    name: str
    licence: str
    source: str
    sha256: str


@cache
def read_licences() -> tuple[Licence, ...]:
    """All entries, in the file's order."""
    with (Path(__file__).parent / "licences.toml").open("rb") as file:
        entries = tomllib.load(file)["licence"]
    return tuple(
        Licence(entry["name"], entry["licence"], entry["source"], entry.get("sha256", "")) for entry in entries
    )
