# SPDX-License-Identifier: GPL-3.0-or-later
"""Refinement of the body over time: every frame is fitted by itself and pulled towards the smoothed clip, in rounds."""

from __future__ import annotations

from functools import partial
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import filters, rotations
from .articulation import Articulation, Pose
from .camera import View
from .refinement import Pull, Term, minimise

Array = npt.NDArray[np.float64]

_LEG_SHARE = 0.35
"""Spread of the legs around the smoothed clip, as a share of the other joints'."""


def _is_leg(name: str) -> bool:
    return name == "hips" or any(part in name for part in ("Leg", "Foot", "Toes"))


def smoothed_pose(pose: Pose, figure: Articulation, fps: float, root: Array) -> Pose:
    """The pose with the legs low-passed at 4 Hz and all else at 6 Hz; the root is given.

    Legs hide each other where they cross, and the tracker then exchanges them for some frames.
    """
    legs = np.array([_is_leg(name) for name in figure.names])
    hinge_legs = legs[figure.hinge_joints]
    local, angles = pose.local.copy(), pose.angles.copy()
    quaternions = rotations.from_matrix(pose.local)
    for cutoff, joints, hinges in ((4.0, legs, hinge_legs), (6.0, ~legs, ~hinge_legs)):
        low_pass = partial(filters.zero_phase, fps=fps, cutoff_hz=cutoff)
        local[:, joints] = rotations.to_matrix(filters.filtered_rotations(quaternions[:, joints], low_pass))
        angles[:, hinges] = low_pass(pose.angles[:, hinges])
    return figure.with_hinges(Pose(local, angles, root))


def smoothed_root(root: Array, view: View, fps: float, cutoff_hz: float, depth_cutoff_hz: float) -> Array:
    """Root ``(T, 3)`` low-passed across and, more strongly, along the line of sight.

    Under a moving camera the world's path is what is smooth; what is in the picture trembles with the camera.
    """
    if view.moves:
        calm = filters.zero_phase(root, fps, cutoff_hz)
        sight = rotations.normalized(calm - view.place)
        slow = filters.zero_phase(root, fps, depth_cutoff_hz) - calm
        return np.asarray(calm + np.sum(slow * sight, axis=1, keepdims=True) * sight)
    local = view.local(root[:, None])[:, 0]
    depth = np.maximum(local[:, 2:], 0.2)
    plane = filters.zero_phase(local[:, :2] / depth, fps, cutoff_hz)
    logarithmic = filters.zero_phase(np.log(depth), fps, depth_cutoff_hz)
    deep = np.exp(logarithmic)
    return view.world(np.concatenate([plane * deep, deep], axis=1)[:, None])[:, 0]


_FIRM: tuple[tuple[int, float, float, float], ...] = ((4, 0.5, 0.1, 0.2), (2, 0.18, 0.02, 0.03))
_LOOSE: tuple[tuple[int, float, float, float], ...] = ((4, 0.5, 0.1, 0.2), (2, 0.40, 0.06, 0.05))
"""Rounds: iterations, and the spread around the smoothed clip of joints in radians, of the root across and along the
line of sight in metres."""


def refined(
    figure: Articulation,
    start: Pose,
    terms: list[Term],
    view: View,
    fps: float,
    steady: bool,
    rounds: Optional[int] = None,
) -> Pose:
    """Rounds of least squares, each pulled to the clip smoothed after the one before; ``rounds`` takes only the last
    ones.
    """
    schedule = _FIRM if steady else _LOOSE
    pose = start
    for iterations, ball_spread, across, along in schedule[-rounds:] if rounds else schedule:
        root = smoothed_root(pose.root, view, fps, 5.0, 1.5)
        target = smoothed_pose(pose, figure, fps, root)
        spread = np.where([_is_leg(name) for name in figure.names], _LEG_SHARE, 1.0) * ball_spread
        pull = Pull(
            target,
            ball=spread**-2.0,
            hinge=spread[figure.hinge_joints] ** -2.0,
            root=view.squared(across**-2, along**-2),
        )
        pose, _ = minimise(figure, target, [*terms, pull], iterations)
    return pose
