# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Blender is started for one command: with factory settings, so that no add-on can disturb, and with ours."""

from __future__ import annotations

from pathlib import Path

ENTRY = Path(__file__).resolve().parents[1] / "cli" / "entry.py"
"""Runs a command with the package from its own folder, wherever that is."""
FACTORY_REPOSITORIES = ("user_default", "system", "blender_org")
"""Extension repositories that Blender knows with factory settings too."""
NODE_PACKAGE = ".".join(("bl_ext", FACTORY_REPOSITORIES[0], "holirep"))
NODE_WORDS = ("--background", "--factory-startup", "--addons", NODE_PACKAGE, "-c", "holirep")
"""What follows Blender's name on a machine on which the extension was installed as usual."""


def blender_words(executable: str, package: str) -> tuple[str, ...]:
    """The words before a command's own.

    ``executable`` is Blender, or a Python with the module bpy. ``package`` is how Blender calls the extension
    (``bl_ext.user_default.holirep``); empty for that Python.
    """
    if not package:
        return (executable, str(ENTRY))
    parts = package.split(".")
    if len(parts) == 3 and parts[0] == "bl_ext" and parts[1] in FACTORY_REPOSITORIES:
        return (executable, *NODE_WORDS[:3], package, *NODE_WORDS[4:])
    return (executable, "--background", "--factory-startup", "--python", str(ENTRY), "--")
