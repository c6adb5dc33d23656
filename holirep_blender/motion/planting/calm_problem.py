# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion on its way to calm: how fast its legs are, how fast they may be, and steps that bring one to the other."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .calm_equations import solution
from .feet import SUNK
from .leg_moves import EACH_LEG, PELVIS, LegHold, moved, sole_heights
from .pose import Pose, accelerations_of

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_TOLERANCE = 1.0 + 1e-6
"""Times its bound that an acceleration may have: rounding."""
_LARGEST = 0.25
"""Radians of the largest step of a pull."""
_SUNK, _DEEP, _DEEPEST = 3e-4, 1e3, 1e6
"""Depth under the floor, in legs, from which a step is the worse for it, and by how much; and by how much where that is
more than a foot in the air may be under it at all."""
_PALM_OFF = 0.009
"""Metres by which a palm may leave its place."""
_TRIES = 4
"""So often a window is tried that does not become better."""
_OFF = 1e-6
"""Metres that a point which touches may be off its place: a leg that cannot reach is not moved."""


class Problem:
    """One motion on its way to calm."""

    def __init__(self, pose: Pose, holds: list[LegHold], shift: Array, movable: bool) -> None:
        self.pose, self.holds, self.shift, self.movable = pose, holds, shift, movable
        self.unit = max(float(np.mean([hold.foot.leg.length for hold in holds])), 1e-6)
        self.joints = [
            [leg.upper, leg.lower, leg.end, hold.foot.toes] for hold, leg in ((hold, hold.foot.leg) for hold in holds)
        ]
        columns = [max(joint, 0) for row in self.joints for joint in row]
        turns, pelvis = accelerations_of(pose.take)
        self.fastest, bumpiest = pose.pace
        self.turns, self.own = turns, turns[:, columns]
        pelvis = np.maximum(pelvis, bumpiest) / self.unit
        self.bounds = np.concatenate([np.maximum(self.own, self.fastest), pelvis[:, None]], axis=1)
        self.hot = np.zeros(self.bounds.shape, dtype=bool)
        self.low = [np.zeros((pose.take.frame_count, 2), dtype=bool) for _ in holds]
        frames = np.arange(pose.take.frame_count)
        self.spots = [self.spot(hold, frames) for hold in holds]
        self.depth = self._depth(frames)
        self.failed = np.zeros(len(frames), dtype=int)
        self.hard = np.zeros(len(frames), dtype=bool)
        self.inside: Mask = np.ones(len(frames), dtype=bool)
        turning = {joint for row in self.joints for joint in row}
        self.carried = np.array([joint for joint in range(len(pose.take.joint_names)) if joint not in turning])

    def spot(self, hold: LegHold, rows: Frames) -> Array:
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

    def over(self, rows: Optional[Frames] = None) -> Mask:
        """What is too fast of the frames ``rows (N,)``, or of all: ``(N - 2, S)``."""
        rows = np.arange(self.pose.take.frame_count) if rows is None else rows
        speed = np.linalg.norm(self.accelerations(rows)[0], axis=-1)
        return np.asarray(speed > self.bounds[rows[1:-1] - 1] * _TOLERANCE)

    def rounds(self, settings: tuple[tuple[int, float], ...]) -> None:
        """Steps with so many frames ``around`` and so ``stiff`` each, as long as something is too fast."""
        self.failed[:] = 0
        for around, stiff in settings:
            if not self._round(around, stiff):
                return

    def _round(self, around: int, stiff: float) -> bool:
        """One step of Gauss and Newton in all windows; False where nothing is too fast that can be helped."""
        over = self.over()
        self.hot |= over
        wanted = np.zeros(self.pose.take.frame_count, dtype=bool)
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
        self._take(rows, open_frames, solution(self, rows, open_frames[rows], stiff))
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
        change = solution(self, rows, open_frames[rows], stiff, pull)
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
                (np.linalg.norm(self.spot(hold, frames) - spot, axis=-1) > _OFF)
                | sunk[:, 2 * number : 2 * number + 2].any(axis=1)
            )
            for number, (hold, spot) in enumerate(zip(self.holds, self.spots))
        ]

    def _take(self, rows: Frames, open_frames: Mask, change: Array) -> None:
        """Takes the change over in the windows where it helps; elsewhere less of it, or none."""
        pose = self.pose
        frames = np.flatnonzero(open_frames)
        inside = change[open_frames[rows]]
        spans = gaps.spans(open_frames)
        ends = np.cumsum([end - first for first, end in spans])
        group = np.repeat(np.arange(len(spans)), np.diff(np.concatenate([[0], ends])))
        turned, placed, shift = pose.turned[frames].copy(), pose.placed[frames].copy(), self.shift[frames].copy()
        before = self.merit(rows, spans)
        share = np.ones(len(spans))
        for step in (1.0, 0.35, 0.12):
            self._apply(frames, inside * share[group][:, None])
            worse = self.merit(rows, spans) >= before
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

    def merit(self, rows: Frames, spans: list[tuple[int, int]]) -> Array:
        """How much is too fast around each window of the frames ``rows``, under the floor, or off its place."""
        total = np.zeros(self.pose.take.frame_count)
        speed = np.linalg.norm(self.accelerations(rows)[0], axis=-1)
        whole = (rows[2:] - rows[:-2]) == 2
        excess = np.maximum(speed / self.bounds[rows[1:-1] - 1] - 1.0, 0.0).sum(axis=1)
        total[rows[1:-1]] = np.where(whole, excess, 0.0)
        depth = self._depth(rows)
        sunk = depth - self.depth[rows] - _SUNK * self.unit
        total[rows] += np.maximum(sunk, 0.0).sum(axis=1) * (_DEEP / self.unit)
        deepest = np.maximum(self.depth[rows], SUNK)
        total[rows] += np.maximum(depth - deepest, 0.0).sum(axis=1) * (_DEEPEST / self.unit)
        for hold, spot in zip(self.holds, self.spots):
            off = np.linalg.norm(self.spot(hold, rows) - spot[rows], axis=-1)
            total[rows[(off > _OFF) & hold.phases.touching[rows]]] = np.inf
            if hold.softly is not None:
                total[rows[(off > _PALM_OFF) & hold.softly[rows]]] = np.inf
        return np.array([total[max(first - 1, 0) : end + 1].sum() for first, end in spans])
