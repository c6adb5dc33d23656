# SPDX-License-Identifier: GPL-3.0-or-later
"""Human limits on whole takes: what exceeds them is brought back, what does not is left exactly alone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..take import Take
from .anatomical import AnatomicalJoint, anatomical_joints, joint_quaternions, with_joint_quaternions
from .chains import Link, links, part
from .couplings import JointBounds
from .hinges import elbow_hinges
from .joint_limits import Changed, limited_joint, limited_swing, settled_joint
from .limit_table import LimitTable
from .report import Violation
from .settling import Driver
from .swing import angles_of
from .violations import limit_violations

Array = npt.NDArray[np.float64]

_TURNED = 1e-7
"""Half radians from which a turn is one, and not rounding."""


@dataclass(frozen=True)
class LimitOptions:
    """Which limits, how strongly (0 off, 1 hard limits hold), and on which joints (None: all)."""

    table: LimitTable = field(default_factory=LimitTable.load)
    strength: float = 1.0
    joints: Optional[frozenset[str]] = None

    def affects(self, joint: str) -> bool:
        """Whether the engine may change a joint."""
        return self.strength > 0.0 and (self.joints is None or joint in self.joints)


def limited(
    take: Take, options: LimitOptions, hinges: Optional[dict[str, float]] = None
) -> tuple[Take, list[Violation]]:
    """The take within human limits, and what exceeded them.

    Works on any skeleton and any rest pose; absent joints are no matter. Rotations of joints within their limits stay
    exactly as they are, so a second run changes nothing. Root, lengths, confidences, face and contacts are kept. The
    hips turn with the whole body and have no limits; eyes and jaw belong to the face.

    Parameters
    ----------
    hinges : those of the elbows in the whole clip of which the take is a part; None finds them in the take.

    Raises ValueError, naming joint and frame, where the take holds values that are not numbers.
    """
    check_rotations(take)
    given = hinges is not None
    hinges = elbow_hinges(take) if hinges is None else hinges
    body = _Body(take, options, hinges)
    found = body.violations()
    if not found or options.strength <= 0.0:
        return take, found
    result = body.limited()
    for _ in range(0 if given else 3):
        seen = elbow_hinges(result)
        if seen == hinges:
            break
        # limited elbows may show another hinge; the next run would find it, so this one has to
        hinges = seen
        result = _Body(result, options, hinges).limited()
    return result, found


def check_limits(take: Take, options: LimitOptions) -> list[Violation]:
    """What exceeds human limits, by joint and stretch of frames; changes nothing. Raises ValueError as ``limited``."""
    check_rotations(take)
    return [
        dataclasses.replace(found, altered=False) for found in _Body(take, options, elbow_hinges(take)).violations()
    ]


def check_rotations(take: Take) -> None:
    """Raises ValueError, naming joint and frame, where a rotation is not a number."""
    bad = ~np.isfinite(take.local_rotations).all(axis=-1)
    if bad.any():
        frame, joint = (int(number) for number in np.argwhere(bad)[0])
        raise ValueError(
            f"The rotation of {take.joint_names[joint]} in frame {take.frame_start + frame} is not a number "
            f"({np.count_nonzero(bad)} such values in all). Delete or mend these keys, or solve the take again."
        )


class _Body:
    """The joints of one take on their way into their limits."""

    def __init__(self, take: Take, options: LimitOptions, hinges: dict[str, float]) -> None:
        self.take, self.options = take, options
        joints = anatomical_joints(take, hinges)
        self.joints = {joint.name: joint for joint in joints}
        stacked = joint_quaternions(take, joints)
        self.original = dict(zip(self.joints, stacked))
        self.now = dict(self.original)
        self.received: dict[str, Array] = {}
        self.angles = dict(zip(self.joints, angles_of(stacked, [joint.mirror for joint in joints])))
        self.bounds = JointBounds(options.table, self.joints, self.angles)

    def violations(self) -> list[Violation]:
        """What exceeds the limits, as the take is now."""
        found: list[Violation] = []
        for name in self.joints:
            found += limit_violations(name, self.angles[name], self.bounds, altered=self.options.affects(name))
        return found

    def limited(self) -> Take:
        """The take within the limits."""
        chain = links(self.joints)
        for link in reversed(chain):
            self._pass_on(link)
        inwards, parents = {link.child: link for link in chain}, {link.parent for link in chain}
        residuals: dict[str, Array] = {}
        for name in self._order():
            self._limit(name, inwards.get(name), name in parents, residuals)
        changed = []
        for name, joint in self.joints.items():
            if self.now[name] is not self.original[name]:
                changed.append((joint, self._blended(name)))
        if not changed:
            return self.take
        return dataclasses.replace(self.take, local_rotations=with_joint_quaternions(self.take, changed))

    def _order(self) -> list[str]:
        """Drivers of couplings first: knees before hips; else from the root outwards."""
        return sorted(self.joints, key=lambda name: not name.endswith("LowerLeg"))

    def _blended(self, name: str) -> Array:
        if self.options.strength >= 1.0:
            return np.asarray(self.now[name])
        share = np.asarray(self.options.strength)
        return np.asarray(rotations.slerp(self.original[name], self.now[name], share))

    def _turn(self, name: str, quaternions: Array) -> None:
        self._set(name, Changed(quaternions, angles_of(quaternions[None], [self.joints[name].mirror])[0]))

    def _set(self, name: str, changed: Changed) -> None:
        self.now[name], self.angles[name] = changed.quaternions, changed.angles

    def _pass_on(self, link: Link) -> None:
        """What the child exceeds goes to the parent, whose own limits are looked after later."""
        if not (link.inwards and self.options.affects(link.child) and self.options.affects(link.parent)):
            return
        child = self.joints[link.child]
        kept = self._kept(link.child)
        if kept is None:
            return
        if link.shares == "swing":
            swing, within = limited_swing(link.child, self.angles[link.child], self.bounds, child.mirror)
            excess = _canonical(child, rotations.multiply(swing, rotations.inverse(within)))
        else:
            excess = _canonical(child, rotations.multiply(self.now[link.child], rotations.inverse(kept.quaternions)))
        passed = part(excess, link.shares, child.length, self._bend(link))
        parent = self.joints[link.parent]
        self.received[link.parent] = passed
        turned = rotations.multiply(_canonical(parent, self.now[link.parent]), passed)
        self._turn(link.parent, _own(parent, turned))
        before = rotations.multiply(rotations.inverse(passed), _canonical(child, self.now[link.child]))
        self._turn(link.child, _own(child, before))

    def _limit(self, name: str, inwards: Optional[Link], passes_on: bool, residuals: dict[str, Array]) -> None:
        """One joint within its limits; what its parent in a chain could not keep of its turn is asked of it too."""
        if not self.options.affects(name):
            return
        joint = self.joints[name]
        residual = residuals.get(inwards.parent) if inwards is not None else None
        if inwards is not None and residual is not None:
            share = part(residual, inwards.shares, joint.length, self._bend(inwards))
            turned = rotations.multiply(share, _canonical(joint, self.original[name]))
            wanted = _own(joint, turned)
            # what it gave inwards is in the residual; what it was given stays
            self._turn(
                name, _own(joint, rotations.multiply(turned, self.received[name])) if name in self.received else wanted
            )
        else:
            wanted = self.original[name]
        kept = self._kept(name)
        if kept is not None:
            self._set(name, kept)
        if self.now[name] is self.original[name]:
            return
        # smoothing the turn that an upper arm hands over would take the forearm off its way
        driver = None
        if residual is not None and inwards is not None and name.endswith("LowerArm"):
            driver = Driver(self.original[inwards.parent], np.abs(residual[:, 1:]).max(axis=1) > _TURNED)
        calm = self._calm(name, driver)
        if calm is not None:
            self._set(name, calm)
        if passes_on:
            now = rotations.inverse(_canonical(joint, self.now[name]))
            residuals[name] = rotations.multiply(now, _canonical(joint, wanted))

    def _kept(self, name: str) -> Optional[Changed]:
        return limited_joint(name, self.now[name], self.angles[name], self.bounds, self.joints[name].mirror)

    def _calm(self, name: str, driver: Optional[Driver]) -> Optional[Changed]:
        mirror = self.joints[name].mirror
        return settled_joint(name, self.now[name], self.angles[name], self.bounds, mirror, self.original[name], driver)

    def _bend(self, link: Link) -> Optional[Array]:
        return np.abs(self.angles[link.child][:, 0]) if link.child.endswith("LowerArm") else None


def _canonical(joint: AnatomicalJoint, quaternions: Array) -> Array:
    return rotations.multiply(rotations.multiply(joint.basis, quaternions), rotations.inverse(joint.basis))


def _own(joint: AnatomicalJoint, quaternions: Array) -> Array:
    return rotations.multiply(rotations.multiply(rotations.inverse(joint.basis), quaternions), joint.basis)
