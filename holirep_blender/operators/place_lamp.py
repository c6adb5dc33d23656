# SPDX-License-Identifier: GPL-3.0-or-later
"""Place Lamp at Window: click the window in the set that a lamp of the rig stands for."""

from __future__ import annotations

import bpy

from .edit_lamps import LampVerb


class HOLIREP_OT_place_lamp(LampVerb, bpy.types.Operator):
    """Make the chosen lamp an area lamp at a window of the set, of its size: click the window's face"""

    bl_idname = "holirep.place_lamp"
    bl_label = "Place Lamp at Window"
    bl_options = {"REGISTER", "UNDO"}

    window: bpy.props.StringProperty(name="Window", description="Object with the face", options={"SKIP_SAVE"})
    face: bpy.props.IntProperty(name="Face", description="Number of the face", min=0, options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Waits for a click."""
        if context.area is None or context.area.type != "VIEW_3D":
            self.report({"ERROR"}, "Use it in the sidebar of a 3D view")
            return {"CANCELLED"}
        context.window.cursor_modal_set("EYEDROPPER")
        context.workspace.status_text_set("Click the window's face. Esc or right click: give up")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """The first click on a face."""
        if event.type in {"ESC", "RIGHTMOUSE"} or context.area is None:
            self.cancel(context)
            return {"CANCELLED"}
        if event.type in {"MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE"}:
            return {"PASS_THROUGH"}
        if event.type != "LEFTMOUSE" or event.value != "PRESS":
            return {"RUNNING_MODAL"}
        hit = self._hit(context, event)
        if hit is None:
            self.report({"WARNING"}, "There is nothing under the pointer: click a face of the set")
            return {"RUNNING_MODAL"}
        self.window, self.face = hit
        self.cancel(context)
        return self.execute(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Pointer and status bar as they were."""
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Places the lamp of the active row."""
        from ..scene.window_lamps import place_at_face

        try:
            name = place_at_face(context.scene, context.scene.holirep.light.lamp_index, self.window, self.face)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{name} stands at {self.window} and is locked")
        return {"FINISHED"}

    def _hit(self, context: bpy.types.Context, event: bpy.types.Event) -> tuple[str, int] | None:
        from bpy_extras import view3d_utils

        region = next(region for region in context.area.regions if region.type == "WINDOW")
        view = context.area.spaces.active.region_3d
        place = event.mouse_x - region.x, event.mouse_y - region.y
        origin = view3d_utils.region_2d_to_origin_3d(region, view, place)
        way = view3d_utils.region_2d_to_vector_3d(region, view, place)
        found, _location, _normal, face, window, _matrix = context.scene.ray_cast(
            context.evaluated_depsgraph_get(), origin, way
        )
        return (window.name, face) if found else None


CLASSES = (HOLIREP_OT_place_lamp,)
