# SPDX-License-Identifier: GPL-3.0-or-later
"""The world root made consistent with contacts: what touches rests, and nothing is under the floor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..take import Take
from .banded import smooth_correction
from .floor import Floor, check_floor
from .names import KNEE_POINTS, SOLE_POINTS
from .record import TOUCHING, Contacts
from .soles import ContactPoints, contact_points

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_BEND = 0.01
"""Seconds over which a correction may bend: a contact's pull is spread over about this time."""
_ROUNDS, _STIFFER, _MARGIN = 8, 4.0, 0.9
"""How often, by which factor, and from which share of the root's greatest acceleration on the correction is made
stiffer where it would jerk the root more than it was."""
_JERKIEST = 99.9
"""Percentile of the root's acceleration that no frame may exceed because of the correction."""
_DRIFT = 10.0
"""Seconds over which the corrected path comes back to the captured one: long against a stance, so that feet rest, and
finite, so that small slides of one direction do not carry the performer out of the picture in a long take."""
_LEVEL = 0.25
"""Seconds over which standing points come to the floor's height."""
_LIFT = 0.2
"""Seconds before and after a point would be under the floor in which the body is lifted."""
_AROUND = 1.3
"""Seconds around an edit of contacts in which the root follows it; beyond it stays where it was."""
_ANCHORED, _ANCHORS = 1e6, 2
"""Weight, and number, of the frames at which the root's new path joins the old one."""


@dataclass(frozen=True)
class Residual:
    """What moves on while it should rest.

    Attributes
    ----------
    slide : (T, C) metres that a point moves to the next frame while it touches in both; NaN elsewhere.
    depth : metres that the lowest sole or knee is under the floor in the worst frame, 0 if none is.
    names : (C,) the points of the columns.
    """

    slide: Array
    depth: float
    names: tuple[str, ...]


@dataclass(frozen=True)
class Grounding:
    """How the root moves so that contacts rest, in the floor's axes, over ``T`` frames.

    Attributes
    ----------
    along : (T, 3) what brings touching points to rest. lift : (T,) what brings soles and knees over the floor then.
    bend : (T - 2,) weights with which ``along`` bends.
    places : (T, P, 3) where the take's contact points are without it.
    """

    along: Array
    lift: Array
    bend: Array
    places: Array

    def apply(self, take: Take, floor: Floor, strength: float = 1.0) -> Take:
        """The take with its root moved; ``strength`` 0 (nothing) to 1 (all of it)."""
        shift = self.along + self.lift[:, None] * np.array([0.0, 0.0, 1.0])
        return replace(take, root_translation=take.root_translation + strength * shift @ floor.axes())


def grounded(take: Take, contacts: Contacts, floor: Floor, strength: float = 1.0) -> Take:
    """The take with its root shifted smoothly so that touching points rest and none is under the floor.

    Rotations stay as they are: where two feet stand and the captured legs move against each other, the shift is a
    compromise by the contacts' confidences, and the legs' own solve has to do the rest. Soles and knees that touch come
    to the floor's height; a seat and hands keep the height and place they have. Then the body is lifted, softly, where
    a sole or a knee would be under the floor. A take without contacts is returned unchanged.

    Parameters
    ----------
    strength : 0 (nothing) to 1 (all of the shift).

    Raises ValueError in the user's words where the floor lies above the head, the take holds values that are not
    numbers, or the contacts are of another clip.
    """
    if strength <= 0.0:
        check_floor(take, floor)
        return take
    found = grounding(take, contacts, floor)
    return take if found is None else found.apply(take, floor, strength)


def grounding(take: Take, contacts: Contacts, floor: Floor) -> Optional[Grounding]:
    """What ``grounded`` does to the root, at full strength; None where nothing touches. Raises as it does."""
    check_floor(take, floor)
    if contacts.frame_count != take.frame_count:
        raise ValueError(
            f"The contacts are of a clip of {contacts.frame_count} frames, but the take has {take.frame_count}. "
            "Detect the contacts again."
        )
    points = contact_points(take)
    names = [name for name in contacts.names if name in points.names]
    if not any(contacts.touching(name).any() for name in names):
        return None
    places = (points.world(take) - np.array(floor.point)) @ floor.axes().T
    bend = np.full(max(take.frame_count - 2, 0), (_BEND * take.fps) ** 2)
    start = Grounding(np.zeros((take.frame_count, 3)), np.zeros(take.frame_count), bend, places)
    return _settled(take, points, contacts, floor, start, [(0, take.frame_count)])


def regrounded(take: Take, contacts: Contacts, floor: Floor, base: Grounding, changed: Mask) -> Grounding:
    """``base`` after an edit of the contacts in the frames ``changed (T,)``: other only around them.

    The root's path is solved again from 1.3 seconds before to 1.3 seconds after, and joins the old one there. So an
    edit moves nobody far away from it in time, which would be no help to the one who edits. The first frame stays where
    it is: characters begin at their own place, so all others would move.
    """
    reach = max(1, round(_AROUND * take.fps))
    spans = gaps.spans(gaps.distance_to_valid(changed) <= reach)
    around = [(max(first, 1), end) for first, end in spans if end > 1]
    return _settled(take, contact_points(take), contacts, floor, base, around)


def _settled(
    take: Take, points: ContactPoints, contacts: Contacts, floor: Floor, base: Grounding, windows: list[tuple[int, int]]
) -> Grounding:
    """``base`` with the root's path solved in the ``windows``, stiffer and stiffer where it would be jerked."""
    count = take.frame_count
    names = [name for name in contacts.names if name in points.names]
    before = _accelerations(take.root_translation)
    most = float(np.percentile(before, _JERKIEST)) if len(before) else 0.0
    along, lift, bend = base.along.copy(), base.lift, base.bend.copy()
    open_frames = np.zeros(count, dtype=bool)
    for first, end in windows:
        open_frames[first:end] = True
    bending = gaps.distance_to_valid(open_frames)[1:-1] <= 1.0
    for _ in range(_ROUNDS):
        for first, end in windows:
            low, high = max(first - _ANCHORS, 0), min(end + _ANCHORS, count)
            marks = Contacts(contacts.names, contacts.confidence[low:high])
            fixed = np.where(open_frames[low:high], 0.0, _ANCHORED)
            solved = _across(
                base.places[low:high], points, marks, names, take.fps, bend[low : high - 2], fixed, base.along[low:high]
            )
            along[first:end] = solved[first - low : end - low]
        lift = _lift(base.places[..., 2] + along[:, 2:], points, take.fps)
        moved = Grounding(along, lift, bend, base.places)
        after = _accelerations(moved.apply(take, floor).root_translation)
        jerky = (after > _MARGIN * most) & (after > before) & bending
        if not jerky.any():
            break
        bend = np.where(_near(jerky) & bending, bend * _STIFFER, bend)
    return Grounding(along, lift, bend, base.places)


def _accelerations(root: Array) -> Array:
    """Lengths ``(T - 2,)`` of the root's second differences, metres a frame a frame."""
    return np.asarray(np.linalg.norm(np.diff(root, 2, axis=0), axis=1)) if len(root) > 2 else np.zeros(0)


def _near(mask: Mask) -> Mask:
    """The mask widened by two frames to both sides."""
    wide = np.convolve(mask, np.ones(5), mode="same") if len(mask) >= 5 else np.full(len(mask), mask.any())
    return np.asarray(wide > 0.5)


def residual(take: Take, contacts: Contacts, floor: Floor) -> Residual:
    """How far touching points still move, and how far the body is under the floor."""
    points = contact_points(take)
    names = tuple(name for name in contacts.names if name in points.names)
    places = points.world(take)
    slide = np.full((take.frame_count, len(names)), np.nan)
    for column, name in enumerate(names):
        step = np.linalg.norm(np.diff(places[:, points.index(name)], axis=0), axis=-1)
        touching = contacts.touching(name)
        slide[:-1, column] = np.where(touching[1:] & touching[:-1], step, np.nan)
    rows = _solid(points)
    depth = float(-floor.height_of(places[:, rows]).min()) if rows and take.frame_count else 0.0
    return Residual(slide, max(depth, 0.0), names)


def _solid(points: ContactPoints) -> list[int]:
    """Rows of the points whose place is known well enough to say that they are under the floor."""
    return [row for row, name in enumerate(points.names) if name in SOLE_POINTS or name in KNEE_POINTS]


def _across(
    places: Array,
    points: ContactPoints,
    contacts: Contacts,
    names: list[str],
    fps: float,
    bend: Array,
    fixed: Array,
    old: Array,
) -> Array:
    """The shift ``(T, 3)`` in the floor's axes that brings touching points to rest.

    Parameters
    ----------
    fixed : (T,) how firmly a frame keeps the shift ``old (T, 3)``, 0 for frames that are free.
    """
    weights = np.zeros((len(places), len(names)))
    for column, name in enumerate(names):
        sure = np.clip((contacts.column(name) - TOUCHING) / (1.0 - TOUCHING), 0.0, 1.0)
        # a contact that was only just found hardly pulls, so the pull begins and ends softly
        weights[:, column] = np.where(contacts.touching(name), 0.02 + sure, 0.0)
    rows = [points.index(name) for name in names]
    both = np.sqrt(weights[1:] * weights[:-1])
    moves = -np.diff(places[:, rows], axis=0)
    total = both.sum(axis=1)
    steps = np.sum(both[..., None] * moves, axis=1) / np.maximum(total, 1e-9)[:, None]
    on_floor = np.array([name in SOLE_POINTS or name in KNEE_POINTS for name in names])
    standing = weights * on_floor
    level_weight = standing.sum(axis=1)
    level = -np.sum(standing * places[:, rows, 2], axis=1) / np.maximum(level_weight, 1e-9)
    # a billionth of the stiffest bend keeps the equations solvable at any frame rate
    least = 1e-9 * float(bend.max()) if len(bend) else 0.0
    stay = max(1.0 / (_DRIFT * fps) ** 2, least)
    flat = smooth_correction(steps[:, :2], total, old[:, :2], fixed, bend, stay)
    free = fixed == 0.0
    level, firm = np.where(free, level, old[:, 2]), np.where(free, level_weight / (_LEVEL * fps) ** 2, fixed)
    upright = smooth_correction(steps[:, 2:], total, level[:, None], firm, bend, max(1e-3 * stay, least))
    return np.concatenate([flat, upright], axis=1)


def _lift(heights: Array, points: ContactPoints, fps: float) -> Array:
    """Upward shift ``(T,)``, at least what brings soles and knees over the floor and as smooth as may be.

    The greatest need within a window, averaged twice with windows that together are not wider, is nowhere less than
    the need itself.
    """
    rows = _solid(points)
    if not rows:
        return np.zeros(len(heights))
    need = np.maximum(-heights[:, rows].min(axis=1), 0.0)
    half = max(1, round(_LIFT * fps / 2.0))
    padded = np.pad(need, 4 * half, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(padded, 4 * half + 1).max(axis=-1)
    window = np.ones(2 * half + 1) / (2 * half + 1)
    return np.convolve(np.convolve(highest, window, mode="valid"), window, mode="valid")
