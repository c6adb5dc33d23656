# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshing of a signed distance field with (naive) surface nets (S. Gibson 1998), then pulled onto the field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .implicit import Array, Field, project

Indices = NDArray[np.int64]
BLOCK = 4


@dataclass
class Mesh:
    """Quads with their corner order seen from outside; `materials` has an index per face."""

    points: Array
    faces: Indices
    materials: Indices

    @staticmethod
    def make(points: Array, faces: Indices, material: int = 0) -> Mesh:
        """A mesh of one material."""
        return Mesh(points, faces, np.full(len(faces), material, dtype=np.int64))

    def mirrored(self) -> Mesh:
        """The same on the other side of x = 0."""
        return Mesh(self.points * np.array([-1.0, 1.0, 1.0]), self.faces[:, [1, 0, 3, 2]], self.materials.copy())


def join(meshes: list[Mesh]) -> Mesh:
    """One mesh of several, in order."""
    offsets = np.cumsum([0] + [len(mesh.points) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.points for mesh in meshes]),
        np.concatenate([mesh.faces + offset for mesh, offset in zip(meshes, offsets)]),
        np.concatenate([mesh.materials for mesh in meshes]),
    )


def band(count: int, rows: int, closed: bool = False) -> Indices:
    """Quads of a band of `rows` rings with `count` points each, ring after ring."""
    around = np.arange(count if closed else count - 1)
    following = (around + 1) % count
    faces = [
        np.stack(
            [around + r * count, following + r * count, following + (r + 1) * count, around + (r + 1) * count], axis=1
        )
        for r in range(rows - 1)
    ]
    return np.concatenate(faces)


def _samples(field: Field, low: Array, high: Array, cell: float) -> tuple[Array, Array]:
    """Values on a grid, exact near the surface only, and the first grid point."""
    middle, half = (low + high) / 2, (high - low) / 2
    blocks = np.maximum(np.ceil(2 * half / (cell * BLOCK)).astype(int), 1)
    first = middle - blocks * BLOCK * cell / 2 + cell / 2
    coarse_axes = [first[k] + cell * (BLOCK * np.arange(blocks[k]) + (BLOCK - 1) / 2) for k in range(3)]
    centres = np.stack(np.meshgrid(*coarse_axes, indexing="ij"), axis=-1).reshape(-1, 3)
    coarse = field(centres).reshape(tuple(blocks))
    values = coarse
    for k in range(3):
        values = np.repeat(values, BLOCK, axis=k)
    near = np.abs(values) < cell * BLOCK * 1.6
    index = np.argwhere(near)
    values = values.copy()
    values[near] = field(first + index * cell)
    return values, first


def surface_net(field: Field, low: Array, high: Array, cell: float, relax: int = 2) -> Mesh:
    """The surface of `field` within a box as quads of about `cell` metres."""
    values, first = _samples(field, np.asarray(low, float), np.asarray(high, float), cell)
    inside = values < 0.0
    shape = np.array(values.shape) - 1
    total, count = np.zeros((*shape, 3)), np.zeros(tuple(shape))
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    block = {c: tuple(slice(o, o + n) for o, n in zip(c, shape)) for c in corners}
    for a in corners:
        for axis in range(3):
            if a[axis]:
                continue
            b = tuple(1 if k == axis else a[k] for k in range(3))
            va, vb = values[block[a]], values[block[b]]
            crosses = inside[block[a]] != inside[block[b]]
            t = np.where(crosses, va / np.where(crosses, va - vb, 1.0), 0.0)
            for k in range(3):
                total[..., k] += np.where(crosses, (t if k == axis else a[k]), 0.0)
            count += crosses
    has = count > 0
    cells = np.argwhere(has)
    number = np.full(tuple(shape), -1, dtype=np.int64)
    number[has] = np.arange(len(cells))
    points = first + (cells + total[has] / count[has][:, None]) * cell
    faces = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        here = [slice(1, -1)] * 3
        here[axis] = slice(0, -1)
        there = list(here)
        there[axis] = slice(1, None)
        change = inside[tuple(here)] != inside[tuple(there)]
        where = np.argwhere(change) + np.array([0 if k == axis else 1 for k in range(3)])
        ring = []
        for du, dv in ((0, 0), (-1, 0), (-1, -1), (0, -1)):
            cell_index = where.copy()
            cell_index[:, u] += du
            cell_index[:, v] += dv
            ring.append(number[tuple(cell_index.T)])
        quad = np.stack(ring, axis=1)
        outward = inside[tuple(where.T)]
        faces.append(np.where(outward[:, None], quad, quad[:, ::-1]))
    mesh = Mesh.make(points, np.concatenate(faces))
    mesh.points = project(field, mesh.points, 2, cell)
    neighbours = Neighbours(mesh.faces, len(mesh.points))
    for _ in range(relax):
        mesh.points = project(field, neighbours.mean(mesh.points), 1, cell)
    mesh.points = project(field, mesh.points, 1, cell)
    return mesh


class Neighbours:
    """The vertex graph of a mesh: means over neighbours."""

    def __init__(self, faces: Indices, count: int) -> None:
        edges = np.concatenate(
            [np.stack([faces[:, k], faces[:, (k + 1) % faces.shape[1]]], 1) for k in range(faces.shape[1])]
        )
        edges = edges[edges[:, 0] != edges[:, 1]]
        edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
        self.other = edges[:, 1]
        self.degree = np.bincount(edges[:, 0], minlength=count)
        self._start = np.concatenate([[0], np.cumsum(self.degree)[:-1]])

    def mean(self, values: Array) -> Array:
        """Mean of `values` (N, K) over each vertex's neighbours; vertices without any keep theirs."""
        sums = np.add.reduceat(values[self.other], np.minimum(self._start, len(self.other) - 1), axis=0)
        alone = self.degree == 0
        result = sums / np.maximum(self.degree, 1)[:, None]
        result[alone] = values[alone]
        return result
