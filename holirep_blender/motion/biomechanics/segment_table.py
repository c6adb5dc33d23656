# SPDX-License-Identifier: GPL-3.0-or-later
"""Masses of a body's segments as published (de Leva 1996): the table of ``segments.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

SEXES: tuple[str, ...] = ("female", "male", "mean")
BODY_MASS_INDEX = 22.0
"""kg/m² of a usual body: the middle of the normal range 18.5 to 24.9 (WHO technical report 894, 2000)."""
_FILE = Path(__file__).with_name("segments.json")


@dataclass(frozen=True)
class Segment:
    """A row of ``segments.json`` for one sex or the mean of both.

    Attributes
    ----------
    mass : share of the body mass.
    centre : place of the centre of mass, from the segment's first end point, share of its length.
    gyration : radii of gyration about the sagittal, transverse and longitudinal axis, shares of its length.
    length : share of the stature.
    source : where the row comes from.
    """

    mass: float
    centre: float
    gyration: tuple[float, float, float]
    length: float
    source: str


@lru_cache(maxsize=3)
def segments(sex: str = "mean") -> dict[str, Segment]:
    """The table by segment name. Raises ValueError for a sex that is not one of ``SEXES``."""
    if sex not in SEXES:
        raise ValueError(f"There are no segment masses for {sex!r}. Choose one of {', '.join(SEXES)}.")
    stored = json.loads(_FILE.read_text(encoding="utf-8"))
    chosen = ("female", "male") if sex == "mean" else (sex,)
    shares = {name: np.zeros(6) for name in (str(row["segment"]) for row in stored["segments"])}
    sources = {str(row["segment"]): str(row["source"]) for row in stored["segments"]}
    for row in stored["segments"]:
        for each in chosen:
            values, stature = row[each], float(stored["statures_mm"][each])
            numbers = [values["mass"], values["centre"], *values["gyration"], values["length_mm"] / stature]
            shares[row["segment"]] += np.array(numbers) / len(chosen)
    return {
        name: Segment(float(v[0]), float(v[1]), (float(v[2]), float(v[3]), float(v[4])), float(v[5]), sources[name])
        for name, v in shares.items()
    }


def usual_mass(stature: float) -> float:
    """Mass in kg of a usual body of a stature in metres, by ``BODY_MASS_INDEX``."""
    return BODY_MASS_INDEX * stature**2
