# SPDX-License-Identifier: GPL-3.0-or-later
"""Jump to Weak Range: the next, the previous or a given range that pulls the chosen score down."""

from __future__ import annotations

from typing import Any

import bpy

from .row_jumping import RowJumping


class HOLIREP_OT_jump_to_quality(RowJumping, bpy.types.Operator):
    """Go to the worst frame of a range that pulls the score down, and select its bones"""

    bl_idname = "holirep.jump_to_quality"
    bl_label = "Jump to Weak Range"
    bl_options = {"REGISTER", "UNDO"}

    NOUN = "weak range"
    EMPTY = "No ranges are listed: use Assess Quality"

    @classmethod
    def _data(cls, scene: bpy.types.Scene) -> tuple[Any, str, str]:
        return scene.holirep.quality, "causes", "cause_index"

    @classmethod
    def _listed(cls, data: Any) -> list[int]:
        from ..scene.quality_rows import listed

        return list(listed(data))


CLASSES = (HOLIREP_OT_jump_to_quality,)
