# SPDX-License-Identifier: GPL-3.0-or-later
"""The face after the network: coefficients that agree with the face's points, the network's word as the prior.

The performer's own neutral face takes the place of an identity: what the points do against it is explained by the face
model's displacements, a bounded least squares for each frame with the pose of the head solved along. A coefficient that
the points show badly stays with the network; one that they do not show at all is 0 with confidence 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from ...motion.geometric.face_points import SKIN, STABLE, shown_moves
from ...motion.geometric.similarity import similarities

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

UNOBSERVABLE: tuple[str, ...] = ("tongueOut", "cheekPuff", "jawForward", "mouthDimpleLeft", "mouthDimpleRight")
"""Coefficients that the face's points do not show; they stay 0, with confidence 0."""
_LOOKS = tuple(name for name in ARKIT_NAMES if name.startswith("eyeLook"))
_NOISE, _UNEXPLAINED = 0.06, 1.5
"""Centimetres by which the points of a face err together at least: nearly all of it is shared by neighbours, so that
more points do not help. More by so many times what of the points' movement the network leaves unexplained: small faces
are mostly noise, and the network knows better."""
_INDEPENDENT = 40.0
"""Points' worth of information in the 468."""
_DEPTH_WEIGHT = 0.35
"""Of the points' depth, which the tracker imagines, against what the picture shows."""
_PRIOR = 0.2
"""Standard deviation of a coefficient about the network's word."""
_SPARSE = 0.04
"""Coefficients that explain less than this are left at 0: faces use few at a time."""
_SWEEPS, _POSES = 40, 2
_TRUSTED = 0.25
"""Standard deviation at which confidence is one half."""


def fit_face(
    points: Array, neutral: Array, basis: Array, template: Array, prior: Array, seen: Mask
) -> tuple[Array, Array]:
    """Coefficients ``(T, 52)`` 0..1 and how certain each is, ``(52,)`` 0..1.

    Parameters
    ----------
    points : (T, 478, 3) the face freed from the head's pose, in head axes and any unit.
    neutral : (478, 3) the face at rest, in the same axes and unit.
    basis : (52, 478, 3) displacements of the model's points by each coefficient.
    template : (478, 3) the model's own mean face, in the basis' unit and axes.
    prior : (T, 52) the network's coefficients.
    seen : (T,) frames in which the face was seen.
    """
    columns = [index for index, name in enumerate(ARKIT_NAMES) if name not in UNOBSERVABLE + _LOOKS]
    turn, scale, _ = similarities(neutral[list(STABLE)], template[list(STABLE)])
    # everything in the model's axes and centimetres
    rest = neutral[:SKIN] @ turn.T * scale
    moved = points[:, :SKIN] @ turn.T * scale
    moves = shown_moves(basis)[columns]
    start = np.clip(prior[:, columns], 0.0, 1.0)
    shape = rest + np.einsum("tk,kni->tni", start, moves)
    noise = max(_NOISE, _UNEXPLAINED * _movement((_aligned(moved, shape) - shape)[seen]))
    weights = np.array([1.0, _DEPTH_WEIGHT, 1.0]) * np.sqrt(_INDEPENDENT / SKIN) / noise
    design = (moves * weights).reshape(len(columns), -1)
    normal = design @ design.T
    # what hardly moves the points would else explain their noise by large numbers
    strength = np.diag(normal)
    stiffness = np.maximum(1.0, np.median(strength) / strength) / _PRIOR**2
    solved = start
    for _ in range(_POSES):
        shape = rest + np.einsum("tk,kni->tni", solved, moves)
        aligned = _aligned(moved, shape)
        target = ((aligned - rest) * weights).reshape(len(moved), -1) @ design.T + stiffness * (start - _SPARSE)
        solved = _bounded(normal + np.diag(stiffness), target, solved)
    result = np.zeros((len(points), len(ARKIT_NAMES)))
    result[:, columns] = solved
    expected = np.sqrt(np.diag(np.linalg.inv(normal + np.diag(stiffness))))
    certain = np.zeros(len(ARKIT_NAMES))
    certain[columns] = 1.0 / (1.0 + (expected / _TRUSTED) ** 2)
    certain[[ARKIT_INDEX[name] for name in _LOOKS]] = 1.0
    return result, certain


def face_shapes(neutral: Array, basis: Array, template: Array, coefficients: Array) -> Array:
    """The skin's points ``(T, 468, 3)`` of coefficients ``(T, 52)``, as the tracker would mark them.

    In the model's axes and unit. The other parameters are those of :func:`fit_face`.
    """
    turn, scale, _ = similarities(neutral[list(STABLE)], template[list(STABLE)])
    return neutral[:SKIN] @ turn.T * scale + np.einsum("tk,kni->tni", coefficients, shown_moves(basis))


def similar(shapes: Array, points: Array) -> Array:
    """``shapes (T, N, 3)`` turned, scaled and moved, frame by frame, onto ``points (T, N, 3)`` (Umeyama 1991)."""
    turn, scale, shift = similarities(shapes, points)
    return np.asarray(scale[:, None, None] * np.einsum("tij,tnj->tni", turn, shapes) + shift[:, None])


def _movement(points: Array) -> float:
    """Root mean square of how ``points (T, N, 3)`` move in the picture."""
    return float(np.sqrt(((points - points.mean(0))[..., (0, 2)] ** 2).mean())) if len(points) else 0.0


def _aligned(points: Array, shape: Array) -> Array:
    """``points (T, N, 3)`` moved rigidly, frame by frame, onto ``shape (T, N, 3)`` as nearly as they go."""
    turn = similarities(points, shape)[0]
    middle = points.mean(1, keepdims=True)
    return np.asarray(np.einsum("tij,tnj->tni", turn, points - middle) + shape.mean(1, keepdims=True))


def _bounded(matrix: Array, right: Array, start: Array) -> Array:
    """Minimises ``x A x / 2 - b x`` over 0..1 for every row of ``right (T, K)``, by coordinate descent."""
    solved = start.copy()
    diagonal = np.diag(matrix)
    for _ in range(_SWEEPS):
        for column in range(len(matrix)):
            slope = right[:, column] - solved @ matrix[column]
            solved[:, column] = np.clip(solved[:, column] + slope / diagonal[column], 0.0, 1.0)
    return solved
