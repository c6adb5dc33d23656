# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a hand apart by geometry: which chain is which finger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..skeleton import FINGERS, finger_joints
from .limbs import path_between
from .rig import FloatArray, Rig

KNUCKLE_SHARE = 0.5
"""A finger's knuckle lies about halfway between the wrist and the fingertip (Buryanov & Kotiuk 2010)."""


@dataclass(frozen=True)
class _Chain:
    bones: tuple[int, ...]
    base: FloatArray
    tip: FloatArray


def map_fingers(rig: Rig, hand: int, side: str) -> dict[str, int]:
    """Finger joints of a hand to bone indices; empty where the fingers cannot be told apart.

    Five chains are thumb to little finger in their order across the palm, the thumb being the outermost chain that
    starts nearest to the wrist; four are thumb, index, middle and ring finger. Fewer are left out.
    """
    chains = _finger_chains(rig, hand)
    if len(chains) not in (4, 5):
        return {}
    ordered = _across_the_palm(rig, hand, chains)
    if ordered is None:
        return {}
    found: dict[str, int] = {}
    for finger, chain in zip(FINGERS, ordered):
        bones = chain.bones if finger == "Thumb" else _from_knuckle(rig, hand, chain)
        for joint, bone in zip(finger_joints(side, finger), bones):
            found[joint] = bone
    return found


def _finger_chains(rig: Rig, hand: int) -> list[_Chain]:
    """The chains of at least two bones below a hand, without the palm bones that several of them share."""
    leaves = [bone for bone in rig.subtree(hand)[1:] if not rig.children[bone]]
    paths = [path_between(rig, hand, leaf)[1:] for leaf in leaves]
    uses: dict[int, int] = {}
    for path in paths:
        for bone in path:
            uses[bone] = uses.get(bone, 0) + 1
    chains = []
    for path in paths:
        own = [bone for bone in path if uses[bone] == 1]
        if len(own) >= 2:
            chains.append(_Chain(tuple(own), rig.heads[own[0]], rig.heads[own[-1]]))
    longest = max((float(np.linalg.norm(chain.tip - rig.heads[hand])) for chain in chains), default=0.0)
    return [chain for chain in chains if float(np.linalg.norm(chain.tip - rig.heads[hand])) > 0.4 * longest]


def _across_the_palm(rig: Rig, hand: int, chains: list[_Chain]) -> list[_Chain] | None:
    """The chains from the thumb to the other side of the palm; None where no chain stands out as the thumb."""
    wrist = rig.heads[hand]
    reach = [float(np.linalg.norm(chain.tip - wrist)) for chain in chains]
    thumb = min(range(len(chains)), key=lambda number: reach[number])
    others = [chain for number, chain in enumerate(chains) if number != thumb]
    knuckles = np.array([rig.heads[_from_knuckle(rig, hand, chain)[0]] for chain in others])
    across = np.linalg.svd(knuckles - knuckles.mean(0))[2][0]
    order = np.argsort(knuckles @ across)
    thumb_side = float((chains[thumb].base + chains[thumb].tip) / 2 @ across)
    if abs(thumb_side - float(knuckles[order[-1]] @ across)) < abs(thumb_side - float(knuckles[order[0]] @ across)):
        order = order[::-1]
    # The little finger is short too: the thumb must also start nearer to the wrist than the fingers' knuckles do.
    thumb_start = float(np.linalg.norm(chains[thumb].base - wrist))
    if thumb_start > 0.8 * float(np.linalg.norm(knuckles - wrist, axis=1).min()):
        return None
    return [chains[thumb]] + [others[number] for number in order]


def _from_knuckle(rig: Rig, hand: int, chain: _Chain) -> tuple[int, ...]:
    """A finger's bones from its knuckle on, without a metacarpal before it."""
    if len(chain.bones) <= 3:
        return chain.bones
    wrist = rig.heads[hand]
    last = float(np.linalg.norm(rig.heads[chain.bones[-1]] - rig.heads[chain.bones[-2]]))
    whole = last + max(float(np.linalg.norm(rig.heads[bone] - wrist)) for bone in chain.bones)
    starts = range(len(chain.bones) - 2)
    shares = [float(np.linalg.norm(rig.heads[chain.bones[start]] - wrist)) / whole for start in starts]
    start = min(starts, key=lambda number: abs(shares[number] - KNUCKLE_SHARE))
    return chain.bones[start : start + 3]
