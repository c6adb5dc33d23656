# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of a show, from a file of its own: ``{"temporal_coherence": 0.9, ...}`` as JSON, or the same as TOML."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Union

from .results import DEFAULT_GATES


class GatesError(ValueError):
    """Gates that cannot be used; the message names the file and the way out."""


def checked_gates(values: Mapping[str, Any], where: str = "The gates") -> dict[str, float]:
    """All gates: the given ones, and the defaults for those that are not given.

    Raises GatesError, naming the gate, where a name is unknown or a value is no number from 0 to 1.
    """
    for name, value in values.items():
        if name not in DEFAULT_GATES:
            raise GatesError(f"{where}: there is no score {name!r}. Choose of {', '.join(DEFAULT_GATES)}.")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0.0 <= value <= 1.0:
            raise GatesError(f"{where}: {name} must be a number from 0 to 1, not {value!r}.")
    return {**DEFAULT_GATES, **{name: float(value) for name, value in values.items()}}


def read_gates(path: Union[str, Path]) -> dict[str, float]:
    """All gates of a show from its ``.json`` or ``.toml`` file; those that it does not name are the default ones.

    In TOML they may stand in a table ``[gates]``, so that a show's file may hold other things too.

    Raises GatesError where the file is missing, cannot be read, or holds what is no gate.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")  # editors on Windows put a mark before the text
    except OSError as error:
        raise GatesError(f"Cannot read the gates {file}: {error.strerror or error}.") from error
    except UnicodeDecodeError:
        raise GatesError(f"The gates {file} are no text in UTF-8.") from None
    if file.suffix.lower() == ".toml":
        values = _toml(text, file)
    else:
        try:
            values = json.loads(text)
        except ValueError as error:
            raise GatesError(f"The gates {file} are not valid JSON: {error}.") from None
    if isinstance(values, dict) and isinstance(values.get("gates"), dict):
        values = values["gates"]
    if not isinstance(values, dict):
        raise GatesError(f'The gates {file} must be an object such as {{"overall": 0.9}}.')
    return checked_gates(values, f"The gates {file}")


def _toml(text: str, file: Path) -> Any:
    reader = _toml_reader()
    if reader is None:
        raise GatesError(f"The gates {file} are TOML, which Python reads from 3.11 on. Write them as JSON.")
    try:
        return reader.loads(text)
    except ValueError as error:
        raise GatesError(f"The gates {file} are not valid TOML: {error}.") from None


def _toml_reader() -> Optional[Any]:
    try:
        return importlib.import_module("tomllib")
    except ModuleNotFoundError:  # before Python 3.11
        return None
