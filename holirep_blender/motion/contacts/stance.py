# SPDX-License-Identifier: GPL-3.0-or-later
"""When points stand: slow and low, by thresholds with hysteresis that know the motion's own noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import filters, gaps
from .record import TOUCHING

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_BEGIN_SPEED, _END_SPEED = 0.29, 0.32
"""Metres per second below which a contact begins and above which it ends, in motion without noise."""
_BEGIN_HEIGHT, _END_HEIGHT = 0.045, 0.050
"""The same for metres over the point's own resting height."""
_RATE = 30.0
"""Frames per second at which speeds are between neighbouring frames."""
_QUIET, _NOISY = 0.08, 0.18
"""Speed in m/s of the stillest tenth of a clip's foot points: motion capture lies below the first, a tracker's takes
around the second (0.14 to 0.30)."""
_MOST_NOISE = 2.5
"""Noise, in units of a tracker's, beyond which thresholds do not widen further."""
_SPEED_SLACK, _HEIGHT_SLACK = (0.03, 0.15), (0.015, 0.03)
"""What a tracker's noise adds to the speeds and heights of begin and end."""
_GROSS, _GROSS_REACH = 0.05, 0.1
"""A point farther than this (m) from its median over this many seconds to both sides is a gross error."""
_REST_SHIFT, _REST_NEAR = 0.06, 0.08
"""How far a point's resting height may lie from the floor, metres: what soles are not exact and trackers biased; how
near the floor the slow frames are that tell it."""
_AT_FLOOR = 0.015
"""Metres over the floor up to which a point is low wherever else it rests."""


@dataclass(frozen=True)
class Calm:
    """Motion of points without noise, as far as it can be told from motion.

    ``places (T, P, 3)`` and ``heights (T, P)`` in metres; ``noise``: 0 for clean motion, 1 for a tracker's; ``sight``
    the directions ``(T, P, 3)`` from which one camera sees the points, along which speed counts half.
    """

    places: Array
    heights: Array
    noise: float
    sight: Optional[Array] = None

    def part(self, rows: list[int]) -> Calm:
        """The same for some of the points."""
        sight = None if self.sight is None else self.sight[:, rows]
        return Calm(self.places[:, rows], self.heights[:, rows], self.noise, sight)

    def speeds(self, fps: float) -> Array:
        """Speeds ``(T, P)`` in m/s."""
        return speeds(self.places, fps, self.sight)


def calmed(
    places: Array,
    heights: Array,
    fps: float,
    rows: Optional[list[int]] = None,
    sight: Optional[Array] = None,
    seen: Optional[Mask] = None,
) -> Calm:
    """Points ``(T, P, 3)`` and their heights ``(T, P)`` freed from noise.

    How fast the stillest frames are tells the noise: feet stand still in nearly every clip. Gross errors are taken out
    by running medians, then everything is low-passed, the more the noisier (at 3 Hz for a usual tracker's take).

    Parameters
    ----------
    rows : the points that tell the noise, if not all: those of the soles.
    sight : directions ``(T, P, 3)`` from a camera, whose depth is not to be trusted much.
    seen : frames ``(T,)`` that tell the noise, if not all: poses that are only held are stiller than any tracker.
    """
    both = np.concatenate([places, heights[..., None]], axis=-1)
    if len(both) < 4 or not both.shape[1]:
        return Calm(places, heights, 0.0, sight)
    middle = running_median(both, max(1, round(_GROSS_REACH * fps)))
    gross = np.linalg.norm(both[..., :3] - middle[..., :3], axis=-1) > _GROSS
    both = np.where(gross[..., None], middle, both)
    telling = speeds(both[..., :3], fps, sight)
    telling = telling if rows is None else telling[:, rows]
    still = float(np.percentile(telling if seen is None or not seen.any() else telling[seen], 10.0))
    noise = float(np.clip((still - _QUIET) / (_NOISY - _QUIET), 0.0, _MOST_NOISE))
    # beyond a tracker's usual noise single errors have been smeared by smoothing: medians over longer windows
    both = running_median(both, round(_GROSS_REACH * fps * max(0.0, noise - 1.0)))
    both = filters.zero_phase(both, fps, max(0.5 / max(still, 0.02), 2.5))
    return Calm(both[..., :3], both[..., 3], noise, sight)


def stance(calm: Calm, fps: float, *, size: float = 1.0, sensitivity: float = 1.0, shortest: float = 0.15) -> Array:
    """Confidences ``(T, P)`` that points of soles stand.

    A point stands while it is slow and low: slower and lower than the first pair of thresholds in at least one frame,
    and than the second, higher pair throughout. Noise widens the thresholds, and short flicker is removed. Each point's
    own resting height is found from its slow frames, because soles are not exactly known and a tracker errs by a
    constant.

    Parameters
    ----------
    calm : heights are over the ground at each frame.
    size : the body's size over a grown human's; between 0.8 and 1.25 thresholds are a human's.
    sensitivity, shortest : as in ``ContactOptions``.
    """
    if not calm.heights.size:
        return np.zeros(calm.heights.shape)
    size = size / float(np.clip(size, 0.8, 1.25))
    noise = calm.noise
    reach = sensitivity * np.array([np.sqrt(size), size])  # Froude: speeds go with the root of the length
    speed = calm.speeds(fps)
    low = calm.heights - _resting_height(calm.heights, speed, size)
    # what rests under the floor in most frames, because the root sinks there, stands on the floor elsewhere
    low = np.where(calm.heights < _AT_FLOOR * size, np.minimum(low, 0.0), low)
    begin = np.array([_BEGIN_SPEED + _SPEED_SLACK[0] * noise, _BEGIN_HEIGHT + _HEIGHT_SLACK[0] * noise]) * reach
    end = np.array([_END_SPEED + _SPEED_SLACK[1] * noise, _END_HEIGHT + _HEIGHT_SLACK[1] * noise]) * reach
    touching = held((speed < begin[0]) & (low < begin[1]), (speed < end[0]) & (low < end[1]))
    frames = shortest * fps * (1.0 + 2.0 * min(noise, 1.0)) / 3.0
    touching = without_flicker(touching, round(frames))
    return graded(touching, speed / end[0], low / end[1])


def speeds(places: Array, fps: float, sight: Optional[Array] = None) -> Array:
    """Speeds ``(T, P)`` in m/s of points ``(T, P, 3)``, between 1/30 s before and after; 0 for a single frame.

    The same span of time at every frame rate, so that noise counts alike. Along directions ``sight`` it counts half.
    """
    count = len(places)
    if count < 2:
        return np.zeros(places.shape[:-1])
    reach = max(1, round(fps / _RATE))
    index = np.arange(count)
    after, before = np.minimum(index + reach, count - 1), np.maximum(index - reach, 0)
    move = places[after] - places[before]
    if sight is not None:
        move = move - 0.5 * np.sum(move * sight, axis=-1, keepdims=True) * sight
    step = np.linalg.norm(move, axis=-1)
    return np.asarray(step * (fps / (after - before))[:, None])


def graded(touching: Mask, *shares: Array) -> Array:
    """Confidences of a decision: by the largest of the ratios to their thresholds, 0.5 at 1, on the decision's side."""
    worst = np.max(np.stack([np.maximum(share, 0.0) for share in shares]), axis=0)
    confidence = 1.0 / (1.0 + worst**2)
    return np.where(touching, np.maximum(confidence, TOUCHING), np.minimum(confidence, TOUCHING - 0.01))


def held(begins: Mask, stays: Mask) -> Mask:
    """Hysteresis along axis 0 of ``(T, P)``: the spans of ``stays`` that hold at least one ``begins``."""
    starts = stays & ~np.concatenate([np.zeros_like(stays[:1]), stays[:-1]])
    number = np.cumsum(starts, axis=0) + np.arange(stays.shape[1]) * (len(stays) + 1)
    good = np.zeros(stays.shape[1] * (len(stays) + 1) + 1, dtype=bool)
    good[number[begins & stays]] = True
    return np.asarray(stays & good[number])


def without_flicker(touching: Mask, shortest: int) -> Mask:
    """The decisions ``(T, P)`` without lifts and then without contacts shorter than ``shortest`` frames.

    What reaches the clip's first or last frame is kept: it may have gone on beyond.
    """
    result = touching.copy()
    for column in range(result.shape[1]):
        for value in (False, True):
            for first, end in gaps.spans(result[:, column] == value):
                if end - first < shortest and first > 0 and end < len(result):
                    result[first:end, column] = not value
    return result


def running_median(samples: Array, half: int) -> Array:
    """Median over ``half`` frames to both sides along axis 0; the ends are held."""
    if half < 1 or len(samples) < 2:
        return samples
    padded = np.pad(samples, ((half, half),) + ((0, 0),) * (samples.ndim - 1), mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0), axis=-1))


def _resting_height(heights: Array, speed: Array, size: float) -> Array:
    """Height ``(P,)`` at which each point rests: the lower quartile over its slow frames near the floor, else 0."""
    slow = speed <= np.maximum(0.25, np.percentile(speed, 30.0, axis=0))
    near = slow & (np.abs(heights) <= _REST_NEAR * size)
    ordered = np.sort(np.where(near, heights, np.inf), axis=0)
    quarter = np.maximum(near.sum(axis=0) - 1, 0) // 4
    resting = ordered[quarter, np.arange(heights.shape[1])]
    return np.clip(np.where(near.any(axis=0), resting, 0.0), -_REST_SHIFT * size, _REST_SHIFT * size)
