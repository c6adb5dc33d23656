# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs solved so often as it takes until all that stands can stand within limits; what cannot is let go in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from ..skeleton import SIDES
from .feet import Foot, FootPath
from .leg_pull import released
from .legs import legs_planted
from .options import PlantOptions
from .pose import Pose
from .rests import Rest
from .stances import Phases

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_RELEASES = 2
"""So often feet are let go that cannot stand within limits: first heels, then whole feet."""


@dataclass(frozen=True)
class Settled:
    """What is known already of a part of a clip: which feet stand where nothing was edited.

    Attributes
    ----------
    frames : (T,) where it is known.
    phases : (T, 4) whether left heel, left ball, right heel and right ball stood in the end.
    asked : (T, C, 3) where contacts should have been held.
    """

    frames: Mask
    phases: Array
    asked: Array


@dataclass(frozen=True)
class Attempt:
    """Legs as they came to stand: the pose, the root's shift ``(T, 3)``, when feet stand and where.

    ``asked`` are the feet's paths with all that was asked of them.
    """

    pose: Pose
    shift: Array
    phases: list[Phases]
    paths: list[FootPath]
    asked: list[FootPath]


def attempted(
    pose: Pose,
    feet: list[Foot],
    phases: list[Phases],
    options: PlantOptions,
    rest: Optional[Rest],
    settled: Optional[Settled],
) -> Attempt:
    """Legs that hold; the given pose may be edited by it.

    Parameters
    ----------
    settled : which feet stand in some frames already: nothing is tried there.
    """
    movable = options.joints is None or "hips" in options.joints
    phases = _with_known(phases, feet, settled)
    asked: list[FootPath] = []
    for attempt in range(_RELEASES + 1):
        now = pose if attempt == _RELEASES else pose.copy()
        paths, shift, stuck = legs_planted(now, feet, phases, options.feet, movable, options.limits, rest)
        asked = asked or paths
        if settled is not None:
            stuck = [mask & ~settled.frames for mask in stuck]
        if not any(mask.any() for mask in stuck):
            break
        if attempt < _RELEASES:
            phases = [released(phase, mask, pose.take.fps, attempt > 0) for phase, mask in zip(phases, stuck)]
            phases = _with_known(phases, feet, settled)
    return Attempt(now, shift, phases, paths, asked)


def as_array(phases: list[Phases], feet: list[Foot], count: int) -> Array:
    """Which feet stand, ``(T, 4)`` as in ``Settled``."""
    result = np.zeros((count, 2 * len(SIDES)))
    for foot, phase in zip(feet, phases):
        column = 2 * SIDES.index(foot.side)
        result[:, column], result[:, column + 1] = phase.heel, phase.ball
    return result


def _with_known(phases: list[Phases], feet: list[Foot], settled: Optional[Settled]) -> list[Phases]:
    """The phases with those that are known."""
    if settled is None:
        return phases
    result = []
    for foot, phase in zip(feet, phases):
        column = 2 * SIDES.index(foot.side)
        heel, ball = settled.phases[:, column] > 0.5, settled.phases[:, column + 1] > 0.5
        known = settled.frames
        result.append(Phases(np.where(known, heel, phase.heel), np.where(known, ball, phase.ball)))
    return result
