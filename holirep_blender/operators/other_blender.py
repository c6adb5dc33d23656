# SPDX-License-Identifier: GPL-3.0-or-later
"""Another Blender that does the work on a copy of the file, so that the artist goes on in this one."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

from ..batch.launching import ENTRY


def command_line(words: list[str]) -> list[str]:
    """The whole line that runs a verb of the command line in a Blender without a window."""
    blender = bpy.app.binary_path
    start = [blender, "--background", "--python", str(ENTRY), "--"] if blender else [sys.executable, str(ENTRY)]
    return [*start, *words]


def save_copy(path: Path) -> None:
    """Saves what is open, changed or not, as a copy. Raises ValueError, in the user's words, where that fails."""
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, check_existing=False)
    except RuntimeError as error:
        raise ValueError(f"No copy of the file could be saved to work on: {error}") from error
