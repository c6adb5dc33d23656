# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion on its way to calm: how fast its legs are, how fast they may be, and steps that bring one to the other."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .calm_equations import solution
from .feet import SUNK
from .leg_moves import EACH_LEG, PELVIS, LegHold, Legs
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
_LESS, _STEPS = 0.35, 3
"""Share of a step that is tried next where it does not help, and steps that are tried."""
_TRIES = 4
"""So often a window is tried that does not become better."""
_UP = np.array([0.0, 0.0, 1.0])
_OFF = 1e-6
"""Metres that a point which touches may be off its place: a leg that cannot reach is not moved."""


class Problem:
    """One motion on its way to calm."""

    def __init__(self, pose: Pose, holds: list[LegHold], shift: Array, movable: bool) -> None:
        self.pose, self.holds, self.shift, self.movable = pose, holds, shift, movable
        self.unit = max(float(np.mean([hold.foot.leg.length for hold in holds])), 1e-6)
        self.legs = Legs(pose, holds)
        self.joints: list[list[int]] = self.legs.columns.tolist()
        columns = [max(joint, 0) for row in self.joints for joint in row]
        self.own, pelvis = accelerations_of(pose.take, columns)
        self.fastest, bumpiest = pose.pace
        pelvis = np.maximum(pelvis, bumpiest) / self.unit
        self.bounds = np.concatenate([np.maximum(self.own, self.fastest), pelvis[:, None]], axis=1)
        self.hot = np.zeros(self.bounds.shape, dtype=bool)
        self.low, self.sinking = np.zeros((2, len(holds), pose.take.frame_count, 2), dtype=bool)
        self.short = np.zeros((len(holds), pose.take.frame_count), dtype=bool)
        self.warned = False
        frames = np.arange(pose.take.frame_count)
        self.spots = self.legs.spot(frames)
        self._own_level = rotations.between(_UP, pose.floor.up)
        self.depth = self._depth(frames)
        self.failed = np.zeros(len(frames), dtype=int)
        self.hard = np.zeros(len(frames), dtype=bool)
        self.inside: Mask = np.ones(len(frames), dtype=bool)
        turning = {joint for row in self.joints for joint in row}
        self.carried = np.array([joint for joint in range(len(pose.take.joint_names)) if joint not in turning])

    def _depth(self, rows: Frames) -> Array:
        """How far heels and balls that are free are under the floor ``(N, 2 legs)``, metres."""
        held = np.stack([self.legs.heel[:, rows], self.legs.ball[:, rows]], axis=-1)
        held[[hold.softly is not None for hold in self.holds]] = True
        depth = np.where(held, 0.0, np.maximum(-self.legs.sole_heights(rows), 0.0))
        return np.asarray(np.swapaxes(depth, 0, 1).reshape(len(rows), -1))

    def accelerations(self, rows: Frames) -> tuple[Array, Array]:
        """Accelerations ``(N - 2, S, 3)``, the pelvis's last, and the steps' rotations ``(N - 1, S - 1, 4)``."""
        local = self.legs.local(rows)
        steps = rotations.multiply(rotations.inverse(local[:-1]), local[1:])
        root = (self.pose.take.root_translation[rows] + self._level(self.shift[rows])) / self.unit
        return (
            np.concatenate(
                [np.diff(rotations.to_rotation_vector(steps), axis=0), np.diff(root, 2, axis=0)[:, None]], axis=1
            ),
            steps,
        )

    def _level(self, shift: Array) -> Array:
        return rotations.rotate(self._own_level, shift)

    def over(self, rows: Optional[Frames] = None) -> Mask:
        """What is too fast of the frames ``rows (N,)``, or of all: ``(N - 2, S)``."""
        rows = np.arange(self.pose.take.frame_count) if rows is None else rows
        return np.asarray(self.speeds(rows) > self.bounds[rows[1:-1] - 1] * _TOLERANCE)

    def speeds(self, rows: Optional[Frames] = None) -> Array:
        """The sizes of the accelerations of the frames ``rows (N,)``, or of all: ``(N - 2, S)``."""
        rows = np.arange(self.pose.take.frame_count) if rows is None else rows
        return np.asarray(np.linalg.norm(self.accelerations(rows)[0], axis=-1))

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

    def pulled(self, pull: Array, wanted: Mask, around: int, stiff: float) -> None:
        """One step in which the legs' joints turn by ``pull (T, S, 3)``, in their own frames, as far as they can.

        It changes the frames that are ``wanted (T,)``, and those around.
        """
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
        self.looked(frames)

    def looked(self, frames: Frames) -> None:
        """Notes which soles are under the floor in some frames; where ``warned`` also to keep the next step from that,
        and from making legs too short that stand.
        """
        under = self.legs.sole_heights(frames) < 0.0
        self.low[:, frames] |= under
        if not self.warned:
            return
        self.sinking[:, frames] = under
        off = np.linalg.norm(self.legs.spot(frames) - self.spots[:, frames], axis=-1)
        self.short[:, frames] |= self.legs.touching[:, frames] & (off > _OFF)

    def missed(self) -> list[Mask]:
        """Where feet touch and are not in their places or under the floor, ``(T,)`` by foot."""
        frames = np.arange(self.pose.take.frame_count)
        sunk = self._depth(frames) - self.depth > _SUNK * self.unit
        off = np.linalg.norm(self.legs.spot(frames) - self.spots, axis=-1) > _OFF
        return [
            touching & (away | sunk[:, 2 * number : 2 * number + 2].any(axis=1))
            for number, (touching, away) in enumerate(zip(self.legs.touching, off))
        ]

    def _take(self, rows: Frames, open_frames: Mask, change: Array) -> None:
        """Takes the change over in the windows where it helps; elsewhere less of it, or none."""
        frames = np.flatnonzero(open_frames)
        inside = change[open_frames[rows]]
        spans, group = _windows(open_frames)
        kept = self._now(frames)
        before = self.merit(rows, spans)
        share = np.ones(len(spans))
        for step in range(_STEPS):
            self._apply(frames, inside * share[group][:, None])
            worse = self.merit(rows, spans) >= before
            if step == 0:
                self.looked(frames)
            if not worse.any():
                return
            share = np.where(worse, _LESS * share, share)
            self._back(frames, kept)
        self._apply(frames, inside * np.where(worse, 0.0, share)[group][:, None])
        self.failed[frames] += worse[group]

    def _now(self, frames: Frames) -> tuple[Array, Array, Array]:
        return self.pose.turned[frames].copy(), self.pose.placed[frames].copy(), self.shift[frames].copy()

    def _back(self, frames: Frames, kept: tuple[Array, Array, Array]) -> None:
        self.pose.turned[frames], self.pose.placed[frames], self.shift[frames] = kept

    def _apply(self, frames: Frames, change: Array) -> None:
        step = change[:, :PELVIS] * self.unit if self.movable else np.zeros((len(change), 3))
        self.shift[frames] += step
        self.pose.placed[np.ix_(frames, self.carried)] += step[:, None]
        own = change[:, PELVIS:].reshape(len(change), -1, EACH_LEG)
        self.legs.move(frames, own, step, self.spots[:, frames])

    def merit(self, rows: Frames, spans: list[tuple[int, int]]) -> Array:
        """How much is too fast around each window of the frames ``rows``, under the floor, or off its place."""
        total = np.zeros(self.pose.take.frame_count)
        speed = self.speeds(rows)
        whole = (rows[2:] - rows[:-2]) == 2
        excess = np.maximum(speed / self.bounds[rows[1:-1] - 1] - 1.0, 0.0).sum(axis=1)
        total[rows[1:-1]] = np.where(whole, excess, 0.0)
        depth = self._depth(rows)
        sunk = depth - self.depth[rows] - _SUNK * self.unit
        total[rows] += np.maximum(sunk, 0.0).sum(axis=1) * (_DEEP / self.unit)
        deepest = np.maximum(self.depth[rows], SUNK)
        total[rows] += np.maximum(depth - deepest, 0.0).sum(axis=1) * (_DEEPEST / self.unit)
        off = np.linalg.norm(self.legs.spot(rows) - self.spots[:, rows], axis=-1)
        total[rows[((off > _OFF) & self.legs.touching[:, rows]).any(axis=0)]] = np.inf
        for hold, away in zip(self.holds, off):
            if hold.softly is not None:
                total[rows[(away > _PALM_OFF) & hold.softly[rows]]] = np.inf
        return np.array([total[max(first - 1, 0) : end + 1].sum() for first, end in spans])


def _windows(open_frames: Mask) -> tuple[list[tuple[int, int]], Frames]:
    """The stretches of ``open_frames (T,)``, and to which of them each of its ``(N,)`` frames belongs."""
    spans = gaps.spans(open_frames)
    return spans, np.repeat(np.arange(len(spans)), [end - first for first, end in spans])
