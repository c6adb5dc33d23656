# SPDX-License-Identifier: GPL-3.0-or-later
"""Angles beyond hard limits, as the report lists them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .couplings import JointBounds
from .joint_limits import is_hinge
from .limiting import TOLERANCE, Bounds, Ellipse
from .report import Violation, violations_over
from .swing import MOTIONS

Array = npt.NDArray[np.float64]


def limit_violations(joint: str, angles: Array, bounds: JointBounds, altered: bool) -> list[Violation]:
    """What of a joint's ``angles (T, 3)`` is beyond its hard limits, a violation for each stretch of frames.

    Where two directions of a swing are too much only together, the bound is what is left of the one in its place.
    """
    found: list[Violation] = []
    motions = bounds.motions(joint)
    swings = not is_hinge(joint) and "flexion" in motions and "abduction" in motions
    if swings:
        found += _swing_violations(joint, angles, bounds, altered)
    for column, motion in enumerate(MOTIONS):
        if motion not in motions or (swings and motion != "rotation"):
            continue
        limits = bounds.of(joint, motion)
        values = limits.wrapped(angles[:, 2]) if motion == "rotation" else angles[:, column]
        if limits.beyond(values).any():
            found += _interval_violations(joint, motion, values, limits, altered)
    return found


def _swing_violations(joint: str, angles: Array, bounds: JointBounds, altered: bool) -> list[Violation]:
    first, second = bounds.of(joint, "flexion"), bounds.of(joint, "abduction")
    centre_a, centre_b, cosine, sine, distance, _, hard = Ellipse(first, second).radii(angles[:, 0], angles[:, 1])
    beyond = distance > hard + TOLERANCE
    if not beyond.any():
        return []
    # the motion that is nearer to, or further over, its own limit gives the stretch its name
    share_a, share_b = _share(cosine, centre_a, first), _share(sine, centre_b, second)
    found: list[Violation] = []
    for motion, mine, centre, part in (
        ("flexion", share_a >= share_b, centre_a, cosine),
        ("abduction", share_a < share_b, centre_b, sine),
    ):
        values = np.broadcast_to(centre, distance.shape) + part * np.where(mine & beyond, distance, 0.0)
        limits = np.broadcast_to(centre, distance.shape) + part * np.where(mine & beyond, hard, 0.0)
        found += _signed(joint, motion, values, limits, altered)
    return found


def _share(part: Array, centre: Array, limits: Bounds) -> Array:
    """How much of the way from the centre to its own limit a part of a direction is; both may lie together."""
    room = np.where(part >= 0.0, limits.hard_high - centre, centre - limits.hard_low)
    return np.asarray(np.abs(part) / np.maximum(room, 1e-9))


def _interval_violations(joint: str, motion: str, values: Array, limits: Bounds, altered: bool) -> list[Violation]:
    high = np.broadcast_to(limits.hard_high, values.shape)
    low = np.broadcast_to(limits.hard_low, values.shape)
    nearest = np.clip(values, low, high)
    return _signed(joint, motion, values, nearest, altered)


def _signed(joint: str, motion: str, values: Array, nearest: Array, altered: bool) -> list[Violation]:
    """Violations above and below from values and the nearest allowed ones, radians."""
    found: list[Violation] = []
    over = values - nearest
    for lower in (False, True):
        if (over < -TOLERANCE if lower else over > TOLERANCE).any():
            found += violations_over(
                values, nearest, float(TOLERANCE), kind="limit", joint=joint, motion=motion, unit="deg",
                altered=altered, lower=lower, scale=float(np.degrees(1.0)),
            )  # fmt: skip
    return found
