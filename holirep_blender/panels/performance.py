# SPDX-License-Identifier: GPL-3.0-or-later
"""Plate, performer, the button, its progress and what came of it."""

from __future__ import annotations

import bpy

from .. import preferences
from ..operators import session
from ..operators.performance import why_not
from ..scene.shot import is_sequence, sequence_fps
from .progress import draw_job
from .runtime import draw_install
from .sidebar import LEVEL_ICONS, SidebarPanel, wrapped

_PIXELS = {"person_point": ("X", "Y"), "person_box": ("Left", "Top", "Right", "Bottom")}
"""What the numbers of a point and a box are called."""


class HOLIREP_PT_performance(SidebarPanel, bpy.types.Panel):
    """The main job."""

    bl_idname = "HOLIREP_PT_performance"
    bl_label = "Performance"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Plate and range, performer, button or progress, last result."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shot = context.scene.holirep

        layout.prop(shot, "plate")
        if is_sequence(shot):
            layout.prop(shot, "sequence_fps", text="Frame Rate")
            if not shot.sequence_fps:
                wrapped(layout, context, f"0: the scene's rate, {sequence_fps(shot):.5g} fps", "INFO")
        column = layout.column(align=True)
        column.prop(shot, "use_range")
        if shot.use_range:
            column.prop(shot, "frame_first")
            column.prop(shot, "frame_last", text="Last")
        column = layout.column(align=True)
        row = column.row(align=True)
        row.prop(shot, "person_kind", text="Performer")
        row.operator("holirep.pick_performer", text="", icon="EYEDROPPER")
        if shot.person_kind != "LARGEST":
            column.prop(shot, "person_frame")
            name = "person_point" if shot.person_kind == "POINT" else "person_box"
            for index, label in enumerate(_PIXELS[name]):
                column.prop(shot, name, index=index, text=label)

        job = session.active_job()
        if job is None:
            row = layout.row()
            row.scale_y = 1.8
            row.operator("holirep.replicate_performance", icon="ARMATURE_DATA")
            reason = why_not(context.scene)
            if reason:
                wrapped(layout, context, reason, "INFO")
            if reason and reason == preferences.runtime_problem():
                draw_install(layout, context)
        else:
            draw_job(layout, job)
        _draw_outcome(layout, context)


class HOLIREP_PT_solve_options(SidebarPanel, bpy.types.Panel):
    """How the motion is solved."""

    bl_idname = "HOLIREP_PT_solve_options"
    bl_label = "Solve"
    bl_parent_id = "HOLIREP_PT_performance"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Method, neutral face, smoothing, lens, height."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shot = context.scene.holirep
        layout.prop(shot, "method")
        if shot.method == "FUSION":
            row = layout.row(align=True, heading="Neutral Face")
            row.prop(shot, "use_neutral_frame", text="")
            frame = row.row(align=True)
            frame.active = shot.use_neutral_frame
            frame.prop(shot, "neutral_frame", text="Frame" if shot.use_neutral_frame else "Found by Itself")
            row.operator("holirep.set_neutral_frame", text="", icon="TIME")
        column = layout.column(align=True)
        column.prop(shot, "smoothing")
        if shot.smoothing != "NONE":
            column.prop(shot, "smoothing_strength")
        column = layout.column(align=True)
        column.prop(shot, "camera_kind")
        if shot.camera_kind == "OBJECT":
            column.prop(shot, "track_camera", text="Object")
        elif shot.camera_kind == "FILE":
            column.prop(shot, "camera_track_file", text="File")
        column = layout.column(align=True)
        column.enabled = shot.camera_kind != "OBJECT"  # that camera has the lens
        column.prop(shot, "focal_kind")
        if shot.focal_kind == "MILLIMETRES":
            column.prop(shot, "focal_length_mm", text="Focal Length")
            column.prop(shot, "sensor_width_mm")
        elif shot.focal_kind == "PIXELS":
            column.prop(shot, "focal_length_px", text="Pixels")
        column = layout.column(align=True)
        column.prop(shot, "use_performer_height")
        if shot.use_performer_height:
            column.prop(shot, "performer_height")


def _draw_outcome(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = session.current()
    if state.waiting_for:
        wrapped(layout, context, state.waiting_for, "PAUSE")
    outcome = state.outcome
    if outcome is None or session.active_job() is not None:
        return
    box = layout.box().column()
    row = box.row()
    wrapped(
        row.column(), context, outcome.message, LEVEL_ICONS[outcome.level], alert=outcome.level == "ERROR", margin=4
    )
    row.operator("holirep.dismiss_outcome", text="", icon="X", emboss=False)
    for line in outcome.details:
        wrapped(box, context, line, "DOT")


CLASSES = (HOLIREP_PT_performance, HOLIREP_PT_solve_options)
