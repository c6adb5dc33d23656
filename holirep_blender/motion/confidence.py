# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take is not to be trusted: stretches of weak confidence by part of the body, and channels never seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import gaps
from .skeleton import FINGERS
from .take import Take

Array = npt.NDArray[np.float64]

WEAK = 0.5
"""Confidence below which a stretch is shown as weak."""
_SHORTEST_SECONDS, _JOINED_SECONDS = 0.1, 0.2
_FACE_JOINTS = ("leftEye", "rightEye", "jaw")
_LIMBS = (("Arm", ("Shoulder", "UpperArm", "LowerArm", "Hand")), ("Leg", ("UpperLeg", "LowerLeg", "Foot", "Toes")))
PARTS: tuple[str, ...] = (
    "body", "leftArm", "rightArm", "leftHand", "rightHand", "leftLeg", "rightLeg", "face"
)  # fmt: skip
"""Parts of the body, as they are named in :class:`WeakSpan`; hands are the fingers."""


@dataclass(frozen=True)
class WeakSpan:
    """A part of the body that is not to be trusted from frame ``first`` to frame ``last`` of the take, both included;
    ``confidence`` is the mean there.
    """

    part: str
    first: int
    last: int
    confidence: float


def part_of(joint: str) -> str:
    """Which of :data:`PARTS` a joint belongs to."""
    if joint in _FACE_JOINTS:
        return "face"
    for side in ("left", "right"):
        if not joint.startswith(side):
            continue
        if any(finger in joint for finger in FINGERS):
            return side + "Hand"
        for limb, names in _LIMBS:
            if joint[len(side) :] in names:
                return side + limb
    return "body"


def part_confidence(take: Take) -> dict[str, Array]:
    """Mean confidence ``(T,)`` of each part that the take has; the face's over the coefficients that are ever seen."""
    result: dict[str, Array] = {}
    parts = [part_of(name) for name in take.joint_names]
    for part in PARTS:
        columns = [index for index, each in enumerate(parts) if each == part]
        if part == "face":
            seen = take.blendshape_confidence.max(axis=0, initial=0.0) > 0.0
            if take.blendshapes.shape[1]:
                result[part] = take.blendshape_confidence[:, seen].mean(axis=1) if seen.any() else _nothing(take)
        elif columns:
            result[part] = take.joint_confidence[:, columns].mean(axis=1)
    return result


def weak_spans(take: Take, below: float = WEAK) -> list[WeakSpan]:
    """Stretches in which a part's mean confidence is ``below`` a value, by part and time.

    Stretches that are a moment apart count as one, and a moment alone is left out.
    """
    found = []
    for part, values in part_confidence(take).items():
        weak = values < below
        for first, end in gaps.spans(~weak):
            if first > 0 and end < len(weak) and end - first < _JOINED_SECONDS * take.fps:
                weak[first:end] = True
        for first, end in gaps.spans(weak):
            if end - first >= _SHORTEST_SECONDS * take.fps or end - first == len(weak):
                found.append(WeakSpan(part, first, end - 1, float(values[first:end].mean())))
    return found


def never_seen(take: Take) -> tuple[str, ...]:
    """Coefficients that have no confidence in any frame although the face was seen: the plate cannot show them."""
    if not take.blendshape_confidence.any():
        return ()
    silent = take.blendshape_confidence.max(axis=0) == 0.0
    return tuple(name for name, unseen in zip(take.blendshape_names, silent) if unseen)


def _nothing(take: Take) -> Array:
    return np.zeros(take.frame_count)
