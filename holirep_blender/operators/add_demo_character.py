# SPDX-License-Identifier: GPL-3.0-or-later
"""Add Demo Character: a character to try a performance on."""

from __future__ import annotations

import bpy


class HOLIREP_OT_add_demo_character(bpy.types.Operator):
    """Add a human character with hands and the 52 ARKit shape keys, made by HoliRep itself, and use it in this shot"""

    bl_idname = "holirep.add_demo_character"
    bl_label = "Add Demo Character"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only in Object Mode."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Go to Object Mode first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Builds it at the world's origin and chooses it as the shot's character."""
        from ..scene.demo_character import build_demo_character

        if context.window is not None:  # it takes some seconds
            context.window.cursor_set("WAIT")
        try:
            context.scene.holirep.character = build_demo_character(context)
        finally:
            if context.window is not None:
                context.window.cursor_set("DEFAULT")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_add_demo_character,)
