# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands after an edit: arms that are asked for the same as last time come to the same.

An edit is mostly one of feet. It moves the pelvis, and arms with it, but what is asked of them there stays.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from .hands import HandPath, hands_held
from .ledger import Ledger
from .limb_solving import settle
from .pose import Pose

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_ASKED, _CAME = "asked of hands", "hands"
_SAME = 1e-7
"""Metres, and parts of quaternions, by which it may differ what is asked: the pelvis is moved, which rounds."""
_NEAR = 1.0
"""Seconds around an edit in which arms have to be asked for the same to do for a first answer."""


def hands_held_again(pose: Pose, hands: list[HandPath], strength: float, ledger: Optional[Ledger]) -> list[int]:
    """As ``hands.hands_held``, from the ledger where the same is asked; what is asked and came of it is noted there."""
    if ledger is None or not hands:
        return hands_held(pose, hands, strength)
    part = ledger.part
    asked = _asked(pose, hands)
    _join(ledger, _ASKED, asked)
    for hand in hands:
        hand.place = asked[f"{hand.side} place"] + _shoulder(pose, hand)
        hand.held, hand.on_body = asked[f"{hand.side} held"], asked[f"{hand.side} on_body"]
    arms = [joint for hand in hands for joint in (hand.arm.upper, hand.arm.lower, hand.arm.end)]
    held = [hand.held.any() for hand in hands]
    came: dict[str, Any]
    if part is not None and _same(ledger, asked, pose.take.fps):
        known = ledger.before(_CAME, 0)
        came = {name: values[part.first : part.end].copy() for name, values in known.items()}
        changed = [joint for number, joint in enumerate(arms) if held[number // 3]]
        _join(ledger, _CAME, came)
    else:
        changed = hands_held(pose, hands, strength, part is None or not part.unfinished)
        came = {"turned": pose.turned[:, arms]}
        for hand in hands:
            came[f"{hand.side} held"], came[f"{hand.side} on_body"] = hand.held, hand.on_body
        _join(ledger, _CAME, came)
    if part is not None:
        pose.turned[:, arms] = came["turned"]
        for hand in hands:
            hand.held, hand.on_body = came[f"{hand.side} held"], came[f"{hand.side} on_body"]
            settle(pose, hand.arm)
    return changed


def _asked(pose: Pose, hands: list[HandPath]) -> dict[str, Any]:
    """What is asked of each hand, from its shoulder, and how its arm hangs there."""
    asked: dict[str, Any] = {}
    for hand in hands:
        near = hand.held.copy()
        near[1:] |= hand.held[:-1]
        near[:-1] |= hand.held[1:]
        asked[f"{hand.side} place"] = np.where(near[:, None], hand.place - _shoulder(pose, hand), 0.0)
        asked[f"{hand.side} held"], asked[f"{hand.side} on_body"] = hand.held, hand.on_body
        asked[f"{hand.side} above"] = pose.turned[:, pose.take.parents[hand.arm.upper]]
    return asked


def _shoulder(pose: Pose, hand: HandPath) -> Array:
    return np.asarray(pose.placed[:, hand.arm.upper])


def _same(ledger: Ledger, asked: dict[str, Any], fps: float) -> bool:
    """Whether all of it was asked last time; for a first answer, around the edit."""
    part = ledger.part
    if part is None:
        return False
    rows = slice(0, part.end - part.first)
    if part.unfinished:
        near = round(_NEAR * fps)
        rows = slice(max(part.edit[0] - near - part.first, 0), part.edit[1] + near - part.first)
    for name, before in ledger.before(_ASKED, 0).items():
        apart = np.abs(np.subtract(asked[name][rows], before[part.first : part.end][rows], dtype=np.float64))
        if apart.max(initial=0.0) > _SAME:
            return False
    return True


def _join(ledger: Ledger, kind: str, arrays: dict[str, Any]) -> None:
    """Notes a stage; beyond what an edit changes its arrays are put back to what they were."""
    joined = ledger.joined(kind, 0, arrays)
    if joined is not None:
        for name, values in joined[1].items():
            arrays[name] = arrays[name].copy()
            arrays[name][joined[0]] = values
