# SPDX-License-Identifier: GPL-3.0-or-later
"""The ICT face model at the tracker's 468 points, by a correspondence of our own.

A similarity on the points that both models name (the 68 of Multi-PIE), an identity fit, a smooth warp, then the
closest point of the surface for each of the 468; points of upper and lower lip may only lie on theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from holirep_blender.motion.arkit import ARKIT_NAMES

from .face_points import LOWER_LIP, MULTI_PIE, POINTS, UPPER_LIP

Array = npt.NDArray[np.float64]


@dataclass
class FaceBasis:
    """At the 468 points, centimetres in head axes (X the performer's left, Y backwards, Z up): ``neutral (468, 3)``,
    ``expressions (52, 468, 3)`` in ARKit's order (tongueOut is zero: the model has no tongue), ``identities
    (100, 468, 3)``, ``normals (468, 3)``; ``eyes (2, 3)`` centres of the left and the right eyeball; ``gap (468,)``
    distance of each point to the surface after the fit.
    """

    neutral: Array
    expressions: Array
    identities: Array
    normals: Array
    eyes: Array
    gap: Array


def _similarity(source: Array, target: Array) -> tuple[float, Array, Array]:
    a, b = source - source.mean(0), target - target.mean(0)
    u, singular, vt = np.linalg.svd(b.T @ a)
    singular[2] *= np.sign(np.linalg.det(u @ vt))
    u[:, 2] *= np.sign(np.linalg.det(u @ vt))
    scale = float(singular.sum() / np.sum(a**2))
    return scale, u @ vt, target.mean(0) - scale * (u @ vt) @ source.mean(0)


def _canonical(path: Path) -> Array:
    rows = [line.split()[1:4] for line in path.read_text(encoding="ascii").splitlines() if line.startswith("v ")]
    return np.array(rows, dtype=np.float64)


def _triangles(quads: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    whole = quads[quads[:, 3] >= 0]
    return np.concatenate([quads[:, :3], whole[:, [0, 2, 3]]])


def _closest(points: Array, corners: Array) -> tuple[Array, Array]:
    """Barycentric weights ``(N, 3)`` and distance ``(N,)`` of points to triangles ``(N, 3, 3)``."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    best, weights = np.full(len(points), np.inf), np.zeros((len(points), 3))

    def offer(candidate: Array) -> None:
        nonlocal best, weights
        distance = np.linalg.norm(np.einsum("nk,nki->ni", candidate, corners) - points, axis=-1)
        better = (distance < best) & (candidate > -1e-9).all(1)
        best, weights = np.where(better, distance, best), np.where(better[:, None], candidate, weights)

    e0, e1, p = b - a, c - a, points - a
    d00, d01, d11 = (e0 * e0).sum(1), (e0 * e1).sum(1), (e1 * e1).sum(1)
    d20, d21 = (p * e0).sum(1), (p * e1).sum(1)
    area = np.maximum(d00 * d11 - d01**2, 1e-12)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    offer(np.stack([1 - v - w, v, w], axis=1))
    for first, second in ((0, 1), (1, 2), (2, 0)):
        edge = corners[:, second] - corners[:, first]
        t = np.clip(((points - corners[:, first]) * edge).sum(1) / np.maximum((edge**2).sum(1), 1e-12), 0, 1)
        candidate = np.zeros((len(points), 3))
        candidate[:, first], candidate[:, second] = 1 - t, t
        offer(candidate)
    return weights, best


def _on_surface(
    points: Array, vertices: Array, triangles: npt.NDArray[np.integer], lower: Array
) -> tuple[npt.NDArray[np.integer], Array, Array]:
    """Triangle, weights and distance of the closest surface point; lips only on their own side."""
    around: list[list[int]] = [[] for _ in range(len(vertices))]
    for number, triangle in enumerate(triangles):
        for corner in triangle:
            around[corner].append(number)
    used = np.flatnonzero([len(row) > 0 for row in around])
    tree = cKDTree(vertices[used])
    _, near = tree.query(points, k=24)
    chosen, weights, gaps = np.zeros(len(points), int), np.zeros((len(points), 3)), np.full(len(points), np.inf)
    for point in range(len(points)):
        candidates = sorted({t for vertex in used[near[point]] for t in around[vertex]})
        part = lower[triangles[candidates]].mean(1)
        if point in UPPER_LIP:
            candidates = [t for t, low in zip(candidates, part) if low < 0.35] or candidates
        elif point in LOWER_LIP:
            candidates = [t for t, low in zip(candidates, part) if low > 0.65] or candidates
        corners = vertices[triangles[candidates]]
        w, distance = _closest(np.repeat(points[point : point + 1], len(candidates), 0), corners)
        best = int(np.argmin(distance))
        chosen[point], weights[point], gaps[point] = candidates[best], w[best], distance[best]
    return chosen, weights, gaps


def face_basis(folder: Path) -> FaceBasis:
    """The basis from ``ict_face.npz`` and ``canonical_face_model.obj`` in ``folder``."""
    with np.load(folder / "ict_face.npz") as stored:
        neutral, expressions = stored["neutral"].astype(float), stored["expressions"].astype(float)
        identities, quads = stored["identities"].astype(float), stored["faces"]
        names, named = [str(name) for name in stored["expression_names"]], stored["landmark_indices"]
    target = _canonical(folder / "canonical_face_model.obj")
    ours, theirs = np.array(list(MULTI_PIE.values())), named[list(MULTI_PIE)]
    scale, turn, shift = _similarity(target[ours], neutral[theirs])
    points = scale * target @ turn.T + shift
    triangles = _triangles(quads)
    jaw = np.linalg.norm(expressions[names.index("jawOpen")], axis=-1)
    lower = np.clip(jaw / np.quantile(jaw[named[[57, 58, 56, 66]]], 0.5), 0.0, 1.0)
    shape, coefficients = neutral, np.zeros(len(identities))
    for _ in range(6):
        chosen, weights, _ = _on_surface(points, shape, triangles, lower)
        rows = triangles[chosen]

        def at(values: Array, rows: npt.NDArray[np.integer] = rows, weights: Array = weights) -> Array:
            return np.einsum("nk,...nki->...ni", weights, values[..., rows, :])

        matrix = np.concatenate([at(identities).reshape(len(identities), -1),
                                 3.0 * identities[:, theirs].reshape(len(identities), -1)], axis=1).T  # fmt: skip
        wanted = np.concatenate([(points - at(neutral)).ravel(), 3.0 * (points[ours] - neutral[theirs]).ravel()])
        coefficients = np.linalg.solve(matrix.T @ matrix + 1.0 * np.eye(len(identities)), matrix.T @ wanted)
        shape = neutral + np.einsum("k,kni->ni", coefficients, identities)
    for smoothing in (3.0, 1.0, 0.3):
        chosen, weights, _ = _on_surface(points, shape, triangles, lower)
        found = np.einsum("nk,nki->ni", weights, shape[triangles[chosen]])
        sources = np.concatenate([found, shape[theirs]])
        moves = np.concatenate([points - found, points[ours] - shape[theirs]])
        _, once = np.unique(sources.round(4), axis=0, return_index=True)
        warp = RBFInterpolator(sources[once], moves[once], kernel="thin_plate_spline", smoothing=smoothing)
        shape = shape + warp(shape)
    chosen, weights, gap = _on_surface(points, shape, triangles, lower)
    rows = triangles[chosen]

    def sampled(values: Array) -> Array:
        local = np.einsum("nk,...nki->...ni", weights, values[..., rows, :])
        return np.stack([local[..., 0], -local[..., 2], local[..., 1]], axis=-1)

    arkit = np.zeros((len(ARKIT_NAMES), POINTS, 3))
    for index, name in enumerate(ARKIT_NAMES):
        for stored_name in (name, f"{name}_L", f"{name}_R", name.replace("Left", "_L").replace("Right", "_R")):
            if stored_name in names:
                arkit[index] += sampled(expressions[names.index(stored_name)])
                if stored_name == name:
                    break
    still = sampled(neutral)
    eyes = np.stack([still[list(corners)].mean(0) + [0.0, 1.05, 0.0] for corners in ((362, 263), (33, 133))])
    corners = sampled_normals(neutral, triangles, chosen)
    return FaceBasis(still, arkit, sampled(identities), corners, eyes, gap)


def sampled_normals(vertices: Array, triangles: npt.NDArray[np.integer], chosen: npt.NDArray[np.integer]) -> Array:
    """Outward normals ``(468, 3)`` of the triangles, in head axes."""
    a, b, c = (vertices[triangles[chosen, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    normal *= np.where((normal * (a - [0.0, 0.0, 0.0])).sum(1) < 0.0, -1.0, 1.0)[:, None]
    return np.stack([normal[:, 0], -normal[:, 2], normal[:, 1]], axis=-1)
