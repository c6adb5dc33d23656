# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend file with the demo character in a collection of its own, for shots to bring in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CHARACTER = "HoliRep Performer"
_SCRIPT = """
import sys
import bpy
import holirep_blender
holirep_blender.register()
from holirep_blender.scene.demo_character import build_demo_character
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
build_demo_character(bpy.context)
group = bpy.data.collections.new("Character")
bpy.context.scene.collection.children.link(group)
for one in list(bpy.context.scene.objects):
    for old in one.users_collection:
        old.objects.unlink(one)
    group.objects.link(one)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
"""


def write_character(path: Path, python: str = sys.executable, package: Path = REPOSITORY) -> None:
    """Writes it, in a process of its own that has the module bpy and finds the package in the folder ``package``."""
    subprocess.run([python, "-c", _SCRIPT, str(path)], cwd=package, check=True, capture_output=True)
