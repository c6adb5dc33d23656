# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds and validates the extension with Blender's own tool: python -m tests.extension.build FOLDER."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "holirep_blender"


def blender_ext() -> Path:
    """The command ``extension`` as a program of its own, inside the module bpy."""
    import bpy

    return Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"


def run_tool(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs ``extension`` with these words."""
    line = [sys.executable, str(blender_ext()), *(str(word) for word in words)]
    return subprocess.run(line, capture_output=True, text=True)


def build(folder: Path) -> Path:
    """Builds the zip into a folder that exists and validates both. Raises RuntimeError with the tool's words."""
    for words in (("validate", SOURCE), ("build", "--source-dir", SOURCE, "--output-dir", folder)):
        done = run_tool(*words)
        if done.returncode != 0:
            raise RuntimeError(f"extension {words[0]}: {done.stdout}{done.stderr}")
    archive = max(folder.glob("holirep-*.zip"), key=lambda path: path.stat().st_mtime)
    done = run_tool("validate", archive)
    if done.returncode != 0:
        raise RuntimeError(f"extension validate {archive}: {done.stdout}{done.stderr}")
    return archive


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    print(build(Path(sys.argv[1])))
