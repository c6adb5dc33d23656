# SPDX-License-Identifier: GPL-3.0-or-later
"""Angular speeds of joints, and how fast they go out and back again, against what humans reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import canonical_axes, rest_rotations
from ..take import Take
from .anatomical import axes_of
from .report import Violation, joined, spans
from .strength import StrengthTable

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-4
"""Share of a bound by which a value may exceed it: rounding of what was slowed to the bound itself."""
TO_AND_FRO = "to-and-fro"
"""``Violation.motion`` of going out and back faster than muscles can turn a movement round."""
SLOWEST_RATE = 20.0
"""Frames a second below which frames are too far apart to tell a jerk from a fast movement to and fro."""
TOGETHER, SHARE = 4, 1.0 / 3.0
"""So many joints that go out and back in the same frames need to reach only this share of their bounds: left and right
exchanged, or a whole body that jumps. Of 45,866 frames of clean motion capture three are so without a single joint
that reaches its bound."""
_OPPOSITE = 0.5
"""Cosine between a turn and the reverse of the next from which on the second takes the first back."""


@dataclass(frozen=True)
class JointBounds:
    """What one joint of a take may do; deg/s.

    Attributes
    ----------
    name : VRM name. column : index in the take.
    length, flexion, abduction : (3,) its axes in the joint's rest frame.
    swing, rotation, back : greatest speeds of its length, about its length, and out and back.
    """

    name: str
    column: int
    length: Array
    flexion: Array
    abduction: Array
    swing: float
    rotation: float
    back: float


def joint_bounds(take: Take, table: StrengthTable) -> list[JointBounds]:
    """Bounds of every joint of a take that the table knows."""
    frames = rest_rotations(take_rest_positions(take), np.eye(3))
    result = []
    for column, name in enumerate(take.joint_names):
        swing = table.speed_bound(name, "swing")
        if name not in frames or swing is None:
            continue
        axes = np.stack([canonical_axes(name)[0], *axes_of(name)[:2]])
        length, flexion, abduction = rotations.rotate(frames[name], axes)
        turn, back = table.speed_bound(name, "rotation"), table.speed_bound(name, "return")
        bounds = (swing, swing if turn is None else turn, np.inf if back is None else back)
        result.append(JointBounds(name, column, length, flexion, abduction, *bounds))
    return result


def turn_rates(local: Array, fps: float, step: int = 1) -> Array:
    """Mean angular velocity ``(T - step, ..., 3)`` in deg/s over ``step`` frames of rotations ``(T, ..., 4)``, in the
    joint's own axes.
    """
    turns = rotations.multiply(rotations.inverse(local[:-step]), local[step:])
    return np.degrees(rotations.to_rotation_vector(turns)) * (fps / step)


def excess(local: Array, bounds: list[JointBounds], fps: float, table: StrengthTable) -> tuple[Array, Array, Array]:
    """How far ``K`` joints with rotations ``(T, K, 4)`` use up their bounds; 1 is all.

    Returns
    -------
    swing, rotation : (T - 1, K) from each frame to the next.
    back : (T, K) for each frame that lies on a way out and back within the table's return time.
    """
    count = len(local)
    rates = turn_rates(local, fps) if count > 1 else np.zeros((0, len(bounds), 3))
    lengths = np.array([bound.length for bound in bounds]).reshape(-1, 3)
    along = np.sum(rates * lengths, axis=-1)
    across = np.sqrt(np.maximum(np.sum(rates**2, axis=-1) - along**2, 0.0))
    swing = across / np.array([bound.swing for bound in bounds])
    rotation = np.abs(along) / np.array([bound.rotation for bound in bounds])
    return swing, rotation, _backs(local, fps, table.return_time) / np.array([bound.back for bound in bounds])


def _backs(local: Array, fps: float, return_time: float) -> Array:
    """Speed ``(T, K)`` in deg/s with which a joint went out and came back around each frame; 0 where it did not.

    Out and back each take half of ``return_time``, with at most as long a rest between them.
    """
    count, step = len(local), max(1, round(fps * return_time / 2.0))
    result = np.zeros(local.shape[:2])
    if fps < SLOWEST_RATE or count < 2 * step + 1:
        return result
    speeds = np.linalg.norm(turn_rates(local, fps, step), axis=-1)
    for rest in range(step + 1):
        way = 2 * step + rest
        if count <= way:
            break
        out, back = speeds[: count - way], speeds[step + rest :]
        # by the law of cosines, which knows no direction: turns of nearly 180 degrees have none
        apart = np.degrees(rotations.angle_between(local[:-way], local[way:])) * (fps / step)
        opposite = (out**2 + back**2 - apart**2) / np.maximum(2.0 * out * back, 1e-12)
        value = np.where(opposite > _OPPOSITE, np.minimum(out, back), 0.0)
        for frame in range(1, way):  # the frames strictly between the first and the last of this way
            part = result[frame : frame + len(value)]
            np.maximum(part, value, out=part)
    return result


def speed_violations(take: Take, table: StrengthTable, bounds: Optional[list[JointBounds]] = None) -> list[Violation]:
    """What turns faster, or to and fro faster, than humans can; ``bounds``: the skeleton's, where known already."""
    bounds = joint_bounds(take, table) if bounds is None else bounds
    if not bounds or take.frame_count < 2:
        return []
    local = take.local_rotations[:, [bound.column for bound in bounds]]
    swing, rotation, back = excess(local, bounds, take.fps, table)
    strict = np.where((back > SHARE).sum(axis=1) >= TOGETHER, SHARE, 1.0)
    back = back / strict[:, None]
    found: list[Violation] = []
    limit = 1.0 + TOLERANCE
    for row in np.flatnonzero((swing > limit).any(0) | (rotation > limit).any(0) | (back > limit).any(0)):
        bound = bounds[row]
        rate = turn_rates(local[:, row], take.fps)
        jerks = [_to_and_fro(back[:, row], strict, bound, span) for span in joined(spans(back[:, row] > limit), 2)]
        fast: list[Violation] = []
        for values, axis in ((swing[:, row], "swing"), (rotation[:, row], "rotation")):
            for first, last in joined(spans(values > limit), 2):
                worst = first + int(np.argmax(values[first : last + 1]))
                peak = bound.swing if axis == "swing" else bound.rotation
                motion = _swing_name(rate[worst], bound) if axis == "swing" else "rotation"
                value = float(values[worst] * peak)
                fast.append(
                    Violation("speed", bound.name, motion, first, last + 1, worst + 1, value, peak, "deg/s", False)
                )
        # a jerk explains the speed that it was made with
        free = [
            v
            for v in fast
            if not any(v.first_frame <= j.last_frame + 1 and j.first_frame <= v.last_frame + 1 for j in jerks)
        ]
        found += jerks + free
    return found


def _to_and_fro(used: Array, strict: Array, bound: JointBounds, span: tuple[int, int]) -> Violation:
    first, last = span
    worst = first + int(np.argmax(used[first : last + 1]))
    allowed = float(bound.back * strict[worst])
    value = float(used[worst] * allowed)
    return Violation("speed", bound.name, TO_AND_FRO, first, last, worst, value, allowed, "deg/s", False)


def _swing_name(rate: Array, bound: JointBounds) -> str:
    flexion, abduction = abs(float(np.dot(rate, bound.flexion))), abs(float(np.dot(rate, bound.abduction)))
    return "flexion" if flexion >= abduction else "abduction"
