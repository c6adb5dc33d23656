# SPDX-License-Identifier: GPL-3.0-or-later
"""What pulls a score down: stretches of frames by measure, the most costly first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..motion import gaps
from .results import Cause, Measure
from .scoring import ramp
from .specs import Found
from .table import BY_NAME

Array = npt.NDArray[np.float64]
Losses = dict[str, Array]
"""What each measure costs a score in each frame, ``(T,)`` by its name."""

_WEAK = 0.9
"""Score of a measure below which a frame belongs to a weak stretch."""
_JOINED_SECONDS, _LEAST_LOSS, _MOST = 0.5, 0.002, 40
_ALL_OVER = 0.75
"""Mean of all parts, as a share of the worst, from which the whole body is meant and not that part."""
_LIMBS = ("leftArm", "rightArm", "leftLeg", "rightLeg", "leftHand", "rightHand", "face")
_PART_WORDS = {
    "leftArm": "left arm", "rightArm": "right arm", "leftLeg": "left leg", "rightLeg": "right leg",
    "leftHand": "left hand", "rightHand": "right hand",
}  # fmt: skip


def causes_of(
    lost: Losses, weights: Array, measures: Mapping[str, Measure], found: Mapping[str, Found], fps: float
) -> tuple[Cause, ...]:
    """Causes of a score whose frames have such weights, by what they cost: the 40 worst that cost anything."""
    causes: list[Cause] = []
    for name, costs in lost.items():
        measure, spec = measures[name], BY_NAME[name]
        if measure.per_frame is None:
            loss = float(np.sum(costs * weights))
            if loss >= _LEAST_LOSS and measure.value is not None:
                causes.append(Cause(name, "", 0, len(costs) - 1, measure.value, loss, spec.sentence + ".", spec.remedy))
            continue
        weak = np.nan_to_num(ramp(measure.per_frame, measure.good, measure.bad), nan=1.0) < _WEAK
        for first, last in joined(weak, round(_JOINED_SECONDS * fps)):
            rows = slice(first, last + 1)
            loss = float(np.sum((costs * weights)[rows]))
            if loss < _LEAST_LOSS:
                continue
            part = _guilty(found[name], rows)
            value = float(np.nanmax(measure.per_frame[rows]))
            # what is lost all over cannot be left out as a limb
            remedy = "retrack" if spec.remedy == "exclude_limb" and part not in _LIMBS else spec.remedy
            causes.append(Cause(name, part, first, last, value, loss, _sentence(spec.sentence, part), remedy))
    return tuple(sorted(causes, key=lambda cause: -cause.loss)[:_MOST])


def joined(weak: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Stretches of weak frames, both ends included; those at most ``gap`` frames apart are one."""
    result: list[tuple[int, int]] = []
    for first, end in gaps.spans(weak):
        if result and first - result[-1][1] - 1 <= gap:
            result[-1] = (result[-1][0], end - 1)
        else:
            result.append((first, end - 1))
    return result


def _guilty(found: Found, rows: slice) -> str:
    """The part that is worst in a stretch; "" where nothing tells parts apart."""
    known = {part: values[rows][np.isfinite(values[rows])] for part, values in found.parts.items()}
    means = {part: float(values.mean()) for part, values in known.items() if len(values)}
    if not means:
        return ""
    name = max(means, key=lambda part: means[part])
    alike = len(means) > 2 and sum(means.values()) / len(means) >= _ALL_OVER * means[name]
    return "" if alike or means[name] <= 0.0 else name


def _sentence(sentence: str, part: str) -> str:
    word = _PART_WORDS.get(part, part)
    return f"{sentence} ({word})." if word and word not in ("body", "face") else f"{sentence}."
