# SPDX-License-Identifier: GPL-3.0-or-later
"""Bracketed exposures of one view merged into one picture of radiance, linearly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import Floats
from .errors import EnvironmentMapError

_SATURATED = 0.9, 0.98
"""Parts of a picture's highest value between which a pixel loses its weight: above, sensors are no longer linear."""
_DARK = 1.0 / 512.0
"""Below this part of the highest value there is mostly noise: a pixel counts only as far as it is above it."""
_DIFFERENT = 0.12
"""Exposures that fit tell one radiance to within this (median); else the exposures or the response are wrong."""
_TIME = re.compile(r"(?:(\d+(?:\.\d+)?)/)?(\d+(?:\.\d+)?)s?$")
_STOPS = re.compile(r"([+-]?\d+(?:\.\d+)?)ev$")


@dataclass(frozen=True)
class Merged:
    """``pixels`` ``(h, w, 3)``: radiance in the scale of the picture with the middle exposure.

    ``clipped``: the part of the pixels that are saturated in the shortest exposure too. ``disagreement``: by how much
    (median) neighbouring exposures tell different radiances where both can be trusted.
    """

    pixels: Floats
    clipped: float
    disagreement: float

    @property
    def warnings(self) -> List[str]:
        """Sentences for the user."""
        said = []
        if self.clipped > 1e-6:
            said.append(f"{self.clipped:.2%} of the pixels are saturated even in the shortest exposure.")
        if self.disagreement > _DIFFERENT:
            said.append(
                f"The exposures differ by {self.disagreement:.0%} where they should agree: their times are wrong, or"
                " the pictures are not linear."
            )
        return said


def exposure(text: str) -> float:
    """Relative exposure of what a user writes: ``1/250``, ``0.5s`` (seconds) or ``-2ev``. Raises ValueError."""
    stops = _STOPS.match(text.strip().lower())
    if stops:
        return float(2.0 ** float(stops[1]))
    time = _TIME.match(text.strip().lower())
    value = (float(time[1]) / float(time[2]) if time[1] else float(time[2])) if time and float(time[2]) else 0.0
    if not value > 0:
        raise ValueError(f"{text} is no exposure: write seconds such as 1/250 or 0.5, or stops such as -2ev.")
    return value


def merge(pictures: Sequence[npt.NDArray[np.float32]], exposures: Sequence[float]) -> Merged:
    """One picture of exposures ``(h, w, 3)`` that are linear in light.

    ``exposures`` are proportional to the light that each took in. Every pixel is the mean of what the pictures tell,
    weighted by their exposure, as noise of light has it (Robertson, Borman and Stevenson, Dynamic range improvement
    through multiple exposures, 1999), without what is saturated or lost in the dark; all three channels of a pixel
    alike, so that no colour comes of it. Raises EnvironmentMapError where they do not go together.
    """
    if len(pictures) < 2 or len(pictures) != len(exposures):
        raise EnvironmentMapError("Merging needs two exposures or more, and for each picture its exposure.")
    shapes = {picture.shape[:2] for picture in pictures}
    if len(shapes) > 1:
        sizes = ", ".join(sorted(f"{width} x {height}" for height, width in shapes))
        raise EnvironmentMapError(f"The exposures have different sizes: {sizes}. Export all of them alike.")
    if not all(np.isfinite(value) and value > 0 for value in exposures):
        raise EnvironmentMapError("An exposure must be above 0.")
    if max(exposures) < 1.2 * min(exposures):
        raise EnvironmentMapError(
            "The pictures have all the same exposure: there is nothing to be won by merging them."
        )
    order = np.argsort(exposures)
    times = np.array([exposures[place] for place in order], dtype=np.float64)
    middle = float(times[len(times) // 2])
    ordered = [pictures[place] for place in order]
    white = [max(float(picture.max()), 1e-30) for picture in ordered]
    sensor = max(white)  # what saturates is the same in all pictures of one camera; short ones may not reach it
    height, width = ordered[0].shape[:2]
    made = np.empty((height, width, 3), dtype=np.float32)
    clipped, differences = 0, []
    for first in range(0, height, 64):
        rows = slice(first, first + 64)
        total = np.zeros((*made[rows].shape[:2], 1))
        summed = np.zeros(made[rows].shape)
        told: List[Tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]] = []
        for number, (picture, time) in enumerate(zip(ordered, times)):
            band = np.nan_to_num(picture[rows].astype(np.float64), nan=0.0, posinf=sensor, neginf=0.0)
            brightest = band.max(axis=2, keepdims=True) / sensor
            above = np.clip((_SATURATED[1] - brightest) / (_SATURATED[1] - _SATURATED[0]), 0.0, 1.0)
            below = np.clip(brightest / _DARK, 0.0, 1.0) if number < len(times) - 1 else np.ones_like(brightest)
            if number == 0:
                clipped += int((brightest > _SATURATED[1]).sum())
                above = np.maximum(above, 1e-6)  # where nothing else is left the shortest tells most
            weight = time * np.maximum(above * below, 1e-9 if number == 0 else 0.0)
            total += weight
            summed += weight * band / time
            trusted = ((above * below) > 0.5) & (brightest > 8 * _DARK)
            told.append((band.mean(axis=2) / time, trusted[..., 0]))
        for (short, one), (long, other) in zip(told[:-1], told[1:]):
            both = one & other
            if both.any():
                differences.append(np.abs(np.log(np.maximum(short[both], 1e-12) / np.maximum(long[both], 1e-12))))
        made[rows] = middle * summed / total
    apart = float(np.median(np.concatenate(differences))) if differences else 0.0
    return Merged(made, clipped / (height * width), apart)
