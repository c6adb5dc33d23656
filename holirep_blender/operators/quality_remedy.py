# SPDX-License-Identifier: GPL-3.0-or-later
"""Remedies of one click for a range that pulls a score down, and taking a left-out limb in again."""

from __future__ import annotations

from typing import Callable

import bpy

from . import refining
from .apply_take import apply_and_report

_STEP = 0.25
"""By how much smoothing changes with a click."""
_ITEMS = [
    ("smoothing", "Raise Smoothing", "Smooth the whole motion more, and key it again"),
    ("less_smoothing", "Lower Smoothing", "Smooth the whole motion less, and key it again"),
    ("clamp", "Clamp to Human Limits", "Keep all joints within human limits, and key the motion again"),
    (
        "exclude_limb",
        "Exclude Limb",
        "Leave this part of the body out of the range: it goes over from the frame before to the frame after. The keys "
        "are made again; take it in again below",
    ),
    (
        "neutral_face",
        "Mark Neutral Face",
        "Take the frame that is shown now for the performer's face at rest and solve again: go to a calm frame first",
    ),
]
EXCLUDABLE = ("leftArm", "rightArm", "leftHand", "rightHand", "leftLeg", "rightLeg", "face")


class HOLIREP_OT_quality_remedy(bpy.types.Operator):
    """Do what would help against what pulls the score down"""

    bl_idname = "holirep.quality_remedy"
    bl_label = "Remedy"
    bl_options = {"REGISTER", "UNDO"}

    remedy: bpy.props.EnumProperty(name="Remedy", description="What is done", items=_ITEMS)
    row: bpy.props.IntProperty(
        name="Row", description="Row of the list of ranges, from 0; the chosen one where it is not given", min=0,
        options={"SKIP_SAVE"},
    )  # fmt: skip

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """What the button does, with its numbers."""
        text = next(item[2] for item in _ITEMS if item[0] == properties.remedy)
        refine = context.scene.holirep.refine
        if properties.remedy == "smoothing":
            return f"{text}: Refine's Smoothing goes from {refine.smoothing:.2f} to {_raised(refine):.2f}"
        if properties.remedy == "less_smoothing":
            return f"{text}: Refine's Smoothing goes from {refine.smoothing:.2f} to {_lowered(refine):.2f}"
        return text

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take on a character."""
        reason = refining.why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """One undo step: the setting and the keys made again."""
        done: Callable[[bpy.types.Context], set[str]] = getattr(self, f"_{self.remedy}")
        return done(context)

    def _smoothing(self, context: bpy.types.Context) -> set[str]:
        refine = context.scene.holirep.refine
        if refine.use_refine and refine.smoothing >= 1.0:
            return self._refuse("Smoothing is at its most already: look at what trembles, or re-track the range")
        refine.use_refine, refine.smoothing = True, _raised(refine)
        return self._solve(context, f"Smoothing is {refine.smoothing:.2f}")

    def _less_smoothing(self, context: bpy.types.Context) -> set[str]:
        refine = context.scene.holirep.refine
        if refine.smoothing <= 0.0:
            return self._refuse("Refine does not smooth: lower Smoothing under Solve and press Solve Again")
        refine.smoothing = _lowered(refine)
        return self._solve(context, f"Smoothing is {refine.smoothing:.2f}")

    def _clamp(self, context: bpy.types.Context) -> set[str]:
        refine = context.scene.holirep.refine
        if refine.use_refine and refine.limits >= 1.0:
            return self._refuse("Limits hold fully already: use Clamp to Human Limits under Any Animation on your keys")
        refine.use_refine, refine.limits = True, 1.0
        return self._solve(context, "Human limits hold fully")

    def _exclude_limb(self, context: bpy.types.Context) -> set[str]:
        scene = context.scene
        rows = scene.holirep.quality
        cause = self._cause(rows)
        if cause is None:
            return {"CANCELLED"}
        part = excluded_part(cause.part)
        if not part:
            return self._refuse("Only a limb, a hand or the face can be left out, for all else hangs on the trunk")
        from ..scene.quality_rows import exclude

        what = exclude(scene, part, cause)
        return self._solve(context, what, part)

    def _neutral_face(self, context: bpy.types.Context) -> set[str]:
        if context.scene.holirep.method != "FUSION":
            return self._refuse("Only the method Fusion needs a face at rest: choose it under Solve, and solve again")
        if "CANCELLED" in bpy.ops.holirep.set_neutral_frame():
            return {"CANCELLED"}
        if bpy.ops.holirep.solve_again.poll():
            bpy.ops.holirep.solve_again("EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT")
        else:
            self.report({"WARNING"}, "The frame is marked. Press Solve Again when the runtime is ready")
        return {"FINISHED"}

    def _cause(self, rows: bpy.types.PropertyGroup) -> bpy.types.PropertyGroup | None:
        index = self.row if self.properties.is_property_set("row") else rows.cause_index
        if 0 <= index < len(rows.causes):
            return rows.causes[index]
        self.report({"ERROR"}, "Choose a range in the list first")
        return None

    def _solve(self, context: bpy.types.Context, done: str, part: str = "") -> set[str]:
        level, text = _keyed(context, part)
        self.report({level}, f"{done}. {text}" if level == "INFO" else text)
        return {"FINISHED"}  # the setting was changed in any case, and undo takes it back

    def _refuse(self, text: str) -> set[str]:
        self.report({"ERROR"}, text)
        return {"CANCELLED"}


class HOLIREP_OT_include_limb(bpy.types.Operator):
    """Take this part of the body from the plate again in the range, and key the motion again"""

    bl_idname = "holirep.include_limb"
    bl_label = "Include Limb"
    bl_options = {"REGISTER", "UNDO"}

    index: bpy.props.IntProperty(name="Row", description="Row of the list of what is left out, from 0", min=0)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes the row and keys again where there is a character."""
        rows = context.scene.holirep.quality
        if self.index >= len(rows.exclusions):
            self.report({"ERROR"}, f"The list has {len(rows.exclusions)} rows, there is no row {self.index}")
            return {"CANCELLED"}
        part = rows.exclusions[self.index].part
        rows.exclusions.remove(self.index)
        if not refining.why_not(context):
            level, text = _keyed(context, part)
            self.report({level}, text)
        return {"FINISHED"}


def _keyed(context: bpy.types.Context, part: str) -> tuple[str, str]:
    """Keys the motion again, the face only where that is the part that changed; returns level and sentence."""
    scene = context.scene
    if part == "face":
        return apply_and_report(context, scene, scene.holirep.character)
    return refining.solve(context, scene)


def excluded_part(part: str) -> str:
    """The part of the body that can be left out for a cause's part or joint; empty where there is none."""
    from ..motion.confidence import part_of

    if part in EXCLUDABLE:
        return part
    found = part_of(part) if part else ""
    return found if found in EXCLUDABLE else ""


def _raised(refine: bpy.types.PropertyGroup) -> float:
    return min(1.0, float(refine.smoothing if refine.use_refine else 0.0) + _STEP)


def _lowered(refine: bpy.types.PropertyGroup) -> float:
    return max(0.0, float(refine.smoothing) - _STEP)


CLASSES = (HOLIREP_OT_quality_remedy, HOLIREP_OT_include_limb)
