# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor under the performer, and when heels and toes touch it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .. import filters, gaps, rotations
from ..contacts.record import TOUCHING
from ..contacts.stance import calmed, stance
from .articulation import Pose
from .body import BodySolution, terms_of
from .landmarks import sole_points
from .refinement import Term
from .steadying import refined
from .terms import Places

Array = npt.NDArray[np.float64]

_PITCH_SPREAD, _ROLL_SPREAD = np.radians(4.0), np.radians(1.5)
_HEIGHT_ERROR = 0.06
_STRIDE = 1.2
"""Seconds of a stride; a slow walker's."""
_DEPTH_ERROR = 0.025
"""Standard deviation of the slow error of a depth that is read off a body's size in the picture, as a share of it."""
_UNEVENNESS = 0.03
"""Standard deviation in metres of the ground around a plane, lens distortion included."""


def soles(solution: BodySolution, pose: Pose) -> Array:
    """World positions ``(T, 4, 3)`` of left heel, left toes, right heel, right toes."""
    figure = solution.figure
    joints, offsets = sole_points(solution.rest_offsets, solution.scale)
    turned, placed = figure.forward(pose)
    return figure.points(turned, placed, np.array([figure.index[name] for name in joints], dtype=np.intp), offsets)


def levelled(solution: BodySolution, trusted: npt.NDArray[np.bool_]) -> BodySolution:
    """Turns the world so that the feet's tracks lie level, as far as the performer's path shows a slope.

    A wrong pitch of the camera makes a performer who walks away climb or sink. ``trusted (T,)`` marks frames to be
    used.
    """
    if not solution.legs_seen or np.sum(trusted) < 10:
        return solution
    lowest = _lowest(soles(solution, solution.pose))[trusted]
    flat = lowest - lowest.mean(axis=0)
    rows = flat[:, :2]
    # neighbouring frames err alike: count about four independent ones a second, at least one
    count = len(flat)
    information = rows.T @ rows / count * max(1.0, count / 8.0) / _HEIGHT_ERROR**2 + np.diag(
        [_ROLL_SPREAD**-2, _PITCH_SPREAD**-2]
    )
    vector = rows.T @ flat[:, 2] / count * max(1.0, count / 8.0) / _HEIGHT_ERROR**2
    slope = np.linalg.solve(information, vector)
    turn = rotations.from_rotation_vector(np.array([-slope[1], slope[0], 0.0]))
    return solution.turned(rotations.to_matrix(turn))


def _lowest(points: Array) -> Array:
    """The lowest of the sole points in every frame, ``(T, 3)``."""
    row = np.argmin(points[..., 2], axis=1)
    return np.asarray(points[np.arange(len(points)), row])


def floor_height(solution: BodySolution, trusted: npt.NDArray[np.bool_]) -> float:
    """Height of the floor in the solution's world: where the lowest foot is most of the time."""
    lowest = _lowest(soles(solution, solution.pose))[:, 2]
    used = lowest[trusted] if np.any(trusted) else lowest
    return float(np.percentile(used, 40))


def ground_line(solution: BodySolution, trusted: npt.NDArray[np.bool_], fps: float) -> Array:
    """Height ``(T,)`` of the lower foot, as a slow line: where the ground seems to be over the clip.

    It is the lower quartile in a window of about a stride, low-passed. A jump is shorter than that and is not followed.
    """
    lowest = _lowest(soles(solution, solution.pose))[:, 2]
    lowest = gaps.fill_channels(lowest, trusted, fps)
    half = max(1, round(0.5 * _STRIDE * fps))
    padded = np.pad(lowest, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    return filters.zero_phase(np.percentile(windows, 30, axis=1), fps, 0.5 / _STRIDE)


def grounded(solution: BodySolution, line: Array, floor: float) -> BodySolution:
    """Moves the body along the lines of sight so that its ground comes nearer to the floor.

    The picture does not change where a body moves along its ray while its feet rise or sink; how far it may move is the
    error of a depth that was read off its size, ``_DEPTH_ERROR``, against that of a flat floor, ``_UNEVENNESS`` (the
    most
    probable of both).
    """
    root = solution.pose.root - solution.view.place
    distance = np.linalg.norm(root, axis=1)
    feet = np.concatenate([root[:, :2], line[:, None] - solution.view.place[:, 2:]], axis=1)
    slope = feet[:, 2] / np.maximum(np.linalg.norm(feet, axis=1), 1e-6)
    away = floor - line
    depth = (_DEPTH_ERROR * distance) ** 2
    shift = depth * slope * away / (depth * slope**2 + _UNEVENNESS**2)
    moved = solution.view.place + root * (1.0 + shift / distance)[:, None]
    return replace(solution, pose=Pose(solution.pose.local, solution.pose.angles, moved))


def contacts(solution: BodySolution, ground: Array, fps: float) -> Array:
    """Confidences ``(T, 4)`` that the soles' points stand, on the ground at heights ``(T,)``; from 0.5 on they do.

    Speed along the line of sight counts half, it is mostly error.
    """
    points = soles(solution, solution.pose)
    sight = rotations.normalized(points - solution.view.place[:, None])
    return stance(calmed(points, points[..., 2] - ground[:, None], fps, sight=sight), fps, size=solution.scale)


_SHIFT_CUTOFF, _STAND_WEIGHT = 0.3, 1.0 / 0.015
"""Hertz above which feet out of the picture do not move, and the weight per metre that keeps them there."""
_PLANT_ACROSS, _PLANT_UP = 1.0 / 0.03, 1.0 / 0.015
"""Weights per metre with which a standing point keeps its place and the floor's height."""


def planted(solution: BodySolution, touching: Array, floor: float, fps: float, steady: bool) -> BodySolution:
    """Refines the pose once more with standing points at rest on the ground, which is nearly flat, and none far below
    it.

    ``touching (T, 4)`` as from :func:`contacts`: a point's place is its mean over the span in which it stands.
    """
    joints, offsets = sole_points(solution.rest_offsets, solution.scale)
    targets = soles(solution, solution.pose)
    weights = np.zeros_like(targets)
    for column in range(targets.shape[1]):
        for first, end in gaps.spans(touching[:, column] >= TOUCHING):
            targets[first:end, column] = targets[first:end, column].mean(axis=0)
            level = targets[first:end, column, 2]
            targets[first:end, column, 2] = np.clip(level, floor - _UNEVENNESS, floor + _UNEVENNESS)
            # the pull fades in and out, so that landing and lifting do not jolt the leg
            edge = np.minimum(np.arange(end - first), np.arange(end - first)[::-1]) + 1.0
            fade = np.clip(edge / 3.0, 0.0, 1.0)[:, None]
            weights[first:end, column] = fade * np.array([_PLANT_ACROSS, _PLANT_ACROSS, _PLANT_UP])
    return _placed(solution, joints, offsets, targets, weights, floor - 2.0 * _UNEVENNESS, fps, steady)


def stood(solution: BodySolution, floor: float, fps: float, steady: bool) -> BodySolution:
    """The pose of a performer whose legs are out of the picture: feet that hardly move, on the floor."""
    joints, offsets = sole_points(solution.rest_offsets, solution.scale)
    targets = filters.zero_phase(soles(solution, solution.pose), fps, _SHIFT_CUTOFF)
    targets[..., 2] = floor
    weights = np.full(targets.shape, _STAND_WEIGHT)
    return _placed(solution, joints, offsets, targets, weights, floor, fps, steady)


def _placed(
    solution: BodySolution,
    joints: tuple[str, ...],
    offsets: Array,
    targets: Array,
    weights: Array,
    floor: float,
    fps: float,
    steady: bool,
) -> BodySolution:
    figure = solution.figure
    rows = np.array([figure.index[name] for name in joints], dtype=np.intp)
    places = Places(rows, offsets, targets, weights, floor)
    terms: list[Term] = [
        *terms_of(figure, solution.image, solution.hinges, solution.wanted, solution.legs_seen),
        places,
    ]
    return replace(solution, pose=refined(figure, solution.pose, terms, solution.view, fps, steady, rounds=1))
