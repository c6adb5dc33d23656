# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that bring feet where they are held, and the pelvis that lets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from .blending import bridged
from .feet import Foot, FootPath, foot_path, lift, toes_turned
from .leg_moves import LegHold
from .limb_solving import Hold, hold, longest, settle
from .pelvis import LegNeed, pelvis_shift
from .pose import Pose
from .rests import Rest, knees_to_their_side, pelvis_at_rest, with_knees
from .stances import Phases
from .two_bone import reaching

Array = npt.NDArray[np.float64]
Frames = npt.NDArray[np.intp]

_SETTLE = 0.2
"""Seconds in which a leg comes to rest before its foot touches, and leaves it after."""


def settling(fps: float) -> int:
    """Frames in which a leg comes to its stance and leaves it."""
    return max(1, round(_SETTLE * fps))


def legs_planted(
    pose: Pose,
    feet: list[Foot],
    phases: list[Phases],
    strength: float,
    movable: bool,
    rest: Optional[Rest] = None,
    shifted: Optional[Callable[[Array], None]] = None,
) -> tuple[list[FootPath], Array]:
    """Edits the pose so that feet hold; gives the feet's paths and the root's shift ``(T, 3)``.

    Parameters
    ----------
    strength : 0 leaves all as it is, 1 holds exactly.
    movable : whether the pelvis may give way.
    rest : seat and knees that keep their places.
    shifted : is given the root's shift before legs follow it, and may edit it.
    """
    reach = settling(pose.take.fps)
    frames = np.arange(pose.take.frame_count)
    paths, holds, needs = [], [], []
    for number, (foot, phase) in enumerate(zip(feet, phases)):
        path = foot_path(pose, foot, phase, reach)
        if rest is not None:
            path = with_knees(path, pose, foot, rest, number)
        axis = rotations.rotate(pose.turned[:, foot.leg.upper], foot.leg.hinge)
        goal = Hold.of(pose, foot.leg, axis, path.touching, path.touching, path.end)
        ankle = pose.placed[:, foot.leg.end]
        steps = [
            path.end(frames, rows)[0] - ankle[rows]
            for rows in (np.clip(frames + step, 0, len(frames) - 1) for step in (0, -1, 1))
        ]
        correction = bridged(steps[0], path.touching, steps[1], steps[2], reach)
        paths.append(path)
        holds.append(goal)
        needs.append(
            LegNeed(
                pose.placed[:, foot.leg.upper],
                ankle + correction,
                correction,
                path.touching,
                longest(goal.hinge),
                goal.hinge,
            )
        )
    shift = strength * pelvis_shift(needs, pose.take.fps) if movable else np.zeros((len(frames), 3))
    if rest is not None and movable:
        shift = pelvis_at_rest(pose, feet, rest, shift)
    if shifted is not None:
        shifted(shift)
    turning = {joint for foot in feet for joint in (foot.leg.upper, foot.leg.lower, foot.leg.end, foot.toes)}
    pose.placed[:, [joint for joint in range(len(pose.take.joint_names)) if joint not in turning]] += shift[:, None]
    for number, (foot, phase, goal, path) in enumerate(zip(feet, phases, holds, paths)):
        toes = None
        if foot.toes >= 0:
            toes = rotations.multiply(rotations.inverse(pose.turned[:, foot.leg.end]), pose.turned[:, foot.toes])
        hold(pose, goal, shift, strength, reach)
        if rest is not None:
            knees_to_their_side(pose, foot, rest, number, reach)
        if toes is not None:
            carried = rotations.multiply(pose.turned[:, foot.leg.end], toes)
            pose.turned[:, foot.toes] = toes_turned(phase, carried, foot.up, path.stands, strength, reach)
        carried_by = phase if rest is None else Phases(phase.heel | rest.kneeling[number], phase.ball)
        _keep_above_floor(pose, foot, carried_by, strength)
        if toes is not None:
            pose.placed[:, foot.toes] = pose.placed[:, foot.leg.end] + rotations.rotate(
                pose.turned[:, foot.leg.end], foot.pivot
            )
    return paths, shift


def holds_of(feet: list[Foot], phases: list[Phases], paths: list[FootPath]) -> list[LegHold]:
    """How the feet are held that go these paths."""
    return [LegHold(foot, phase, path.arm) for foot, phase, path in zip(feet, phases, paths)]


def _keep_above_floor(pose: Pose, foot: Foot, phases: Phases, strength: float) -> None:
    """Bends a leg whose foot is in the air and would go under the floor."""
    leg = foot.leg
    turned = pose.turned[:, leg.end]
    toes = pose.turned[:, foot.toes] if foot.toes >= 0 else turned
    rise = strength * lift(foot, phases, pose.placed[:, leg.end], turned, toes)
    risen = rise > 0.0
    if not risen.any():
        return
    upper, lower = pose.turned[risen, leg.upper], pose.turned[risen, leg.lower]
    target = pose.placed[risen, leg.end] + rise[risen, None] * (0.0, 0.0, 1.0)
    axis = rotations.rotate(upper, leg.hinge)
    solved = reaching(leg, upper, lower, axis, pose.placed[risen, leg.upper], target)
    pose.turned[risen, leg.upper], pose.turned[risen, leg.lower] = solved
    settle(pose, leg)
