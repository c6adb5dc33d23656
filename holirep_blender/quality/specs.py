# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of measures: what each is called, its unit, its bounds, how it is computed and where that comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import numpy.typing as npt

from .results import Measure
from .scoring import clip_score, ramp

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spec:
    """One measure; see ``Measure``. ``sentence`` and ``remedy`` are what is said where it is bad."""

    name: str
    title: str
    group: str
    unit: str
    good: float
    bad: float
    formula: str
    source: str
    sentence: str
    remedy: str
    statistic: str = "mean over frames"


@dataclass(frozen=True)
class Found:
    """What measuring came to: a figure a frame, or one for the clip, or why there is none.

    ``parts``: the same figure by part of the body or joint, ``(T,)`` each, to tell where it is worst.
    """

    per_frame: Optional[Array] = None
    value: Optional[float] = None
    missing: str = ""
    parts: dict[str, Array] = field(default_factory=dict)


def measured(spec: Spec, found: Found, frames: int) -> Measure:
    """The measure of what was found over a take of so many frames."""
    per_frame = found.per_frame
    if per_frame is not None and per_frame.shape != (frames,):
        raise ValueError(f"quality: {spec.name} has shape {per_frame.shape}, expected {(frames,)}")
    value: Optional[float] = found.value
    score: Optional[float] = None
    missing = found.missing
    if per_frame is not None and np.isfinite(per_frame).any():
        value = float(np.nanmean(per_frame)) if value is None else value
        score = clip_score(ramp(per_frame, spec.good, spec.bad))
    elif value is not None and np.isfinite(value):
        score = float(ramp(value, spec.good, spec.bad))
    else:
        value, per_frame = None, None
        missing = missing or "No frame shows enough to measure it."
    return Measure(
        name=spec.name,
        title=spec.title,
        group=spec.group,
        unit=spec.unit,
        value=value,
        statistic=spec.statistic if per_frame is not None else "whole clip",
        per_frame=per_frame,
        good=spec.good,
        bad=spec.bad,
        score=score,
        formula=spec.formula,
        source=spec.source,
        missing="" if score is not None else missing,
    )
