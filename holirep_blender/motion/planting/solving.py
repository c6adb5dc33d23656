# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet, hands and limits of a clip, or of a part of one, frame by frame: what planting comes to."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..biomechanics.engine import limited
from ..biomechanics.hinges import elbow_hinges
from ..blas_threads import one_thread
from ..contacts.floor import Floor
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints, contact_points
from ..skeleton import SIDES
from ..take import Take
from .above_floor import legs_bent, root_raised
from .attempts import Standing, Start, legs_standing
from .feet import Foot, FootPath, find_foot, landed
from .hands import HandPath, ask_contacts, ask_self_contacts, find_hands, palm_misses
from .hands_again import hands_held_again
from .ledger import Ledger
from .leg_limits import feet_brought_back
from .legs import legs_planted
from .options import PlantOptions
from .parts import contacts_of_part, narrowed, part_of
from .pose import Limb, Pose, pace_of, with_ancestors
from .reach import FREE, kept, without_slides
from .rests import Rest, find_rest, without_knees
from .stances import Phases

if TYPE_CHECKING:
    from ..biomechanics.engine import LimitOptions

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_HOLE = 0.04
"""Seconds between two contacts of a point in which it stays on the floor."""


@dataclass(frozen=True)
class Whole:
    """What a part of a clip has to know of the whole.

    Attributes
    ----------
    pace : how fast the motion is (``pose.pace_of``).
    hinges : of the elbows, as ``biomechanics.hinges`` found them.
    """

    pace: tuple[float, float]
    hinges: dict[str, float]

    @classmethod
    def of(cls, take: Take, limits: Optional[LimitOptions]) -> Whole:
        """What a take says as a whole."""
        return cls(pace_of(take), {} if limits is None else elbow_hinges(take))


@dataclass(frozen=True)
class Solved:
    """What came of ``T`` frames, each frame by itself; ``P`` contact points of the skeleton, ``C`` of the contacts.

    Attributes
    ----------
    local : (T, J, 4) local rotations and root : (T, 3), the result.
    unlimited : (T, J, 4) the local rotations before limits had the last word.
    confidence : (T, C) of the contacts that were held.
    places : (T, C, 3) where they are held and asked : (T, C, 3) where they should have been; NaN while free.
    before, after : (T, P, 3) places of the contact points.
    palms : (T, 2) metres by which the left and the right palm miss their places; 0 while they have none.
    turned : the joints that were turned.
    """

    local: Array
    root: Array
    unlimited: Array
    confidence: Array
    places: Array
    asked: Array
    before: Array
    after: Array
    palms: Array
    turned: frozenset[int]

    def arrays(self) -> dict[str, Array]:
        """What there is of each frame, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "turned"}


@one_thread()
def solve(
    take: Take,
    contacts: Contacts,
    options: PlantOptions,
    source: Optional[Take],
    whole: Whole,
    ledger: Optional[Ledger] = None,
) -> Solved:
    """Holds the contacts of a take, see ``planting.planted``.

    Parameters
    ----------
    whole : what the clip says of which the take is a part.
    ledger : notes what each stage comes to, or says which part of the clip is to be solved, and knows what stages came
        to around it. Raises ApartError then, where the part has no frames that come to the same.
    """
    start = _start(take, contacts, options, source, whole, ledger)
    pose, shift = start.pose, np.zeros((start.take.frame_count, 3))
    changed: list[int] = []
    standing: Optional[Standing] = None
    part = ledger is not None and ledger.part is not None
    if part or start.rest is not None or any(phase.touching.any() for phase in start.phases):
        standing = legs_standing(
            start, partial(_start, take, contacts, options, source, whole, ledger), options, ledger
        )
        standing = narrowed(standing, ledger)
        start, pose, shift = standing.start, standing.pose, standing.shift
        changed += [joint for foot in start.feet for joint in foot.joints]
    return _finished(start, pose, shift, changed, standing, options, whole, ledger)


def _start(
    take: Take,
    contacts: Contacts,
    options: PlantOptions,
    source: Optional[Take],
    whole: Whole,
    ledger: Optional[Ledger],
) -> Start:
    """A clip before anything is planted, or the part of it that the ledger is at."""
    part = None if ledger is None else ledger.part
    if part is not None:
        take, contacts = part_of(take, part.first, part.end), contacts_of_part(contacts, part.first, part.end)
        source = None if source is None else part_of(source, part.first, part.end)
    points = contact_points(take)
    pose = Pose.over(take, options.floor or Floor(), whole.pace)
    feet = find_feet(take, points, options)
    phases = []
    for foot in feet:
        edited = np.any([contacts.column(f"{foot.side}{part}") >= 1.0 for part in ("Heel", "Toes")], axis=0)
        phases.append(landed(pose, foot, _phases(foot, contacts, take.fps), edited))
    rest = find_rest(pose, feet, contacts, points) if feet and options.feet >= 1.0 else None
    if rest is not None and rest.pinned.any():
        movable = options.joints is None or "hips" in options.joints
        _, along = legs_planted(pose.copy(), feet, phases, options.feet, movable)
        rest = find_rest(pose, feet, contacts, points, along)
        phases = [without_knees(phase, kneeling) for phase, kneeling in zip(phases, rest.kneeling)]
    rest = rest if rest is not None and rest.pinned.any() else None
    return Start(take, contacts, source, points, pose, feet, phases, rest)


def _finished(
    start: Start,
    pose: Pose,
    shift: Array,
    changed: list[int],
    standing: Optional[Standing],
    options: PlantOptions,
    whole: Whole,
    ledger: Optional[Ledger],
) -> Solved:
    """What comes after legs stand: hands, the limits' last word, and what is held then."""
    take, contacts, source, points = start.take, start.contacts, start.source, start.points
    feet, rest = start.feet, start.rest
    paths = [] if standing is None else standing.paths
    first_paths = [] if standing is None else standing.first_paths
    phases = start.phases if standing is None else standing.phases
    hands = (
        [hand for hand in find_hands(take) if _free(hand.arm, options, take.joint_names)] if options.hands > 0.0 else []
    )
    ask_contacts(pose, hands, contacts)
    if source is not None and hands:
        ask_self_contacts(pose, hands, source)
    changed += hands_held_again(pose, hands, options.hands, ledger)
    changed += [joint for joint in pose.turned_too if joint not in changed]
    unlimited = pose.to_take(changed, shift) if changed else take
    result = unlimited
    if options.limits is not None and changed:
        result, _ = limited(result, options.limits, whole.hinges)
        if paths and options.feet >= 1.0:
            result = _over_floor(result, pose, feet, paths, options)
    now = Pose.over(result, pose.floor) if result is not take else pose
    after = points.placed(*now.world)
    asked = _places(pose, contacts, first_paths, feet, hands, rest)
    if options.feet >= 1.0:
        contacts = _held(contacts, feet, phases)
        places = _places(pose, contacts, paths, feet, hands, rest)
        if options.limits is not None or rest is not None:
            contacts = without_slides(kept(after, places, contacts, points), now, feet)
            places = _places(pose, contacts, paths, feet, hands, rest)
        asked = np.where(np.isfinite(places), places, asked)
    else:
        places = _places(pose, contacts, paths, feet, hands, rest)
    palms = np.zeros((take.frame_count, len(SIDES)))
    for hand in hands:
        palms[:, SIDES.index(hand.side)] = palm_misses(now, hand)
    return Solved(
        _aligned(result.local_rotations, take.local_rotations),
        result.root_translation,
        _aligned(unlimited.local_rotations, take.local_rotations),
        contacts.confidence,
        places,
        asked,
        points.placed(*pose.world),
        after,
        palms,
        frozenset(changed),
    )


def _over_floor(limited_take: Take, pose: Pose, feet: list[Foot], paths: list[FootPath], options: PlantOptions) -> Take:
    """What limits left, with standing feet brought back to their places and no sole under the floor."""
    if options.limits is None:
        return limited_take
    movable = options.joints is None or "hips" in options.joints
    # of all joints only those of legs, and what carries them, have to be looked at again and again
    legs, columns = with_ancestors(limited_take, [joint for foot in feet for joint in foot.joints])
    feet = [foot.among(columns) for foot in feet]
    result = legs_bent(legs, pose, feet, paths, options.limits)
    if movable:
        result = root_raised(result, pose, feet, [~path.touching for path in paths])
    result = feet_brought_back(result, pose, feet, paths, options.limits)
    if movable:
        result = root_raised(result, pose, feet, [np.ones_like(path.touching) for path in paths])
    local = limited_take.local_rotations.copy()
    local[:, columns] = result.local_rotations[:, : len(columns)]
    return replace(limited_take, local_rotations=local, root_translation=result.root_translation)


def find_feet(take: Take, points: ContactPoints, options: PlantOptions) -> list[Foot]:
    """The feet that may be planted."""
    if options.feet <= 0.0:
        return []
    return [foot for foot in whole_feet(take, points) if _free(foot.leg, options, take.joint_names)]


def whole_feet(take: Take, points: ContactPoints) -> list[Foot]:
    """The feet whose whole leg is there."""
    return [foot for foot in (find_foot(take, side, points) for side in SIDES) if foot is not None]


def _aligned(local: Array, like: Array) -> Array:
    """Quaternions ``(T, J, 4)`` in the sign that is nearer to others."""
    return np.where(np.sum(local * like, axis=-1, keepdims=True) < 0.0, -local, local)


def _free(limb: Limb, options: PlantOptions, names: tuple[str, ...]) -> bool:
    """Whether the limb's joints may be changed."""
    return options.joints is None or {names[joint] for joint in (limb.upper, limb.lower, limb.end)} <= options.joints


def _phases(foot: Foot, contacts: Contacts, fps: float) -> Phases:
    """When heel and ball touch. For a frame or so between two contacts no foot leaves the floor."""
    heel, ball = (contacts.touching(f"{foot.side}{part}") for part in ("Heel", "Toes"))
    hole = ~(heel | ball)
    hole &= ~gaps.without_islands(hole, 1 + round(_HOLE * fps))
    for touching in (heel, ball):
        for first, end in gaps.spans(hole):
            if first > 0 and end < len(hole) and touching[first - 1] and touching[end]:
                touching[first:end] = True
    return Phases.of(heel, ball)


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
