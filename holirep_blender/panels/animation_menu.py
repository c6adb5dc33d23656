# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs for any animation in Blender's own menus, where F3 finds them too: Pose, and Object > Animation."""

from __future__ import annotations

import bpy


class HOLIREP_MT_animation(bpy.types.Menu):
    """Clamp, plant, check."""

    bl_idname = "HOLIREP_MT_animation"
    bl_label = "HoliRep"

    def draw(self, _context: bpy.types.Context) -> None:
        """The three verbs."""
        layout = self.layout
        layout.operator("holirep.clamp_to_human_limits", icon="CON_ROTLIMIT")
        layout.operator("holirep.plant_feet", icon="CON_FLOOR")
        layout.operator("holirep.check_motion", icon="VIEWZOOM")


def draw(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    """The entry in Blender's menus."""
    self.layout.separator()
    self.layout.menu("HOLIREP_MT_animation")


def menus() -> tuple[type, ...]:
    """Blender's menus that get the entry."""
    return bpy.types.VIEW3D_MT_pose, bpy.types.VIEW3D_MT_object_animation


CLASSES = (HOLIREP_MT_animation,)
