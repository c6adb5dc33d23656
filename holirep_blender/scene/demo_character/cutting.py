# SPDX-License-Identifier: GPL-3.0-or-later
"""Straight cuts through a mesh, for hems, cuffs and seams. Triangles are quads whose last corner is repeated."""

from __future__ import annotations

import numpy as np

from .implicit import Array, Field, gradient, unit
from .surface_nets import Indices, Mesh


def cut(mesh: Mesh, point: Array, normal: Array, shape: Field, snap: float) -> tuple[Mesh, Indices]:
    """The part of `mesh` on the negative side of a plane, and its directed boundary edges (K, 2) on the plane.

    Vertices closer to the plane than `snap` metres first slide onto it along the surface of `shape`, so that no
    slivers arise.
    """
    points = mesh.points.copy()
    side = (points - point) @ normal
    close = np.abs(side) < snap
    outward = gradient(shape, points[close])
    slide = normal - outward * (outward @ normal)[:, None]
    points[close] -= slide * (side[close] / np.maximum(slide @ normal, 0.1))[:, None]
    side = (points - point) @ normal
    side[np.abs(side) < 1e-7] = 0.0
    corner = side[mesh.faces]
    whole = (corner <= 0).all(axis=1)
    crossing = ~whole & (corner < 0).any(axis=1)
    split = mesh.faces[crossing]
    triangles = np.concatenate([split[:, [0, 1, 2]], split[:, [0, 2, 3]]])
    triangle_material = np.tile(mesh.materials[crossing], 2)
    distinct = (
        (triangles[:, 0] != triangles[:, 1])
        & (triangles[:, 1] != triangles[:, 2])
        & (triangles[:, 2] != triangles[:, 0])
    )
    faces: list[list[int]] = []
    materials: list[int] = []
    made: dict[tuple[int, int], int] = {}
    new: list[Array] = []

    def crossing_point(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in made:
            t = side[key[0]] / (side[key[0]] - side[key[1]])
            made[key] = len(points) + len(new)
            new.append(points[key[0]] + t * (points[key[1]] - points[key[0]]))
        return made[key]

    for triangle, material in zip(triangles[distinct].tolist(), triangle_material[distinct].tolist()):
        kept: list[int] = []
        for a, b in zip(triangle, triangle[1:] + triangle[:1]):
            if side[a] <= 0:
                kept.append(a)
            if side[a] * side[b] < 0:
                kept.append(crossing_point(a, b))
        if len(kept) >= 3 and any(side[v] < 0 for v in kept if v < len(side)):
            faces.append(kept if len(kept) == 4 else [*kept, kept[-1]])
            materials.append(material)
    all_points = np.concatenate([points, np.array(new).reshape(-1, 3)])
    on_plane = np.concatenate([side == 0.0, np.ones(len(new), bool)])
    stays = whole & (corner < 0).any(axis=1)
    all_faces = np.concatenate([mesh.faces[stays], np.array(faces, dtype=np.int64).reshape(-1, 4)])
    all_materials = np.concatenate([mesh.materials[stays], np.array(materials, dtype=np.int64)])
    result = Mesh(all_points, all_faces, all_materials)
    edges = np.concatenate([all_faces[:, [k, (k + 1) % 4]] for k in range(4)])
    edges = edges[(edges[:, 0] != edges[:, 1]) & on_plane[edges].all(axis=1)]
    # An edge that two faces share is not a boundary.
    twins = {(b, a) for a, b in edges.tolist()}
    boundary = np.array([e for e in edges.tolist() if tuple(e) not in twins], dtype=np.int64).reshape(-1, 2)
    return _compact(result, boundary)


def _compact(mesh: Mesh, boundary: Indices) -> tuple[Mesh, Indices]:
    used = np.unique(mesh.faces)
    number = np.full(len(mesh.points), -1, dtype=np.int64)
    number[used] = np.arange(len(used))
    return Mesh(mesh.points[used], number[mesh.faces], mesh.materials), number[boundary]


def turn_in(mesh: Mesh, boundary: Indices, normal: Array, shape: Field, thickness: float, depth: float) -> Mesh:
    """Gives the cut edge of a cloth its thickness: a band inwards, then back up inside."""
    ring = np.unique(boundary)
    points = mesh.points[ring]
    outward = gradient(shape, points)
    outward = unit(outward - (outward @ normal)[:, None] * normal)
    lip = points + normal * (0.3 * thickness) - outward * (0.5 * thickness)
    inner = points - outward * thickness
    hidden = inner - normal * depth
    # It stays just under the cloth, whose surface may slope.
    hidden -= gradient(shape, hidden) * (shape(hidden) + thickness + 0.004)[:, None]
    count = len(mesh.points)
    where = np.full(count, -1, dtype=np.int64)
    where[ring] = np.arange(len(ring))
    a, b = where[boundary[:, 0]], where[boundary[:, 1]]
    layers = [ring, *(count + k * len(ring) + np.arange(len(ring)) for k in range(3))]
    faces = [np.stack([low[b], low[a], high[a], high[b]], axis=1) for low, high in zip(layers, layers[1:])]
    band = np.concatenate(faces)
    return Mesh(
        np.concatenate([mesh.points, lip, inner, hidden]),
        np.concatenate([mesh.faces, band]),
        np.concatenate([mesh.materials, np.zeros(len(band), dtype=np.int64)]),
    )
