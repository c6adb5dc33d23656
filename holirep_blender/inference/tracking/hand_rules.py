# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose hand it is: what a hand must fulfil to be the performer's left or right one."""

from __future__ import annotations

import math
from typing import List, Optional

import numpy as np

from .answers import HandAnswer, PoseAnswer
from .regions import Region, hand_region

Pair = List[Optional[HandAnswer]]
LEFT, RIGHT = 0, 1
# The body's elbow, wrist, little finger and index finger, left and right.
ARM = ((13, 15, 17, 19), (14, 16, 18, 20))
PRESENT = 0.5
FAINT = 0.25
# A hand's length is about a fifth of the radius (half height): the hand's wrist lies no further from the body's.
WRIST_REACH = 0.22
# Of a hand's points at least this share lies in the picture: a hand that has left it is not to be invented.
INSIDE = 0.6
# A hand that is certain may have its fingers outside.
PARTLY_INSIDE = 0.2
# The cosine of the largest angle in the picture between forearm and hand.
BACKWARD = -0.4


def untangled(body: PoseAnswer, found: Pair) -> Pair:
    """Never both on one hand, and each on its own side."""
    left, right = found
    if left is None or right is None:
        return found
    straight = misfit(left, body, LEFT) + misfit(right, body, RIGHT)
    if same_hand(left, right):
        better = LEFT if misfit(left, body, LEFT) <= misfit(right, body, RIGHT) else RIGHT
        return [left, None] if better == LEFT else [None, right]
    crossed = misfit(right, body, LEFT) + misfit(left, body, RIGHT)
    return [right, left] if crossed + 0.5 < straight else found


def radius_of(body: PoseAnswer) -> float:
    """About half the person's height, in pixels."""
    return math.dist(body.circle, body.centre)


def moved(hand: HandAnswer, then: PoseAnswer, now: PoseAnswer, side: int) -> Region:
    """Where a hand seen with one body is to be looked for with another: the body's wrist shows how far it went."""
    region = hand_region(hand.image)
    x, y = now.image[ARM[side][1], :2] - then.image[ARM[side][1], :2]
    return Region(region.x + float(x), region.y + float(y), region.side, region.rotation)


def in_view(side: int, body: PoseAnswer, image: np.ndarray) -> bool:
    """Whether the wrist, or the hand beyond it, is in the picture and not quite hidden."""
    height, width = image.shape[:2]
    wrist = body.image[ARM[side][1], :2]
    return 0 < wrist[0] < width and 0 < wrist[1] < height and bool(body.visibility[ARM[side][1]] > 0.15)


def misfit(answer: HandAnswer, body: PoseAnswer, side: int) -> float:
    """How badly a hand suits a side: distance of the wrists (1 = the reach), and the network's view of the side."""
    distance = math.dist(answer.image[0, :2], body.image[ARM[side][1], :2])
    wrong = answer.right if side == LEFT else 1.0 - answer.right
    return distance / (WRIST_REACH * radius_of(body)) + 0.5 * wrong


def typical_distance(a: HandAnswer, b: HandAnswer) -> float:
    """The median distance of two hands' 21 points in the picture, pixels."""
    apart = (a.image[:, :2] - b.image[:, :2]).tolist()
    return sorted(math.hypot(x, y) for x, y in apart)[len(apart) // 2]


def same_hand(a: HandAnswer, b: HandAnswer) -> bool:
    """Whether two answers lie on one and the same hand: hands laid together differ at least in their thumbs' sides."""
    size = max(hand_region(a.image).side, hand_region(b.image).side)
    distance = typical_distance(a, b)
    return distance < (0.15 if abs(a.right - b.right) < 0.5 else 0.06) * size


def belongs(answer: HandAnswer, body: PoseAnswer, side: int, followed: bool = False) -> bool:
    """Whether it is a hand, and this body's hand of this side.

    A hand that is being followed may be faint for a while (motion blur) as long as it stays at its wrist and does not
    look like the other one; its confidence says how faint it is.
    """
    own = math.dist(answer.image[0, :2], body.image[ARM[side][1], :2])
    wrong = answer.right if side == LEFT else 1.0 - answer.right
    faint = answer.score >= FAINT and own < 0.4 * WRIST_REACH * radius_of(body) and wrong < 0.5
    if answer.score < PRESENT and not (followed and faint):
        return False
    return at_wrist(answer, body, side)


def at_wrist(answer: HandAnswer, body: PoseAnswer, side: int) -> bool:
    """Whether an answer lies where this side's hand can be, is as large as a hand, and is not clearly the other one."""
    radius = radius_of(body)
    own = math.dist(answer.image[0, :2], body.image[ARM[side][1], :2])
    other = math.dist(answer.image[0, :2], body.image[ARM[1 - side][1], :2])
    wrong = answer.right if side == LEFT else 1.0 - answer.right
    size = hand_region(answer.image).side
    if own > WRIST_REACH * radius or not 0.08 * radius < size < 0.9 * radius:
        return False
    return not (other < own + 0.05 * radius and wrong > 0.8)


def goes_on_from_arm(answer: HandAnswer, body: PoseAnswer, side: int) -> bool:
    """Whether the hand does not point back along the forearm: a wrist bends by a right angle at most.

    Where the forearm points at the camera its direction in the picture says little, and any hand is right.
    """
    elbow, wrist = body.image[ARM[side][0], :2], body.image[ARM[side][1], :2]
    forearm, hand = wrist - elbow, answer.image[9, :2] - answer.image[0, :2]
    if float(np.hypot(*forearm)) < 0.25 * radius_of(body):
        return True
    return float(forearm @ hand) > BACKWARD * float(np.hypot(*forearm) * np.hypot(*hand))


def is_inside(points: np.ndarray, image: np.ndarray, share: float = INSIDE) -> bool:
    """Whether at least this share of some points (N, 2 or more) lies inside the picture."""
    height, width = image.shape[:2]
    inside = (points[:, 0] > 0) & (points[:, 0] < width) & (points[:, 1] > 0) & (points[:, 1] < height)
    return bool(inside.mean() >= share)


def confidence(answer: HandAnswer, body: PoseAnswer, side: int) -> float:
    """0..1: presence, lowered where the hand lies away from the body's wrist or looks like one of the other side."""
    return float(np.clip(answer.score * (1.0 - 0.25 * min(misfit(answer, body, side), 1.5)), 0.0, 1.0))
