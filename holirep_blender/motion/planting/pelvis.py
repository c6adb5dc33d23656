# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pelvis gives way so that feet can hold: with them, and down or sideways where a leg is too short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .blending import eased, gathered, smoothed, upper_envelope

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_WINDOWS = (0.15, 0.08)
"""Seconds (half widths of a bell) over which the pelvis takes over the corrections of standing feet, one
after the other: what the first leaves the second takes."""
_INSIDE = 0.2
"""Seconds from the ends of a stance in which the last step of the pelvis comes and goes."""
_SWING, _STIFFEST = 4.0, 30.0
"""What swinging a leg counts, and what stretching it counts in addition, at most: two nearly parallel legs that want
different lengths would else throw the pelvis far to the side."""
_AHEAD = 0.20
"""Seconds before and after a leg is too short in which the pelvis sinks."""
_LOWEST = 0.5
"""How far the pelvis sinks at most, as a share of the leg."""
_SIDEWAYS_ROUNDS = 3


@dataclass(frozen=True)
class LegNeed:
    """What one leg asks of the pelvis, over ``T`` frames.

    Attributes
    ----------
    start : (T, 3) the hip joint as it is. target : (T, 3) the ankle as it is to be.
    correction : (T, 3) by how much the ankle is moved.
    touching : (T,) whether the foot touches.
    longest : (T,) distance of hip and ankle that the leg may have.
    stiffness : (T,) how much more stretching or bending it counts than swinging it.
    """

    start: Array
    target: Array
    correction: Array
    touching: Mask
    longest: Array
    stiffness: Array


def pelvis_shift(legs: list[LegNeed], fps: float) -> Array:
    """How the pelvis moves ``(T, 3)``, so that no standing leg is longer than it can be.

    First it goes with the feet that stand, smoothly, so that legs keep their shape.
    Then it is pulled towards feet that are too far to the side, and at last lowered by a smooth envelope of what the
    legs lack.
    """
    shift = _followed(legs, fps)
    for _ in range(_SIDEWAYS_ROUNDS):
        pull = _sideways(legs, shift)
        if not pull.any():
            break
        shift = shift + smoothed(pull, 0.5 * _WINDOWS[0] * fps)
    lack = np.zeros(len(shift))
    for leg in legs:
        rise, across = _apart(leg, shift)
        reach = np.sqrt(np.maximum(leg.longest**2 - across**2, 0.0))
        deepest = _LOWEST * float(leg.longest.max())
        lack = np.maximum(lack, np.where(leg.touching, np.clip(rise - reach, 0.0, deepest), 0.0))
    shift[:, 2] -= upper_envelope(lack, max(1, round(_AHEAD * fps)))
    return shift


def _apart(leg: LegNeed, shift: Array) -> tuple[Array, Array]:
    """Height ``(T,)`` of the hip over the ankle's place and their distance along the floor ``(T,)``."""
    away = leg.start + shift - leg.target
    return away[:, 2], np.linalg.norm(away[:, :2], axis=-1)


def _followed(legs: list[LegNeed], fps: float) -> Array:
    """The shift ``(T, 3)`` with which standing legs keep their shape best, over a moving window.

    Moving least squares: in each frame the constant shift that makes up for the corrections of the feet which stand
    around it. What a leg would have to stretch or bend counts by how far that turns the knee, which near straight is
    much; what only swings it counts little. The window's bell makes the shift smooth.

    At last each frame by itself: what is left of the legs' stretching well inside their stances, such as the jitter of
    a performer whose feet were not quite still, is the pelvis's, not the knees'.
    """
    count = len(legs[0].start)
    if not any(leg.touching.any() for leg in legs):
        return np.zeros((count, 3))
    along = [rotations.normalized(leg.target - leg.start) for leg in legs]
    stiffness = [np.minimum(leg.stiffness, _STIFFEST)[:, None, None] * u[:, :, None] * u[:, None, :]
                 for leg, u in zip(legs, along)]  # fmt: skip
    shift = np.zeros((count, 3))
    for width in _WINDOWS:
        normal, right = np.zeros((count, 3, 3)), np.zeros((count, 3))
        for leg, stiff in zip(legs, stiffness):
            weight = (_SWING * np.eye(3) + stiff) * leg.touching[:, None, None]
            normal += weight
            right += np.einsum("tij,tj->ti", weight, leg.correction - shift)
        stacked = gathered(np.concatenate([normal.reshape(count, 9), right], axis=1), width * fps)
        normal, right = stacked[:, :9].reshape(count, 3, 3), stacked[:, 9:]
        shift = shift + np.linalg.solve(normal, right[..., None])[..., 0]
    normal, right = np.tile(_SWING * np.eye(3), (count, 1, 1)), np.zeros((count, 3))
    for leg, stiff in zip(legs, stiffness):
        inside = gaps.distance_to_valid(~leg.touching) / max(_INSIDE * fps, 1.0)
        weight = stiff * eased(np.clip(inside, 0.0, 1.0))[:, None, None]
        normal += weight
        right += np.einsum("tij,tj->ti", weight, leg.correction - shift)
    return np.asarray(shift + np.linalg.solve(normal, right[..., None])[..., 0])


def _sideways(legs: list[LegNeed], shift: Array) -> Array:
    """Towards feet that no sinking brings into reach, ``(T, 3)``."""
    pull = np.zeros_like(shift)
    for leg in legs:
        away = leg.start + shift - leg.target
        across = np.linalg.norm(away[:, :2], axis=-1)
        # at 0.9 of its length the leg still lets the pelvis be at 0.44 of it over the ankle
        excess = np.where(leg.touching, np.maximum(across - 0.9 * leg.longest, 0.0), 0.0)
        pull[:, :2] -= away[:, :2] * (excess / np.maximum(across, 1e-9))[:, None]
    return pull
