# SPDX-License-Identifier: GPL-3.0-or-later
"""The soft approach to a limit, one excursion at a time.

An *excursion* is a stretch of frames beyond the soft limit. Where its peak stays within the hard limit nothing
changes. Where it does not, ``u = (x - soft) / (hard - soft)`` becomes ``u / (1 + (1 - 1/U) u)`` with the excursion's
peak ``U``: slope 1 at the soft limit, so the curve has no kink, growing everywhere, so the motion keeps its shape, and
the peak lands exactly on the hard limit. A second run finds peaks within the hard limits and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

TOLERANCE = np.radians(0.002)
"""How far beyond a hard limit counts as beyond: above what single-precision keys lose, below what anybody sees."""


_FOLLOWABLE = np.pi / 2.0
"""The largest step from frame to frame that is taken for a turn; what is further is a jump, and goes nowhere."""


@dataclass(frozen=True)
class Bounds:
    """Limits of one motion, radians, each ``(T,)`` or a number for all frames."""

    soft_low: npt.NDArray[np.float64]
    soft_high: npt.NDArray[np.float64]
    hard_low: npt.NDArray[np.float64]
    hard_high: npt.NDArray[np.float64]

    def beyond(self, values: Array) -> Mask:
        """Frames ``(T,)`` in which ``values (T,)`` are beyond a hard limit."""
        return np.asarray((values > self.hard_high + TOLERANCE) | (values < self.hard_low - TOLERANCE))

    def wrapped(self, turns: Array) -> Array:
        """Rotations ``(T,)`` by whole turns into the turn around the middle of the limits."""
        middle = (self.hard_low + self.hard_high) / 2.0
        return np.asarray(turns - 2.0 * np.pi * np.round((turns - middle) / (2.0 * np.pi)))

    def clipped(self, values: Array) -> Array:
        """``values (T,)`` cut off at the hard limits."""
        return np.asarray(np.clip(values, self.hard_low, self.hard_high))


def eased(excess: Array, room: Array, side: Optional[Mask] = None) -> tuple[Array, Mask]:
    """Excess over the soft limit ``(T,)`` (0 and less: within it) brought into ``room (T,)``, the way to the hard one.

    Returns the excess and which frames ``(T,)`` changed; excursions whose peak fits are not among them. Where ``side
    (T,)`` changes, another excursion begins.
    """
    over = np.flatnonzero(excess > 0.0)
    changed = np.zeros(excess.shape, dtype=bool)
    if len(over) == 0:
        return excess, changed
    whole = len(over) == len(excess)
    amount = excess if whole else excess[over]
    space = np.maximum(room if whole or np.ndim(room) == 0 else room[over], 0.0)
    begins = np.ones(len(over), dtype=bool)
    begins[1:] = np.diff(over) > 1
    if side is not None:
        sided = side[over]
        begins[1:] |= sided[1:] != sided[:-1]
    starts = np.flatnonzero(begins)
    number = np.cumsum(begins) - 1
    moves = (np.maximum.reduceat(amount - space, starts) > TOLERANCE)[number]
    if not moves.any():
        return excess, changed
    with np.errstate(divide="ignore"):
        peaks = np.maximum.reduceat(amount / space, starts)
    steepness = (1.0 - 1.0 / np.maximum(peaks, 1.0))[number]
    result = excess.copy()
    frames = over[moves]
    changed[frames] = True
    result[frames] = (amount * space / (space + steepness * amount))[moves]
    return result, changed


def limited_interval(values: Array, bounds: Bounds) -> Array:
    """One angle ``(T,)`` within its limits."""
    if not bounds.beyond(values).any():
        return values
    above, below = values - bounds.soft_high, bounds.soft_low - values
    upper = above > below
    room = np.where(upper, bounds.hard_high - bounds.soft_high, bounds.soft_low - bounds.hard_low)
    excess, changed = eased(np.where(upper, above, below), room, upper)
    moved = np.where(upper, bounds.soft_high + excess, bounds.soft_low - excess)
    return np.asarray(np.where(changed, moved, values))


def limited_rotation(turns: Array, bounds: Bounds) -> Array:
    """A rotation ``(T,)`` about a joint's length within its limits.

    A joint that turns past the side opposite to its limits' middle jumps from the far end of one side to that of the
    other. Within an excursion it is followed round instead, from its beginning and from its end; where the two differ,
    because it went all the way round, the way back is made smoothly in between.
    """
    values = bounds.wrapped(turns)
    if not bounds.beyond(values).any():
        return turns
    outside = (values > bounds.soft_high) | (values < bounds.soft_low)
    steps = np.diff(values)
    turned = -2.0 * np.pi * np.round(steps / (2.0 * np.pi))
    follows = outside[1:] & outside[:-1] & (np.abs(steps + turned) < _FOLLOWABLE)
    whole = np.where(follows, turned, 0.0)
    forwards, backwards = followed(outside, whole)
    if not whole.any():
        kept = limited_interval(values, bounds)
        return np.asarray(np.where(kept == values, turns, kept))
    first = limited_interval(values + forwards, bounds)
    last = limited_interval(values + backwards, bounds)
    kept = first + progress(outside) * (last - first)
    return np.asarray(np.where((first == values) & (last == values), turns, kept))


def followed_round(
    a: Array, b: Array, outside: Mask, limit: Callable[[Array, Array], tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Swings ``a, b (T,)`` after ``limit``, which they are given to as turned on past the half turn.

    ``outside (T,)`` marks the stretches to follow: from their beginning and from their end; where a swing went all the
    way round, so that the two differ, the way back is made smoothly in between.
    """
    length = np.sqrt(a * a + b * b)
    if length.max(initial=0.0) <= np.pi / 2.0:
        return limit(a, b)
    round_a, round_b = _past_half_turn(a, b, length, length > np.pi / 2.0)
    other_way = np.hypot(round_a[1:] - a[:-1], round_b[1:] - b[:-1])
    nearer = other_way < np.minimum(np.hypot(np.diff(a), np.diff(b)), _FOLLOWABLE)
    flips = np.where(outside[1:] & outside[:-1] & nearer, 1.0, 0.0)
    if not flips.any():
        return limit(a, b)
    forwards, backwards = followed(outside, flips)
    first = limit(*_past_half_turn(a, b, length, forwards % 2 == 1.0))
    last = limit(*_past_half_turn(a, b, length, backwards % 2 == 1.0))
    share = progress(outside)
    return first[0] + share * (last[0] - first[0]), first[1] + share * (last[1] - first[1])


def followed(outside: Mask, changes: Array) -> tuple[Array, Array]:
    """Sums of ``changes (T - 1,)`` in stretches of ``outside (T,)``: from their beginning, and back from their end."""
    total = np.concatenate([[0.0], np.cumsum(changes)])
    first, last = _ends(outside)
    return np.where(outside, total - total[first], 0.0), np.where(outside, total - total[last], 0.0)


def progress(outside: Mask) -> Array:
    """Smoothly from 0 at the first to 1 at the last frame of each stretch of ``outside (T,)``."""
    first, last = _ends(outside)
    share = np.where(last > first, (np.arange(len(outside)) - first) / np.maximum(last - first, 1), 0.5)
    return np.asarray(share**3 * (10.0 - 15.0 * share + 6.0 * share**2))


def _ends(outside: Mask) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First and last frame of the stretch that each frame is in; itself outside of stretches."""
    frames = np.arange(len(outside))
    begins = outside & ~np.concatenate([[False], outside[:-1]])
    ends = outside & ~np.concatenate([outside[1:], [False]])
    first = np.maximum.accumulate(np.where(begins | ~outside, frames, 0))
    last = np.minimum.accumulate(np.where(ends | ~outside, frames, len(outside))[::-1])[::-1]
    return first, last


@dataclass(frozen=True)
class Ellipse:
    """Limits of a swing in two directions: a quarter of an ellipse in each quadrant, around a centre within them."""

    first: Bounds
    second: Bounds

    def radii(self, a: Array, b: Array) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
        """Of swings ``a, b (T,)``: centre (2), direction (2), distance from it, and the soft and hard radius there."""
        centre_a, centre_b = _centre(self.first), _centre(self.second)
        x, y = a - centre_a, b - centre_b
        distance = np.sqrt(x * x + y * y)
        safe = np.where(distance < 1e-12, 1.0, distance)
        cosine, sine = x / safe, y / safe
        soft = _radius(cosine, sine, self.first, self.second, centre_a, centre_b, hard=False)
        hard = _radius(cosine, sine, self.first, self.second, centre_a, centre_b, hard=True)
        return centre_a, centre_b, cosine, sine, distance, soft, hard

    def limited(self, a: Array, b: Array) -> tuple[Array, Array]:
        """Swings within the limits, moved along the line to the centre.

        A swing past the half turn comes out on the other side; as in ``limited_rotation`` it is followed round.
        """
        known = self.radii(a, b)
        distance, soft, hard = known[4:]
        if not (distance > hard + TOLERANCE).any():
            return a, b
        return followed_round(a, b, distance > soft, lambda x, y: self._eased(x, y, known if x is a else None))

    def _eased(self, a: Array, b: Array, known: Optional[tuple[Array, ...]]) -> tuple[Array, Array]:
        centre_a, centre_b, cosine, sine, distance, soft, hard = self.radii(a, b) if known is None else known
        excess, changed = eased(distance - soft, hard - soft)
        moved = soft + excess
        return np.where(changed, centre_a + cosine * moved, a), np.where(changed, centre_b + sine * moved, b)

    def clipped(self, a: Array, b: Array) -> tuple[Array, Array]:
        """Swings cut off at the hard limits, along the line to the centre."""
        centre_a, centre_b, cosine, sine, distance, _, hard = self.radii(a, b)
        nearer = np.minimum(distance, hard)
        return centre_a + cosine * nearer, centre_b + sine * nearer


def _past_half_turn(a: Array, b: Array, length: Array, which: Mask) -> tuple[Array, Array]:
    """The same swings written as more than a half turn the other way round, in the frames ``which (T,)``."""
    scale = np.where(which, 1.0 - 2.0 * np.pi / np.where(which, length, 1.0), 1.0)
    return a * scale, b * scale


def _centre(bounds: Bounds) -> Array:
    width = bounds.soft_high - bounds.soft_low
    return np.asarray(np.clip(0.0, bounds.soft_low + 0.1 * width, bounds.soft_high - 0.1 * width))


def _radius(
    cosine: Array, sine: Array, first: Bounds, second: Bounds, centre_a: Array, centre_b: Array, hard: bool
) -> Array:
    a_high, a_low = (first.hard_high, first.hard_low) if hard else (first.soft_high, first.soft_low)
    b_high, b_low = (second.hard_high, second.hard_low) if hard else (second.soft_high, second.soft_low)
    a = cosine * np.where(cosine >= 0.0, _per(a_high - centre_a), _per(centre_a - a_low))
    b = sine * np.where(sine >= 0.0, _per(b_high - centre_b), _per(centre_b - b_low))
    return np.asarray(1.0 / np.sqrt(a * a + b * b + 1e-300))


def _per(axis: Array) -> Array:
    return np.asarray(1.0 / np.maximum(axis, 1e-9))
