# SPDX-License-Identifier: GPL-3.0-or-later
"""The character and its rig map."""

from __future__ import annotations

import bpy

from ..scene.rig_map_rows import has_rig_map
from .sidebar import SidebarPanel, wrapped


class HOLIREP_UL_rig_map(bpy.types.UIList):
    """Joint, bone and whether the pair is in conflict."""

    bl_idname = "HOLIREP_UL_rig_map"

    def draw_item(
        self, _context, layout, data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row: the joint's name and a field that offers the character's bones."""
        row = layout.split(factor=0.42)
        row.label(text=item.name, icon="ERROR" if item.conflict else "NONE")
        bone = row.row()
        bone.alert = bool(item.conflict)
        if data.character is not None:
            bone.prop_search(item, "bone", data.character.data, "bones", text="", icon="BONE_DATA")
        else:
            bone.prop(item, "bone", text="")


class HOLIREP_UL_shape_keys(bpy.types.UIList):
    """For each mesh its name, then each ARKit shape and the shape keys that it drives."""

    bl_idname = "HOLIREP_UL_shape_keys"

    def draw_item(
        self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row, to be read only."""
        if not item.keys:
            layout.label(text=item.name, icon="MESH_DATA")
            return
        row = layout.split(factor=0.5)
        row.label(text=item.name)
        row.label(text=item.keys)


class HOLIREP_PT_character(SidebarPanel, bpy.types.Panel):
    """Which armature, and how it is driven."""

    bl_idname = "HOLIREP_PT_character"
    bl_label = "Character"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """The armature, the demo character, and what is known of the rig."""
        layout = self.layout
        shot = context.scene.holirep
        layout.prop(shot, "character", text="")
        if shot.character is None:
            text = "Choose the armature of your character, or try it with a demo character"
            wrapped(layout, context, text, "INFO")
            layout.operator("holirep.add_demo_character", icon="OUTLINER_OB_ARMATURE")
            return
        row = layout.row(align=True)
        row.operator("holirep.find_rig_map", icon="VIEWZOOM")
        if has_rig_map(shot):
            used = sum(1 for item in shot.rig_map if item.bone)
            layout.label(text=f"{shot.rig_family}: {used} of {len(shot.rig_map)} joints")
        if shot.shape_keys:
            layout.label(text=shot.shape_keys, icon="SHAPEKEY_DATA")


class HOLIREP_PT_rig_map(SidebarPanel, bpy.types.Panel):
    """The rig map's rows."""

    bl_idname = "HOLIREP_PT_rig_map"
    bl_label = "Rig Map"
    bl_parent_id = "HOLIREP_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character."""
        return context.scene.holirep.character is not None

    def draw(self, context: bpy.types.Context) -> None:
        """List, presets, conflicts."""
        layout = self.layout
        shot = context.scene.holirep
        row = layout.row(align=True)
        row.menu("HOLIREP_MT_rig_map_presets", icon="PRESET")
        row.operator("holirep.save_rig_map", text="", icon="FILE_TICK")
        row.operator("holirep.clear_rig_map", text="", icon="TRASH")
        if not has_rig_map(shot):
            wrapped(layout, context, "The rig map is found when the take is applied, or with Find Rig Map", "INFO")
            return
        layout.template_list("HOLIREP_UL_rig_map", "", shot, "rig_map", shot, "rig_map_index", rows=8)
        for conflict in shot.rig_map_conflicts.splitlines():
            wrapped(layout, context, conflict, "ERROR")


class HOLIREP_PT_shape_keys(SidebarPanel, bpy.types.Panel):
    """Which shape keys the face drives."""

    bl_idname = "HOLIREP_PT_shape_keys"
    bl_label = "Shape Keys"
    bl_parent_id = "HOLIREP_PT_character"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character whose rig map is known."""
        return has_rig_map(context.scene.holirep)

    def draw(self, context: bpy.types.Context) -> None:
        """The list, or what is missing."""
        shot = context.scene.holirep
        if not shot.shape_key_rows:
            text = "No mesh of the character has shape keys with ARKit names or a dialect of them"
            wrapped(self.layout, context, text, "INFO")
            return
        self.layout.template_list("HOLIREP_UL_shape_keys", "", shot, "shape_key_rows", shot, "shape_key_index", rows=8)


CLASSES = (
    HOLIREP_UL_rig_map,
    HOLIREP_UL_shape_keys,
    HOLIREP_PT_character,
    HOLIREP_PT_rig_map,
    HOLIREP_PT_shape_keys,
)
