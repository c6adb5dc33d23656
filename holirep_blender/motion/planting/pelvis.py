# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pelvis gives way so that feet can hold: with them, and down or sideways where a leg is too short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import gaps
from .blending import eased, gathered, smoothed, upper_envelope
from .two_bone import Hinge

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_WINDOWS = (0.15, 0.08)
"""Seconds (half widths of a bell) over which the pelvis takes over the corrections of standing feet, one
after the other: what the first leaves the second takes."""
_FAR, _NOTHING = 1.2, 3e-4
"""Seconds from which feet have no say, and what then keeps the pelvis where it was counts."""
_APPROACH = 0.4
"""Seconds before a foot touches and after it left in which its leg gains and loses its say."""
_SWING, _STIFFEST = np.diag([100.0, 100.0, 1.0]), 3000.0
"""What moving the pelvis aside and down counts, and what stretching a leg counts at most: two nearly parallel legs that
want different lengths would else throw the pelvis far to the side."""
_ROUNDS = 3
_BENT = (np.radians(4.0), np.radians(150.0))
"""Flexions of the knee between which its turning is told apart."""
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
    correction : (T, 3) by how much the ankle is moved; target and correction also make sense around a stance.
    touching : (T,) whether the foot touches.
    longest : (T,) distance of hip and ankle that the leg may have.
    hinge : the knee as it was.
    """

    start: Array
    target: Array
    correction: Array
    touching: Mask
    longest: Array
    hinge: Hinge


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
    """The shift ``(T, 3)`` with which standing legs keep their shape best.

    First by moving least squares: in each frame the constant shift that makes up for the corrections of the feet which
    stand around it. What a leg would have to stretch or bend counts by how far that turns the knee, which near straight
    is much; what only swings it counts little. The window's bell makes the shift smooth.

    Then each frame by itself, by Gauss and Newton: what is left of the knees' turning, such as the jitter of a
    performer whose feet were not quite still, is the pelvis's. Legs gain and lose their say around their stances.
    """
    count = len(legs[0].start)
    weights = [_say(leg, fps) for leg in legs]
    shift = np.zeros((count, 3))
    if not any(leg.touching.any() for leg in legs):
        return shift
    for width in _WINDOWS:
        normal, right = np.zeros((count, 3, 3)), np.zeros((count, 3))
        for leg, weight in zip(legs, weights):
            along, stiffness, _ = _bending(leg, np.zeros((count, 3)))
            each = _SWING + stiffness[:, None, None] * along[:, :, None] * along[:, None, :]
            each = each * weight[:, None, None]
            normal += each
            right += np.einsum("tij,tj->ti", each, leg.correction - shift)
        stacked = gathered(np.concatenate([normal.reshape(count, 9), right], axis=1), width * fps, _FAR * fps)
        normal, right = stacked[:, :9].reshape(count, 3, 3) + _NOTHING * _SWING, stacked[:, 9:]
        shift = shift + np.linalg.solve(normal, right[..., None])[..., 0]
    smooth = shift
    for _ in range(_ROUNDS):
        normal, right = np.tile(_SWING, (count, 1, 1)), (smooth - shift) @ _SWING
        for leg, weight in zip(legs, weights):
            along, stiffness, excess = _bending(leg, shift)
            normal += (weight * stiffness)[:, None, None] * along[:, :, None] * along[:, None, :]
            right += (weight * stiffness * excess)[:, None] * along
        shift = shift + np.linalg.solve(normal, right[..., None])[..., 0]
    return shift


def _say(leg: LegNeed, fps: float) -> Array:
    """1 where the leg stands, falling to 0 within ``_APPROACH`` seconds around, ``(T,)``."""
    away = gaps.distance_to_valid(leg.touching) / max(_APPROACH * fps, 1.0)
    return eased(np.clip(1.0 - away, 0.0, 1.0))


def _bending(leg: LegNeed, shift: Array) -> tuple[Array, Array, Array]:
    """How a leg bends with the pelvis at ``shift (T, 3)``.

    Returns its direction from hip to ankle ``(T, 3)``; how much more a stretch turns the knee than a swing of the same
    length turns the hip ``(T,)``; and the stretch in metres ``(T,)`` that would bring the knee's own flexion back.
    """
    away = leg.target - leg.start - shift
    distance = np.maximum(np.linalg.norm(away, axis=-1), 1e-9)
    flexion = np.clip(leg.hinge.at(distance), _BENT[0], _BENT[1])
    # the derivative of the flexion by the distance of the ends is 2 distance / (span sin(flexion))
    turn = 2.0 * distance / (leg.hinge.span * np.sin(flexion))
    wanted = np.clip(leg.hinge.flexion, _BENT[0], _BENT[1])
    return away / distance[:, None], np.minimum((turn * distance) ** 2, _STIFFEST), (wanted - flexion) / turn


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
