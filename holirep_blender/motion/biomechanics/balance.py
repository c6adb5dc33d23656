# SPDX-License-Identifier: GPL-3.0-or-later
"""The centre of mass, and whether a body that hardly moves could stand as it does."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..contacts.floor import Floor
from ..contacts.names import HAND_POINTS, SEAT_POINT, SOLE_POINTS
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints, contact_points
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import rest_rotations
from ..take import Take
from .anthropometry import Body, body_of
from .derivatives import derivatives
from .inverse_dynamics import touching_points
from .report import Violation, joined, spans

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MARGIN = 0.04
"""Metres, at a stature of 1.70 m, by which the centre of mass may be beside the support: what its place is uncertain by
(segment masses of persons differ; de Leva 1996 gives means) and what ankles make up for without a step."""
SLOW, CALM = 0.12, 0.6
"""m/s and m/s², at a stature of 1.70 m, below which the centre of mass is nearly at rest. At 0.12 m/s the extrapolated
centre of mass (Hof, Gazendam & Sinke 2005) is 4 cm ahead of it, which is the margin; walkers move at 1 m/s and more."""
PERHAPS = 0.25
"""Confidence from which a sole that is not said to touch may yet bear a toe's load: a warning should be sure."""
SHORTEST = 0.5
"""Seconds that a span must last: a body falls 15 cm to the side in that time if nothing carries it."""
_DIRECTIONS = 72
_STATURE = 1.70
_HALF_WIDTH, _HEEL_RADIUS, _TOES_AHEAD = 0.028, 0.015, 0.045
"""Half the width of a sole, what it reaches behind the heel's point and before the ball's, shares of the stature: a
sole is 0.055 wide and 0.152 long (Winter 2009, fig. 4.1), and the ball lies at 0.7 of its length."""
_HAND, _KNEE, _SEAT = 0.050, 0.025, 0.110
"""Radius of what a palm, a knee and a seat cover around their points, shares of the stature (Winter 2009, fig. 4.1)."""

_FOOTED = tuple(f"{side}{part}" for side in ("left", "right") for part in ("UpperLeg", "LowerLeg", "Foot", "Toes"))
_ALONG = ("hips", "spine", "chest", "neck", "head")
"""Joints whose rest frames lead to those of the soles."""


def centre_of_mass(take: Take) -> Array:
    """The body's centre of mass ``(T, 3)`` in metres, Z up, by segment masses (de Leva 1996, mean of both sexes)."""
    return _mass_centre(body_of(take), *take.world())


def static_balance(take: Take, contacts: Contacts, floor: Optional[Floor] = None) -> list[Violation]:
    """Spans in which the body is nearly at rest and its centre of mass is not over what it stands on.

    The support is the hull, seen from above, of the touching points with the extents of soles, palms, knees and seat,
    soles lying along ``floor`` (None: level). Frames without any contact are not judged: what carries the body is not
    known then. ``value`` is the distance in metres, ``bound`` the margin. Raises ValueError where the contacts have
    another number of frames.
    """
    body = body_of(take)
    scale = body.stature / _STATURE
    model = contact_points(take)
    touching = touching_points(take, contacts, model)
    turned, placed = take.world()
    centre = _mass_centre(body, turned, placed)
    velocity, acceleration = derivatives(centre, take.fps)
    still = (np.linalg.norm(velocity, axis=1) < SLOW * scale) & (np.linalg.norm(acceleration, axis=1) < CALM * scale)
    judged = still & touching.any(axis=1)
    if not judged.any():
        return []
    corners, owners = _support(take, model, body.stature, floor or Floor(), turned[judged], placed[judged])
    away = _outside(centre[judged, :2], corners, _bearing(contacts, model, touching)[judged][:, owners])
    distance = np.zeros(take.frame_count)
    distance[judged] = away
    bound = MARGIN * scale
    found = []
    shortest = max(1, round(SHORTEST * take.fps))
    for first, last in joined(spans(distance > bound), 2):
        if last - first + 1 < min(shortest, take.frame_count):
            continue
        worst = first + int(np.argmax(distance[first : last + 1]))
        value = float(distance[worst])
        found.append(Violation("balance", "", "", first, last, worst, value, bound, "m", False))
    return found


def _mass_centre(body: Body, turned: Array, placed: Array) -> Array:
    centres = placed[:, body.joints] + rotations.rotate(turned[:, body.joints], body.centres)
    return np.asarray(np.einsum("b,tbi->ti", body.masses / body.mass, centres))


def _bearing(contacts: Contacts, points: ContactPoints, touching: Mask) -> Mask:
    """Which points may bear load, ``(T, P)``: those that touch, and soles that perhaps do."""
    result = touching.copy()
    for column, name in enumerate(points.names):
        if name in SOLE_POINTS:
            result[:, column] |= contacts.column(name) >= PERHAPS
    return result


def _support(
    take: Take, points: ContactPoints, stature: float, floor: Floor, turned: Array, placed: Array
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Corners ``(N, K, 2)`` of all that may touch, seen from above, and the contact point ``(K,)`` each belongs to.

    ``turned (N, J, 4)`` and ``placed (N, J, 3)`` are the joints' in the world.
    """
    rest = take_rest_positions(take)
    frames = rest_rotations({name: rest[name] for name in rest if name in _FOOTED or name in _ALONG}, np.eye(3))
    places = points.placed(turned, placed)
    corners: list[Array] = []
    owners: list[int] = []
    for index, (name, joint) in enumerate(zip(points.names, points.joints)):
        place = places[:, index]
        if name in SOLE_POINTS:
            joint_name = take.joint_names[joint]
            ahead = rotations.rotate(frames.get(joint_name, rotations.identity()), np.array([0.0, -1.0, 0.0]))
            forward = rotations.rotate(turned[:, joint], ahead)
            forward = rotations.normalized(forward - (forward @ floor.up)[:, None] * floor.up)
            aside = np.cross(floor.up, forward)
            reach = _TOES_AHEAD if name.endswith("Toes") else -_HEEL_RADIUS
            offsets = [(0.0, _HALF_WIDTH), (0.0, -_HALF_WIDTH), (reach, 0.5 * _HALF_WIDTH), (reach, -0.5 * _HALF_WIDTH)]
            corners += [place + (forward * along + aside * across) * stature for along, across in offsets]
        else:
            radius = _HAND if name in HAND_POINTS else _SEAT if name == SEAT_POINT else _KNEE
            around = np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False)
            ring = np.stack([np.cos(around), np.sin(around), np.zeros(8)], axis=1) * radius * stature
            corners += [place + offset for offset in ring]
        owners += [index] * (4 if name in SOLE_POINTS else 8)
    return np.stack(corners, axis=1)[..., :2], np.array(owners, dtype=np.intp)


def _outside(places: Array, corners: Array, used: Mask) -> Array:
    """Distance ``(T,)`` of ``places (T, 2)`` outside the hull of the used ones of ``corners (T, K, 2)``; 0 within.

    ``used (T, K)`` has one at least in each frame.
    A hull's distance is the greatest over all directions of how much further a place lies than every corner; with 72
    directions it is at most 0.1 % too small.
    """
    angles = np.linspace(0.0, 2.0 * np.pi, _DIRECTIONS, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ever = used.any(axis=0)
    used, corners = used[:, ever], corners[:, ever]
    relative = np.where(used[..., None], corners - places[:, None], 0.0)
    furthest = np.where(used[..., None], relative @ directions.T, -np.inf).max(axis=1)
    return np.asarray(np.maximum(-furthest.min(axis=1), 0.0))
