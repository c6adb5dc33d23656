# SPDX-License-Identifier: GPL-3.0-or-later
"""Clamp, plant and check: the active action of any mapped rig, whoever made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..motion.planting import to_motion
from ..motion.refining.options import RefineOptions
from ..motion.refining.refine import in_armature
from ..motion.refining.report import RefineReport
from ..motion.refining.verbs import checked, clamped, planted_take
from ..motion.take import Take
from .animation_take import AnimationOptions, read_animation
from .fixed_joints import fixed_joints, in_the_way, without_fixed
from .following import clamp_on, feet_off, write_following
from .motion_reading import ActiveMotion
from .motion_writing import Written
from .refining_record import note, with_note

Array = npt.NDArray[np.float64]
Verb = Callable[[Take, RefineOptions], tuple[Take, RefineReport]]

_NAMES: dict[Verb, str] = {clamped: "clamp", planted_take: "plant"}


@dataclass
class AnimationReport:
    """What was done to an animation.

    Attributes
    ----------
    report : what was found; its frames count ``frames``.
    frames : (T,) the scene's frames that were read.
    range : first and last frame that might be changed.
    written : what was keyed; None for a check.
    sentence : what was done, for the user.
    warnings : what the user should look at.
    """

    report: RefineReport
    frames: Array
    range: tuple[int, int]
    written: Optional[Written]
    sentence: str
    warnings: tuple[str, ...]


def clamp_animation(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions
) -> AnimationReport:
    """Brings the active action of a character within human limits.

    Raises ValueError, in the user's words, where it cannot be done; then nothing was changed.
    """
    return _refine(context, character, options, clamped)


def plant_animation(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions
) -> AnimationReport:
    """Keeps the feet of the active action of a character where they touch the floor. Raises as ``clamp_animation``."""
    return _refine(context, character, options, planted_take)


def check_animation_of(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions
) -> AnimationReport:
    """Looks at the active action of a character and changes nothing. Raises as ``clamp_animation``."""
    active, copied, chosen, warnings, span = read_animation(context, character, options)
    report = checked(copied.take, chosen)
    text = f"Checked frames {span[0]} to {span[1]} of {active.armature.name}: {', '.join(report.sentences)}"
    return AnimationReport(report, active.frames, span, None, text, tuple(warnings))


def _refine(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions, verb: Verb
) -> AnimationReport:
    active, copied, asked, warnings, span = read_animation(context, character, options)
    fixed, plants = fixed_joints(active), verb is planted_take
    chosen = without_fixed(asked, fixed, copied.take, plants) if fixed else asked
    name = _NAMES[verb]
    result, report = verb(with_note(context, active, copied.take, name, chosen), chosen)
    motion = to_motion(copied, result, active.motion)
    if len(report.places):
        report.places = in_armature(copied, report.places)
    written, stuck = write_following(context, active, motion, frozenset(), whole=plants)
    if stuck:
        written, _ = write_following(context, active, motion, frozenset(stuck), whole=False)
        warnings.append(
            f"Constraints or drivers hold {', '.join(stuck)}: left alone. Switch them off, or map the controls instead."
        )
    warnings += in_the_way(fixed, asked, result, plants)
    if written.bones and active.held.any():
        if plants:
            warnings += feet_off(read_animation(context, character, options)[1].take, result, report)
        elif chosen.limits >= 1.0:
            remain, told = clamp_on(context, character, options, stuck, fixed)
            report.violations += remain
            warnings += told
    if written.bones:
        note(context, active, name, chosen)
    context.scene.frame_set(context.scene.frame_current, subframe=context.scene.frame_subframe)
    if written.new_channels:
        warnings.append(f"These had no keys and got some: {', '.join(dict.fromkeys(written.new_channels))}.")
    warnings += [*written.warnings, *report.warnings]
    return AnimationReport(report, active.frames, span, written, _sentence(active, report, written), tuple(warnings))


def _sentence(active: ActiveMotion, report: RefineReport, written: Written) -> str:
    done = ", ".join(report.sentences)
    if not written.bones:
        return f"{active.armature.name}: {done}. No key was changed"
    count = len(written.bones)
    bones = "1 bone" if count == 1 else f"{count} bones"
    return f"{active.armature.name}: {done}. Keyed {bones}, frames {written.first} to {written.last}"
