# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the network says a clip's knees too bent or too straight, by how they look in the picture.

Its word comes from captured people, whose standing knees are bent by 10 to 20 degrees; on others it is off by as much
in all of a clip. The picture shows the bend of legs that are seen from the side.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ....motion.geometric.articulation import exponential, logarithm
from ....motion.skeleton import SIDES
from .descent import body_figure
from .evidence import Evidence
from .marks import BODY_INDEX, MARK_JOINTS, MARKS, shape_of
from .terms import NEAREST, Array, Clip, state_of

_LEGS = np.array([[[(mark.tracker, mark.point) for mark in MARKS].index(("body", point)) for point in chain]
                  for chain in ((23, 25, 27), (24, 26, 28))])  # fmt: skip
"""Rows of the marks of hip, knee and ankle, left and right."""
_SAID, _SEEN = float(np.radians(6.0)), float(np.radians(3.5))
"""Radians by which the network's bend, and the bend that marks show of legs seen from the side, are off over a clip.
The marks' middle errs by 10 mm across the leg on 102 rendered performers; 5 to 8 degrees for the network's do as well.
"""
_ASTRAY = float(np.radians(20.0))
"""Radians off from which on marks count little: legs that the tracker took for each other."""
_TRUSTED, _FEWEST = 0.05, 8.0
"""Metres of spread of marks that count, and the frames that are needed."""
_STRAIGHT = float(np.radians(25.0))
"""Bends below this are straightened less, to nothing at a straight leg."""
_STEP = float(np.radians(2.0))


def with_knees_seen(clip: Clip, evidence: Evidence, seen: npt.NDArray[np.bool_], template: Array) -> Clip:
    """The network's ``clip`` with one angle added to the bend of both knees in all frames, hips and soles turned along;
    ``seen (T,)`` the frames with a performer. Nothing changes where the picture does not show how knees are bent.
    """
    before, after = _in_picture(clip, template), _in_picture(_bent(clip, _STEP), template)
    matching, telling, count = 0.0, 0.0, 0.0
    for rows in _LEGS:
        counted = seen & (evidence.spread[:, rows].max(axis=1) < _TRUSTED)
        said = _bend(before[counted][:, rows])
        by_angle = _around(_bend(after[counted][:, rows]) - said) / _STEP
        off = _around(_bend(evidence.pixels[counted][:, rows]) - said)
        weight = 1.0 / (1.0 + (off / _ASTRAY) ** 2) ** 2
        matching += float(np.sum(weight * by_angle * off))
        telling += float(np.sum(weight * by_angle**2))
        count += float(np.sum(weight))
    if count < _FEWEST:
        return clip
    # a clip's marks are off together, so more frames do not tell more
    return _bent(clip, matching / (telling + count * (_SEEN / _SAID) ** 2))


def _bent(clip: Clip, angle: float) -> Clip:
    local = clip.local.copy()
    for side in SIDES:
        thigh, shin, foot = (BODY_INDEX[side + part] for part in ("UpperLeg", "LowerLeg", "Foot"))
        turn = np.zeros((len(local), 3))
        bend = logarithm(local[:, shin])[:, 0]
        turn[:, 0] = angle if angle > 0.0 else angle * np.clip(bend / _STRAIGHT, 0.0, 1.0)
        local[:, shin] = exponential(turn) @ local[:, shin]
        half = exponential(-turn / 2.0)
        local[:, thigh], local[:, foot] = local[:, thigh] @ half, half @ local[:, foot]
    return replace(clip, local=local)


def _in_picture(clip: Clip, template: Array) -> Array:
    """The marks ``(T, M, 2)`` on the plane at distance 1 before the camera."""
    state = state_of(body_figure(), clip, shape_of(clip.build, template))
    points = state.figure.points(state.turned, state.placed, MARK_JOINTS, state.shape.marks)
    local = np.einsum("tni,tij->tnj", points - clip.place[:, None], clip.turn)
    return np.asarray(local[..., :2] / np.maximum(local[..., 2:], NEAREST))


def _bend(chain: Array) -> Array:
    """Signed bends ``(T,)`` in radians of points ``(T, 3, 2)``."""
    first, second = chain[:, 1] - chain[:, 0], chain[:, 2] - chain[:, 1]
    across = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return np.asarray(np.arctan2(across, np.sum(first * second, axis=1)))


def _around(angle: Array) -> Array:
    return np.asarray((angle + np.pi) % (2.0 * np.pi) - np.pi)
