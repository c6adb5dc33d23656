# SPDX-License-Identifier: GPL-3.0-or-later
"""Leaving parts of the body out of a take for a while: what the plate does not show well enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import gaps
from .confidence import PARTS, part_of
from .take import Take


@dataclass(frozen=True)
class Exclusion:
    """A part of :data:`motion.confidence.PARTS` that is left out from row ``first`` to row ``last``, both included."""

    part: str
    first: int
    last: int


def without_parts(take: Take, exclusions: Sequence[Exclusion]) -> Take:
    """The take with parts left out: they go over from the frame before a range to the frame after it, eased.

    At the take's ends they hold the nearest pose. Their confidence is 0 there, and what touches with them is free.
    The body's trunk cannot be left out, for all else hangs on it.

    Raises ValueError, in the user's words, for an unknown part and for the trunk.
    """
    turned, joints = take.local_rotations.copy(), take.joint_confidence.copy()
    shapes, seen = take.blendshapes.copy(), take.blendshape_confidence.copy()
    contacts = take.contacts.copy()
    parts = [part_of(name) for name in take.joint_names]
    for part in dict.fromkeys(each.part for each in exclusions):
        if part not in PARTS or part == "body":
            raise ValueError(f"The {part} cannot be left out: choose a limb, a hand or the face")
        valid = np.ones(take.frame_count, dtype=bool)
        for each in exclusions:
            if each.part == part:
                valid[max(each.first, 0) : max(each.last + 1, 0)] = False
        if valid.all():
            continue
        columns = np.array([name == part for name in parts])
        turned[:, columns] = gaps.fill_rotations(turned[:, columns], valid, take.fps)
        joints[~valid[:, None] & columns] = 0.0
        if part == "face":
            shapes = gaps.fill_channels(shapes, valid, take.fps)
            seen[~valid] = 0.0
        points = np.array([_carried_by(part, name) for name in take.contact_names], dtype=bool)
        contacts[~valid[:, None] & points] = 0.0
    return replace(
        take,
        local_rotations=turned,
        joint_confidence=joints,
        blendshapes=shapes,
        blendshape_confidence=seen,
        contacts=contacts,
    )


def _carried_by(part: str, point: str) -> bool:
    """Whether a contact point belongs to a part of the body."""
    side = "left" if part.startswith("left") else "right"
    ends = {"Leg": ("Heel", "Toes", "Knee"), "Arm": ("Hand",)}.get(part[len(side) :], ())
    return point in {f"{side}{end}" for end in ends}
