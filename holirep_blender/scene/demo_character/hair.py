# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair combed back into a bun, as a sculpted mesh with the strands as grooves."""

from __future__ import annotations

import numpy as np

from .head_shape import skull
from .implicit import Array, Field, blend, ellipsoid, smooth_max, smooth_min, smoothstep
from .surface_nets import Mesh, join, surface_net

BUN = np.array([0.0, 0.116, 1.690])
HAIR, BAND = range(2)
#: Height of the hairline by the angle from the front, degrees and metres.
HAIRLINE = (
    (0, 1.689),
    (14, 1.687),
    (28, 1.679),
    (42, 1.657),
    (56, 1.626),
    (67, 1.606),
    (78, 1.590),
    (88, 1.630),
    (102, 1.634),
    (114, 1.600),
    (128, 1.566),
    (150, 1.545),
    (180, 1.538),
)


def _cap() -> Field:
    scalp = blend([(skull(), 0.0), (ellipsoid((0, 0.052, 1.580), (0.0560, 0.0540, 0.0500)), 0.03)])
    angles, heights = np.array(HAIRLINE, dtype=float).T
    fine = np.linspace(0, 180, 181)
    line = np.interp(fine, angles, heights)
    line = np.convolve(np.pad(line, 7, mode="reflect"), np.full(15, 1 / 15), mode="valid")

    def field(p: Array) -> Array:
        angle = np.degrees(np.arctan2(np.abs(p[:, 0]), -(p[:, 1] - 0.004)))
        relative = p - BUN
        strand = np.arctan2(relative[:, 0], relative[:, 2] + 0.9 * relative[:, 1])
        comb = 0.0013 * np.sin(34 * strand) + 0.0010 * np.sin(13 * strand + 1.3)
        comb = comb * smoothstep(0.045, 0.095, np.sqrt(np.einsum("ij,ij->i", relative, relative)))
        above = p[:, 2] - np.interp(angle, fine, line)
        full = 0.0022 + 0.0085 * smoothstep(0.0, 0.040, above)
        return smooth_max(scalp(p) - full + comb * smoothstep(0.004, 0.030, above), -above, 0.008)

    return field


def _bun() -> Field:
    ball = ellipsoid(BUN + np.array([0, 0.018, 0.010]), (0.040, 0.034, 0.038))
    axis = np.array([0.0, 0.87, 0.49])

    def field(p: Array) -> Array:
        q = p - BUN - np.array([0, 0.018, 0.010])
        along = q @ axis
        up = q[:, 2] - along * axis[2]
        turn = np.arctan2(q[:, 0], up)
        radius = np.sqrt(np.maximum(np.sum(q * q, axis=1) - along**2, 0))
        swirl = np.sin(5 * turn + radius * 190.0) * 0.0022 * np.clip(radius / 0.012, 0, 1)
        return ball(p) + swirl

    return field


def hair() -> Mesh:
    """Cap, bun and the band round the bun's base."""
    cap, bun = _cap(), _bun()
    mesh = surface_net(
        lambda p: smooth_min(cap(p), bun(p), 0.006),
        np.array([-0.10, -0.12, 1.50]),
        np.array([0.10, 0.19, 1.77]),
        0.0056,
    )
    return join([mesh])
