# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out the pops that planting leaves: legs whose joints would be jerked harder than the motion ever was.

Contacts are kept exactly; whatever else there is gives way: the pelvis, how a foot rolls, to which side a knee points,
legs in the air. In windows around the frames that are too fast a least-squares problem (Gauss-Newton) asks for the
smallest change with which accelerations come under their bounds.
"""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .block_banded import solved
from .leg_moves import EACH_LEG, PELVIS, Effects, LegHold, effects, moved, sole_heights
from .pose import Pose

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_FASTEST = 99.9
"""Percentile of a motion's own angular accelerations that counts as its fastest."""
FEWEST = 4
"""Frames of the shortest motion that has accelerations to speak of."""
_TOLERANCE = 1.002
"""Times its bound that an acceleration may have."""
_AIM, _ACTIVE = 0.90, 0.97
"""Shares of the bound that is aimed at, and from which an acceleration is brought down."""
_OTHERS = 0.03
"""What it counts that accelerations within their bounds change."""
_STIFF = (3e-3, 1e-3, 3e-4, 1e-4, 1e-4, 1e-4)
"""What changes of the pose count, from round to round: ever less, so that they spread over more frames."""
_AROUND = (6, 8, 10, 12, 12, 12)
"""Frames around one that is too fast which may change, from round to round."""
_SMOOTHLY, _PULL = 0.1, 300.0
"""What accelerations count where legs are pulled, and what the pull does."""
_LARGEST = 0.25
"""Radians of the largest step of a pull."""
_FLOOR, _CLEAR = 10.0, 0.002
"""What the height of a point counts that would be under the floor, and the height that it is brought to, in legs."""
_SUNK, _DEEP = 3e-4, 1000.0
"""Depth under the floor, in legs, from which a step is the worse for it, and by how much."""
_PALM, _PALM_OFF = 3.0, 0.009
"""What it counts that a palm leaves its place, and the metres by which it may."""
_MILD = 2.5
"""Times the fastest up to which the motion's own fast moments may be slowed, to make up for what planting adds."""
_TRIES = 2
"""So often a window is tried that does not become better."""
_OFF = 1e-6
"""Metres that a point which touches may be off its place: a leg that cannot reach is not moved."""


def _own(local: Array, root: Array) -> tuple[Array, Array]:
    """Accelerations ``(T - 2, J)`` of turns and ``(T - 2,)`` of the root that a motion has, a frame a frame.

    Parameters
    ----------
    local : (T, J, 4) rotations of all joints in their parents' frames. root : (T, 3).
    """
    turns = np.linalg.norm(np.diff(_steps(local), axis=0), axis=-1)
    return turns, np.linalg.norm(np.diff(root, 2, axis=0), axis=-1)


def _steps(local: Array) -> Array:
    """Rotation vectors ``(T - 1, J, 3)`` from frame to frame."""
    return rotations.to_rotation_vector(rotations.multiply(rotations.inverse(local[:-1]), local[1:]))


def calmed(pose: Pose, holds: list[LegHold], shift: Array, movable: bool, inside: Optional[Mask] = None) -> Array:
    """Edits the pose so that its legs are not jerked harder than the take was; gives the root's shift ``(T, 3)``.

    Parameters
    ----------
    pose : planted; its ``take`` is the motion before.
    shift : (T, 3) how the root was moved.
    movable : whether the pelvis may move.
    inside : (T,) the frames that may change; None for all.
    """
    count = pose.take.frame_count
    if count < FEWEST or not holds:
        return shift
    problem = Problem(pose, holds, shift.copy(), movable)
    if inside is not None:
        problem.inside = inside
    for around, stiff in zip(_AROUND, _STIFF):
        if not problem.round(around, stiff):
            break
    if problem.tightened():
        for around, stiff in zip(_AROUND[1:4], _STIFF[1:4]):
            problem.round(around, stiff)
    return problem.shift


class Problem:
    """One motion on its way to calm."""

    def __init__(self, pose: Pose, holds: list[LegHold], shift: Array, movable: bool) -> None:
        self.pose, self.holds, self.shift, self.movable = pose, holds, shift, movable
        self.unit = max(float(np.mean([hold.foot.leg.length for hold in holds])), 1e-6)
        self.joints = [
            [leg.upper, leg.lower, leg.end, hold.foot.toes] for hold, leg in ((hold, hold.foot.leg) for hold in holds)
        ]
        columns = [max(joint, 0) for row in self.joints for joint in row]
        turns, pelvis = _own(pose.take.local_rotations, pose.take.root_translation)
        self.fastest, bumpiest = float(np.percentile(turns, _FASTEST)), float(np.percentile(pelvis, _FASTEST))
        self.turns, self.own = turns, turns[:, columns]
        pelvis = np.maximum(pelvis, bumpiest) / self.unit
        self.bounds = np.concatenate([np.maximum(self.own, self.fastest), pelvis[:, None]], axis=1)
        self.hot = np.zeros(self.bounds.shape, dtype=bool)
        self.low = [np.zeros((pose.take.frame_count, 2), dtype=bool) for _ in holds]
        frames = np.arange(pose.take.frame_count)
        self.spots = [self._spot(hold, frames) for hold in holds]
        self.depth = self._depth(frames)
        self.failed = np.zeros(len(frames), dtype=int)
        self.hard = np.zeros(len(frames), dtype=bool)
        self.inside: Mask = np.ones(len(frames), dtype=bool)
        turning = {joint for row in self.joints for joint in row}
        self.carried = np.array([joint for joint in range(len(pose.take.joint_names)) if joint not in turning])

    def _spot(self, hold: LegHold, rows: Frames) -> Array:
        """Where the point is ``(N, 3)`` that holds a foot."""
        end = hold.foot.leg.end
        return np.asarray(self.pose.placed[rows, end] + rotations.rotate(self.pose.turned[rows, end], hold.arm[rows]))

    def _depth(self, rows: Frames) -> Array:
        """How far heels and balls that are free are under the floor ``(N, 2 legs)``, metres."""
        columns = []
        for hold in self.holds:
            height = sole_heights(self.pose, hold.foot, rows)
            for column, held in enumerate((hold.phases.heel, hold.phases.ball)):
                above = held[rows] | (hold.softly is not None)
                columns.append(np.where(above, 0.0, np.maximum(-height[:, column], 0.0)))
        return np.stack(columns, axis=1)

    def local(self, rows: Frames) -> Array:
        """Local rotations ``(N, 4 legs, 4)`` of the legs' joints."""
        pose, result = self.pose, []
        for row in self.joints:
            above = pose.turned[rows, pose.take.parents[row[0]]]
            for joint in row:
                if joint < 0:
                    result.append(rotations.identity((len(rows),)))
                    continue
                turned = pose.turned[rows, joint]
                result.append(rotations.multiply(rotations.inverse(above), turned))
                above = turned
        return np.stack(result, axis=1)

    def accelerations(self, rows: Frames) -> tuple[Array, Array]:
        """Accelerations ``(N - 2, S, 3)``, the pelvis's last, and the steps' rotations ``(N - 1, S - 1, 4)``."""
        local = self.local(rows)
        steps = rotations.multiply(rotations.inverse(local[:-1]), local[1:])
        root = (self.pose.take.root_translation[rows] + self._level(self.shift[rows])) / self.unit
        return (
            np.concatenate(
                [np.diff(rotations.to_rotation_vector(steps), axis=0), np.diff(root, 2, axis=0)[:, None]], axis=1
            ),
            steps,
        )

    def _level(self, shift: Array) -> Array:
        up = np.array([0.0, 0.0, 1.0])
        return rotations.rotate(rotations.between(up, self.pose.floor.up), shift)

    def round(self, around: int, stiff: float) -> bool:
        """One step of Gauss and Newton in all windows; False where nothing is too fast that can be helped."""
        count = self.pose.take.frame_count
        speed = np.linalg.norm(self.accelerations(np.arange(count))[0], axis=-1)
        over = speed > self.bounds * _TOLERANCE
        self.hot |= over
        wanted = np.zeros(count, dtype=bool)
        wanted[1:-1] = over.any(axis=1)
        wanted &= self.failed < _TRIES
        if not wanted.any():
            return False
        open_frames = gaps.distance_to_valid(wanted) <= around
        # windows that nearly touch become one
        open_frames = (gaps.distance_to_valid(open_frames) <= 2) & self.inside
        if not open_frames.any():
            return False
        rows = np.flatnonzero(gaps.distance_to_valid(open_frames) <= 2)
        change = self._solution(rows, open_frames[rows], stiff)
        self._take(rows, open_frames, change)
        return True

    def tightened(self) -> bool:
        """Asks for less where the motion itself was fast, should all in all be faster now than before; whether so."""
        speed = np.linalg.norm(self.accelerations(np.arange(self.pose.take.frame_count))[0], axis=-1)
        now = self.turns.copy()
        for column, joint in enumerate(joint for row in self.joints for joint in row):
            if joint >= 0:
                now[:, joint] = speed[:, column]
        if np.percentile(now, _FASTEST) <= self.fastest:
            return False
        mild = self.own < _MILD * self.fastest
        self.bounds[:, :-1] = np.where(mild, np.minimum(self.bounds[:, :-1], self.fastest), self.bounds[:, :-1])
        self.failed[:] = 0
        return True

    def pulled(self, pull: Array, around: int, stiff: float) -> None:
        """One step in which the legs' joints turn by ``pull (T, S, 3)``, in their own frames, as far as they can."""
        wanted = (np.abs(pull) > 0.0).any(axis=(1, 2))
        open_frames = gaps.distance_to_valid(wanted) <= around
        open_frames = (gaps.distance_to_valid(open_frames) <= 2) & self.inside
        if not open_frames.any():
            return
        rows = np.flatnonzero(gaps.distance_to_valid(open_frames) <= 2)
        self.hard |= wanted
        change = self._solution(rows, open_frames[rows], stiff, pull)
        longest = np.abs(change).max(axis=1, keepdims=True)
        change = change * np.minimum(1.0, _LARGEST / np.maximum(longest, 1e-12))
        frames = np.flatnonzero(open_frames)
        self._apply(frames, change[open_frames[rows]])
        for hold, low in zip(self.holds, self.low):
            low[frames] |= sole_heights(self.pose, hold.foot, frames) < 0.0

    def missed(self) -> list[Mask]:
        """Where feet touch and are not in their places or under the floor, ``(T,)`` by foot."""
        frames = np.arange(self.pose.take.frame_count)
        sunk = self._depth(frames) - self.depth > _SUNK * self.unit
        return [
            hold.phases.touching
            & (
                (np.linalg.norm(self._spot(hold, frames) - spot, axis=-1) > _OFF)
                | sunk[:, 2 * number : 2 * number + 2].any(axis=1)
            )
            for number, (hold, spot) in enumerate(zip(self.holds, self.spots))
        ]

    def _solution(self, rows: Frames, free: Mask, stiff: float, pull: Optional[Array] = None) -> Array:
        """The change ``(N, C)`` of the frames ``rows``, of which those that are ``free`` may change."""
        width = PELVIS + EACH_LEG * len(self.holds)
        parts = [
            effects(self.pose, hold, rows, PELVIS + EACH_LEG * number, width, self.unit)
            for number, hold in enumerate(self.holds)
        ]
        root = np.zeros((len(rows), 3, width))
        root[:, :, :PELVIS] = np.eye(3)
        moves = np.concatenate([part.turns for part in parts] + [root], axis=1)
        moves[~free] = 0.0
        if not self.movable:
            moves[:, :, :PELVIS] = 0.0
        now, steps = self.accelerations(rows)
        whole = (rows[2:] - rows[:-2]) == 2
        samples = moves.shape[1] // 3
        split = moves.reshape(len(rows), samples, 3, width)
        back = np.zeros((len(rows) - 1, samples, 3, 3))
        back[:, :-1] = rotations.to_matrix(rotations.inverse(steps))
        back[:, -1] = np.eye(3)
        before = (back[:-1] @ split[:-2]).reshape(-1, 3 * samples, width)
        here = -(back[1:] @ split[1:-1] + split[1:-1]).reshape(-1, 3 * samples, width)
        after = moves[2:]
        bounds = self.bounds[rows[1:-1] - 1]
        speed = np.linalg.norm(now, axis=-1)
        active = (speed > _ACTIVE * bounds) | self.hot[rows[1:-1] - 1]
        excess = np.where(active, np.maximum(1.0 - _AIM * bounds / np.maximum(speed, 1e-12), 0.0), 0.0)
        weight = np.where(active, 1.0, _OTHERS if pull is None else _SMOOTHLY) * whole[:, None]
        wanted = (-now * excess[..., None]).reshape(-1, 3 * samples)
        weight = np.repeat(weight, 3, axis=1)
        diagonal = np.tile(stiff * np.eye(width), (len(rows), 1, 1))
        right = np.zeros((len(rows), width))
        weighted = [np.swapaxes(each * weight[..., None], 1, 2) for each in (before, here, after)]
        for offset, (each, plain) in enumerate(zip(weighted, (before, here, after))):
            inside = slice(offset, offset + len(plain))
            diagonal[inside] += each @ plain
            right[inside] += np.einsum("tck,tk->tc", each, wanted)
        next_one = np.zeros((len(rows) - 1, width, width))
        next_one[:-1] += weighted[0] @ here
        next_one[1:] += weighted[1] @ after
        next_two = weighted[0] @ after
        for hold, part, low, spot in zip(self.holds, parts, self.low, self.spots):
            if hold.softly is None:
                self._above_floor(hold, part, low, rows, free, diagonal, right)
            else:
                held = free & hold.softly[rows]
                palm = part.spot[held] / self.unit
                off = (spot[rows[held]] - self._spot(hold, rows[held])) / self.unit
                diagonal[held] += _PALM * np.swapaxes(palm, 1, 2) @ palm
                right[held] += _PALM * np.einsum("tic,ti->tc", palm, off)
        if pull is not None:
            turns = moves[:, :-3] * self.hard[rows, None, None]
            diagonal += _PULL * np.swapaxes(turns, 1, 2) @ turns
            right += _PULL * np.einsum("tkc,tk->tc", turns, pull[rows].reshape(len(rows), -1))
        # numbers that do nothing in a frame are left out
        live = np.abs(moves).sum(axis=1) > 0.0
        some = np.argsort(~live, axis=1, kind="stable")[:, : int(live.sum(axis=1).max())]
        across, down = some[:, None, :], some[:, :, None]
        each = np.arange(len(rows))[:, None, None]
        change = np.zeros((len(rows), width))
        change[each[:, 0], some] = solved(
            diagonal[each, down, across],
            next_one[each[:-1], down[:-1], across[1:]],
            next_two[each[:-2], down[:-2], across[2:]],
            right[each[:, 0], some],
        )
        return change

    def _above_floor(
        self, hold: LegHold, part: Effects, low: Mask, rows: Frames, free: Mask, diagonal: Array, right: Array
    ) -> None:
        """Adds what lifts points that are free and under the floor, and keeps those from sinking that were."""
        for column, held in enumerate((hold.phases.heel, hold.phases.ball)):
            near = free & ~held[rows] & low[rows, column] & (part.height[:, column] < 2.0 * _CLEAR * self.unit)
            if near.any():
                moves = part.heights[near, column] / self.unit
                rise = _CLEAR - part.height[near, column] / self.unit
                diagonal[near] += _FLOOR * moves[:, :, None] * moves[:, None, :]
                right[near] += _FLOOR * moves * rise[:, None]

    def _take(self, rows: Frames, open_frames: Mask, change: Array) -> None:
        """Takes the change over in the windows where it helps; elsewhere less of it, or none."""
        pose = self.pose
        frames = np.flatnonzero(open_frames)
        inside = change[open_frames[rows]]
        spans = gaps.spans(open_frames)
        ends = np.cumsum([end - first for first, end in spans])
        group = np.repeat(np.arange(len(spans)), np.diff(np.concatenate([[0], ends])))
        turned, placed, shift = pose.turned[frames].copy(), pose.placed[frames].copy(), self.shift[frames].copy()
        before = self._merit(rows, spans)
        share = np.ones(len(spans))
        for step in (1.0, 0.35, 0.12):
            self._apply(frames, inside * share[group][:, None])
            worse = self._merit(rows, spans) >= before
            if step == 1.0:
                for hold, low in zip(self.holds, self.low):
                    low[frames] |= sole_heights(pose, hold.foot, frames) < 0.0
            if not worse.any():
                return
            share = np.where(worse, 0.35 * share, share)
            pose.turned[frames], pose.placed[frames], self.shift[frames] = turned, placed, shift
        self._apply(frames, inside * np.where(worse, 0.0, share)[group][:, None])
        self.failed[frames] += worse[group]

    def _apply(self, frames: Frames, change: Array) -> None:
        step = change[:, :PELVIS] * self.unit if self.movable else np.zeros((len(change), 3))
        self.shift[frames] += step
        self.pose.placed[np.ix_(frames, self.carried)] += step[:, None]
        for number, hold in enumerate(self.holds):
            first = PELVIS + EACH_LEG * number
            moved(self.pose, hold, frames, change[:, first : first + EACH_LEG], step, self.spots[number][frames])

    def _merit(self, rows: Frames, spans: list[tuple[int, int]]) -> Array:
        """How much is too fast around each window of the frames ``rows``, under the floor, or off its place."""
        total = np.zeros(self.pose.take.frame_count)
        speed = np.linalg.norm(self.accelerations(rows)[0], axis=-1)
        whole = (rows[2:] - rows[:-2]) == 2
        excess = np.maximum(speed / self.bounds[rows[1:-1] - 1] - 1.0, 0.0).sum(axis=1)
        total[rows[1:-1]] = np.where(whole, excess, 0.0)
        sunk = self._depth(rows) - self.depth[rows] - _SUNK * self.unit
        total[rows] += np.maximum(sunk, 0.0).sum(axis=1) * (_DEEP / self.unit)
        for hold, spot in zip(self.holds, self.spots):
            off = np.linalg.norm(self._spot(hold, rows) - spot[rows], axis=-1)
            total[rows[(off > _OFF) & hold.phases.touching[rows]]] = np.inf
            if hold.softly is not None:
                total[rows[(off > _PALM_OFF) & hold.softly[rows]]] = np.inf
        return np.array([total[max(first - 1, 0) : end + 1].sum() for first, end in spans])
