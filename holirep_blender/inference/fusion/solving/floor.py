# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor under standing soles, and the vertical that they show."""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence

import numpy as np
import numpy.typing as npt

from ....motion import rotations
from ....motion.contacts.record import TOUCHING
from ....motion.contacts.stance import calmed, stance
from .descent import body_figure
from .marks import SOLE_JOINTS, shape_of
from .terms import Array, Clip, state_of

Mask = npt.NDArray[np.bool_]

_FEWEST = 5.0
"""Standing soles, in frames, that tell a floor."""
_TILT, _UNEVEN = float(np.radians(5.0)), 0.03
"""Radians by which the network's vertical is off, and metres by which standing soles are off a level floor."""
_INDEPENDENT = 4.0
"""Of a second's errors so many are independent."""
_SHOWN = 0.9
"""How surely a sole stands that is slow and low."""


def soles(clip: Clip, template: Array) -> Array:
    """World places ``(T, 4, 3)`` of left heel, left ball, right heel, right ball."""
    figure, shape = body_figure(), shape_of(clip.build, template)
    state = state_of(figure, clip, shape)
    return figure.points(state.turned, state.placed, SOLE_JOINTS, shape.soles)


def floor_height(clips: Sequence[Clip], standing: Sequence[Array], template: Array) -> float:
    """The floor's height: of soles while they stand, ``standing (T, 4)`` each 0..1, else of the lowest sole."""
    height = np.concatenate([soles(clip, template)[..., 2] for clip in clips])
    stands = np.concatenate(standing) > 0.0
    if stands.sum() >= _FEWEST:
        return float(np.median(height[stands]))
    return float(np.quantile(height.min(1), 0.1))


def also_standing(clip: Clip, standing: Array, floor: float, seen: Mask, template: Array, fps: float) -> Array:
    """``standing (T, 4)``, 0..1, with the soles that are seen to stand once the clip has been solved for those known.

    Where nothing stands, nothing is added: the clip then tells no floor.
    """
    if not standing.any():
        return standing
    places = soles(clip, template)
    found = stance(calmed(places, places[..., 2] - floor, fps, seen=seen), fps)
    return np.asarray(np.maximum(standing, _SHOWN * (found >= TOUCHING) * seen[:, None]))


def level_turn(clips: Sequence[Clip], standing: Sequence[Array], template: Array, fps: float) -> Array:
    """The rotation ``(3, 3)`` of the world after which standing soles lie as level as the network's vertical allows."""
    weight = np.concatenate(standing)
    if weight.sum() < _FEWEST:
        return np.eye(3)
    places = np.concatenate([soles(clip, template) for clip in clips])
    away = places - np.einsum("tk,tki->i", weight, places) / weight.sum()
    share = weight * _INDEPENDENT / fps / len(SOLE_JOINTS) / _UNEVEN**2
    matrix = np.einsum("tk,tki,tkj->ij", share, away[..., :2], away[..., :2]) + np.eye(2) / _TILT**2
    slope = np.linalg.solve(matrix, np.einsum("tk,tki,tk->i", share, away[..., :2], away[..., 2]))
    return rotations.to_matrix(rotations.from_rotation_vector(np.array([-slope[1], slope[0], 0.0])))


def turned(clip: Clip, turn: Array) -> Clip:
    """The same clip and camera in a world turned by ``turn (3, 3)`` about the camera."""
    local = clip.local.copy()
    local[:, 0] = turn @ local[:, 0]
    root = clip.place + (clip.root - clip.place) @ turn.T
    return replace(clip, local=local, root=root, turn=turn @ clip.turn)
