# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons that help against what pulls a score down: one click each, most of them verbs of other panels."""

from __future__ import annotations

import bpy

from .sidebar import wrapped

_FEET = {
    "left": {"leftHeel", "leftToes"},
    "right": {"rightHeel", "rightToes"},
    "leftArm": {"leftHand"},
    "rightArm": {"rightHand"},
}
_OWN = {
    "smoothing": ("Raise Smoothing", "MOD_SMOOTH"),
    "less_smoothing": ("Lower Smoothing", "MOD_NOISE"),
    "clamp": ("Clamp to Human Limits", "CON_ROTLIMIT"),
    "neutral_face": ("Mark Neutral Face and Solve", "USER"),
    "exclude_limb": ("Exclude Limb in Range", "HIDE_ON"),
}
_OTHERS = {
    "solve_again": ("holirep.solve_again", "FILE_REFRESH", {}),
    "apply_face": ("holirep.apply_take", "FILE_TICK", {}),
    "floor": ("holirep.pick_floor", "EYEDROPPER", {}),
    "match_lighting": ("holirep.match_lighting", "LIGHT_SUN", {}),
    "match_plate": ("holirep.match_plate", "SELECT_SET", {"kind": "REGION"}),
    "bake_shadows": ("holirep.bake_shadows", "SHADING_RENDERED", {}),
}


def draw(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    rows: bpy.types.PropertyGroup,
    cause: bpy.types.PropertyGroup,
    excludable: tuple[str, ...],
) -> None:
    """What helps against a cause; for what only the artist can say, where it is said."""
    remedy = cause.remedy
    left_out = _left_out(context, rows, cause)
    if left_out:
        wrapped(
            layout, context, "This limb is left out here already; what the plate does not show is not judged better"
        )
    if remedy == "exclude_limb" and left_out:
        return
    if remedy in _OWN:
        text, icon = _OWN[remedy]
        button = layout.operator("holirep.quality_remedy", text=text, icon=icon)
        button.remedy, button.row = remedy, rows.cause_index
    elif remedy in _OTHERS:
        name, icon, settings = _OTHERS[remedy]
        button = layout.operator(name, icon=icon)
        for key, value in settings.items():
            setattr(button, key, value)
    elif remedy == "retrack":
        layout.operator("holirep.retrack_range", icon="EYEDROPPER").row = rows.cause_index
    elif remedy == "edit_contacts":
        _draw_contacts(layout, cause)
    elif remedy == "camera":
        wrapped(layout, context, "Give the lens or a tracked camera under Performance, Solve, then solve again")
        layout.operator("holirep.solve_again", icon="FILE_REFRESH")
    if remedy in ("retrack", "smoothing") and cause.part in excludable and not left_out:
        button = layout.operator("holirep.quality_remedy", text=_OWN["exclude_limb"][0], icon=_OWN["exclude_limb"][1])
        button.remedy, button.row = "exclude_limb", rows.cause_index


def _left_out(context: bpy.types.Context, rows: bpy.types.PropertyGroup, cause: bpy.types.PropertyGroup) -> bool:
    """Whether the cause's part is left out of all of its range."""
    from ..scene import refine_clock

    first, last = (refine_clock.seconds_of(context.scene, frame) for frame in (cause.first + 0.5, cause.last - 0.5))
    return any(each.part == cause.part and each.begin <= first and last <= each.end for each in rows.exclusions)


def _draw_contacts(layout: bpy.types.UILayout, cause: bpy.types.PropertyGroup) -> None:
    """The point touches in the range, or is free; both are edits that Refine's Contacts lists."""
    side = "left" if cause.part.startswith("left") else "right"
    points = _FEET.get(cause.part, _FEET[side])
    row = layout.row(align=True)
    for text, icon, touching in (("Touching in Range", "PINNED", True), ("Free in Range", "UNPINNED", False)):
        button = row.operator("holirep.add_contact_edit", text=text, icon=icon)
        button.touching, button.points = touching, points
        button.first, button.last = round(cause.first), round(cause.last)
