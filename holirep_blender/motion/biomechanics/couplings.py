# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a take's joints frame by frame: the table, what absent joints leave to others, and the couplings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Optional

import numpy as np
import numpy.typing as npt

from ..skeleton import SIDES
from .limit_table import Coupling, LimitTable
from .limiting import Bounds
from .swing import MOTIONS

Array = npt.NDArray[np.float64]

_STANDS_IN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("upperChest", ("chest", "spine")),
    ("chest", ("spine", "upperChest")),
    ("spine", ("chest", "upperChest")),
    ("neck", ("head",)),
    ("head", ("neck",)),
) + tuple((f"{side}Shoulder", (f"{side}UpperArm",)) for side in SIDES)
"""Who moves in the place of a joint that a skeleton lacks, the first that is there."""


class JointBounds:
    """Limits of the joints of one take.

    ``angles`` maps a joint to its angles ``(T, 3)`` in radians; it is read whenever a limit depends on another angle,
    so a joint that was limited before counts as it is now.
    """

    def __init__(self, table: LimitTable, joints: Iterable[str], angles: Mapping[str, Array]) -> None:
        self._angles = angles
        self._frames: Optional[npt.NDArray[np.intp]] = None
        self._overridden = table.overridden
        present = set(joints)
        self._base: dict[tuple[str, str], Array] = {}
        for joint in present:
            for motion in table.motions(joint):
                soft, hard = table.soft(joint, motion), table.hard(joint, motion)
                self._base[joint, motion] = np.radians([soft[0], soft[1], hard[0], hard[1]])
        for absent, others in _STANDS_IN:
            if absent in present:
                continue
            heir = next((name for name in others if name in present), None)
            if heir is None:
                continue
            for motion in table.motions(absent):
                if (heir, motion) in self._base and not (absent.endswith("Shoulder") and motion == "rotation"):
                    soft, hard = table.soft(absent, motion), table.hard(absent, motion)
                    self._base[heir, motion] = self._base[heir, motion] + np.radians([*soft, *hard])
        self._couplings: dict[tuple[str, str], list[Coupling]] = {}
        for coupling in table.couplings:
            self._couplings.setdefault((coupling.joint, coupling.motion), []).append(coupling)

    def at(self, frames: npt.NDArray[np.intp]) -> JointBounds:
        """The limits in some frames ``(N,)`` only."""
        part = copy(self)
        part._frames = frames
        return part

    def _now(self, joint: str) -> Array:
        angles = self._angles[joint]
        return angles if self._frames is None else angles[self._frames]

    def motions(self, joint: str) -> tuple[str, ...]:
        """The motions of a joint that have limits."""
        return tuple(motion for motion in MOTIONS if (joint, motion) in self._base)

    def of(self, joint: str, motion: str, own: Optional[Array] = None) -> Bounds:
        """Limits of a joint's motion with the couplings of the present angles; ``own (T, 3)``: of the joint itself."""
        numbers: list[Array] = [np.asarray(number) for number in self._base[joint, motion]]
        for coupling in self._couplings.get((joint, motion), ()):
            if coupling.driver_joint not in self._angles:
                continue
            angles = own if own is not None and coupling.driver_joint == joint else self._now(coupling.driver_joint)
            driver = angles[:, MOTIONS.index(coupling.driver_motion)]
            way = _eased_step(driver, np.radians(coupling.start), np.radians(coupling.end))
            factor, shift = 1.0 + (coupling.factor - 1.0) * way, np.radians(coupling.shift) * way
            for place in _PLACES[coupling.ends]:
                numbers[place] = numbers[place] * factor + shift
        if motion == "rotation" and joint.endswith("Hand") and (joint, motion) not in self._overridden:
            # a forearm turns once, whichever of its two bones a rig turns
            forearm = joint[:-4] + "LowerArm"
            if forearm in self._angles:
                turned = self._now(forearm)[:, 2]
                numbers = [number - turned for number in numbers]
        return Bounds(*numbers)


_PLACES = {"low": (0, 2), "high": (1, 3), "both": (0, 1, 2, 3)}


def _eased_step(values: Array, start: float, end: float) -> Array:
    """0 at ``start`` and beyond it, 1 at ``end`` and beyond it, smooth between; ``end`` may be the smaller."""
    t = np.clip((values - start) / (end - start), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))
