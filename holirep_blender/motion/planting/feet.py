# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a foot goes: at rest while it touches, rolling over heel and ball, and smoothly through the air."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..contacts.soles import ContactPoints
from ..take import Take
from .blending import bridged, upper_envelope
from .pose import Limb, Pose, find_limb
from .stances import Phases, flattened, places, resting_rotations
from .standing import stands_already, without_strays

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_UP = np.array([0.0, 0.0, 1.0])
_CALMED = 2
"""How often the turn of a foot that rolls is averaged with its neighbours: jitter that toes and knees would show."""
SUNK = 1.2e-3
"""Metres that a point of a sole in the air may be under the floor."""
_AROUND = 5
"""Frames over which a foot that would go under the floor is lifted or raised before and after."""


@dataclass(frozen=True)
class Foot:
    """A foot and the leg that carries it.

    Attributes
    ----------
    side : ``"left"`` or ``"right"``.
    leg : the leg, which ends at the ankle.
    toes : joint of the toes, -1 where the rig has none.
    heel : (3,) the heel from the ankle, in the rest pose.
    pivot : (3,) what the foot rolls over, from the ankle in the rest pose: the toes' joint, or the ball itself.
    ball : (3,) the ball from the pivot, in the rest pose.
    up : (3,) what points up where foot and toes are level, in the rest pose.
    """

    side: str
    leg: Limb
    toes: int
    heel: Array
    pivot: Array
    ball: Array
    up: Array

    @property
    def joints(self) -> list[int]:
        """Hip, knee, ankle and, where there are some, toes."""
        return [self.leg.upper, self.leg.lower, self.leg.end] + ([self.toes] if self.toes >= 0 else [])

    def among(self, columns: list[int]) -> Foot:
        """The same foot in a take that has only some ``columns`` of the joints."""
        upper, lower, end = (columns.index(joint) for joint in (self.leg.upper, self.leg.lower, self.leg.end))
        toes = columns.index(self.toes) if self.toes >= 0 else -1
        return replace(self, leg=replace(self.leg, upper=upper, lower=lower, end=end), toes=toes)


@dataclass
class FootPath:
    """Where a foot is to be while it touches, over ``T`` frames; what is said of other frames means nothing.

    Attributes
    ----------
    turned : (T, 4) world rotation of the foot; meant in all frames, as a foot in the air turns with its next stance.
    held : (T, 3) where the point is that holds the foot; arm : (T, 3) that point from the ankle, in the rest pose.
    touching : (T,) whether heel or ball touches.
    heel, ball : (T, 3) where those points are held on the floor; NaN while they are free.
    stands : (T,) stances in which all of that is so already; ankle : (T, 3) and foot : (T, 4) as they are.
    """

    turned: Array
    held: Array
    arm: Array
    touching: Mask
    heel: Array
    ball: Array
    stands: Mask
    ankle: Array
    foot: Array

    def end(self, frames: Frames, rows: Frames) -> tuple[Array, Array]:
        """Place of the ankle ``(N, 3)`` and rotation of the foot ``(N, 4)``: turned as in frames ``rows``, held as in
        ``frames``. A foot that stands already comes and leaves as it does.
        """
        turned = self.turned[rows]
        ankle = self.held[frames] - rotations.rotate(turned, self.arm[frames])
        stands = self.stands[frames][:, None]
        return np.where(stands, self.ankle[rows], ankle), np.where(stands, self.foot[rows], turned)

    def where_it_counts(self) -> FootPath:
        """Itself, after what it says of frames in the air is wiped out but for those next to a stance."""
        free = gaps.distance_to_valid(self.touching) > 1
        for values in (self.turned, self.held, self.ankle, self.foot):
            values[free] = 0.0
        return self


def find_foot(take: Take, side: str, points: ContactPoints) -> Optional[Foot]:
    """The foot of a side with its contact points; None where its leg is not there."""
    leg = find_limb(take, (f"{side}UpperLeg", f"{side}LowerLeg", f"{side}Foot"))
    heel, ball = points.index(f"{side}Heel"), points.index(f"{side}Toes")
    if leg is None or heel < 0 or ball < 0:
        return None
    joint = int(points.joints[ball])
    toes = joint if joint != leg.end and take.parents[joint] == leg.end else -1
    pivot = take.rest_offsets[toes] if toes >= 0 else points.offsets[ball]
    under = points.offsets[ball] if toes >= 0 else np.zeros(3)
    return Foot(side, leg, toes, points.offsets[heel], pivot, under, points.up[heel])


def foot_path(pose: Pose, foot: Foot, phases: Phases, reach: int) -> FootPath:
    """The path of a foot whose contacts hold.

    Parameters
    ----------
    reach : frames in which a foot comes to rest before it touches, and leaves it after.
    """
    before, ankle = pose.turned[:, foot.leg.end], pose.placed[:, foot.leg.end]
    turned = _rolled(foot, phases, before, reach)
    heel, pivot = rotations.rotate(turned, foot.heel), rotations.rotate(turned, foot.pivot)
    apart = rotations.rotate(resting_rotations(turned, phases.flat, foot.up), foot.pivot - foot.heel)
    spots = places(phases, (ankle + heel)[:, :2], (ankle + pivot)[:, :2], apart[:, :2])
    heel_at = np.concatenate([spots[0], np.zeros((len(ankle), 1))], axis=1)
    pivot_at = np.concatenate([spots[1], np.full((len(ankle), 1), -float(foot.ball[2]))], axis=1)
    now = tuple(ankle + rotations.rotate(before, arm) for arm in (foot.heel, foot.pivot))
    toes = pose.turned[:, foot.toes] if foot.toes >= 0 else before
    depth = (0.0, -float(foot.ball[2]))
    stands, (heel_now, pivot_now) = stands_already(
        phases, (now[0], now[1]), depth, before, toes, foot.up, foot.leg.length
    )
    heel_at = np.where(stands[:, None], heel_now, heel_at)
    pivot_at = np.where(stands[:, None], pivot_now, pivot_at)
    on_heel = phases.heel[:, None]
    return FootPath(
        turned,
        np.where(on_heel, heel_at, pivot_at),
        np.where(on_heel, foot.heel, foot.pivot),
        phases.touching,
        np.where(phases.heel[:, None], heel_at, np.nan),
        np.where(phases.ball[:, None], pivot_at * (1.0, 1.0, 0.0), np.nan),
        stands,
        ankle.copy(),
        before.copy(),
    )


def landed(pose: Pose, foot: Foot, phases: Phases, sure: Mask) -> Phases:
    """The phases of a foot without those frames in which what was planted before only comes or goes.

    Frames that are ``sure (T,)`` stay what they are.
    """
    before, ankle = pose.turned[:, foot.leg.end], pose.placed[:, foot.leg.end]
    toes = pose.turned[:, foot.toes] if foot.toes >= 0 else before
    points = (ankle + rotations.rotate(before, foot.heel), ankle + rotations.rotate(before, foot.pivot))
    return without_strays(phases, points, (0.0, -float(foot.ball[2])), before, toes, foot.up, foot.leg.length, sure)


def _rolled(foot: Foot, phases: Phases, before: Array, reach: int) -> Array:
    """World rotation ``(T, 4)`` of the foot: flat where both points touch, elsewhere its own with a fading change."""
    rest = resting_rotations(before, phases.flat, foot.up)

    def change(step: int) -> Array:
        rows = np.clip(np.arange(len(before)) + step, 0, len(before) - 1)
        return rotations.to_rotation_vector(rotations.multiply(rest, rotations.inverse(before[rows])))

    vectors = bridged(change(0), phases.flat, change(-1), change(1), reach)
    turned = rotations.multiply(rotations.from_rotation_vector(vectors), before)
    for _ in range(_CALMED):
        turned = np.where(phases.flat[:, None], turned, _calmed(turned))
    height = -float(foot.ball[2])
    for mask, arm, least in (
        (phases.ball & ~phases.heel, foot.heel - foot.pivot, -height),
        (phases.heel & ~phases.ball, foot.pivot - foot.heel, height),
    ):
        if mask.any():
            turned = rotations.multiply(_raise(rotations.rotate(turned, arm), least, mask, phases), turned)
    return rotations.normalized(turned)


def _calmed(turned: Array) -> Array:
    """Rotations ``(T, 4)`` averaged with their neighbours, which count half."""
    whole = rotations.continuous(turned)
    around = np.concatenate([whole[:1], whole, whole[-1:]])
    return rotations.normalized(around[:-2] + 2.0 * around[1:-1] + around[2:])


def _raise(arm: Array, least: float, mask: Mask, phases: Phases) -> Array:
    """The turn ``(T, 4)`` that keeps the end of ``arm (T, 3)`` at the height ``least`` over its start or higher.

    It is needed where ``mask`` holds, and comes and goes in the air around those frames.
    """
    length = np.linalg.norm(arm, axis=-1)
    lowest = np.arcsin(np.clip(least / np.maximum(length, 1e-9), -1.0, 1.0))
    elevation = np.arcsin(np.clip(arm[:, 2] / np.maximum(length, 1e-9), -1.0, 1.0))
    kept = phases.touching & ~mask
    angle = _around(np.where(mask, np.maximum(lowest - elevation, 0.0), 0.0), kept)
    return rotations.from_axis_angle(rotations.cross(arm, _UP), angle)


def _around(need: Array, kept: Mask) -> Array:
    """A smooth curve ``(T,)`` nowhere below ``need``, that is 0 where ``kept``; narrow near those frames."""
    if not need.any():
        return need
    room = np.clip(gaps.distance_to_valid(kept) - 1, 0, _AROUND).astype(int)
    stacked = np.stack([upper_envelope(need, width) for width in range(_AROUND + 1)])
    return np.where(kept, 0.0, stacked[room, np.arange(len(need))])


def toes_turned(phases: Phases, carried: Array, up: Array, stands: Mask, strength: float, reach: int) -> Array:
    """World rotation ``(T, 4)`` of the toes, which the foot carries with ``carried``: level where the ball touches.

    ``up (3,)`` is what points up then. Where a foot ``stands (T,)`` already they come and leave as they do.
    """
    # in the toes' own frame: feet that whirl through the air would else whirl their toes
    change = rotations.to_rotation_vector(rotations.multiply(rotations.inverse(carried), flattened(carried, up)))
    earlier, later = np.concatenate([change[:1], change[:-1]]), np.concatenate([change[1:], change[-1:]])
    earlier, later = (np.where(stands[:, None], change, each) for each in (earlier, later))
    vectors = strength * bridged(change, phases.ball, earlier, later, reach)
    return rotations.normalized(rotations.multiply(carried, rotations.from_rotation_vector(vectors)))


def lift(foot: Foot, phases: Phases, ankle: Array, turned: Array, toes: Array) -> Array:
    """How far ``(T,)`` a foot in the air must be lifted so that neither heel nor ball is under the floor.

    Parameters
    ----------
    ankle : (T, 3). turned, toes : (T, 4) world rotations of the foot and its toes, which are the foot itself where the
        rig has none.
    """
    ball = ankle + rotations.rotate(turned, foot.pivot) + rotations.rotate(toes, foot.ball)
    heel = ankle + rotations.rotate(turned, foot.heel)
    need = np.where(phases.touching, 0.0, np.maximum(-np.minimum(heel[:, 2], ball[:, 2]) - SUNK, 0.0))
    return _around(need, phases.touching)
