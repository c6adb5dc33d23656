# SPDX-License-Identifier: GPL-3.0-or-later
"""Joint moments beyond what muscles can give."""

from __future__ import annotations

from dataclasses import replace

from .inverse_dynamics import JointMoments
from .report import Violation, violations_over
from .strength import StrengthTable

PLACE_ERROR = 0.03
"""Metres by which a joint's centre may lie beside where a skeleton has it (2 to 3 cm for hips found from markers:
Leardini et al. 1999, J Biomech 32:99); a load that passes that far beside a joint makes a moment that nobody had to
give."""
_TOLERANCE = 0.01
_GAP = 5
_SENSES: dict[str, tuple[str, str]] = {
    "flexion": ("extension", "flexion"),
    "abduction": ("adduction", "abduction"),
    "rotation": ("outward rotation", "inward rotation"),
}


def moment_violations(moments: JointMoments, table: StrengthTable) -> list[Violation]:
    """Moments beyond the table's, scaled to the body, by more than a misplaced joint explains under its load.

    One entry for a joint and a stretch of time: its worst, where several motions exceed.
    """
    found: list[Violation] = []
    for column, name in enumerate(moments.names):
        joint, motion = name.split(".")
        bounds = table.moment_bounds(joint, motion, moments.body.mass, moments.body.stature)
        if bounds is None:
            continue
        values = moments.values[:, column]
        load = moments.loads[:, moments.joint_names.index(joint)]
        for sense, sign, bound in zip(_senses(joint, motion), (-1.0, 1.0), bounds):
            found += violations_over(
                sign * values,
                abs(bound) + PLACE_ERROR * load,
                _TOLERANCE * abs(bound),
                kind="moment",
                joint=joint,
                motion=sense,
                unit="N m",
                altered=False,
            )
    return _worst(found)


def _worst(found: list[Violation]) -> list[Violation]:
    """One violation for those of a joint that follow each other within ``_GAP`` frames."""
    kept: list[Violation] = []
    for violation in sorted(found, key=lambda v: (v.joint, v.first_frame)):
        last = kept[-1] if kept else None
        if last is None or last.joint != violation.joint or violation.first_frame - last.last_frame - 1 > _GAP:
            kept.append(violation)
            continue
        worse = violation if violation.value / violation.bound > last.value / last.bound else last
        ends = max(last.last_frame, violation.last_frame)
        kept[-1] = replace(worse, first_frame=last.first_frame, last_frame=ends)
    return kept


def _senses(joint: str, motion: str) -> tuple[str, str]:
    """What a motion's negative and positive sense are called."""
    if joint.endswith("Foot") and motion == "flexion":
        return "plantar flexion", "dorsiflexion"
    if joint.endswith("Hand") and motion == "abduction":
        return "ulnar deviation", "radial deviation"
    if motion == "abduction" and not joint.startswith(("left", "right")):
        return "bending to the right", "bending to the left"
    return _SENSES[motion]
