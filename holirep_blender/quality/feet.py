# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of feet and ground: sliding, sinking in, standing on the floor, and how upright the world is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import numpy as np
import numpy.typing as npt

from ..motion import gaps
from ..motion.biomechanics.balance import centre_of_mass
from ..motion.biomechanics.derivatives import derivatives
from ..motion.contacts import Contacts, Floor, contact_points, estimate_floor
from ..motion.contacts.detect import contacts_of
from ..motion.geometric.landmarks import ANKLE
from ..motion.take import Take
from .evidence import Evidence
from .poses import Pose
from .specs import Found
from .timeline import observed_rows, rows_of
from .windows import averaged

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CONFIDENT = 0.3
"""Confidence from which where a foot is can be judged."""
_VISIBLE = 0.2
"""Visibility of an ankle below which the tracker only guesses it, as it does below the edge of the picture."""
SOLES: tuple[str, ...] = ("leftHeel", "leftToes", "rightHeel", "rightToes")


@dataclass(frozen=True)
class Ground:
    """The soles over the floor on the take's frames.

    Attributes
    ----------
    names : (P,) of :data:`SOLES`.
    heights : (T, P) metres over the floor; NaN where the plate does not show the foot.
    flat : (T, P, 2) metres in the floor.
    touching : (T, P).
    floor : the floor itself.
    """

    names: tuple[str, ...]
    heights: Array
    flat: Array
    touching: Mask
    floor: Floor


def ground(evidence: Evidence, pose: Pose) -> Union[Ground, str]:
    """The soles of the judged motion, whose pose this is, or in the user's words why there are none."""
    take, judged = evidence.take, evidence.judged
    if take.frame_count == 0:
        return "The take has no frames."
    points = contact_points(judged)
    columns = [index for index, name in enumerate(points.names) if name in SOLES]
    if not columns:
        return "The skeleton has no feet."
    shown = _shown(take)
    if not shown.any():
        return "The plate shows no feet, so where they are is a guess."
    floor = estimate_floor(judged) if evidence.floor is None else evidence.floor
    try:
        contacts = evidence.contacts
        if contacts is None:
            contacts = contacts_of(take, floor if evidence.character is None else estimate_floor(take))
    except ValueError as error:
        return str(error)
    names = tuple(points.names[index] for index in columns)
    rows = rows_of(judged, take)
    places = rows.of(points.placed(pose.turned, pose.placed)[:, columns])
    known = shown[:, [0 if name.startswith("left") else 1 for name in names]]
    places = np.where(known[..., None], places, np.nan)
    turned = (places - np.array(floor.point)) @ floor.axes().T
    return Ground(names, turned[..., 2], turned[..., :2], _touching(contacts, names, take.frame_count) & known, floor)


def foot_slide(ground: Ground) -> Found:
    """Distance in centimetres, along the floor, of standing soles from where they stand in that contact on average."""
    off = np.full(ground.heights.shape, np.nan)
    for column in range(len(ground.names)):
        for first, end in gaps.spans(ground.touching[:, column]):
            place = ground.flat[first:end, column]
            if np.isfinite(place).all():
                off[first:end, column] = 100.0 * np.linalg.norm(place - np.median(place, axis=0), axis=-1)
    return _worst(off, ground.names, "The feet touch the floor in no frame.")


def penetration(ground: Ground) -> Found:
    """Depth in centimetres of the deepest sole under the floor."""
    return _worst(100.0 * np.maximum(-ground.heights, 0.0), ground.names, "The feet are in no frame.")


def feet_on_floor(ground: Ground) -> Found:
    """Distance in centimetres of standing soles from the floor, above or below."""
    off = np.where(ground.touching, 100.0 * np.abs(ground.heights), np.nan)
    return _worst(off, ground.names, "The feet touch the floor in no frame.")


def _worst(values: Array, names: tuple[str, ...], missing: str) -> Found:
    if not np.isfinite(values).any():
        return Found(missing=missing)
    parts = {}
    for side in ("left", "right"):
        own = values[:, [column for column, name in enumerate(names) if name.startswith(side)]]
        if own.shape[1]:
            parts[f"{side}Leg"] = _highest(own)
    return Found(_highest(values), parts=parts)


def _highest(values: Array) -> Array:
    known = np.isfinite(values)
    return np.where(known.any(axis=1), np.where(known, values, -np.inf).max(axis=1, initial=-np.inf), np.nan)


def _touching(contacts: Contacts, names: tuple[str, ...], frames: int) -> Mask:
    found = np.zeros((frames, len(names)), dtype=bool)
    count = min(frames, contacts.frame_count)
    for column, name in enumerate(names):
        found[:count, column] = contacts.touching(name)[:count]
    return found


def _shown(take: Take) -> Mask:
    """Frames and sides ``(T, 2)`` in which the take knows the foot; all where it tells of no confidence."""
    result = np.zeros((take.frame_count, 2), dtype=bool)
    for side, name in enumerate(("leftFoot", "rightFoot")):
        if name in take.joint_names:
            result[:, side] = take.joint_confidence[:, take.joint_names.index(name)] >= _CONFIDENT
    if take.observations is not None and len(take.observations):
        seen = observed_rows(take, take.observations).of(take.observations.body_visibility)
        result &= np.nan_to_num(seen[:, list(ANKLE)]) >= _VISIBLE
    return result


_LEAN_WINDOW = 10.0
_TELLS_NOTHING = 0.05
"""Metres of spread of the places where soles stand that tell nothing of the floor's slope."""
_MAY_BEAR = 0.12
"""Metres over the lowest standing sole below which another may bear weight though it is not said to stand: a lunge."""
_UPRIGHT = 0.7
"""Height of the centre of mass, as a share of its usual one, from which the feet are what carries the body."""
_GRAVITY = 9.81


def lean(evidence: Evidence, ground: Ground) -> Found:
    """Degrees by which what carries the body points away from the floor's normal, over twenty seconds about each frame.

    A body that does not fall is carried on the line from its support to its centre of mass, and that line is on average
    the direction of gravity and of its own acceleration together, in the long run that of gravity alone: the nearer of
    the two counts. Where the world is tilted against the floor, the body leans, and where it steps is a slope: the
    larger of these two angles counts.
    """
    judged, take = evidence.judged, evidence.take
    if judged.frame_count < 5:
        return Found(missing="The take is too short to tell how upright the world is.")
    centre = centre_of_mass(judged)
    rows = rows_of(judged, take)
    pushed = rows.of(derivatives(centre, judged.fps)[1]) + _GRAVITY * ground.floor.up
    axes = ground.floor.axes()
    places = (rows.of(centre) - np.array(ground.floor.point)) @ axes.T
    count = ground.touching.sum(axis=1)
    lowest = np.where(ground.touching, ground.heights, np.inf).min(axis=1, keepdims=True)
    bears = ground.touching | (ground.heights - lowest < _MAY_BEAR)
    support = np.where(bears[..., None], ground.flat, 0.0).sum(axis=1) / np.maximum(bears.sum(axis=1), 1)[:, None]
    line = np.concatenate([places[:, :2] - support, places[:, 2:]], axis=1)
    carries = (count > 0) & (places[:, 2] > _UPRIGHT * np.nanpercentile(places[:, 2], 90.0))
    line[~carries] = np.nan
    half = round(_LEAN_WINDOW * take.fps)
    carried = averaged(line, half)
    wanted = averaged(np.where(carries[:, None], pushed @ axes.T, np.nan), half)
    # few standing frames leave much of the accelerations' noise, which gravity alone has not
    angle = np.minimum(_between(carried, wanted), _between(carried, np.array([[0.0, 0.0, 1.0]])))
    known = np.isfinite(angle) & carries
    angle = np.maximum(angle, _slope(ground))
    return Found(np.where(known, angle, np.nan), missing="The feet touch the floor in no frame.")


def _between(first: Array, second: Array) -> Array:
    """Degrees ``(T,)`` between vectors."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = np.sum(first * second, axis=1) / np.maximum(lengths, 1e-9)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _slope(ground: Ground) -> float:
    """Degrees by which the plane through the places where soles stand is tilted against the floor.

    Least squares; places that lie within a few centimetres tell of no slope.
    """
    standing = ground.touching & np.isfinite(ground.heights)
    if not standing.any():
        return 0.0
    flat, heights = ground.flat[standing], ground.heights[standing]
    flat, heights = flat - flat.mean(axis=0), heights - heights.mean()
    spread = flat.T @ flat / len(flat) + _TELLS_NOTHING**2 * np.eye(2)
    rise = np.linalg.solve(spread, flat.T @ heights / len(flat))
    return float(np.degrees(np.arctan(np.linalg.norm(rise))))
