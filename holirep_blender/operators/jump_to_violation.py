# SPDX-License-Identifier: GPL-3.0-or-later
"""Jump to Violation: its frame, and its bone selected in Pose Mode."""

from __future__ import annotations

from typing import Any

import bpy

from .row_jumping import RowJumping


class HOLIREP_OT_jump_to_violation(RowJumping, bpy.types.Operator):
    """Go to the frame of a violation and select its bone in Pose Mode"""

    bl_idname = "holirep.jump_to_violation"
    bl_label = "Jump to Violation"
    bl_options = {"REGISTER", "UNDO"}

    NOUN = "violation"
    EMPTY = "No violations are listed"

    @classmethod
    def _data(cls, scene: bpy.types.Scene) -> tuple[Any, str, str]:
        return scene.holirep.refine, "violations", "violation_index"

    @classmethod
    def _listed(cls, data: Any) -> list[int]:
        from ..scene.violation_rows import listed

        return list(listed(data))


CLASSES = (HOLIREP_OT_jump_to_violation,)
