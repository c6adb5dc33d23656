# SPDX-License-Identifier: GPL-3.0-or-later
"""What could not be held: limbs that are too short, and limits that win."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..biomechanics.report import Violation, violations_over
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints
from ..skeleton import SIDES
from ..take import Take

Array = npt.NDArray[np.float64]

FREE = 0.49
"""Confidence of a contact that was asked for and is not held."""
_TOUCHES = 0.0005
"""Metres from its place up to which a foot's point still touches."""
_FOOT, _HAND = 0.002, 0.010
"""Metres by which a foot's point or a palm may miss its place before that is told."""


def kept(after: Array, places: Array, contacts: Contacts, points: ContactPoints) -> Contacts:
    """The contacts without those points that are not where they are held: they do not touch.

    Parameters
    ----------
    after : (T, P, 3) where the contact points of ``points`` are.
    places : (T, C, 3) where those of ``contacts`` are held.
    """
    confidence = contacts.confidence.copy()
    for column, name in enumerate(contacts.names):
        row = points.index(name)
        if row >= 0 and not name.endswith("Hand"):
            off = np.linalg.norm(after[:, row] - places[:, column], axis=-1) > _TOUCHES
            confidence[off, column] = np.minimum(confidence[off, column], FREE)
    return Contacts(contacts.names, confidence)


def missed_feet(after: Array, places: Array, contacts: Contacts, points: ContactPoints, take: Take) -> list[Violation]:
    """Feet that are not where they are asked to be held.

    Parameters
    ----------
    after : (T, P, 3) where the contact points of ``points`` are.
    places : (T, C, 3) where those of ``contacts`` are held.
    """
    found: list[Violation] = []
    for column, name in enumerate(contacts.names):
        row = points.index(name)
        if row < 0 or name.endswith("Hand"):
            continue
        distance = np.linalg.norm(after[:, row] - places[:, column], axis=-1)
        joint = take.joint_names[int(points.joints[row])]
        found += _misses(np.nan_to_num(distance), _FOOT, joint)
    return found


def missed_hands(palms: Array) -> list[Violation]:
    """Palms that miss their places by ``palms (T, 2)`` metres, left and right."""
    return [
        violation
        for side, distance in zip(SIDES, palms.T)
        if distance.any()
        for violation in _misses(distance, _HAND, f"{side}Hand")
    ]


def _misses(distance: Array, tolerance: float, joint: str) -> list[Violation]:
    return violations_over(
        distance,
        np.full(len(distance), tolerance),
        0.0,
        kind="reach",
        joint=joint,
        motion="",
        unit="m",
        altered=True,
    )
