# SPDX-License-Identifier: GPL-3.0-or-later
"""A closer look for a hand that the normal look does not find: several guesses, believed where they agree.

A hand that moves fast is a smear of which the network says "no hand" from most squares and "hand" from some; on what
is no hand at all, looks from different squares contradict each other.  So a hand is believed here where one look sees
it and others, begun elsewhere or on the mirrored picture, end on the same points.
"""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Sequence, Tuple

import numpy as np

from .answers import HandAnswer, HandLooker, Look, PoseAnswer
from .hand_rules import (
    ARM,
    FAINT,
    INSIDE,
    PARTLY_INSIDE,
    PRESENT,
    at_wrist,
    goes_on_from_arm,
    is_inside,
    moved,
    radius_of,
    same_hand,
    typical_distance,
)
from .regions import Region, hand_region, hand_region_from_body, upright

# Below this a second look, from where the first one points, has no chance.
HOPELESS = 0.02
# The same where a neighbouring frame says where the hand is: of 18 looks below it, in sign language, none found a hand.
FOLLOWABLE = 0.05
# Where none of the first few looks says as much, there is nothing to be seen.
NOTHING = 0.03
FIRST_LOOKS = 4
# Two looks agree where their points lie so close to each other (median distance, parts of the hand's square).
AGREEMENT = 0.1
# So much agreement (1 = another look that is certain and sees the very same) is needed, and so much is plenty.
SUPPORT = 0.4
PLENTY = 0.8
# The side of a hand's square in radii of the body, until this performer's own is known, and how far it may vary.
USUAL_SIZE = 0.35
SMALLER, LARGER = 0.5, 1.7
# A hand's square does not shrink faster than this from one frame to the next, or grow by more than its inverse.
SAME_SIZE = 0.65


def body_hand_region(body: PoseAnswer, side: int, size: float) -> Region:
    """The square, `size` radii of the body wide, about the hand that the body's wrist and fingers show."""
    wrist, little, index = (body.image[i, :2] for i in ARM[side][1:])
    base = hand_region_from_body(wrist, little, index)
    return Region(base.x, base.y, size * radius_of(body), base.rotation)


def guesses(body: PoseAnswer, side: int, size: float) -> List[Look]:
    """Squares to look at, and whether mirrored: along the body's hand, along the forearm, upright, turned and resized.

    Ordered by how many hands each adds to those found by the ones before it, counted on sign language.
    """
    elbow, wrist, little, index = (body.image[i, :2] for i in ARM[side])
    base = body_hand_region(body, side, size)
    middle = (wrist + little + index) / 3.0
    side_length = size * radius_of(body)

    def about_body(scale: float, turn: float = 0.0) -> Region:
        return Region(base.x, base.y, scale * base.side, base.rotation + turn)

    along = upright(elbow, wrist, 1.0).rotation
    forearm = Region(float(middle[0]), float(middle[1]), 1.1 * side_length, along)
    level = Region(float(middle[0]), float(middle[1]), 1.1 * side_length)
    return [
        (forearm, True),
        (level, True),
        (about_body(1.0), True),
        (about_body(1.3), True),
        (about_body(1.0, 0.6), True),
        (level, False),
        (about_body(1.0, -0.6), True),
        (forearm, False),
    ]


def closer_look(
    network: HandLooker,
    probe: HandLooker,
    image: np.ndarray,
    body: PoseAnswer,
    side: int,
    size: float,
    known: Sequence[HandAnswer],
) -> Tuple[Optional[HandAnswer], bool]:
    """The hand of one side where several looks agree on it; `known` are hands that it must not be.

    `probe`, the lite network, takes the first look at each guess, `network` the look from where that points.  `size`
    is the side of the performer's hand square in radii of the body.  The answer's score is lowered by what the looks
    lack in agreement.  The second value says whether anything like a hand was there, so that it is worth while to look
    again in the next frame.
    """
    if not is_inside(body.image[list(ARM[side][1:])], image):
        return None, False
    todo = guesses(body, side, size)
    seen: List[HandAnswer] = []
    looks = todo[:FIRST_LOOKS]
    firsts = [(answer, mirrored) for answer, (_, mirrored) in zip(probe.run_all(image, looks), looks)]
    firsts.sort(key=lambda look: -look[0].score)
    if firsts[0][0].score < NOTHING:
        return None, False

    def keep(answer: HandAnswer) -> None:
        fits = SMALLER * size < hand_region(answer.image).side / radius_of(body) < LARGER * size
        fits = fits and at_wrist(answer, body, side) and goes_on_from_arm(answer, body, side)
        if fits and is_inside(answer.image, image) and not any(same_hand(answer, other) for other in known):
            seen.append(answer)

    highest = 0.0
    for number in range(len(todo)):
        if number == FIRST_LOOKS and highest < FAINT:
            return None, False
        if number < FIRST_LOOKS:
            first, mirrored = firsts[number]
        else:
            region, mirrored = todo[number]
            first = probe.run(image, region, mirrored)
        if first.score < HOPELESS:
            continue
        second = network.run(image, hand_region(first.image), mirrored)
        highest = max(highest, first.score, second.score)
        keep(second if second.score >= first.score else first)
        best = _agreed(seen)
        if best is not None and best[1] >= (PLENTY if number < FIRST_LOOKS - 1 else SUPPORT):
            break
    best = _agreed(seen)
    if best is None or best[1] < SUPPORT:
        return None, True
    answer, support = best
    return replace(answer, score=answer.score * (0.6 + 0.4 * min(1.0, support / PLENTY))), True


def closer_follow(
    network: HandLooker,
    image: np.ndarray,
    body: PoseAnswer,
    side: int,
    near: Tuple[HandAnswer, PoseAnswer],
    known: Sequence[HandAnswer],
) -> Optional[HandAnswer]:
    """The hand that one of the neighbouring frames shows (`near`, with its body), looked for again in this frame.

    It may be faint here where two looks, one of them mirrored, end on the same points.
    """
    start = moved(near[0], near[1], body, side)
    first = network.run(image, start)
    if first.score < FOLLOWABLE:
        return None
    looks = [first]
    if first.score < PRESENT:
        looks += network.run_all(image, [(hand_region(first.image), False), (start, True)])
        if max(look.score for look in looks) >= FAINT:
            looks.append(network.run(image, hand_region(looks[-1].image), True))
    fitting = [
        answer
        for answer in looks
        if answer.score >= FAINT
        and at_wrist(answer, body, side)
        and goes_on_from_arm(answer, body, side)
        and is_inside(answer.image, image, PARTLY_INSIDE if answer.score >= PRESENT else INSIDE)
        and SAME_SIZE < hand_region(answer.image).side / start.side < 1.0 / SAME_SIZE
        and not any(same_hand(answer, other) for other in known)
    ]
    if not fitting:
        return None
    best = max(fitting, key=lambda answer: answer.score)
    if first.score >= PRESENT:
        return best
    support = _support(best, fitting)
    return replace(best, score=best.score * 0.8) if support >= FAINT else None


def _support(answer: HandAnswer, seen: Sequence[HandAnswer]) -> float:
    """How far other answers end on the same points: the sum of their scores, less the further away they are."""
    size = hand_region(answer.image).side
    support = 0.0
    for other in seen:
        if other is not answer:
            apart = typical_distance(answer, other) / size
            support += other.score * float(np.exp(-((apart / AGREEMENT) ** 2)))
    return support


def _agreed(seen: Sequence[HandAnswer]) -> Optional[Tuple[HandAnswer, float]]:
    """Of the answers that see a hand, the one that the others support most, and that support."""
    best: Optional[Tuple[HandAnswer, float]] = None
    for answer in seen:
        if answer.score < PRESENT:
            continue
        support = _support(answer, seen)
        if best is None or answer.score * support > best[0].score * best[1]:
            best = answer, support
    return best
