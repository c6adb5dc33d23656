# SPDX-License-Identifier: GPL-3.0-or-later
"""How points are turned, scaled and moved onto others, frame by frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def similarities(source: Array, target: Array) -> tuple[Array, Array, Array]:
    """Rotation ``(T, 3, 3)``, scale ``(T,)`` and shift ``(T, 3)`` from ``source`` to ``target (T, N, 3)``.

    ``source`` is ``(T, N, 3)``, or ``(N, 3)`` where it is the same in all frames. Umeyama, Least-squares estimation of
    transformation parameters between two point patterns (1991). The rotation is the best one without scale, too.
    """
    middle, centre = source.mean(-2), target.mean(-2)
    a, b = source - middle[..., None, :], target - centre[..., None, :]
    u, singular, vt = np.linalg.svd(np.einsum("...ni,...nj->...ij", b, a))
    sign = np.linalg.det(u @ vt)
    u[..., 2] *= sign[..., None]
    singular[..., 2] *= sign
    rotation = u @ vt
    scale = singular.sum(-1) / np.sum(a**2, axis=(-1, -2))
    return rotation, scale, centre - scale[..., None] * np.einsum("...ij,...j->...i", rotation, middle)
