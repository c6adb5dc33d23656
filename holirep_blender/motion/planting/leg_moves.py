# SPDX-License-Identifier: GPL-3.0-or-later
"""How legs that hold their contacts may still move: small changes of a pose, and what they do to its joints.

A frame's change has three numbers for the pelvis and eight for each leg: three turn the foot, four the leg, one the
toes. While a foot touches, only what keeps its points in place is free: the foot may roll over the point that holds it,
and the leg may swivel about the line from hip to ankle; the rest follows from where hip and ankle are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from .feet import Foot
from .pose import Limb, Pose
from .stances import Phases
from .two_bone import hinge_of, reaching

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

PELVIS, EACH_LEG = 3, 8
_FOOT, _LEG, _TOES = slice(0, 3), slice(3, 7), slice(7, 8)
_STRAIGHTEST = np.radians(0.6)
"""Flexion that a leg in the air keeps."""
_STEEPEST = 40.0
"""Turn of a knee per turn of its leg that is reckoned with at most: near straight it is without bound."""
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class LegHold:
    """A leg, when it touches, and by which point ``arm (T, 3)``, from the ankle in the rest pose, it is held.

    An arm is one too, which never stands; ``softly (T,)`` says when its palm is held nevertheless.
    """

    foot: Foot
    phases: Phases
    arm: Array
    softly: Optional[Mask] = None

    @classmethod
    def of_arm(cls, side: str, limb: Limb, palm: Array, held: Mask) -> LegHold:
        """An arm whose palm keeps its place nearly while it is ``held (T,)``."""
        never = np.zeros_like(held)
        foot = Foot(side, limb, -1, palm, palm, np.zeros(3))
        return cls(foot, Phases(never, never), np.tile(palm, (len(held), 1)), held)


@dataclass(frozen=True)
class Effects:
    """What a change of a frame does, linearly, for ``N`` frames and changes of ``C`` numbers.

    Attributes
    ----------
    turns : (N, 12, C) rotation vectors of hip, knee, ankle and toes in their own frames.
    heights : (N, 2, C) and height : (N, 2) of heel and ball over the floor.
    spot : (N, 3, C) the point that holds the foot, or the palm.
    """

    turns: Array
    heights: Array
    height: Array
    spot: Array


def _cross(vectors: Array) -> Array:
    """Matrices ``(N, 3, 3)`` that take the cross product with ``vectors (N, 3)`` from the left."""
    result = np.zeros(vectors.shape + (3,))
    result[:, 2, 1], result[:, 0, 2], result[:, 1, 0] = vectors.T
    result[:, 1, 2], result[:, 2, 0], result[:, 0, 1] = -vectors.T
    return result


def _lateral(foot: Foot, turned: Array) -> Array:
    """Axis ``(N, 3)`` across a foot whose world rotation is ``turned (N, 4)``, level where the foot is."""
    along = foot.pivot - foot.heel
    across = np.cross(along * (1.0, 1.0, 0.0), _UP)
    return np.asarray(rotations.rotate(turned, rotations.normalized(across)))


def effects(pose: Pose, hold: LegHold, rows: Frames, first: int, count: int, unit: float) -> Effects:
    """What changes of the frames ``rows`` do to a leg.

    Parameters
    ----------
    first : column of the leg's own numbers among the ``count``.
    unit : metres of the pelvis that count as much as a radian.
    """
    foot, leg = hold.foot, hold.foot.leg
    upper, lower, end = (pose.turned[rows, joint] for joint in (leg.upper, leg.lower, leg.end))
    toes = pose.turned[rows, foot.toes] if foot.toes >= 0 else end
    away = pose.placed[rows, leg.end] - pose.placed[rows, leg.upper]
    shank = rotations.rotate(lower, leg.second)
    axis = rotations.rotate(upper, leg.hinge)
    hinge = hinge_of(leg, upper, lower, axis)
    length = np.maximum(np.linalg.norm(away, axis=-1), 1e-9)
    direction = away / length[:, None]
    touching, flat = hold.phases.touching[rows], hold.phases.flat[rows]
    ball = hold.phases.ball[rows]
    size = len(rows)

    def zeros() -> Array:
        return np.zeros((size, 3, count))

    # the foot: free in the air and, about the point that holds it, while it rolls; at rest while it is flat
    feet = zeros()
    feet[~flat, :, first : first + 3] = np.eye(3)
    lateral = _lateral(foot, end)
    pelvis = zeros()
    pelvis[:, :, :PELVIS] = unit * np.eye(3)
    # legs that stand follow hip and ankle
    ankle = _cross(rotations.rotate(end, hold.arm[rows])) @ feet
    step = ankle - pelvis
    sine = np.maximum(np.sin(hinge.flexion), 1e-6)
    turn = np.clip(-2.0 * length / (hinge.span * sine), -_STEEPEST / length, 0.0)
    bend = turn[:, None] * np.einsum("ni,nic->nc", direction, step)
    swung = step - np.cross(axis, shank)[:, :, None] * bend[:, None, :]
    thigh = (_cross(away) @ swung) / (length**2)[:, None, None]
    thigh[:, :, first + 3] += direction
    # legs in the air turn as they like
    free = ~touching
    thigh[free], bend[free] = 0.0, 0.0
    thigh[free, :, first + 3 : first + 6] = np.eye(3)
    bend[free, first + 6] = 1.0
    shin = thigh + axis[:, :, None] * bend[:, None, :]
    toe = zeros()
    if foot.toes >= 0:
        toe[~ball] = feet[~ball]
        toe[~ball, :, first + 7] += lateral[~ball]
    else:
        toe = feet
    ankle = np.where(
        touching[:, None, None],
        ankle,
        pelvis - _cross(away) @ thigh + np.cross(axis, shank)[:, :, None] * bend[:, None, :],
    )
    turns = np.concatenate(
        [
            rotations.to_matrix(rotations.inverse(turned)) @ change
            for turned, change in ((upper, thigh), (lower, shin - thigh), (end, feet - shin), (toes, toe - feet))
        ],
        axis=1,
    )
    heel, pivot, under = (
        rotations.rotate(turned, arm) for turned, arm in ((end, foot.heel), (end, foot.pivot), (toes, foot.ball))
    )
    heel_moves, pivot_moves = ankle - _cross(heel) @ feet, ankle - _cross(pivot) @ feet - _cross(under) @ toe
    up = pose.placed[rows, leg.end, 2]
    return Effects(
        turns,
        np.stack([heel_moves[:, 2], pivot_moves[:, 2]], axis=1),
        np.stack([up + heel[:, 2], up + pivot[:, 2] + under[:, 2]], axis=1),
        ankle - _cross(rotations.rotate(end, hold.arm[rows])) @ feet,
    )


def sole_heights(pose: Pose, foot: Foot, rows: Frames) -> Array:
    """Heights of a foot's heel and ball over the floor ``(N, 2)`` in the frames ``rows``."""
    end = pose.turned[rows, foot.leg.end]
    toes = pose.turned[rows, foot.toes] if foot.toes >= 0 else end
    heel = rotations.rotate(end, foot.heel)[:, 2]
    ball = rotations.rotate(end, foot.pivot)[:, 2] + rotations.rotate(toes, foot.ball)[:, 2]
    return np.asarray(pose.placed[rows, foot.leg.end, 2, None] + np.stack([heel, ball], axis=1))


def moved(pose: Pose, hold: LegHold, rows: Frames, change: Array, step: Array, spot: Array) -> None:
    """Edits a leg of the pose by ``change (N, 8)`` while the hip moves by ``step (N, 3)`` metres.

    The point that touches is exactly at ``spot (N, 3)`` as long as the leg reaches it.
    """
    foot, leg = hold.foot, hold.foot.leg
    upper, lower, end = (pose.turned[rows, joint] for joint in (leg.upper, leg.lower, leg.end))
    touching, flat, ball = hold.phases.touching[rows], hold.phases.flat[rows], hold.phases.ball[rows]
    start, ankle = pose.placed[rows, leg.upper] + step, pose.placed[rows, leg.end]
    turn = np.where(flat[:, None], 0.0, change[:, _FOOT])
    after = rotations.normalized(rotations.multiply(rotations.from_rotation_vector(turn), end))
    axis = rotations.rotate(upper, leg.hinge)
    legs = change[:, _LEG]
    # in the air
    flexion = hinge_of(leg, upper, lower, axis).flexion
    bend = np.maximum(legs[:, 3], np.minimum(_STRAIGHTEST - flexion, 0.0))
    swing = rotations.from_rotation_vector(legs[:, :3])
    bent = rotations.multiply(rotations.from_axis_angle(axis, bend), lower)
    in_air = [rotations.multiply(swing, upper), rotations.multiply(swing, bent)]
    # standing
    away = rotations.normalized(ankle - pose.placed[rows, leg.upper])
    swivel = rotations.from_axis_angle(away, legs[:, 0])
    target = spot - rotations.rotate(after, hold.arm[rows])
    standing = reaching(
        leg,
        rotations.multiply(swivel, upper),
        rotations.multiply(swivel, lower),
        rotations.rotate(swivel, axis),
        start,
        target,
    )
    toes = None
    if foot.toes >= 0:
        local = rotations.multiply(rotations.inverse(end), pose.turned[rows, foot.toes])
        bent = rotations.from_rotation_vector(_lateral(foot, after) * change[:, _TOES])
        turned = rotations.multiply(bent, rotations.multiply(after, local))
        toes = np.where(ball[:, None], pose.turned[rows, foot.toes], rotations.normalized(turned))
    for joint, air, stands in zip((leg.upper, leg.lower), in_air, standing):
        pose.turned[rows, joint] = rotations.normalized(np.where(touching[:, None], stands, air))
    pose.turned[rows, leg.end] = after
    pose.placed[rows, leg.upper] = start
    pose.placed[rows, leg.lower] = start + rotations.rotate(pose.turned[rows, leg.upper], leg.first)
    pose.placed[rows, leg.end] = pose.placed[rows, leg.lower] + rotations.rotate(
        pose.turned[rows, leg.lower], leg.second
    )
    if toes is not None:
        pose.turned[rows, foot.toes] = toes
        pose.placed[rows, foot.toes] = pose.placed[rows, leg.end] + rotations.rotate(after, foot.pivot)
