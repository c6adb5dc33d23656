# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that stand, brought within human limits: pelvis, knees' sides and rolling feet give way, contacts do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..biomechanics.own_limits import OwnLimits
from .calm_problem import Problem
from .calming import FEWEST
from .leg_moves import LegHold
from .pose import Pose
from .stances import Phases

if TYPE_CHECKING:
    from ..biomechanics.engine import LimitOptions

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_ROUNDS, _FEW, _AROUND, _STIFF = 5, 2, 10, 1e-3
"""Rounds of pulling legs into their limits, those after which it is seen which feet surely cannot stand, and frames
around that may change."""
_BEYOND, _STUCK, _SURELY = np.radians((0.01, 0.3, 5.0))
"""Turn by the limits from which a leg is pulled, from which it has to leave the floor, and the same after few rounds:
what is nearer to its limits may yet come within them once other feet have left."""
_FURTHER, _INSIDE = 1.5, np.radians(0.4)
"""How much further than to their limits legs are pulled, by a factor and a turn: else the last of it takes long."""
_TOES_STUCK = np.radians(15.0)
"""The same of toes, which limits keep from lying level: the ball stays in its place nevertheless (``leg_limits``), if
that comes and goes without a jerk."""
_PAD = 2
"""Frames around those in which a leg cannot stand."""
_SHORTEST = (0.2, 0.2, 0.6)
"""Seconds of the shortest stance between two of those, when something is let go for the first time, and again."""


def legs_pulled(
    pose: Pose,
    holds: list[LegHold],
    shift: Array,
    movable: bool,
    limits: LimitOptions,
    inside: Optional[Mask] = None,
    thoroughly: bool = True,
) -> tuple[Array, list[Mask]]:
    """Edits the pose so that legs are within the limits; gives the root's shift and, by foot, where they are not.

    Where that is not done ``thoroughly`` legs around a foot that surely cannot stand are left as they are soon.
    """
    if pose.take.frame_count < FEWEST or not holds:
        return shift, [np.zeros(pose.take.frame_count, dtype=bool) for _ in holds]
    problem = Problem(pose, holds, shift.copy(), movable)
    if inside is not None:
        problem.inside = inside
    before = problem.speeds()
    own = OwnLimits(pose.take, [joint for row in problem.joints for joint in row], limits)
    pull = _pull(problem, own)
    hopeless = np.zeros(pose.take.frame_count, dtype=bool)
    for number in range(_ROUNDS):
        # a heel that a pull has pushed under the floor is lifted by the next one
        missed = problem.missed()
        wanted = ((pull != 0.0).any(axis=(1, 2)) | np.any(missed, axis=0)) & ~hopeless
        if not wanted.any():
            break
        length = np.linalg.norm(pull, axis=-1, keepdims=True)
        further = pull * (_FURTHER + _INSIDE / np.maximum(length, _BEYOND)) * (length > 0.0)
        problem.pulled(further, wanted, _AROUND, _STIFF)
        pull = _pull(problem, own)
        if number + 1 == _FEW and not thoroughly:
            # hips, knees and ankles: toes may tilt
            far = (np.linalg.norm(pull, axis=-1) > _SURELY).reshape(len(pull), -1, 4)[..., :3]
            surely = far.any(axis=(1, 2))
            for first, end in gaps.spans(gaps.distance_to_valid(wanted) <= _AROUND + 1):
                hopeless[first:end] = surely[first:end].any()
    beyond = np.linalg.norm(pull, axis=-1)
    for number in range(3, beyond.shape[1], 4):
        beyond[:, number] = np.where(_jerked(pull[:, number], pose.pace[0]), beyond[:, number], 0.0)
    # nor can a leg stand where the pull has jerked it: that is seen in the frames before and after, too
    jerked = problem.over()
    if jerked.any():
        jerked &= problem.speeds() > before
    most = np.where(hopeless, _SURELY, _STUCK)[:, None]
    stuck = []
    for number, (hold, off) in enumerate(zip(holds, problem.missed())):
        leg = slice(4 * number, 4 * number + 4)
        around = gaps.distance_to_valid(np.pad(jerked[:, leg].any(axis=1), 1)) <= 1
        cannot = around | (beyond[:, leg] > most).any(axis=1)
        stuck.append(off | (hold.phases.touching & cannot))
    return problem.shift, stuck


def _jerked(pull: Array, fastest: float) -> Mask:
    """The frames ``(T,)`` of stretches in which toes are beyond their limits far, or by ``pull (T, 3)`` that jerks."""
    length = np.linalg.norm(pull, axis=-1)
    jerk = np.linalg.norm(np.diff(np.pad(pull, ((1, 1), (0, 0)), mode="edge"), 2, axis=0), axis=-1)
    bad = (length > _TOES_STUCK) | (jerk > fastest)
    result = np.zeros(len(pull), dtype=bool)
    # a jerk is seen in the frame before and after a stretch too
    around = gaps.distance_to_valid(bad) <= 1
    for begin, end in gaps.spans(length > 0.0):
        result[begin:end] = around[begin:end].any()
    return result


def _pull(problem: Problem, limits: OwnLimits) -> Array:
    """How limits would turn the joints of the legs around stances: rotation vectors ``(T, S, 3)`` in their frames."""
    local = problem.legs.local(np.arange(problem.pose.take.frame_count))
    turns = rotations.to_rotation_vector(
        rotations.multiply(rotations.inverse(local), limits.limited(local, settle=False))
    )
    near = np.stack([gaps.distance_to_valid(touching) <= _PAD for touching in problem.legs.touching], axis=1)
    beyond = (np.linalg.norm(turns, axis=-1) > _BEYOND) & np.repeat(near, 4, axis=1)
    return np.asarray(np.where(beyond[..., None], turns, 0.0))


def released(phases: Phases, stuck: Mask, fps: float, before: int) -> Phases:
    """The phases without what cannot stand: heels that rise over their balls if nothing was let go ``before``, then
    feet, and what stays between two such stretches must be ever longer.
    """
    near = gaps.distance_to_valid(stuck) <= _PAD
    near = ~gaps.without_islands(~near, max(1, round(_SHORTEST[min(before, len(_SHORTEST) - 1)] * fps)))
    heel = phases.heel & ~near
    ball = phases.ball & ~(near & (~phases.heel | (before > 0)))
    return Phases(heel, ball)
