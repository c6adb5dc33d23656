# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters and cameras by the names that the command line gives."""

from __future__ import annotations

import bpy

from .errors import CHARACTER, USAGE, CommandError


def named_object(name: str) -> bpy.types.Object:
    """The scene's object of a name. Raises CommandError, which names the armatures that are there."""
    found = bpy.context.scene.objects.get(name)
    if found is None:
        armatures = sorted(item.name for item in bpy.context.scene.objects if item.type == "ARMATURE")
        there = (
            f"its armatures are: {', '.join(armatures)}" if armatures else "it has no armature; open a file with --file"
        )
        raise CommandError(CHARACTER, f"the scene has no object named {name!r}; {there}")
    return found


def named_camera(name: str) -> bpy.types.Object:
    """The scene's camera of a name. Raises CommandError, which names the cameras that are there."""
    found = bpy.context.scene.objects.get(name)
    if found is None or found.type != "CAMERA":
        cameras = sorted(item.name for item in bpy.context.scene.objects if item.type == "CAMERA")
        there = f"its cameras are: {', '.join(cameras)}" if cameras else "it has no camera; open a file with --file"
        raise CommandError(USAGE, f"the scene has no camera named {name!r}; {there}")
    return found
