# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening and saving .blend files, and looking at paths before time is spent."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from .errors import DISK, USAGE, CommandError


def existing(path: Path, what: str) -> Path:
    """The absolute path of a file that is there."""
    if not path.is_file():
        raise CommandError(DISK, f"there is no {what} at {path}")
    return path.absolute()


def check_folder_of(path: Path) -> Path:
    """The absolute path of a file that can be written, because its folder is there and may be written to."""
    path = path.absolute()
    if path.is_dir():
        raise CommandError(DISK, f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise CommandError(DISK, f"the folder {path.parent} does not exist; create it, or choose another")
    if not os.access(path.parent, os.W_OK):
        raise CommandError(DISK, f"no permission to write into {path.parent}; choose another folder")
    return path


def open_blend(path: Path | None) -> None:
    """Opens a file, if one is named; otherwise the one that Blender was started with stays."""
    if path is None:
        return
    try:
        bpy.ops.wm.open_mainfile(filepath=str(existing(path, "file")), load_ui=False)
    except RuntimeError as error:
        raise CommandError(DISK, f"{path} cannot be opened: {error}") from error


def choose_scene(name: str) -> None:
    """Makes a scene of the file the one that is shown."""
    scene = bpy.data.scenes.get(name)
    if scene is None:
        there = ", ".join(each.name for each in bpy.data.scenes)
        raise CommandError(USAGE, f"the file has no scene named {name!r}; its scenes are: {there}")
    bpy.context.window_manager.windows[0].scene = scene


def save_blend(path: Path) -> None:
    """Saves a complete file or none: Blender writes beside the name and then renames."""
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(check_folder_of(path)), check_existing=False)
    except RuntimeError as error:
        raise CommandError(DISK, f"{path} cannot be saved: {error}") from error
