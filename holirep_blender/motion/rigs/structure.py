# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map from hierarchy, symmetry and rest positions alone, whatever the bones are called.

Nothing is assumed about the armature's up axis, its scale, the bones' rolls or, but for the last bone of a chain,
their tails. Joints that cannot be told with some certainty are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np

from ..skeleton import REQUIRED_JOINTS
from .hands import map_fingers
from .limbs import Limb, fit_arm, fit_leg, mirror_limb, path_between
from .rig import FloatArray, Rig
from .rig_map import RigMap
from .symmetry import Symmetry, find_symmetry, reach, sibling_pairs

FAMILY = "By structure"
CERTAINTY = 0.9
"""The best score that structure alone can give."""
CLEAN = 0.8
"""The mean quality of the limbs of ordinary bodies."""
ON_PLANE = 0.006
"""How far from the mirror plane a bone of the trunk may be, as a share of the rig's size."""

_Fit = Callable[[Rig, int, Symmetry], Optional[Limb]]


@dataclass(frozen=True)
class _Body:
    """The four limbs, each as the pair (first, second) in the order of the sibling pair, and the bone between them."""

    arms: tuple[Limb, Limb]
    legs: tuple[Limb, Limb]
    hips: int
    chest: int
    quality: float


def map_by_structure(rig: Rig) -> RigMap | None:
    """The rig map of a body found by structure; None where there is nothing like two arms, two legs and a trunk."""
    symmetry = find_symmetry(rig)
    body = _find_body(rig, symmetry) if symmetry else None
    if symmetry is None or body is None:
        return None
    up = _upwards(rig, body, symmetry)
    left, certainty = _left(rig, body, symmetry, up)
    bones = {"hips": body.hips, **_trunk(rig, body, symmetry, up)}
    for limbs, parts in ((body.arms, ("UpperArm", "LowerArm", "Hand")), (body.legs, ("UpperLeg", "LowerLeg", "Foot"))):
        ends = [rig.heads[limb.upper] + rig.heads[limb.end] for limb in limbs]
        on_left = 0 if float((ends[0] - ends[1]) @ left) > 0 else 1
        for side, limb in (("left", limbs[on_left]), ("right", limbs[1 - on_left])):
            bones.update({f"{side}{part}": bone for part, bone in zip(parts, (limb.upper, limb.lower, limb.end))})
            if limbs is body.legs and limb.toes >= 0:
                bones[f"{side}Toes"] = limb.toes
            if limbs is body.arms:
                if limb.root != limb.upper:
                    bones[f"{side}Shoulder"] = limb.root
                bones.update(map_fingers(rig, limb.end, side))
    found = sum(joint in bones for joint in REQUIRED_JOINTS) / len(REQUIRED_JOINTS)
    likeness = min(1.0, body.quality / CLEAN) * (0.5 + 0.5 * min(1.0, symmetry.share / 0.6))
    score = CERTAINTY * found * likeness * certainty
    return RigMap(FAMILY, {joint: rig.bone_names[bone] for joint, bone in bones.items()}, score=score)


def _find_body(rig: Rig, symmetry: Symmetry) -> _Body | None:
    """The two mirrored pairs of chains that look most like legs and arms, joined by a trunk."""
    pairs = []
    for first, second in sibling_pairs(rig, least=3):
        long = min(reach(rig, first), reach(rig, second)) > 0.1 * symmetry.size
        points, others = rig.heads[rig.subtree(first)], rig.heads[rig.subtree(second)]
        if long and (symmetry.mirrored(points, others) or _alike(rig, first, second, symmetry)):
            pairs.append((first, second))
    legs = [fits for pair in pairs if (fits := _fit_pair(rig, pair, symmetry, fit_leg))]
    arms = [fits for pair in pairs if (fits := _fit_pair(rig, pair, symmetry, fit_arm))]
    best: tuple[float, _Body] | None = None
    for leg_pair in legs:
        for arm_pair in arms:
            body = _join(rig, leg_pair, arm_pair)
            if body is None:
                continue
            rank = _likeness(rig, body, symmetry)
            if best is None or rank > best[0]:
                best = (rank, body)
    return best[1] if best else None


def _alike(rig: Rig, first: int, second: int, symmetry: Symmetry) -> bool:
    """Whether two branches are the two sides of a body posed differently: as many bones of the same lengths."""
    branches = [rig.subtree(root) for root in (first, second)]
    if len(branches[0]) != len(branches[1]):
        return False
    distances = [float(symmetry.distance(rig.heads[branch]).mean()) for branch in branches]
    steps = [np.linalg.norm(rig.heads[branch[1:]] - rig.heads[rig.parents[branch[1:]]], axis=1) for branch in branches]
    same = np.allclose(np.sort(steps[0]), np.sort(steps[1]), rtol=0.03, atol=1e-4 * symmetry.size)
    return distances[0] * distances[1] < 0 and bool(same)


def _fit_pair(rig: Rig, pair: tuple[int, int], symmetry: Symmetry, fit: _Fit) -> tuple[Limb, Limb] | None:
    """The limbs of both sides, read on the side that is clearer: the other one may carry a weapon or a bag."""
    first, second = (fit(rig, root, symmetry) for root in pair)
    if first is None or second is None:
        return None
    second_from_first = mirror_limb(rig, first, pair[1], symmetry)
    first_from_second = mirror_limb(rig, second, pair[0], symmetry)
    if second_from_first and (first.quality >= second.quality or not first_from_second):
        return first, second_from_first
    if first_from_second:
        return first_from_second, second
    return (first, second) if _alike(rig, *pair, symmetry) else None


def _join(rig: Rig, legs: tuple[Limb, Limb], arms: tuple[Limb, Limb]) -> _Body | None:
    """A body of two pairs of limbs; None where one pair hangs on the other or both hang on the same bone."""
    chest = int(rig.parents[arms[0].root])
    seat = int(rig.parents[legs[0].root])
    if chest < 0 or seat < 0 or chest == seat:
        return None
    above_chest = [chest, *rig.ancestors(chest)]
    common = next((bone for bone in [seat, *rig.ancestors(seat)] if bone in above_chest), -1)
    if common < 0 or common == chest:
        return None
    quality = float(np.mean([limb.quality for limb in (*legs, *arms)]))
    return _Body(arms, legs, common, chest, quality)


def _likeness(rig: Rig, body: _Body, symmetry: Symmetry) -> float:
    """How much a pair of pairs looks like legs and arms: long, legs below the trunk, arms out to the sides, fingers."""
    heads = rig.heads
    trunk = heads[body.chest] - heads[body.hips]
    height = float(np.linalg.norm(trunk))
    if height <= 0:
        return -1.0
    leg = np.mean([heads[limb.end] - heads[limb.upper] for limb in body.legs], axis=0)
    leg_length = float(np.mean([_length(rig, limb) for limb in body.legs]))
    arm_length = float(np.mean([_length(rig, limb) for limb in body.arms]))
    down = -float(leg @ trunk) / max(float(np.linalg.norm(leg)) * height, 1e-12)
    if down < 0.1:
        return -1.0
    sideways = np.mean([abs(float((heads[limb.end] - heads[limb.root]) @ symmetry.axis)) for limb in body.arms])
    fingers = np.mean([len(rig.subtree(limb.end)) >= 7 for limb in body.arms])
    alike = min(leg_length, 1.3 * arm_length) / max(leg_length, 1.3 * arm_length)
    return float(
        1.5 * (leg_length + arm_length) / symmetry.size
        + 0.7 * body.quality
        + 0.5 * down
        + 0.7 * sideways / max(arm_length, 1e-12)
        + 0.4 * fingers
        + 0.5 * alike
    )


def _length(rig: Rig, limb: Limb) -> float:
    heads = rig.heads
    return float(
        np.linalg.norm(heads[limb.lower] - heads[limb.upper]) + np.linalg.norm(heads[limb.end] - heads[limb.lower])
    )


def _upwards(rig: Rig, body: _Body, symmetry: Symmetry) -> FloatArray:
    """Unit vector from the hip joints to the shoulder joints, within the mirror plane."""
    up = np.mean([rig.heads[limb.upper] for limb in body.arms], axis=0)
    up = up - np.mean([rig.heads[limb.upper] for limb in body.legs], axis=0)
    up = up - (up @ symmetry.axis) * symmetry.axis
    result: FloatArray = up / max(float(np.linalg.norm(up)), 1e-12)
    return result


def _left(rig: Rig, body: _Body, symmetry: Symmetry, up: FloatArray) -> tuple[FloatArray, float]:
    """Unit vector to the performer's left, and how sure that is, 0..1: feet point forwards, knees bend forwards."""
    heads = rig.heads
    forward = np.cross(symmetry.axis, up)
    evidence = 0.0
    for limb in body.legs:
        length = _length(rig, limb)
        tip = heads[limb.tip] if limb.tip != limb.end else rig.tails[limb.end]
        evidence += 4 * float((tip - heads[limb.end]) @ forward) / length
        evidence += float((heads[limb.lower] - (heads[limb.upper] + heads[limb.end]) / 2) @ forward) / length
    for limb in body.arms:
        evidence -= float((heads[limb.lower] - (heads[limb.upper] + heads[limb.end]) / 2) @ forward) / _length(
            rig, limb
        )
    if evidence < 0:
        forward = -forward
    return np.cross(up, forward), float(min(1.0, 0.4 + 2 * abs(evidence)))


def _trunk(rig: Rig, body: _Body, symmetry: Symmetry, up: FloatArray) -> dict[str, int]:
    """Spine, neck and head."""
    path = path_between(rig, body.hips, body.chest)[1:]
    shoulders = float(np.mean([rig.heads[limb.upper] @ up for limb in body.arms]))
    hips = float(np.mean([rig.heads[limb.upper] @ up for limb in body.legs]))
    found: dict[str, int] = {}
    torso = shoulders - hips
    if len(path) > 1 and float(rig.heads[path[-1]] @ up) > shoulders - 0.06 * torso:
        found["neck"] = path.pop()  # 3ds Max hangs the clavicles on the neck.
    found.update(zip(("spine", "chest", "upperChest"), _spread(path)))
    neck_and_head = _neck_and_head(rig, body, symmetry, up, (hips, shoulders))
    if neck_and_head:
        found["head"] = neck_and_head[-1]
        if len(neck_and_head) > 1:
            found.setdefault("neck", neck_and_head[0])
    return found


def _spread(path: list[int]) -> list[int]:
    """At most three bones of the spine: its first, its last and the one in the middle."""
    if len(path) <= 3:
        return path
    return [path[0], path[len(path) // 2], path[-1]]


def _neck_and_head(
    rig: Rig, body: _Body, symmetry: Symmetry, up: FloatArray, heights: tuple[float, float]
) -> list[int]:
    """The chain from above the bone that carries the arms to the head; `heights` are those of hips and shoulders."""
    torso = heights[1] - heights[0]
    arm_roots = {limb.root for limb in body.arms}
    lowest = float(rig.heads[body.chest] @ up) - 0.02 * torso
    chain: list[int] = []
    bone = body.chest
    while True:
        central = [
            child
            for child in rig.children[bone]
            if child not in arm_roots
            and abs(float(symmetry.distance(rig.heads[child]))) < ON_PLANE * symmetry.size
            and float(rig.heads[child] @ up) > lowest
        ]
        if not central:
            break
        height = float(rig.heads[bone] @ up)
        rising = any(rig.children[child] and float(rig.heads[child] @ up) > height + 0.04 * torso for child in central)
        if chain and _branches(rig, bone) and (height > heights[1] + 0.15 * torso or not rising):
            break
        bone = max(central, key=lambda child: (len(rig.subtree(child)), float(rig.heads[child] @ up)))
        chain.append(bone)
    near = 0.03 * torso
    if not chain:
        return []
    if _branches(rig, chain[-1]):
        while len(chain) > 1 and float(np.linalg.norm(rig.heads[chain[-1]] - rig.heads[chain[-2]])) < near:
            chain.pop()
        return chain
    # The top of the head is farther from the head joint than the head joint from the neck's.
    if len(chain) > 1 and float(np.linalg.norm(rig.heads[chain[-1]] - rig.heads[chain[-2]])) > 0.28 * torso:
        chain.pop()
    return chain


def _branches(rig: Rig, bone: int) -> bool:
    """Whether a bone branches as a head does (eyes, jaw, hair); single helper bones beside a chain do not count."""
    children = rig.children[bone]
    grown = [child for child in children if rig.children[child]]
    return len(children) >= 3 or len(grown) >= 2
