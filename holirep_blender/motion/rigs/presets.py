# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's own rig maps, kept as JSON files in a folder that the caller chooses."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace
from pathlib import Path

from .errors import PresetError, RigError
from .rig_map import RigMap

SUFFIX = ".json"
LONGEST_NAME = 120


def list_presets(folder: Path) -> list[str]:
    """Names of the presets in a folder, sorted; empty where the folder does not exist."""
    if not folder.is_dir():
        return []
    return sorted((path.stem for path in folder.glob(f"*{SUFFIX}") if path.is_file()), key=str.casefold)


def save_preset(folder: Path, name: str, rig_map: RigMap) -> Path:
    """Write a rig map as the preset `name`, over an older one of that name; returns the file.

    The file is written beside its place and then moved, so that a full disk leaves the older preset whole.

    Raises
    ------
    PresetError
        Where the name cannot be a file's name or the folder cannot be written to.
    """
    path = preset_path(folder, name)
    text = replace(rig_map, family=name.strip(), score=1.0).to_json()
    draft = path.with_name(f"{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(text + "\n", encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise PresetError(f"The preset {path} could not be written: {error.strerror or error}.") from error
    return path


def load_preset(folder: Path, name: str) -> RigMap:
    """The rig map of a preset, whole: bones that a rig lacks are shown by `RigMap.conflicts`, never mapped elsewhere.

    Raises
    ------
    PresetError
        Where there is no such preset or it is not a rig map.
    """
    return read_preset(preset_path(folder, name))


def read_preset(path: Path) -> RigMap:
    """The rig map in a preset file anywhere; raises `PresetError` naming the file."""
    try:
        return RigMap.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PresetError(f"There is no preset {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PresetError(f"The preset {path} could not be read: {error}.") from error
    except RigError as error:
        raise PresetError(f"{path}: {error}") from error


def delete_preset(folder: Path, name: str) -> None:
    """Remove a preset; raises `PresetError` where there is none."""
    path = preset_path(folder, name)
    try:
        path.unlink()
    except FileNotFoundError as error:
        raise PresetError(f"There is no preset {path}.") from error
    except OSError as error:
        raise PresetError(f"The preset {path} could not be removed: {error.strerror or error}.") from error


def preset_path(folder: Path, name: str) -> Path:
    """The file of a preset; raises `PresetError` for names that are no file names on every system."""
    bare = name.strip()
    if not bare or bare.startswith(".") or bare.endswith(".") or len(bare) > LONGEST_NAME:
        raise PresetError(f"“{name}” cannot be the name of a preset; give it a short name without dots at its ends.")
    if re.search(r'[\x00-\x1f<>:"/\\|?*]', bare):
        raise PresetError(f'“{name}” cannot be the name of a preset: leave out < > : " / \\ | ? *')
    return folder / f"{bare}{SUFFIX}"
