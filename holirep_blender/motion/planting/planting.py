# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of planting: feet, hands and limits on one skeleton."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from ..contacts.floor import Floor, check_floor
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints, contact_points
from ..skeleton import SIDES
from ..take import Take
from .feet import Foot, FootPath, find_foot
from .hands import HandPath, ask_contacts, ask_self_contacts, find_hands, hands_held
from .leg_limits import feet_brought_back
from .leg_pull import released
from .legs import legs_planted
from .options import Planted, PlantOptions
from .pose import Limb, Pose
from .reach import FREE, kept, missed_feet, missed_hands
from .rests import Rest, find_rest, without_knees
from .stances import Phases

if TYPE_CHECKING:
    from ..biomechanics.report import Violation

Array = npt.NDArray[np.float64]

_RELEASES = 2
"""So often feet are let go that cannot stand within limits: first heels, then whole feet."""


def planted(take: Take, contacts: Contacts, options: PlantOptions, *, source: Optional[Take] = None) -> Planted:
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

    Raises
    ------
    ValueError : in the user's words, where the floor lies above the head, values are not numbers, or take, contacts
        and source differ in the number of frames.
    """
    take.check_finite()
    _check_frames(take, contacts, source)
    floor = options.floor or Floor()
    points = contact_points(take)
    pose = Pose.over(take, floor)
    if take.frame_count and (pose.placed[..., 2].max(axis=0) <= 0.0).any():  # else all joints are over it at some time
        check_floor(take, floor)
    feet = (
        [foot for foot in _feet(take, points) if _free(foot.leg, options, take.joint_names)]
        if options.feet > 0.0
        else []
    )
    phases = [_phases(foot, contacts) for foot in feet]
    hands = (
        [hand for hand in find_hands(take) if _free(hand.arm, options, take.joint_names)] if options.hands > 0.0 else []
    )
    paths: list[FootPath] = []
    changed: list[int] = []
    shift = np.zeros((take.frame_count, 3))
    first_paths: list[FootPath] = []
    rest = find_rest(pose, feet, contacts, points) if feet and options.feet >= 1.0 else None
    if rest is not None and rest.pinned.any():
        movable = options.joints is None or "hips" in options.joints
        alone = replace(pose, turned=pose.turned.copy(), placed=pose.placed.copy())
        _, along, _ = legs_planted(alone, feet, phases, options.feet, movable)
        rest = find_rest(pose, feet, contacts, points, along)
        phases = [without_knees(phase, kneeling) for phase, kneeling in zip(phases, rest.kneeling)]
    rest = rest if rest is not None and rest.pinned.any() else None
    if rest is not None or any(phase.touching.any() for phase in phases):
        movable = options.joints is None or "hips" in options.joints
        for attempt in range(_RELEASES + 1):
            now = pose if attempt == _RELEASES else replace(pose, turned=pose.turned.copy(), placed=pose.placed.copy())
            paths, shift, stuck = legs_planted(now, feet, phases, options.feet, movable, options.limits, rest)
            first_paths = first_paths or paths
            if attempt == _RELEASES or not any(mask.any() for mask in stuck):
                pose = now
                break
            phases = [released(phase, mask, take.fps, attempt > 0) for phase, mask in zip(phases, stuck)]
        for foot in feet:
            changed += [foot.leg.upper, foot.leg.lower, foot.leg.end] + ([foot.toes] if foot.toes >= 0 else [])
    ask_contacts(pose, hands, contacts)
    if source is not None and hands:
        ask_self_contacts(pose, hands, source)
    changed += hands_held(pose, hands, options.hands)
    result = pose.to_take(changed, shift) if changed else take
    violations: list[Violation] = []
    if options.limits is not None and changed:
        from ..biomechanics.engine import limited

        result, violations = limited(result, options.limits)
        if paths and options.feet >= 1.0:
            result = feet_brought_back(result, pose, feet, paths, options.limits)
    now = Pose.over(result, floor) if result is not take else pose
    after = points.placed(*now.world)
    if options.feet >= 1.0:
        wanted, asked = contacts, _places(pose, contacts, first_paths, feet, hands, rest)
        contacts = _held(contacts, feet, phases)
        places = _places(pose, contacts, paths, feet, hands, rest)
        if options.limits is not None or rest is not None:
            contacts = kept(after, places, contacts, points)
            places = _places(pose, contacts, paths, feet, hands, rest)
        asked = np.where(np.isfinite(places), places, asked)
        violations += missed_feet(after, asked, wanted, points, take)
    else:
        places = _places(pose, contacts, paths, feet, hands, rest)
    if options.hands >= 1.0:
        violations += missed_hands(now, hands)
    return Planted(
        result,
        contacts,
        places,
        _slide(points.placed(*pose.world), contacts, points),
        _slide(after, contacts, points),
        violations,
        _sentences(take, contacts, points, options),
    )


def _check_frames(take: Take, contacts: Contacts, source: Optional[Take]) -> None:
    for name, count in (("contacts", contacts.frame_count), ("performer's take", source and source.frame_count)):
        if count is not None and count != take.frame_count:
            raise ValueError(f"The {name} have {count} frames, the motion has {take.frame_count}: solve it again.")
    if source is not None:
        source.check_finite()


def _feet(take: Take, points: ContactPoints) -> list[Foot]:
    return [foot for foot in (find_foot(take, side, points) for side in SIDES) if foot is not None]


def _free(limb: Limb, options: PlantOptions, names: tuple[str, ...]) -> bool:
    """Whether the limb's joints may be changed."""
    return options.joints is None or {names[joint] for joint in (limb.upper, limb.lower, limb.end)} <= options.joints


def _phases(foot: Foot, contacts: Contacts) -> Phases:
    return Phases.of(contacts.touching(f"{foot.side}Heel"), contacts.touching(f"{foot.side}Toes"))


def _held(contacts: Contacts, feet: list[Foot], phases: list[Phases]) -> Contacts:
    """The contacts without those of feet that had to leave the floor."""
    confidence = contacts.confidence.copy()
    for foot, phase in zip(feet, phases):
        for name, mask in ((f"{foot.side}Heel", phase.heel), (f"{foot.side}Toes", phase.ball)):
            if name in contacts.names:
                column = contacts.names.index(name)
                confidence[~mask, column] = np.minimum(confidence[~mask, column], FREE)
    return Contacts(contacts.names, confidence)


def _places(
    pose: Pose, contacts: Contacts, paths: list[FootPath], feet: list[Foot], hands: list[HandPath], rest: Optional[Rest]
) -> Array:
    """Where each point of ``contacts`` is held in the take's world ``(T, P, 3)``; NaN while it is free."""
    places = np.full((contacts.frame_count, len(contacts.names), 3), np.nan)
    spots: dict[str, Array] = {} if rest is None else dict(rest.places)
    for foot, path in zip(feet, paths):
        spots[f"{foot.side}Heel"], spots[f"{foot.side}Toes"] = path.heel, path.ball
    for hand in hands:
        spots[f"{hand.side}Hand"] = np.where(hand.held[:, None], hand.place, np.nan)
    for column, name in enumerate(contacts.names):
        if name in spots:
            touching = contacts.touching(name)
            places[touching, column] = pose.in_world(spots[name][touching])
    return places


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
        sides = {foot.side for foot in _feet(take, points)}
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
