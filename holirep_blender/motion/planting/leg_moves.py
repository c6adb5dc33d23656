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
        foot = Foot(side, limb, -1, palm, palm, np.zeros(3), _UP)
        return cls(foot, Phases(never, never), np.tile(palm, (len(held), 1)), held)


@dataclass(frozen=True)
class Effects:
    """What a change of a frame does, linearly, for ``L`` legs and ``N`` frames.

    A leg's change has ``C`` numbers: those of the pelvis, then its own.

    Attributes
    ----------
    turns : (L, N, 12, C) rotation vectors of hip, knee, ankle and toes in their own frames.
    heights : (L, N, 2, C) and height : (L, N, 2) of heel and ball over the floor.
    spot : (L, N, 3, C) the point that holds the foot, or the palm.
    stretch : (L, N, C) by how much further apart hip and ankle are asked to be.
    """

    turns: Array
    heights: Array
    height: Array
    spot: Array
    stretch: Array


class Legs:
    """Legs, or arms, of a pose with how they are held, looked at together: arrays begin with the ``L`` of them.

    Attributes
    ----------
    limb : all of them as one, whose bones and hinges are ``(L, 1, 3)``.
    columns : (L, 4) joints hip, knee, ankle and toes in the take; -1 where a foot has no toes.
    touching, flat, heel, ball : (L, T). arm : (L, T, 3) from the ankle to the point that holds the foot, at rest.
    """

    def __init__(self, pose: Pose, holds: list[LegHold]) -> None:
        self.pose, self.holds = pose, holds
        feet = [hold.foot for hold in holds]
        self.columns = np.array([[foot.leg.upper, foot.leg.lower, foot.leg.end, foot.toes] for foot in feet])
        self.above = np.array([pose.take.parents[foot.leg.upper] for foot in feet])
        self.toed = self.columns[:, 3] >= 0
        self._seen = np.where(self.columns < 0, self.columns[:, 2:3], self.columns)
        first, second, hinge = (
            np.array([getattr(foot.leg, name) for foot in feet])[:, None] for name in ("first", "second", "hinge")
        )
        self.limb = Limb(-1, -1, -1, first, second, hinge)
        self.heel_arm, self.pivot, self.ball_arm = (
            np.array([getattr(foot, name) for foot in feet])[:, None] for name in ("heel", "pivot", "ball")
        )
        along = self.pivot - self.heel_arm
        self._across = rotations.normalized(rotations.cross(along * (1.0, 1.0, 0.0), np.broadcast_to(_UP, along.shape)))
        self.touching, self.flat, self.heel, self.ball = (
            np.array([getattr(hold.phases, name) for hold in holds]) for name in ("touching", "flat", "heel", "ball")
        )
        self.arm = np.array([hold.arm for hold in holds])

    def _turned(self, rows: Frames) -> tuple[Array, Array, Array, Array]:
        """World rotations ``(L, N, 4)`` of hips, knees, ankles and toes."""
        turned = self.pose.turned[rows[:, None], self._seen[:, None, :]]
        return turned[..., 0, :], turned[..., 1, :], turned[..., 2, :], turned[..., 3, :]

    def local(self, rows: Frames) -> Array:
        """Local rotations ``(N, 4 L, 4)``; toes that are not there are not turned."""
        chain = np.concatenate([self.above[:, None], self._seen], axis=1)
        turned = self.pose.turned[rows[:, None, None], chain]
        local = rotations.multiply(rotations.inverse(turned[..., :-1, :]), turned[..., 1:, :])
        if not self.toed.all():
            local[:, ~self.toed, 3] = rotations.identity()
        return np.asarray(local.reshape(len(rows), -1, 4))

    def spot(self, rows: Frames) -> Array:
        """Where the points are ``(L, N, 3)`` that hold the feet."""
        end = self.columns[:, 2, None]
        arm = rotations.rotate(self.pose.turned[rows, end], self.arm[:, rows])
        return np.asarray(self.pose.placed[rows, end] + arm)

    def sole_heights(self, rows: Frames) -> Array:
        """Heights of heels and balls over the floor ``(L, N, 2)``."""
        _, _, end, toes = self._turned(rows)
        heel = rotations.rotate(end, self.heel_arm)[..., 2]
        ball = rotations.rotate(end, self.pivot)[..., 2] + rotations.rotate(toes, self.ball_arm)[..., 2]
        ankle = self.pose.placed[rows, self.columns[:, 2, None], 2]
        return np.asarray(ankle[..., None] + np.stack([heel, ball], axis=-1))

    def effects(self, rows: Frames, unit: float) -> Effects:
        """What changes of the frames ``rows`` do; ``unit`` metres of the pelvis count as much as a radian."""
        limb, (upper, lower, end, toes) = self.limb, self._turned(rows)
        placed = self.pose.placed[rows[:, None], self._seen[:, None, (0, 2)]]
        ankle_at = placed[..., 1, :]
        away = ankle_at - placed[..., 0, :]
        shank, axis = rotations.rotate(lower, limb.second), rotations.rotate(upper, limb.hinge)
        hinge = hinge_of(limb, upper, lower, axis)
        length = np.maximum(np.linalg.norm(away, axis=-1), 1e-9)
        direction = away / length[..., None]
        touching, flat, ball = self.touching[:, rows], self.flat[:, rows], self.ball[:, rows]
        shape = (*touching.shape, 3, PELVIS + EACH_LEG)
        # the foot: free in the air and, about the point that holds it, while it rolls; at rest while it is flat
        feet = np.zeros(shape)
        feet[..., PELVIS : PELVIS + 3] = np.where(flat[..., None, None], 0.0, np.eye(3))
        across = rotations.rotate(end, self._across)
        pelvis = np.zeros(shape)
        pelvis[..., :PELVIS] = unit * np.eye(3)
        # legs that stand follow hip and ankle
        arm = _cross(rotations.rotate(end, self.arm[:, rows])) @ feet
        step = arm - pelvis
        sine = np.maximum(np.sin(hinge.flexion), 1e-6)
        turn = np.clip(-2.0 * length / (hinge.span * sine), -_STEEPEST / length, 0.0)
        stretch = (direction[..., None, :] @ step)[..., 0, :]
        bend = turn[..., None] * stretch
        rise = rotations.cross(axis, shank)[..., None]
        away_cross = _cross(away)
        thigh = (away_cross @ (step - rise * bend[..., None, :])) / (length**2)[..., None, None]
        thigh[..., PELVIS + 3] += direction
        # legs in the air turn as they like
        free = ~touching
        thigh[free], bend[free] = 0.0, 0.0
        thigh[free, :, PELVIS + 3 : PELVIS + 6] = np.eye(3)
        bend[free, PELVIS + 6] = 1.0
        shin = thigh + axis[..., None] * bend[..., None, :]
        toe = feet.copy()
        toe[..., PELVIS + 7] += across
        toe = np.where((ball & self.toed[:, None])[..., None, None], 0.0, toe)
        if not self.toed.all():
            toe[~self.toed] = feet[~self.toed]
        ankle = np.where(touching[..., None, None], arm, pelvis - away_cross @ thigh + rise * bend[..., None, :])
        frames = rotations.to_matrix(rotations.inverse(np.stack([upper, lower, end, toes], axis=2)))
        changes = np.stack([thigh, shin - thigh, feet - shin, toe - feet], axis=2)
        turns = (frames @ changes).reshape(*touching.shape, 12, PELVIS + EACH_LEG)
        heel, pivot, under = (
            rotations.rotate(turned, each)
            for turned, each in ((end, self.heel_arm), (end, self.pivot), (toes, self.ball_arm))
        )
        # of what moves over the floor only the height is asked
        heel_moves = ankle[..., 2, :] - _height_of_cross(heel, feet)
        pivot_moves = ankle[..., 2, :] - _height_of_cross(pivot, feet) - _height_of_cross(under, toe)
        up = ankle_at[..., 2]
        return Effects(
            turns,
            np.stack([heel_moves, pivot_moves], axis=-2),
            np.stack([up + heel[..., 2], up + pivot[..., 2] + under[..., 2]], axis=-1),
            ankle - arm,
            stretch,
        )

    def move(self, rows: Frames, change: Array, step: Array, spot: Array) -> None:
        """Edits the pose by ``change (N, L, 8)`` while hips move by ``step (L, N, 3)`` or ``(N, 3)`` metres.

        A point that touches is exactly at ``spot (L, N, 3)`` as long as its leg reaches it.
        """
        pose, limb = self.pose, self.limb
        change = np.swapaxes(change, 0, 1)
        upper, lower, end, old_toes = self._turned(rows)
        touching, flat, ball = self.touching[:, rows], self.flat[:, rows], self.ball[:, rows]
        placed = pose.placed[rows[:, None], self._seen[:, None, (0, 2)]]
        hip, ankle = placed[..., 0, :], placed[..., 1, :]
        start = hip + step
        turn = np.where(flat[..., None], 0.0, change[..., _FOOT])
        after = rotations.normalized(rotations.multiply(rotations.from_rotation_vector(turn), end))
        axis = rotations.rotate(upper, limb.hinge)
        legs = change[..., _LEG]
        # in the air
        flexion = hinge_of(limb, upper, lower, axis).flexion
        bend = np.maximum(legs[..., 3], np.minimum(_STRAIGHTEST - flexion, 0.0))
        swing = rotations.from_rotation_vector(legs[..., :3])
        bent = rotations.multiply(rotations.from_axis_angle(axis, bend), lower)
        # standing
        swivel = rotations.from_axis_angle(ankle - hip, legs[..., 0])
        target = spot - rotations.rotate(after, self.arm[:, rows])
        standing = reaching(
            limb,
            rotations.multiply(swivel, upper),
            rotations.multiply(swivel, lower),
            rotations.rotate(swivel, axis),
            start,
            target,
        )
        stands = touching[..., None]
        thigh = rotations.normalized(np.where(stands, standing[0], rotations.multiply(swing, upper)))
        shin = rotations.normalized(np.where(stands, standing[1], rotations.multiply(swing, bent)))
        local = rotations.multiply(rotations.inverse(end), old_toes)
        tilted = rotations.from_rotation_vector(rotations.rotate(after, self._across) * change[..., _TOES])
        toes = rotations.normalized(rotations.multiply(tilted, rotations.multiply(after, local)))
        toes = np.where(ball[..., None], old_toes, toes)
        knee = start + rotations.rotate(thigh, limb.first)
        ankle = knee + rotations.rotate(shin, limb.second)
        count = 4 if self.toed.all() else 3
        columns = self.columns[:, None, :count]
        turned = np.stack([thigh, shin, after, toes], axis=2)
        places = np.stack([start, knee, ankle, ankle + rotations.rotate(after, self.pivot)], axis=2)
        pose.turned[rows[:, None], columns] = turned[:, :, :count]
        pose.placed[rows[:, None], columns] = places[:, :, :count]
        if count == 3 and self.toed.any():
            columns = self.columns[self.toed, 3][:, None]
            pose.turned[rows, columns], pose.placed[rows, columns] = turned[self.toed, :, 3], places[self.toed, :, 3]


def _cross(vectors: Array) -> Array:
    """Matrices ``(..., 3, 3)`` that take the cross product with ``vectors (..., 3)`` from the left."""
    result = np.zeros(vectors.shape + (3,))
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    result[..., 2, 1], result[..., 0, 2], result[..., 1, 0] = x, y, z
    result[..., 1, 2], result[..., 2, 0], result[..., 0, 1] = -x, -y, -z
    return result


def _height_of_cross(vectors: Array, changes: Array) -> Array:
    """Heights ``(..., C)`` of cross products of ``vectors (..., 3)`` with the columns of ``changes (..., 3, C)``."""
    return np.asarray(vectors[..., 0, None] * changes[..., 1, :] - vectors[..., 1, None] * changes[..., 0, :])


def sole_heights(pose: Pose, foot: Foot, rows: Frames) -> Array:
    """Heights of a foot's heel and ball over the floor ``(N, 2)`` in the frames ``rows``."""
    end = pose.turned[rows, foot.leg.end]
    toes = pose.turned[rows, foot.toes] if foot.toes >= 0 else end
    heel = rotations.rotate(end, foot.heel)[:, 2]
    ball = rotations.rotate(end, foot.pivot)[:, 2] + rotations.rotate(toes, foot.ball)[:, 2]
    return np.asarray(pose.placed[rows, foot.leg.end, 2, None] + np.stack([heel, ball], axis=1))
