# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of planting: feet, hands and limits on one skeleton."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from ..biomechanics.engine import check_limits
from ..contacts.floor import Floor, check_floor
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints, contact_points
from ..take import Take
from .again import PlantMemo
from .options import Planted, PlantOptions
from .pose import with_ancestors
from .reach import missed_feet, missed_hands
from .solving import Whole, solve, whole_feet

if TYPE_CHECKING:
    from ..biomechanics.report import Violation

Array = npt.NDArray[np.float64]


def planted(
    take: Take,
    contacts: Contacts,
    options: PlantOptions,
    *,
    source: Optional[Take] = None,
    memo: Optional[PlantMemo] = None,
    at_once: bool = False,
) -> Planted:
    """Holds the contacts of a take on its own skeleton.

    Feet: spans of heel and ball contact that belong together have one place; only the heel touching the foot turns
    about it, only the ball about the ball, both it is at rest. The pelvis gives way first, then the legs bend about the
    knees' own hinges. Between stances the legs' turns are bridged twice continuously differentiably. Hands keep what
    they touch likewise. Limits have the last word; what they, or the length of a limb, keep from its place is told.

    Parameters
    ----------
    take : ``T`` frames, usually a character's (``character_take``).
    contacts : what touches when, ``T`` frames.
    source : the performer's take that was retargeted, ``T`` frames: shows which hand rests where on the own body.
    memo : what came of the same motion with other contacts; then only what is around the change is solved.
    at_once : rather have a first answer than wait long for that; ``Planted.unfinished`` tells (``PlantMemo.solved``).

    Raises
    ------
    ValueError : in the user's words, where the floor lies above the head, values are not numbers, or take, contacts
        and source differ in the number of frames.
    """
    take.check_finite()
    _check_frames(take, contacts, source)
    floor = options.floor or Floor()
    points = contact_points(take)
    if take.frame_count and (floor.height_of(take.root_translation) <= 0.0).all():
        check_floor(take, floor)
    if memo is None:
        found = solve(take, contacts, options, source, Whole.of(take, options.limits))
    else:
        found = memo.solved(take, contacts, options, source, memo.whole_of(take, options), at_once)
    result = replace(take, local_rotations=found.local, root_translation=found.root) if found.turned else take
    held = Contacts(contacts.names, found.confidence)
    violations: list[Violation] = []
    if options.limits is not None and found.turned:
        part, rows = with_ancestors(replace(result, local_rotations=found.unlimited), sorted(found.turned))
        moved = {result.joint_names[row] for row in rows}
        violations = [
            replace(each, altered=options.limits.affects(each.joint))
            for each in check_limits(part, options.limits)
            if each.joint in moved
        ]
    if options.feet >= 1.0:
        violations += missed_feet(found.after, found.asked, contacts, points, take)
    if options.hands >= 1.0:
        violations += missed_hands(found.palms)
    return Planted(
        result,
        held,
        found.places,
        _slide(found.before, held, points),
        _slide(found.after, held, points),
        violations,
        _sentences(take, held, points, options),
        memo is not None and memo.unfinished,
    )


def _check_frames(take: Take, contacts: Contacts, source: Optional[Take]) -> None:
    for name, count in (("contacts", contacts.frame_count), ("performer's take", source and source.frame_count)):
        if count is not None and count != take.frame_count:
            raise ValueError(f"The {name} have {count} frames, the motion has {take.frame_count}: solve it again.")
    if source is not None:
        source.check_finite()


def _slide(world: Array, contacts: Contacts, points: ContactPoints) -> Array:
    """Metres that each touching point moved since the frame before ``(T, P)``; NaN where it did not touch in both."""
    result = np.full((contacts.frame_count, len(contacts.names)), np.nan)
    for column, name in enumerate(contacts.names):
        row = points.index(name)
        if row >= 0:
            touching = contacts.touching(name)
            both = np.flatnonzero(touching[1:] & touching[:-1]) + 1
            result[both, column] = np.linalg.norm(world[both, row] - world[both - 1, row], axis=-1)
    return result


def _sentences(take: Take, contacts: Contacts, points: ContactPoints, options: PlantOptions) -> tuple[str, ...]:
    found = []
    if options.feet > 0.0:
        sides = {foot.side for foot in whole_feet(take, points)}
        if not sides:
            found.append("The rig map has no whole leg (thigh, shin and foot): feet are not planted.")
        elif len(sides) == 1:
            other = "right" if "left" in sides else "left"
            found.append(f"The rig map has no whole {other} leg: only the {sides.pop()} foot is planted.")
        elif not any(contacts.touching(name).any() for name in contacts.names if name.endswith(("Heel", "Toes"))):
            found.append("No foot touches the floor in these frames: feet are not planted.")
        if sides and take.header.get("in_place"):
            found.append("The root stays in place: feet hold on ground that passes under them.")
    return tuple(found)
