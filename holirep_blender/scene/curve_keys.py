# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of one F-curve as arrays: a stretch of whole frames is replaced, and the curve beyond it stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

CONSTANT, LINEAR, BEZIER = 0, 1, 2
"""Values of Keyframe.interpolation, as foreach_set wants them."""
FREE, AUTO_CLAMPED = 0, 4
"""Values of Keyframe.handle_left_type and handle_right_type."""

_POINTS = ("co", "handle_left", "handle_right")
_NUMBERS = {"amplitude": 0.8, "period": 4.1, "back": 1.70158}
_KINDS = {
    "interpolation": LINEAR,
    "easing": 0,
    "handle_left_type": AUTO_CLAMPED,
    "handle_right_type": AUTO_CLAMPED,
    "type": 0,
}
_SELECTED = ("select_control_point", "select_left_handle", "select_right_handle")
_SAME = 0.011
"""Keys nearer to a frame than this are on it: Blender makes one of two that are within 0.01."""
_MOVED = 1e-4


class CurveKeys:
    """The ``K`` keys of an F-curve: every property of theirs, as arrays over the keys."""

    def __init__(self, curve: Optional[bpy.types.FCurve] = None) -> None:
        """The keys that a curve has; none without a curve."""
        count = len(curve.keyframe_points) if curve is not None else 0
        self.arrays: Arrays = {}
        for name in _POINTS:
            self.arrays[name] = np.zeros((count, 2), dtype=np.float32)
        for name in _NUMBERS:
            self.arrays[name] = np.zeros(count, dtype=np.float32)
        for name in _KINDS:
            self.arrays[name] = np.zeros(count, dtype=np.intc)
        for name in _SELECTED:
            self.arrays[name] = np.zeros(count, dtype=bool)
        if curve is not None:
            for name, array in self.arrays.items():
                curve.keyframe_points.foreach_get(name, array.reshape(-1))

    @property
    def frames(self) -> Array:
        """(K,) where the keys are."""
        return np.asarray(self.arrays["co"][:, 0], dtype=np.float64)

    def eased(self, frame: float) -> Optional[tuple[float, float]]:
        """The ends of the segment around a frame where its easing cannot be split into two; else None."""
        frames = self.frames
        after = int(np.searchsorted(frames, frame))
        if self._on_key(frame) or after in (0, len(frames)):
            return None
        splits = int(self.arrays["interpolation"][after - 1]) in (CONSTANT, LINEAR, BEZIER)
        return None if splits else (float(frames[after - 1]), float(frames[after]))

    def bake(self, first: int, values: Array, before: Optional[float], after: Optional[float]) -> None:
        """Puts linear keys with ``values (N,)`` on the frames from ``first`` on, in place of the keys that are there.

        Parameters
        ----------
        before, after : the curve's value one frame before and one after, which are held by a key each, so that the
            curve beyond keeps its shape; None where nothing beyond is to be kept.
        """
        last = first + len(values) - 1
        whole = {name: array.copy() for name, array in self.arrays.items()}
        left = self._pin(whole, first - 1, before, to_left=True)
        right = self._pin(whole, last + 1, after, to_left=False)
        frames = self.frames
        beyond_left = frames < (first if before is None else first - 1) + (_SAME if before is not None else -_SAME)
        beyond_right = frames > (last if after is None else last + 1) - (_SAME if after is not None else -_SAME)
        middle = _linear(np.arange(first, last + 1), values)
        parts = [_selected(self.arrays, beyond_left), left, middle, right, _selected(self.arrays, beyond_right)]
        self.arrays = {name: np.concatenate([part[name] for part in parts]) for name in self.arrays}

    def _on_key(self, frame: float) -> bool:
        return bool(np.any(np.abs(self.frames - frame) < _SAME))

    def _pin(self, whole: Arrays, frame: int, value: Optional[float], to_left: bool) -> Arrays:
        """A new key on ``frame``, which splits its segment of ``whole`` without changing its shape.

        No key where one is there, or ``value`` is None. Edits the handle of the neighbour that stays.
        """
        frames = self.frames
        if value is None or self._on_key(frame):
            return _linear([], [])
        after = int(np.searchsorted(frames, frame))
        made = _linear([frame], [value])
        if after in (0, len(frames)):
            return made
        kind = int(whole["interpolation"][after - 1])
        if kind == BEZIER:
            knots = _bezier(whole, after - 1)
            left_out, left_in, right_in, right_out = _split(knots, _share(knots[:, 0], float(frame)))
            if to_left:
                self.arrays["handle_right"][after - 1] = left_out
            else:
                self.arrays["handle_left"][after] = right_out
            made["handle_left"][0], made["handle_right"][0] = left_in, right_in
            made["handle_left_type"][0] = made["handle_right_type"][0] = FREE
        if not to_left:
            made["interpolation"][0] = kind
        return made

    def write(self, curve: bpy.types.FCurve, changed: Sequence[tuple[float, float]] = ()) -> None:
        """Gives a curve these keys.

        Blender computes automatic handles anew. Where keys outside of the ``changed`` spans (first, last) would get
        other ones by that, their handles are made free and stay where they are.
        """
        self._set(curve)
        now, frames = CurveKeys(curve), self.frames
        moved = np.zeros(len(frames), dtype=bool)
        for name in ("handle_left", "handle_right"):
            moved |= np.abs(now.arrays[name] - self.arrays[name]).max(axis=1, initial=0.0) > _MOVED
        for first, last in changed:
            moved &= (frames < first) | (frames > last)
        if moved.any():
            for name in ("handle_left_type", "handle_right_type"):
                self.arrays[name][moved] = FREE
            self._set(curve)

    def _set(self, curve: bpy.types.FCurve) -> None:
        points = curve.keyframe_points
        points.clear()
        points.add(len(self.frames))
        for name, array in self.arrays.items():
            points.foreach_set(name, np.ascontiguousarray(array).reshape(-1))
        curve.update()


def _linear(frames: npt.ArrayLike, values: npt.ArrayLike) -> Arrays:
    """Linear keys ``(N,)``."""
    co = np.stack([np.asarray(frames, dtype=np.float32), np.asarray(values, dtype=np.float32)], axis=1)
    made: Arrays = {name: co.copy() for name in _POINTS}
    made.update({name: np.full(len(co), value, dtype=np.float32) for name, value in _NUMBERS.items()})
    made.update({name: np.full(len(co), value, dtype=np.intc) for name, value in _KINDS.items()})
    made.update({name: np.zeros(len(co), dtype=bool) for name in _SELECTED})
    return made


def _selected(arrays: Arrays, mask: npt.NDArray[np.bool_]) -> Arrays:
    return {name: array[mask] for name, array in arrays.items()}


def _bezier(arrays: Arrays, index: int) -> Array:
    """The four knots ``(4, 2)`` of the segment after a key, with handles shortened as Blender does to stay in time."""
    start, end = (np.asarray(arrays["co"][each], dtype=np.float64) for each in (index, index + 1))
    leaving = np.asarray(arrays["handle_right"][index], dtype=np.float64) - start
    coming = np.asarray(arrays["handle_left"][index + 1], dtype=np.float64) - end
    length = end[0] - start[0]
    for handle in (leaving, coming):
        if abs(handle[0]) > length:
            handle *= length / abs(handle[0])
    return np.array([start, start + leaving, end + coming, end])


def _share(times: Array, frame: float) -> float:
    """Where on a Bézier segment whose times ``(4,)`` grow a frame is, 0..1, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        rest = 1.0 - middle
        weights = np.array([rest**3, 3 * rest**2 * middle, 3 * rest * middle**2, middle**3])
        if float(weights @ times) < frame:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _split(knots: Array, share: float) -> tuple[Array, Array, Array, Array]:
    """The handles around a split of a Bézier segment (de Casteljau): of its start, of the new key (two), of its end."""
    first = knots[:-1] + share * np.diff(knots, axis=0)
    second = first[:-1] + share * np.diff(first, axis=0)
    return first[0], second[0], second[1], first[2]
