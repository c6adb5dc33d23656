# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that stand, brought within human limits: pelvis, knees' sides and rolling feet give way, contacts do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .calm_problem import Problem
from .calming import FEWEST
from .leg_moves import LegHold
from .pose import Pose, with_ancestors
from .stances import Phases

if TYPE_CHECKING:
    from ..biomechanics.engine import LimitOptions

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_ROUNDS, _AROUND, _STIFF = 7, 10, 1e-3
"""Rounds of pulling legs into their limits, and frames around that may change."""
_BEYOND, _STUCK = np.radians(0.01), np.radians(0.3)
"""Turn by the limits from which a leg is pulled, and from which it has to leave the floor."""
_FURTHER, _INSIDE = 1.2, np.radians(0.4)
"""How much further than to their limits legs are pulled, by a factor and a turn: else the last of it takes long."""
_TOES_STUCK = np.radians(15.0)
"""The same of toes, which limits keep from lying level: the ball stays in its place nevertheless (``leg_limits``)."""
_PAD, _SHORTEST = 2, 0.2
"""Frames around those in which a leg cannot stand, and seconds of the shortest stance between two of those."""


def legs_pulled(
    pose: Pose,
    holds: list[LegHold],
    shift: Array,
    movable: bool,
    limits: LimitOptions,
    inside: Optional[Mask] = None,
) -> tuple[Array, list[Mask]]:
    """Edits the pose so that legs are within the limits; gives the root's shift and, by foot, where they are not."""
    if pose.take.frame_count < FEWEST or not holds:
        return shift, [np.zeros(pose.take.frame_count, dtype=bool) for _ in holds]
    problem = Problem(pose, holds, shift.copy(), movable)
    if inside is not None:
        problem.inside = inside
    pull = _pull(pose, problem, limits)
    for _ in range(_ROUNDS):
        if not (pull != 0.0).any():
            return problem.shift, problem.missed()
        length = np.linalg.norm(pull, axis=-1, keepdims=True)
        problem.pulled(pull * (_FURTHER + _INSIDE / np.maximum(length, _BEYOND)) * (length > 0.0), _AROUND, _STIFF)
        pull = _pull(pose, problem, limits)
    beyond = np.linalg.norm(pull, axis=-1)
    most = np.array([_STUCK, _STUCK, _STUCK, _TOES_STUCK])
    stuck = [
        missed | (hold.phases.touching & (beyond[:, 4 * number : 4 * number + 4] > most).any(axis=1))
        for number, (hold, missed) in enumerate(zip(holds, problem.missed()))
    ]
    return problem.shift, stuck


def _pull(pose: Pose, problem: Problem, limits: LimitOptions) -> Array:
    """How limits would turn the joints of the legs around stances: rotation vectors ``(T, S, 3)`` in their frames."""
    from ..biomechanics.engine import limited

    joints = sorted({joint for row in problem.joints for joint in row if joint >= 0})
    take = pose.to_take(joints, problem.shift)
    part, rows = with_ancestors(take, joints)
    within = limited(part, limits, {})[0].local_rotations
    frames = np.arange(pose.take.frame_count)
    result = np.zeros((len(frames), 4 * len(problem.joints), 3))
    for number, row in enumerate(problem.joints):
        near = gaps.distance_to_valid(problem.holds[number].phases.touching) <= _PAD
        for place, joint in enumerate(row):
            if joint < 0:
                continue
            local = take.local_rotations[:, joint]
            turn = rotations.to_rotation_vector(
                rotations.multiply(rotations.inverse(local), within[:, rows.index(joint)])
            )
            beyond = (np.linalg.norm(turn, axis=-1) > _BEYOND) & near
            result[beyond, 4 * number + place] = turn[beyond]
    return result


def released(phases: Phases, stuck: Mask, fps: float, wholly: bool) -> Phases:
    """The phases without what cannot stand: first heels that rise over their balls, else the foot ``wholly``."""
    near = gaps.distance_to_valid(stuck) <= _PAD
    near = ~gaps.without_islands(~near, max(1, round(_SHORTEST * fps)))
    heel = phases.heel & ~near
    ball = phases.ball & ~(near & (~phases.heel | wholly))
    return Phases(heel, ball)
