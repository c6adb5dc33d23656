# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that keep what they touch: each other, the own body, and places in the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..contacts.record import Contacts
from ..retargeting import take_rest_positions
from ..skeleton import SIDES
from ..take import Take
from .body_parts import Part, body_parts, from_part, in_part, palm_offset
from .calming import FEWEST, calmed
from .leg_moves import LegHold
from .limb_solving import Hold, hold
from .pose import Limb, Pose, find_limb, turn_accelerations
from .self_contacts import HAND_TO_HAND, SelfContact, self_contacts

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_APPROACH = 0.3
"""Seconds in which a hand comes to what it touches, and leaves it."""
_ARRIVAL, _ARRIVED = 0.12, 0.008
"""Seconds in which a hand that would be jerked may still come, and the metres from its place at which it has."""
_JERKED = 1.2
"""Times the fastest acceleration, its own or the motion's, that an arm may come to on its way to the body."""
_BENT_FROM, _BENT_TO = np.radians(10.0), np.radians(25.0)
"""An elbow's axis is that of its bend above the second angle, the anatomical one below the first."""
_ON_FLOOR = 0.15
"""Height of a palm over the floor, as a share of the arm, that is on the floor."""


@dataclass
class HandPath:
    """What is asked of a hand over ``T`` frames.

    Attributes
    ----------
    side : ``"left"`` or ``"right"``. arm : its arm. palm : (3,) the palm from the wrist in the rest pose.
    place : (T, 3) where the palm is held; also said for the frame before and after. held : (T,) whether it is.
    on_body : (T,) whether it is by the own body, so that the place moves with it.
    """

    side: str
    arm: Limb
    palm: Array
    place: Array
    held: Mask
    on_body: Mask


def find_hands(take: Take) -> list[HandPath]:
    """The hands of a skeleton, nothing asked of them yet."""
    found = []
    for side in SIDES:
        arm = find_limb(take, (f"{side}UpperArm", f"{side}LowerArm", f"{side}Hand"))
        palm = palm_offset(take, side)
        if arm is not None and palm is not None:
            none = np.zeros(take.frame_count, dtype=bool)
            found.append(HandPath(side, arm, palm, np.zeros((take.frame_count, 3)), none, none.copy()))
    return found


def ask_contacts(pose: Pose, hands: list[HandPath], contacts: Contacts) -> None:
    """Hands that touch something in the world stay where they are on average; on the floor, over it."""
    for hand in hands:
        palm = _palm(pose, hand)
        for first, end in contacts.spans(f"{hand.side}Hand"):
            place = palm[first:end].mean(axis=0)
            if place[2] < _ON_FLOOR * hand.arm.length:
                place[2] = max(float(np.median(palm[first:end, 2])), 0.02 * hand.arm.length)
            hand.place[max(first - 1, 0) : end + 1], hand.held[first:end] = place, True


def ask_self_contacts(pose: Pose, hands: list[HandPath], source: Take) -> list[SelfContact]:
    """Hands that rest on the performer's own body keep their place on the character's, scaled to its part.

    Returns the contacts; those of hands that already touch something in the world are left out.
    """
    turned, placed = source.world()
    found = self_contacts(source, (turned, placed))
    if not found or len(hands) == 0:
        return []
    theirs, ours = body_parts(source), body_parts(pose.take)
    by_side = {hand.side: hand for hand in hands}
    rest, source_rest = take_rest_positions(pose.take), take_rest_positions(source)
    used = []
    for contact in found:
        sides = SIDES if contact.part == HAND_TO_HAND else (contact.side,)
        if not set(sides) <= set(by_side) or (contact.part != HAND_TO_HAND and contact.part not in ours):
            continue
        inside = slice(contact.first, contact.end)
        frames = np.arange(max(contact.first - 1, 0), min(contact.end + 1, pose.take.frame_count))
        theirs_at = np.clip(frames, contact.first, contact.end - 1)
        touching = [by_side[side] for side in sides]
        if any(hand.held[inside].any() for hand in touching):
            continue
        if contact.part == HAND_TO_HAND:
            _together(pose, by_side, source, turned[theirs_at], placed[theirs_at], frames)
        else:
            hand, offset = touching[0], palm_offset(source, contact.side)
            part, other = ours[contact.part], theirs[contact.part]
            wrist = source.joint_names.index(f"{contact.side}Hand")
            palm = placed[theirs_at, wrist] + rotations.rotate(turned[theirs_at, wrist], np.asarray(offset))
            local = in_part(other, turned[theirs_at], placed[theirs_at], palm)
            scale = part_scale(part, other, rest, source_rest)
            hand.place[frames] = from_part(part, pose.turned[frames], pose.placed[frames], scale * local)
        for hand in touching:
            hand.held[inside] = hand.on_body[inside] = True
        used.append(contact)
    return used


def part_scale(part: Part, other: Part, rest: dict[str, Array], source_rest: dict[str, Array]) -> float:
    """The character's part over the performer's: by their lengths, pelvis and head by hip joints and eyes."""
    pairs = {"hips": ("leftUpperLeg", "rightUpperLeg"), "head": ("leftEye", "rightEye")}.get(part.label)
    if pairs is not None and all(name in skeleton for name in pairs for skeleton in (rest, source_rest)):
        ours, theirs = (float(np.linalg.norm(each[pairs[0]] - each[pairs[1]])) for each in (rest, source_rest))
        if min(ours, theirs) > 1e-6:
            return ours / theirs
    return part.length / max(other.length, 1e-9)


def hands_held(pose: Pose, hands: list[HandPath], strength: float, thoroughly: bool = True) -> list[int]:
    """Edits the pose so that hands are where they are asked to be; gives the joints that were turned.

    A hand that would be jerked on its way to its own body comes later, or leaves sooner. Where that is not done
    ``thoroughly`` arms may be left with a pop.
    """
    before = pose.turned.copy(), pose.placed.copy()
    changed = _held(pose, hands, strength, thoroughly)
    if changed and strength >= 1.0:
        later = [_trimmed(pose, hand, before[0]) for hand in hands]
        if any(later):
            arms = [joint for hand in hands for joint in (hand.arm.upper, hand.arm.lower, hand.arm.end)]
            pose.turned[:, arms], pose.placed[:, arms] = before[0][:, arms], before[1][:, arms]
            changed = [*changed, *_held(pose, hands, strength, thoroughly)]
    return list(dict.fromkeys(changed))


def _trimmed(pose: Pose, hand: HandPath, before: Array) -> bool:
    """Takes frames from where a hand is held on the body by whose approach its arm is jerked; whether there were any.

    Parameters
    ----------
    before : (T, J, 4) how joints were turned.
    """
    if not hand.on_body.any() or pose.take.frame_count < FEWEST:
        return False
    was, now = (_jerks(turned, hand.arm, pose.take.parents[hand.arm.upper]) for turned in (before, pose.turned))
    jerked = 1 + np.flatnonzero((now > _JERKED * np.maximum(was, pose.pace[0])).any(axis=1))
    reach = max(1, round(_APPROACH * pose.take.fps))
    held = hand.held.copy()
    for first, end in gaps.spans(hand.held & hand.on_body):
        for frame in jerked[(jerked >= first - reach) & (jerked < end + reach)]:
            if frame - first <= end - frame:
                hand.held[first : min(frame + reach, end)] = False
            else:
                hand.held[max(frame - reach, first) : end] = False
        if hand.held[first:end].sum() < FEWEST:
            hand.held[first:end] = False
    hand.on_body &= hand.held
    return bool((held != hand.held).any())


def _jerks(turned: Array, arm: Limb, above: int) -> Array:
    """Angular accelerations ``(T - 2, 3)`` of shoulder, elbow and wrist, radians a frame a frame."""
    chain = [above, arm.upper, arm.lower, arm.end]
    local = rotations.multiply(rotations.inverse(turned[:, chain[:-1]]), turned[:, chain[1:]])
    return turn_accelerations(local)


def _held(pose: Pose, hands: list[HandPath], strength: float, thoroughly: bool) -> list[int]:
    """Edits the pose so that hands are where they are asked to be; gives the joints that were turned."""
    changed: list[int] = []
    reach = max(1, round(_APPROACH * pose.take.fps))
    for hand in hands:
        if not hand.held.any():
            continue
        arm = hand.arm
        known = hand.held | (gaps.distance_to_valid(hand.held) > reach)
        axis = _elbow_axis(pose, arm)
        wrist = pose.turned[:, arm.end].copy()

        def end(frames: Frames, rows: Frames, hand: HandPath = hand, wrist: Array = wrist) -> tuple[Array, Array]:
            return hand.place[rows] - rotations.rotate(wrist[rows], hand.palm), wrist[rows]

        hold(pose, Hold.of(pose, arm, axis, known, hand.held, end), np.zeros_like(hand.place), strength, reach)
        changed += [arm.upper, arm.lower, arm.end]
    if changed and strength >= 1.0:
        _calm(pose, [hand for hand in hands if hand.held.any() and not (hand.held & ~hand.on_body).any()], thoroughly)
    return changed


def _calm(pose: Pose, hands: list[HandPath], thoroughly: bool) -> None:
    """Takes the pops out of arms; a hand may come to what it touches, and leave it, within ``_ARRIVAL`` seconds.

    What touches is the own body, which gives way a little; hands that touch the world are not for this.
    """
    if not hands:
        return
    margin = round(_ARRIVAL * pose.take.fps)
    firmly = [hand.held & (gaps.distance_to_valid(~hand.held) > margin) for hand in hands]
    arms = [LegHold.of_arm(hand.side, hand.arm, hand.palm, held) for hand, held in zip(hands, firmly)]
    near = np.any([gaps.distance_to_valid(hand.held) <= round(_APPROACH * pose.take.fps) for hand in hands], axis=0)
    calmed(pose, arms, np.zeros_like(hands[0].place), False, near, thoroughly)
    for hand, held in zip(hands, firmly):
        hand.held &= held | (palm_misses(pose, hand) < _ARRIVED)


def palm_misses(pose: Pose, hand: HandPath) -> Array:
    """How far ``(T,)`` a hand's palm is from its place, metres; 0 where it is not held."""
    return np.where(hand.held, np.linalg.norm(_palm(pose, hand) - hand.place, axis=-1), 0.0)


def _palm(pose: Pose, hand: HandPath) -> Array:
    return np.asarray(pose.placed[:, hand.arm.end] + rotations.rotate(pose.turned[:, hand.arm.end], hand.palm))


def _together(
    pose: Pose, hands: dict[str, HandPath], source: Take, turned: Array, placed: Array, frames: Frames
) -> None:
    """Both palms keep their distance and direction, scaled to the forearms; each hand goes half the way."""
    apart = np.zeros((len(frames), 3))
    theirs = 0.0
    for side, sign in zip(SIDES, (1.0, -1.0)):
        wrist, offset = source.joint_names.index(f"{side}Hand"), palm_offset(source, side)
        if offset is not None:
            apart += sign * (placed[:, wrist] + rotations.rotate(turned[:, wrist], offset))
            theirs += float(np.linalg.norm(offset))
    scale = sum(float(np.linalg.norm(hand.palm)) for hand in hands.values()) / max(theirs, 1e-9)
    left, right = hands["left"], hands["right"]
    palms = [_palm(pose, hand)[frames] for hand in (left, right)]
    error = 0.5 * (palms[0] - palms[1] - scale * _in_pose(pose, source, apart, turned, frames))
    for hand, palm, sign in zip((left, right), palms, (-1.0, 1.0)):
        hand.place[frames] = palm + sign * error


def _in_pose(pose: Pose, source: Take, vectors: Array, turned: Array, frames: Frames) -> Array:
    """Vectors ``(N, 3)`` of the performer's world over the character's floor: fixed to the trunk."""
    trunk = next((name for name in ("chest", "spine", "hips") if name in body_parts(pose.take)), None)
    theirs, ours = body_parts(source), body_parts(pose.take)
    if trunk is None or trunk not in theirs:
        return vectors
    local = rotations.rotate(
        rotations.inverse(rotations.multiply(turned[:, theirs[trunk].joint], theirs[trunk].frame)), vectors
    )
    return rotations.rotate(rotations.multiply(pose.turned[frames, ours[trunk].joint], ours[trunk].frame), local)


def _elbow_axis(pose: Pose, arm: Limb) -> Array:
    """Axis ``(T, 3)`` about which the elbow flexes: that of its bend, the anatomical one where it is straight."""
    upper, lower = pose.turned[:, arm.upper], pose.turned[:, arm.lower]
    first = rotations.normalized(rotations.rotate(upper, arm.first))
    second = rotations.normalized(rotations.rotate(lower, arm.second))
    anatomical = rotations.rotate(upper, arm.hinge)
    bend = np.cross(first, second)
    angle = np.arctan2(np.linalg.norm(bend, axis=-1), np.sum(first * second, axis=-1))
    share = np.clip((angle - _BENT_FROM) / (_BENT_TO - _BENT_FROM), 0.0, 1.0)[:, None]
    return rotations.normalized(share * rotations.normalized(bend) + (1.0 - share) * anatomical)
