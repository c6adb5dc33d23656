# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters by the names that the command line gives."""

from __future__ import annotations

import bpy

from .errors import CHARACTER, CommandError


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
