# SPDX-License-Identifier: GPL-3.0-or-later
"""How far two pictures of the same thing are apart, as those who estimate light measure it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .sphere import Array

_GAMMA, _MIDDLE = 2.4, 0.5


@dataclass(frozen=True)
class Difference:
    """``rmse`` and ``scale_invariant_rmse`` of tone-mapped pictures, ``angle`` between colours in degrees.

    The tone mapping is that of Wang et al., StyleLight (2022): one exposure for both pictures that puts the truth's
    median at 0.5 after a gamma of 2.4, clipped at 1; so a sun in a mirror does not outweigh all else. The second is
    the error left after one of the pictures was multiplied with the factor that makes it smallest. The angle is the
    mean over pixels of the angle between linear colours as vectors (LeGendre et al., DeepLight, 2019).
    """

    rmse: float
    scale_invariant_rmse: float
    angle: float


def difference(picture: Array, truth: Array) -> Difference:
    """Differences of two sets of pixels ``(n, 3)``, linear."""
    median = float(np.median(truth.mean(axis=1)))
    scale = _MIDDLE**_GAMMA / median if median > 0 else 1.0
    mapped, wanted = (np.clip(each * scale, 0.0, 1.0) ** (1 / _GAMMA) for each in (picture, truth))
    power = float((mapped**2).sum())
    factor = float((mapped * wanted).sum()) / power if power > 0 else 0.0
    return Difference(
        float(np.sqrt(np.mean((mapped - wanted) ** 2))),
        float(np.sqrt(np.mean((factor * mapped - wanted) ** 2))),
        colour_angle(picture, truth),
    )


def colour_angle(picture: Array, truth: Array) -> float:
    """Mean angle (degrees) between the colours ``(n, 3)`` of two pictures; black pixels do not count."""
    lengths = np.linalg.norm(picture, axis=1) * np.linalg.norm(truth, axis=1)
    lit = lengths > 1e-12
    if not lit.any():
        return 0.0
    cosines = np.einsum("nc,nc->n", picture[lit], truth[lit]) / lengths[lit]
    return float(np.degrees(np.mean(np.arccos(np.clip(cosines, -1.0, 1.0)))))


def relative_error(picture: Array, truth: Array) -> float:
    """Root mean square of the difference over the mean of the truth, linear, ``(…, 3)``."""
    return float(np.sqrt(np.mean((picture - truth) ** 2)) / max(float(truth.mean()), 1e-30))


def systematic_error(first: Array, second: Array, truth: Array, other_truth: Array) -> float:
    """The part of ``relative_error`` that is no noise, from two renders of each with seeds of their own.

    Noise of different seeds is not correlated, so the mean product of two differences is the square of what both
    share. Where noise outweighs it the product may be negative: that is 0.
    """
    shared = float(np.mean((first - truth) * (second - other_truth)))
    return float(np.sqrt(max(shared, 0.0)) / max(float(truth.mean()), 1e-30))


def in_blocks(picture: Array, size: int, mask: Optional[npt.NDArray[np.bool_]] = None) -> Array:
    """Means ``(n, 3)`` over blocks of ``size`` pixels of ``(H, W, 3)``; only blocks that the mask holds wholly."""
    rows, columns = picture.shape[0] // size, picture.shape[1] // size
    shape = (rows, size, columns, size)
    means = picture[: rows * size, : columns * size].reshape(*shape, 3).mean(axis=(1, 3)).reshape(-1, 3)
    if mask is None:
        return np.asarray(means)
    whole = mask[: rows * size, : columns * size].reshape(shape).all(axis=(1, 3)).reshape(-1)
    return np.asarray(means[whole])
