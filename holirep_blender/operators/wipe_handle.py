# SPDX-License-Identifier: GPL-3.0-or-later
"""The handle of the wipe between plate and render, to be dragged in the camera's view."""

from __future__ import annotations

from typing import Any

import bpy

_REACH = 14.0
"""Pixels from the line within which it is grabbed, at a scale of the interface of 1."""


class HOLIREP_GT_wipe(bpy.types.Gizmo):
    """The line between plate and render."""

    bl_idname = "HOLIREP_GT_wipe"

    # Blender evaluates the annotations of its classes, so the types of these are not written here.
    _before = 0.5

    def setup(self) -> None:
        """Nothing is kept."""

    def draw(self, _context: bpy.types.Context) -> None:
        """The knob is drawn with the line, because the plate is drawn over what a gizmo draws."""
        from ..scene.quality_drawing import point_at_knob

        point_at_knob(bool(self.is_highlight or self.is_modal))

    def test_select(self, context: bpy.types.Context, location: Any) -> int:
        """The line is grabbed anywhere along its length."""
        line = _line(context)
        if line is None:
            return -1
        reach = _REACH * context.preferences.system.ui_scale
        low, high = line.min(axis=0) - reach, line.max(axis=0) + reach
        return 0 if low[0] <= location[0] <= high[0] and low[1] <= location[1] <= high[1] else -1

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begins to drag."""
        self._before = context.scene.holirep.quality.wipe
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event, _tweak: set[str]) -> set[str]:
        """The line follows the pointer."""
        from ..scene.quality_view import camera_view, share_at

        shown = camera_view(context)
        if shown is not None and shown.corners is not None:
            rows = context.scene.holirep.quality
            rows.wipe = share_at(shown.corners, rows.wipe_side, (event.mouse_region_x, event.mouse_region_y))
        return {"RUNNING_MODAL"}

    def exit(self, context: bpy.types.Context, cancel: bool) -> None:
        """Esc and the right button put the line back."""
        if cancel:
            context.scene.holirep.quality.wipe = self._before


class HOLIREP_GGT_wipe(bpy.types.GizmoGroup):
    """There while the wipe is on and a view looks through a camera."""

    bl_idname = "HOLIREP_GGT_wipe"
    bl_label = "Wipe"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"PERSISTENT", "SHOW_MODAL_ALL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs the wipe and a camera's view."""
        view = context.region_data
        return context.scene.holirep.quality.use_wipe and view is not None and view.view_perspective == "CAMERA"

    def setup(self, _context: bpy.types.Context) -> None:
        """One handle."""
        handle = self.gizmos.new(HOLIREP_GT_wipe.bl_idname)
        handle.use_draw_modal = True


def _line(context: bpy.types.Context) -> Any:
    """Ends ``(2, 2)`` of the line in the region; None where there is no plate to be wiped."""
    from ..scene.quality_view import camera_view, wiped

    shown = camera_view(context)
    if shown is None or shown.corners is None:
        return None
    rows = context.scene.holirep.quality
    return wiped(shown.corners, rows.wipe, rows.wipe_side)[2]


CLASSES = (HOLIREP_GT_wipe, HOLIREP_GGT_wipe)
