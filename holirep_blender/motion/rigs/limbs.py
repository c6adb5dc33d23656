# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking limbs apart by geometry: which bones of a chain are the upper and lower part, the hand or foot."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .rig import Rig
from .symmetry import MATCH_TOLERANCE, Symmetry

HAND_COMPACTNESS = 0.5
"""A hand's reach is less than this share of its distance from the limb's root."""
SHOULDER_WIDTH = 0.4
"""The least distance of a shoulder joint from the mirror plane as a share of the upper arm; 0.7 on average (Winter)."""
TOE_SHARE = 0.68
"""Where the toe joint lies between the ankle and the tip of the toes (Winter 2009, foot segment proportions)."""


@dataclass(frozen=True)
class Limb:
    """Bone indices of a limb; `quality` is 0..1. `root` is the clavicle or a hip helper where it is not `upper`."""

    root: int
    upper: int
    lower: int
    end: int
    tip: int
    toes: int
    quality: float


def longest_path(rig: Rig, root: int) -> list[int]:
    """The chain from a bone to the leaf that lies farthest along the bones."""
    along = {root: 0.0}
    for bone in rig.subtree(root):
        for child in rig.children[bone]:
            along[child] = along[bone] + float(np.linalg.norm(rig.heads[child] - rig.heads[bone]))
    leaf = max(along, key=lambda bone: (along[bone], -bone))
    return path_between(rig, root, leaf)


def path_between(rig: Rig, top: int, bottom: int) -> list[int]:
    """The chain from a bone to one below it, both included."""
    path = [bottom]
    while path[-1] != top:
        path.append(int(rig.parents[path[-1]]))
    return path[::-1]


def find_hand(rig: Rig, root: int) -> int:
    """The bone of an arm from which at least three finger chains spring; -1 where there are no fingers."""
    path = longest_path(rig, root)
    for place, bone in enumerate(path[1:], 1):
        below = rig.subtree(bone)[1:]
        fingers = _chains(rig, bone)
        extent = float(np.linalg.norm(rig.heads[below] - rig.heads[bone], axis=1).max()) if below else 0.0
        from_root = float(np.linalg.norm(rig.heads[bone] - rig.heads[root]))
        if fingers >= 3 and len(below) >= 6 and extent < HAND_COMPACTNESS * from_root:
            # A twist bone before the wrist carries the same fingers: the hand is the last bone that carries them all.
            return [last for last in path[place:] if _chains(rig, last) == fingers][-1]
    return -1


def _chains(rig: Rig, bone: int) -> int:
    """How many chains of at least two bones end below a bone; leaves beside it are helpers."""
    return sum(not rig.children[leaf] and rig.parents[leaf] != bone for leaf in rig.subtree(bone)[1:])


def fit_arm(rig: Rig, root: int, symmetry: Symmetry) -> Limb | None:
    """The best reading of an arm's chain: clavicle if any, upper arm, lower arm, hand.

    A shoulder joint is well off the mirror plane, other than the inner end of a clavicle.
    """
    hand = find_hand(rig, root)
    path = path_between(rig, root, hand) if hand >= 0 else longest_path(rig, root)
    ends = (len(path) - 1,) if hand >= 0 else tuple(range(2, len(path)))
    best: Limb | None = None
    for end in ends:
        for upper, lower in combinations(range(end), 2):
            width = abs(float(symmetry.distance(rig.heads[path[upper]])))
            length = float(np.linalg.norm(rig.heads[path[lower]] - rig.heads[path[upper]]))
            broad = min(1.0, width / (SHOULDER_WIDTH * length)) if length > 0 else 0.0
            quality = broad * _two_segments(rig, path, upper, lower, end)
            if best is None or quality > best.quality:
                best = Limb(root, path[upper], path[lower], path[end], path[-1], -1, quality)
    return best


def fit_leg(rig: Rig, root: int, symmetry: Symmetry) -> Limb | None:
    """The best reading of a leg's chain: upper leg, lower leg, foot and, where they are clear, the toes."""
    if abs(float(symmetry.distance(rig.heads[rig.subtree(root)]).mean())) < MATCH_TOLERANCE * symmetry.size:
        return None
    path = longest_path(rig, root)
    best: Limb | None = None
    for end in range(2, len(path)):
        for upper, lower in combinations(range(end), 2):
            quality = 0.75 * _two_segments(rig, path, upper, lower, end) + 0.25 * _ankle(rig, path, lower, end)
            if best is None or quality > best.quality:
                toes = _toes(rig, path, end)
                best = Limb(root, path[upper], path[lower], path[end], path[-1], toes, quality)
    return best


def mirror_limb(rig: Rig, limb: Limb, root: int, symmetry: Symmetry) -> Limb | None:
    """A limb read on one side, found again on the other side below `root`; None where a bone has no mirror image."""
    others = sorted(rig.subtree(root), key=lambda bone: -len(rig.subtree(bone)))
    bones = [limb.upper, limb.lower, limb.end, limb.tip, max(limb.toes, 0)]
    twins = [others[twin] if twin >= 0 else -1 for twin in symmetry.twins(rig.heads[bones], rig.heads[others])]
    upper, lower, end = twins[:3]
    tip = twins[3] if twins[3] >= 0 else end
    chain = [root, *([upper] if upper != root else []), lower, end]
    if min(twins[:3]) < 0 or any(above not in rig.ancestors(below) for above, below in zip(chain, chain[1:])):
        return None
    return Limb(root, upper, lower, end, tip, twins[4] if limb.toes >= 0 else -1, limb.quality)


def _two_segments(rig: Rig, path: list[int], upper: int, lower: int, end: int) -> float:
    """How well two spans of a chain look like the two long parts of a limb: alike, straight and most of the limb."""
    heads = rig.heads
    steps = [float(np.linalg.norm(heads[one] - heads[two])) for one, two in zip(path, path[1:])]
    first = float(np.linalg.norm(heads[path[lower]] - heads[path[upper]]))
    second = float(np.linalg.norm(heads[path[end]] - heads[path[lower]]))
    if min(first, second) <= 0:
        return 0.0
    ratio = min(first, second) / max(first, second)
    straight = min(first / sum(steps[upper:lower]), second / sum(steps[lower:end]))
    return float((0.55 * ratio * ratio + 0.45 * (first + second) / sum(steps)) * straight**8)


def _ankle(rig: Rig, path: list[int], lower: int, end: int) -> float:
    """1 where the chain turns by a right angle at its end, 0 where it goes straight on."""
    heads = rig.heads
    shin = heads[path[end]] - heads[path[lower]]
    foot = (heads[path[-1]] if end + 1 < len(path) else rig.tails[path[end]]) - heads[path[end]]
    lengths = float(np.linalg.norm(shin) * np.linalg.norm(foot))
    if lengths <= 0 or np.linalg.norm(foot) > np.linalg.norm(shin):
        return 0.0
    return float(1 - max(float(shin @ foot) / lengths, 0.0))


def _toes(rig: Rig, path: list[int], end: int) -> int:
    """The bone at the ball of the foot; -1 where it is missing or where the toes spring singly from the foot."""
    foot = path[end]
    chains = [child for child in rig.children[foot] if len(rig.subtree(child)) > 1]
    if end + 1 >= len(path) or len(chains) > 2:
        return -1
    ankle = rig.heads[foot]
    last = path[-1]
    forward = rig.heads[last] - ankle
    tail = rig.tails[last] - ankle
    tip = max(float(np.linalg.norm(forward)), float(tail @ forward) / max(float(np.linalg.norm(forward)), 1e-12))
    if tip <= 0:
        return -1
    shares = {bone: float(np.linalg.norm(rig.heads[bone] - ankle)) / tip for bone in path[end + 1 :]}
    bone, share = min(shares.items(), key=lambda item: abs(item[1] - TOE_SHARE))
    return bone if 0.35 < share < 0.93 else -1
