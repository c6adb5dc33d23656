# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality: scores against their gates, what pulls them down and what helps, and what is shown of it."""

from __future__ import annotations

import bpy

from ..operators.assess_quality import why_not
from ..operators.quality_remedy import EXCLUDABLE
from ..scene.confidence_properties import PART_NAMES
from ..scene.quality_properties import GATES, SHORT, gate_of
from ..scene.quality_state import is_stale
from . import quality_remedies
from .quality_faults import FAULTS
from .sidebar import SidebarPanel, wrapped

_WHOLE = {"body": "Body", "face": "Face"}
"""What a range is about that names no part; of other groups the words say it."""
_GROUPS = (("body", "Body"), ("face", "Face"), ("lighting", "Lighting"), ("integration", "Integration"))


class HOLIREP_UL_quality_causes(bpy.types.UIList):
    """Ranges that pull the chosen score down, the worst first."""

    bl_idname = "HOLIREP_UL_quality_causes"

    def draw_item(
        self, _context, layout, data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row: range and what is wrong; the whole sentence stands below the list."""
        split = layout.split(factor=0.27)
        split.label(text=_range(item))
        what = FAULTS.get(item.measure, item.name)
        measure = data.measures.get(item.measure)
        whole = _WHOLE.get(measure.group, "") if measure is not None else ""
        part = PART_NAMES.get(item.part, item.part) or whole
        split.label(text=f"{part} {what}" if part else f"{what[:1].upper()}{what[1:]}")

    def filter_items(self, _context, data, _property):
        """Only those of the score that is chosen above the list."""
        from ..scene.quality_rows import listed

        shown = set(listed(data))
        return [self.bitflag_filter_item if index in shown else 0 for index in range(len(data.causes))], []


class HOLIREP_PT_quality(SidebarPanel, bpy.types.Panel):
    """The button, scores with gates, the worst ranges, and what helps."""

    bl_idname = "HOLIREP_PT_quality"
    bl_label = "Quality"
    bl_order = 7
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Reads the scene's state and draws it."""
        layout = self.layout
        rows = context.scene.holirep.quality
        row = layout.row()
        row.scale_y = 1.4
        row.operator(
            "holirep.assess_quality", text="Assess Again" if rows.has_result else "Assess Quality", icon="VIEWZOOM"
        )
        reason = why_not(context)
        if reason:
            wrapped(layout, context, reason, "INFO")
        if not rows.has_result:
            return
        if is_stale(context.scene):
            wrapped(layout, context, "The shot changed since it was assessed: assess it again", "ERROR", alert=True)
        for line in rows.judged.splitlines()[:1]:
            wrapped(layout, context, line, "ARMATURE_DATA")
        _draw_scores(layout, rows)
        _draw_causes(layout, context, rows)
        _draw_standing(layout, context, rows)
        row = layout.row(align=True)
        row.operator("holirep.quality_report", text="Write Report", icon="FILE_TEXT")
        row.operator("holirep.load_quality_gates", text="Load Gates", icon="IMPORT")


class HOLIREP_PT_quality_picture(SidebarPanel, bpy.types.Panel):
    """Overlay and wipe in the camera's view."""

    bl_idname = "HOLIREP_PT_quality_picture"
    bl_label = "Over the Plate"
    bl_parent_id = "HOLIREP_PT_quality"
    bl_order = 0
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Toggles for each, the line, and the way into the camera's view."""
        layout = self.layout
        rows = context.scene.holirep.quality
        view = context.space_data.region_3d
        if (rows.show_overlay or rows.use_wipe) and (view is None or view.view_perspective != "CAMERA"):
            layout.operator("view3d.view_camera", text="Look Through Camera", icon="CAMERA_DATA")
        layout.prop(rows, "show_overlay", toggle=True, icon="OVERLAY")
        grid = layout.grid_flow(columns=2, even_columns=True, align=True)
        grid.active = rows.show_overlay
        for name in ("show_points", "show_take", "show_character", "show_contacts"):
            grid.prop(rows, name, toggle=True)
        layout.separator()
        layout.prop(rows, "use_wipe", toggle=True, icon="SPLIT_VERTICAL")
        column = layout.column(align=True)
        column.active = rows.use_wipe
        column.prop(rows, "wipe", slider=True)
        column.row(align=True).prop(rows, "wipe_side", expand=True)


class HOLIREP_PT_quality_figures(SidebarPanel, bpy.types.Panel):
    """The physical figures behind the scores."""

    bl_idname = "HOLIREP_PT_quality_figures"
    bl_label = "Figures"
    bl_parent_id = "HOLIREP_PT_quality"
    bl_order = 1
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where the shot was assessed."""
        return bool(context.scene.holirep.quality.has_result)

    def draw(self, context: bpy.types.Context) -> None:
        """By group: title, value with unit, score."""
        layout = self.layout
        measures = context.scene.holirep.quality.measures
        for group, title in _GROUPS:
            own = [row for row in measures if row.group == group]
            if not own:
                continue
            column = layout.column(align=True)
            column.label(text=title)
            for row in own:
                split = column.split(factor=0.58)
                split.active = row.measured
                split.label(text=row.title, icon="BLANK1")
                split = split.split(factor=0.66)
                split.label(text=_figure(row.value, row.unit) if row.measured else "–")
                split.label(text=f"{row.score:.2f}" if row.score >= 0.0 else "")


class HOLIREP_PT_quality_left_out(SidebarPanel, bpy.types.Panel):
    """Limbs that are not taken from the plate."""

    bl_idname = "HOLIREP_PT_quality_left_out"
    bl_label = "Excluded Limbs"
    bl_parent_id = "HOLIREP_PT_quality"
    bl_order = 2

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where something is left out."""
        return bool(context.scene.holirep.quality.exclusions)

    def draw(self, context: bpy.types.Context) -> None:
        """Part and range, and taking it in again."""
        from ..scene import refine_clock

        scene = context.scene
        column = self.layout.column(align=True)
        for index, each in enumerate(scene.holirep.quality.exclusions):
            first, last = (refine_clock.frame_of(scene, seconds) for seconds in (each.begin, each.end))
            row = column.row()
            row.label(text=f"{PART_NAMES.get(each.part, each.part)}, {first} – {last}")
            row.operator("holirep.include_limb", text="", icon="X", emboss=False).index = index


def _draw_scores(layout: bpy.types.UILayout, rows: bpy.types.PropertyGroup) -> None:
    """A row for each score: passed or not, title to choose it, value, gate."""
    column = layout.column(align=True)
    for score in rows.scores:
        row = column.row(align=True)
        split = row.split(factor=0.56, align=True)
        split.prop_enum(rows, "shown", score.name, text=SHORT.get(score.name, score.title), icon=_verdict(rows, score))
        split = split.split(factor=0.4, align=True)
        value = split.row(align=True)
        value.alignment = "CENTER"
        value.alert = _verdict(rows, score) == "CANCEL"
        value.label(text=f"{score.value:.2f}" if score.measured else "–")
        if score.name in GATES:
            split.prop(rows.gates, score.name, text="")
        else:
            split.label(text="")


def _verdict(rows: bpy.types.PropertyGroup, score: bpy.types.PropertyGroup) -> str:
    """The icon that says whether a score passes."""
    if not score.measured:
        return "QUESTION"
    if score.name not in GATES:
        return "DOT"
    return "CHECKMARK" if score.value >= gate_of(rows.gates, score.name) else "CANCEL"


def _draw_standing(layout: bpy.types.UILayout, context: bpy.types.Context, rows: bpy.types.PropertyGroup) -> None:
    """What the chosen score stands on, and why on nothing else."""
    score = rows.scores.get(rows.shown)
    notes = rows.judged.splitlines()[1:]
    if score is None or not score.stands_on or not (score.left_out or notes):
        return
    header, body = layout.panel("HOLIREP_quality_standing", default_closed=True)
    parts = score.stands_on.splitlines()
    whole = f"{len(parts) + score.parts_left_out} {'scores' if score.name == 'overall' else 'figures'}"
    header.label(text=f"Stands on {len(parts)} of {whole}")
    if body is not None:
        wrapped(body, context, f"Measured: {', '.join(parts)}", "CHECKMARK")
        for line in (*score.left_out.splitlines(), *notes):
            wrapped(body, context, line, "DOT")


def _draw_causes(layout: bpy.types.UILayout, context: bpy.types.Context, rows: bpy.types.PropertyGroup) -> None:
    row = layout.row(align=True)
    row.prop(rows, "show_ranges", toggle=True, icon="TIME")
    to = row.row(align=True)
    to.operator("holirep.jump_to_quality", text="", icon="TRIA_LEFT").to = "PREVIOUS"
    to.operator("holirep.jump_to_quality", text="", icon="TRIA_RIGHT").to = "NEXT"
    score = rows.scores.get(rows.shown)
    if score is None or not score.measured:
        wrapped(layout, context, score.missing if score is not None else "Not measured", "QUESTION")
        return
    if not any(rows.shown in cause.scores.split() for cause in rows.causes):
        wrapped(layout, context, "Nothing pulls this score down", "CHECKMARK")
        return
    layout.template_list("HOLIREP_UL_quality_causes", "", rows, "causes", rows, "cause_index", rows=5, maxrows=10)
    if not 0 <= rows.cause_index < len(rows.causes):
        return
    cause = rows.causes[rows.cause_index]
    measure = rows.measures.get(cause.measure)
    figure = _figure(cause.value, measure.unit) if measure is not None else f"{cause.value:.3g}"
    title = measure.title if measure is not None else ""
    box = layout.box().column()
    wrapped(box, context, f"{cause.name} {title} {figure} at worst, frame {cause.frame:.0f}", "INFO")
    quality_remedies.draw(box, context, rows, cause, EXCLUDABLE)


def _figure(value: float, unit: str) -> str:
    """A value of three digits with its unit; what nobody could measure is 0."""
    return f"{value if abs(value) >= 5e-4 else 0.0:.3g} {unit}".strip()


def _range(cause: bpy.types.PropertyGroup) -> str:
    first, last = round(cause.first), round(cause.last)
    return f"{first}" if first == last else f"{first} – {last}"


CLASSES = (
    HOLIREP_UL_quality_causes,
    HOLIREP_PT_quality,
    HOLIREP_PT_quality_picture,
    HOLIREP_PT_quality_figures,
    HOLIREP_PT_quality_left_out,
)
