# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts from motion: which points of a body rest on the floor or on something, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retargeting import take_rest_positions
from ..retargeting.anatomy import leg_length
from ..take import Take
from .already_held import as_held
from .body import Body, hands_resting, knees_kneeling, seat_resting
from .floor import Floor, check_floor
from .names import SOLE_POINTS
from .record import TOUCHING, Contacts
from .soles import contact_points
from .stance import calmed, stance

Array = npt.NDArray[np.float64]

_LEG = 0.85
"""Leg from hip to ankle in metres of the bodies that the thresholds are for."""


@dataclass(frozen=True)
class ContactOptions:
    """Choices of :func:`detect_contacts`.

    Attributes
    ----------
    sensitivity : 1 as measured; higher also takes faster and higher points as touching, lower fewer.
    hands : whether hands that rest on a surface of any height (a table, a wall) or on the floor are looked for.
    body : whether a seat and knees that rest are looked for.
    shortest : seconds of the shortest contact and of the shortest lift in noisy motion; a third of it in clean motion.
    planted : whether the motion may have been planted before; contacts that were held then are found just as they were.
    """

    sensitivity: float = 1.0
    hands: bool = False
    body: bool = True
    shortest: float = 0.15
    planted: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError with the setting's name and its allowed values."""
        if not 0.1 <= self.sensitivity <= 10.0:
            raise ValueError(f"Contact sensitivity must be between 0.1 and 10, not {self.sensitivity:g}.")
        if not 0.0 <= self.shortest <= 2.0:
            raise ValueError(f"The shortest contact must be between 0 and 2 seconds, not {self.shortest:g}.")


def contacts_of(take: Take, floor: Floor, options: ContactOptions = ContactOptions()) -> Contacts:
    """The contacts that a take has, else those that its motion shows.

    A solve that knew the camera finds more than motion alone tells: depth is where a tracked foot slides and floats.
    It looks for no hands; where they are asked for, they are found in the motion.
    """
    own = Contacts.from_take(take)
    if not own.any() or not options.hands:
        return own if own.any() else detect_contacts(take, floor, options)
    found = detect_contacts(take, floor, options)
    hands = [name for name in found.names if name.endswith("Hand") and not own.touching(name).any()]
    kept = [name for name in own.names if name not in hands]
    columns = [own.column(name) for name in kept] + [found.column(name) for name in hands]
    return Contacts((*kept, *hands), np.stack(columns, axis=1))


def detect_contacts(take: Take, floor: Floor, options: ContactOptions = ContactOptions()) -> Contacts:
    """When heels and toes touch the floor and, where asked, hands rest on something, knees kneel and the seat sits.

    Any skeleton will do; points whose joints are missing are left out, so a rig without legs has no foot contacts.
    Confidences shrink towards 0.5 where the tracker was not sure of the joint.

    Raises ValueError in the user's words where the floor lies above the head or the take holds no numbers.
    """
    check_floor(take, floor)
    points = contact_points(take)
    if take.frame_count == 0 or not points.names:
        return Contacts.none(take.frame_count)
    turned, placed = take.world()
    places = points.placed(turned, placed)
    leg = leg_length(take_rest_positions(take))
    size = leg / _LEG if leg > 1e-6 else 1.0
    columns: dict[str, Array] = {}
    soles = [name for name in SOLE_POINTS if name in points.names]
    rows = [points.index(name) for name in soles]
    seen = take.joint_confidence[:, [points.joints[row] for row in rows]].any(axis=1) if rows else None
    calm = calmed(places, floor.height_of(places), take.fps, rows or None, seen=seen)
    if soles:
        sensitivity, shortest = options.sensitivity, options.shortest
        found = stance(calm.part(rows), take.fps, size=size, sensitivity=sensitivity, shortest=shortest)
        if options.planted:
            sides = [name[: -len("Heel")] for name in soles]
            heights = floor.height_of(places[:, rows])
            held = as_held(found >= TOUCHING, places[:, rows], heights, placed, sides, take.fps, size)
            found = _agreeing(found, held)
        columns.update(zip(soles, found.T))
    joints = {name: placed[:, index] for index, name in enumerate(take.joint_names)}
    body = Body(joints, points, calm, floor, take.fps, size, options.sensitivity)
    if options.body:
        for name, found in {**knees_kneeling(body), **seat_resting(body)}.items():
            if options.planted:
                place = places[:, [points.index(name)]]
                flat = np.zeros(place.shape[:2])  # what a seat rests on may be anywhere
                held = as_held(found[:, None] >= TOUCHING, place, flat, placed, [name], take.fps, size)[:, 0]
                found = _agreeing(found, held)
            columns[name] = found
    if options.hands:
        columns.update(hands_resting(body))
    names = tuple(name for name in points.names if name in columns)
    confidence = np.stack([columns[name] for name in names], axis=1) if names else np.zeros((take.frame_count, 0))
    trust = take.joint_confidence[:, [points.joints[points.index(name)] for name in names]]
    sure = np.where(confidence >= TOUCHING, TOUCHING + (confidence - TOUCHING) * np.clip(trust, 0.0, 1.0), confidence)
    return Contacts(names, sure)


def _agreeing(confidence: Array, held: npt.NDArray[np.bool_]) -> Array:
    """Confidences that say touching exactly where ``held``."""
    return np.where(held, np.maximum(confidence, TOUCHING), np.minimum(confidence, TOUCHING - 0.01))
