# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot's settings of refining as ``RefineOptions``, and what refining found as rows of the shot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..motion.contacts.edits import ContactEdit
from ..motion.refining.options import RefineOptions
from . import contact_display, contact_rows, refine_clock, violation_rows
from .refine_floor import floor_on_plate, ground_of_object

if TYPE_CHECKING:
    from ..motion.contacts.floor import Floor
    from ..motion.refining.report import RefineReport
    from ..motion.take import Take


def refine_options(shot: bpy.types.PropertyGroup, take: Take) -> Optional[RefineOptions]:
    """How the shot wants a take refined; None where it does not.

    Parameters
    ----------
    take : the take that will be refined, as it is played: contact edits are given in its frames.

    A floor picked on the plate is the performer's, in the take's world; a ground object is the character's.

    Raises ValueError, in the user's words, where a setting makes no sense.
    """
    refine = shot.refine
    if not refine.use_refine:
        return None
    return RefineOptions(
        limits=float(refine.limits),
        preset=str(refine.preset).lower(),
        overrides=limit_overrides(refine),
        feet=float(refine.feet),
        hands=float(refine.hands),
        surfaces=bool(refine.surfaces) and refine.hands > 0.0,
        smoothing=float(refine.smoothing),
        attenuate=bool(refine.attenuate),
        performer_mass=float(refine.performer_mass) if refine.use_performer_mass else None,
        floor=_picked_floor(refine, take) if refine.floor_kind == "PLATE" else None,
        ground=ground_of_object(shot, take) if refine.floor_kind == "OBJECT" else None,
        contact_edits=contact_edits(refine, take),
    )


def limit_overrides(refine: bpy.types.PropertyGroup) -> dict[str, tuple[float, float]]:
    """The artist's own hard limits in degrees, ``"leftLowerLeg.flexion"`` -> (low, high)."""
    return {
        f"{row.joint}.{row.motion}": (round(math.degrees(row.low), 4), round(math.degrees(row.high), 4))
        for row in refine.overrides
    }


def contact_edits(refine: bpy.types.PropertyGroup, take: Take) -> tuple[ContactEdit, ...]:
    """The artist's edits of contacts in a take's own frames; those that lie wholly outside it are left out."""
    found = []
    for row in refine.contact_edits:
        first, last = sorted((round(row.begin * take.fps), round(row.end * take.fps)))
        if last >= 0 and first < take.frame_count:
            found.append(ContactEdit(row.point, max(first, 0), min(last, take.frame_count - 1), bool(row.touching)))
    return tuple(found)


def store_report(shot: bpy.types.PropertyGroup, report: RefineReport, frames: npt.ArrayLike) -> None:
    """Keeps what refining found in the shot, for the panel, the timeline and the 3D views.

    Parameters
    ----------
    report : what refining came to.
    frames : (T,) the scene's frame of each of the frames that the report counts.
    """
    refine, scene = shot.refine, shot.id_data
    times = np.asarray(frames, dtype=np.float64)
    refine.has_report, refine.character, refine.unfinished = True, shot.character, report.unfinished
    refine.start, refine.frame_rate = float(times[0]), refine_clock.frame_rate(scene)
    refine.before = refine.after = None
    refine.summary, refine.warnings = _summary(report), "\n".join(report.warnings)
    violation_rows.write(refine, report.violations, times)
    contact_rows.write(shot, report, times)
    refine.revision = contact_display.new_revision()
    contact_display.redraw()


def forget_report(shot: bpy.types.PropertyGroup) -> None:
    """The character's motion is not refined any more, so nothing is known of it."""
    refine = shot.refine
    refine.character, refine.unfinished = None, False
    refine.has_report, refine.summary, refine.warnings, refine.found = False, "", "", 0
    refine.before = refine.after = None
    refine.violations.clear()
    refine.contact_spans.clear()
    refine.revision = contact_display.new_revision()
    contact_display.redraw()


def _picked_floor(refine: bpy.types.PropertyGroup, take: Take) -> Floor:
    return floor_on_plate(take, refine.floor_frame, np.array(refine.floor_corners).reshape(4, 2))


def _summary(report: RefineReport) -> str:
    text = ", ".join(report.sentences)
    before, after = report.slide_before_mm, report.slide_after_mm
    if np.isfinite(before) and np.isfinite(after) and max(before, after) >= 0.01:
        slide = f"feet slid {_length(before)} a frame, now {_length(after)}"
        text = f"{text}; {slide}" if text else slide
    return text[:1].upper() + text[1:]


def _length(millimetres: float) -> str:
    return f"{millimetres:.2g} mm" if millimetres >= 0.01 else "less than 0.01 mm"
