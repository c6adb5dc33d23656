# SPDX-License-Identifier: GPL-3.0-or-later
"""The eyeballs: spheres with a pupil, an iris, a dark rim and a slight cornea, as rings about the line of sight."""

from __future__ import annotations

import numpy as np

from . import proportions as body
from .surface_nets import Mesh

SCLERA, IRIS, RIM, PUPIL = range(4)


def left_eyeball() -> Mesh:
    """The left eyeball, looking to -Y."""
    segments = 32
    rings = [
        (0.0, PUPIL),
        (4.5, PUPIL),
        (9.0, PUPIL),
        (10.5, IRIS),
        (15.0, IRIS),
        (20.0, IRIS),
        (23.6, IRIS),
        (26.2, RIM),
        (28.5, SCLERA),
        (36.0, SCLERA),
        (48.0, SCLERA),
        (62.0, SCLERA),
        (78.0, SCLERA),
        (95.0, SCLERA),
        (115.0, SCLERA),
        (140.0, SCLERA),
        (165.0, SCLERA),
    ]
    angle = np.radians([ring[0] for ring in rings])
    angle[0] = 0.002
    radius = body.EYE_RADIUS * (1 + 0.035 * np.exp(-((np.degrees(angle) / 19.0) ** 4)))
    around = np.linspace(0, 2 * np.pi, segments, endpoint=False)
    points = (
        np.stack(
            [
                np.outer(radius * np.sin(angle), np.cos(around)),
                np.repeat((-radius * np.cos(angle))[:, None], segments, axis=1),
                np.outer(radius * np.sin(angle), np.sin(around)),
            ],
            axis=-1,
        ).reshape(-1, 3)
        + body.EYE_CENTRE
    )
    faces, materials = [], []
    for ring in range(len(rings) - 1):
        k = np.arange(segments)
        following = (k + 1) % segments
        faces.append(
            np.stack(
                [
                    k + ring * segments,
                    following + ring * segments,
                    following + (ring + 1) * segments,
                    k + (ring + 1) * segments,
                ],
                axis=1,
            )
        )
        materials.append(np.full(segments, rings[ring + 1][1]))
    return Mesh(points, np.concatenate(faces), np.concatenate(materials))
