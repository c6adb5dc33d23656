# SPDX-License-Identifier: GPL-3.0-or-later
"""Seats and knees that rest: they keep their places, and the pelvis goes where that asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..contacts.names import SEAT_POINT
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints
from .blending import bridged
from .feet import Foot, FootPath
from .pose import Pose
from .stances import Phases

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_ON_FLOOR = 0.15
"""Height of a seat, as a share of the leg, that is on the floor."""
_COMES = 0.5
"""Seconds in which the pelvis comes to its place, and leaves it."""
_RESTS = 5e-4
"""Metres from its place at which a seat or a knee rests already."""
_ROUNDS = 8


@dataclass(frozen=True)
class Rest:
    """What rests besides feet, over ``T`` frames.

    Attributes
    ----------
    seat : (T, 3) from where the seat is to its place; knees : (T, 3) places of the knee joints, a row for each foot.
        Both are also said for the frames before and after.
    seated : (T,) and kneeling : (T,), a row for each foot: when they rest.
    places : where the points are held ``(T, 3)``, by their names; NaN while they are free.
    """

    seat: Array
    knees: list[Array]
    seated: Mask
    kneeling: list[Mask]
    places: dict[str, Array]

    @property
    def pinned(self) -> Mask:
        """When the pelvis is not free ``(T,)``."""
        return np.asarray(np.any([self.seated, *self.kneeling], axis=0))


def find_rest(
    pose: Pose, feet: list[Foot], contacts: Contacts, points: ContactPoints, shift: Optional[Array] = None
) -> Rest:
    """Seat and knees of ``contacts`` on a skeleton: at rest where they are on average, knees on the floor.

    Parameters
    ----------
    shift : (T, 3) how the pelvis would go with the feet alone, which are to reach the floor from the seat.
    """
    along = np.zeros((pose.take.frame_count, 3)) if shift is None else shift
    count = pose.take.frame_count
    seat, seated = np.zeros((count, 3)), np.zeros(count, dtype=bool)
    places: dict[str, Array] = {}
    row = points.index(SEAT_POINT)
    if row >= 0 and feet:
        at = _point(pose, points, row)
        leg = float(np.mean([foot.leg.length for foot in feet]))
        places[SEAT_POINT] = np.full((count, 3), np.nan)
        for first, end in contacts.spans(SEAT_POINT):
            place = (at + along)[first:end].mean(axis=0)
            place[2] = 0.0 if place[2] < _ON_FLOOR * leg else place[2]
            around = slice(max(first - 1, 0), end + 1)
            seat[around], seated[first:end] = place - at[around], True
            places[SEAT_POINT][first:end] = place
    knees, kneeling = [], []
    for foot in feet:
        name = f"{foot.side}Knee"
        row = points.index(name)
        joint, held = pose.placed[:, foot.leg.lower].copy(), np.zeros(count, dtype=bool)
        if row >= 0:
            at = _point(pose, points, row)
            places[name] = np.full((count, 3), np.nan)
            stands = contacts.touching(f"{foot.side}Heel")
            for first, end in gaps.spans(contacts.touching(name) & ~stands):
                place = (at + along)[first:end].mean(axis=0) * (1.0, 1.0, 0.0)
                around = slice(max(first - 1, 0), end + 1)
                joint[around] += place - at[around]
                held[first:end] = True
                places[name][first:end] = place
        knees.append(joint)
        kneeling.append(held)
    return Rest(seat, knees, seated, kneeling, places)


def _point(pose: Pose, points: ContactPoints, row: int) -> Array:
    joint = int(points.joints[row])
    return np.asarray(pose.placed[:, joint] + rotations.rotate(pose.turned[:, joint], points.offsets[row]))


def without_knees(phases: Phases, kneeling: Mask) -> Phases:
    """A foot's phases while its knee does not rest: where knee and toes do, the knee carries."""
    return Phases(phases.heel & ~kneeling, phases.ball & ~kneeling)


def with_knees(path: FootPath, pose: Pose, foot: Foot, rest: Rest, number: int) -> FootPath:
    """The foot's path where its knee rests: the shin keeps its direction, so the ankle goes with the knee."""
    kneeling = rest.kneeling[number]
    if not kneeling.any():
        return path
    ankle = rest.knees[number] + rotations.rotate(pose.turned[:, foot.leg.lower], foot.leg.second)
    here = kneeling[:, None]
    return replace(
        path,
        turned=np.where(here, pose.turned[:, foot.leg.end], path.turned),
        held=np.where(here, ankle, path.held),
        arm=np.where(here, 0.0, path.arm),
        touching=path.touching | kneeling,
    )


def pelvis_at_rest(pose: Pose, feet: list[Foot], rest: Rest, shift: Array) -> Array:
    """The pelvis's shift ``(T, 3)`` with which seat and knees are in their places, passing smoothly into ``shift``."""
    pinned = rest.pinned
    if not pinned.any():
        return shift
    wide = pinned.copy()
    wide[1:] |= pinned[:-1]
    wide[:-1] |= pinned[1:]
    by_knees = _by_knees(pose, feet, rest)
    near_seat = rest.seated.copy()
    near_seat[1:] |= rest.seated[:-1]
    near_seat[:-1] |= rest.seated[1:]
    wanted = np.where(near_seat[:, None], rest.seat, by_knees)
    change = np.where(wide[:, None], wanted - shift, 0.0)
    reach = max(1, round(_COMES * pose.take.fps))
    frames = np.arange(len(shift))
    away = np.min(np.abs(frames[:, None] - np.flatnonzero(pinned)[None, :]), axis=1)
    known = pinned | (away > reach)
    before = np.concatenate([change[:1], change[:-1]])
    after = np.concatenate([change[1:], change[-1:]])
    edge = ~pinned
    before[edge], after[edge] = 0.0, 0.0
    still = pinned & (np.linalg.norm(change, axis=-1) < _RESTS)  # it comes and leaves as it does
    before[still], after[still] = change[still], change[still]
    return shift + bridged(np.where(pinned[:, None], change, 0.0), known, before, after, reach)


def _by_knees(pose: Pose, feet: list[Foot], rest: Rest) -> Array:
    """The least shift ``(T, 3)`` of the pelvis with which the thighs reach the knees that rest; 0 where none does."""
    count = pose.take.frame_count
    masks = []
    for kneeling in rest.kneeling:
        wide = kneeling.copy()
        wide[1:] |= kneeling[:-1]
        wide[:-1] |= kneeling[1:]
        masks.append(wide)
    number = np.maximum(np.sum(masks, axis=0), 1)[:, None]
    apart = [
        (knee - pose.placed[:, foot.leg.lower]) * mask[:, None] for foot, knee, mask in zip(feet, rest.knees, masks)
    ]
    shift = np.asarray(sum(apart, np.zeros((count, 3))) / number)
    for _ in range(_ROUNDS):
        rows, lacks = [], []
        for foot, knee, mask in zip(feet, rest.knees, masks):
            away = pose.placed[:, foot.leg.upper] + shift - knee
            length = np.maximum(np.linalg.norm(away, axis=-1), 1e-9)
            rows.append(away / length[:, None] * mask[:, None])
            lacks.append((float(np.linalg.norm(foot.leg.first)) - length) * mask)
        slopes = np.stack(rows, axis=1)
        square = slopes @ np.swapaxes(slopes, 1, 2) + 1e-9 * np.eye(len(feet))
        step = np.linalg.solve(square, np.stack(lacks, axis=1)[..., None])
        shift = shift + (np.swapaxes(slopes, 1, 2) @ step)[..., 0]
    return shift


def knees_to_their_side(pose: Pose, foot: Foot, rest: Rest, number: int, reach: int) -> None:
    """Swivels a leg about the line from hip to ankle so that its knee is where it rests."""
    kneeling = rest.kneeling[number]
    if not kneeling.any():
        return
    leg = foot.leg
    start, ankle = pose.placed[:, leg.upper], pose.placed[:, leg.end]
    axis = rotations.normalized(ankle - start)
    is_at, to = (
        part - np.sum(part * axis, axis=-1, keepdims=True) * axis
        for part in (pose.placed[:, leg.lower] - start, rest.knees[number] - start)
    )
    angle = np.arctan2(np.sum(np.cross(is_at, to) * axis, axis=-1), np.sum(is_at * to, axis=-1))
    away = np.min(np.abs(np.arange(len(angle))[:, None] - np.flatnonzero(kneeling)[None, :]), axis=1)
    change = np.where(kneeling, angle, 0.0)[:, None]
    swivel = bridged(change, kneeling | (away > reach), change, change, reach)
    turn = rotations.from_axis_angle(axis, swivel[:, 0])
    for joint in (leg.upper, leg.lower):
        pose.turned[:, joint] = rotations.multiply(turn, pose.turned[:, joint])
    pose.placed[:, leg.lower] = start + rotations.rotate(pose.turned[:, leg.upper], leg.first)
