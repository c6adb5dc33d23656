# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend file with the demo character, or another made of it, in a collection of its own, for shots to bring in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Optional

REPOSITORY = Path(__file__).resolve().parents[2]
CHARACTER = "HoliRep Performer"
_SCRIPT = """
import json
import sys
import bpy
import holirep_blender
holirep_blender.register()
from holirep_blender.scene.demo_character import build_demo_character
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
from holirep_blender.motion.rigs.find import find_rig_map
from holirep_blender.scene.characters import read_rig
armature = build_demo_character(bpy.context)
path, name, scale, bones = sys.argv[1], sys.argv[2], float(sys.argv[3]), json.loads(sys.argv[4])
for joint, bone in find_rig_map(read_rig(armature)).bones.items():
    armature.data.bones[bone].name = bones.get(joint, bone)
armature.name, armature.scale = name, (scale, scale, scale)
group = bpy.data.collections.new("Character")
bpy.context.scene.collection.children.link(group)
for one in list(bpy.context.scene.objects):
    for old in one.users_collection:
        old.objects.unlink(one)
    group.objects.link(one)
bpy.ops.wm.save_as_mainfile(filepath=path)
"""


def write_character(
    path: Path,
    python: str = sys.executable,
    package: Path = REPOSITORY,
    *,
    name: str = CHARACTER,
    scale: float = 1.0,
    bones: Optional[Mapping[str, str]] = None,
) -> None:
    """Writes it, in a process of its own that has the module bpy and finds the package in the folder ``package``.

    ``bones`` are other names for the bones of some joints, ``scale`` the object's.
    """
    given = [str(path), name, str(scale), json.dumps(dict(bones or {}))]
    subprocess.run([python, "-c", _SCRIPT, *given], cwd=package, check=True, capture_output=True)
