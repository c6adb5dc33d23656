# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's bone lengths: constant over a clip, the same on both sides, near human averages."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from ..skeleton import JOINT_INDEX, SIDES
from .landmarks import ANKLE, ELBOW, HIP, KNEE, SHOULDER, WRIST, default_offsets, default_stature, torso_length

Array = npt.NDArray[np.float64]

# Segments and the joints whose rest offsets grow with each; the landmarks that measure a segment lie at its two ends.
SEGMENTS: dict[str, tuple[str, ...]] = {
    "upper_arm": ("leftLowerArm", "rightLowerArm"),
    "forearm": ("leftHand", "rightHand"),
    "thigh": ("leftLowerLeg", "rightLowerLeg"),
    "shin": ("leftFoot", "rightFoot"),
    "torso": ("spine", "chest", "upperChest", "leftShoulder", "rightShoulder"),
    "shoulders": ("leftUpperArm", "rightUpperArm"),
    "hips": ("leftUpperLeg", "rightUpperLeg"),
}
_SPREAD = {
    "upper_arm": 0.05,
    "forearm": 0.05,
    "thigh": 0.05,
    "shin": 0.05,
    "torso": 0.06,
    "shoulders": 0.08,
    "hips": 0.10,
}
"""Standard deviation of a segment's length over the stature between adults, as a share (after Winter 2009 and ANSUR
II)."""
_MEASURE_ERROR = 0.07
"""Standard deviation of a clip's median segment length in the world landmarks, as a share."""

_TYPICAL_RATIO, _SIZE_TRUST = 0.93, 0.35
"""MediaPipe's world landmarks over the reference skeleton: about 0.92 for rendered performers of 1.54 m and of 1.75 m
alike."""

_LIMBS = {"upper_arm": (SHOULDER, ELBOW), "forearm": (ELBOW, WRIST), "thigh": (HIP, KNEE), "shin": (KNEE, ANKLE)}


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    running = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(running, 0.5 * running[-1])])


def _default_length(segment: str) -> float:
    rest = default_offsets()
    if segment == "torso":
        return torso_length(rest) * 1.055
    if segment == "shoulders":
        return 2.0 * float(rest[JOINT_INDEX["leftUpperArm"], 0] + rest[JOINT_INDEX["leftShoulder"], 0])
    if segment == "hips":
        return 2.0 * float(rest[JOINT_INDEX["leftUpperLeg"], 0])
    return float(np.linalg.norm(rest[JOINT_INDEX[SEGMENTS[segment][0]]]))


def measured_ratios(world: Array, visibility: Array) -> dict[str, float]:
    """Length of each segment over the reference skeleton's, by the median of world landmarks ``(T, 33, 3)``.

    Frames count by the visibility ``(T, 33)`` of both ends; a segment seen less than five frames' worth is left out.
    """
    ratios: dict[str, float] = {}
    for segment, (upper, lower) in _LIMBS.items():
        lengths = [np.linalg.norm(world[:, lower[s]] - world[:, upper[s]], axis=-1) for s in range(len(SIDES))]
        weights = [np.minimum(visibility[:, lower[s]], visibility[:, upper[s]]) for s in range(len(SIDES))]
        _measure(ratios, segment, np.concatenate(lengths), np.concatenate(weights))
    hips, shoulders = world[:, HIP], world[:, SHOULDER]
    seen_hips, seen_shoulders = visibility[:, HIP].min(-1), visibility[:, SHOULDER].min(-1)
    torso = np.linalg.norm(shoulders.mean(1) - hips.mean(1), axis=-1)
    _measure(ratios, "torso", torso, np.minimum(seen_hips, seen_shoulders))
    _measure(ratios, "hips", np.linalg.norm(hips[:, 1] - hips[:, 0], axis=-1), seen_hips)
    _measure(ratios, "shoulders", np.linalg.norm(shoulders[:, 1] - shoulders[:, 0], axis=-1), seen_shoulders)
    return ratios


def _measure(ratios: dict[str, float], segment: str, lengths: Array, visibility: Array) -> None:
    usable = np.isfinite(lengths) & (visibility > 0.5)
    if np.sum(visibility[usable]) >= 5.0:
        ratios[segment] = _weighted_median(lengths[usable], visibility[usable]) / _default_length(segment)


def common_ratio(ratios: dict[str, float]) -> float:
    """The median ratio of the long segments, 1 where none was measured."""
    long = [ratios[name] for name in ("thigh", "shin", "torso", "upper_arm", "forearm") if name in ratios]
    return float(np.median(long)) if long else 1.0


def fitted_scales(ratios: dict[str, float], performer_height: Optional[float]) -> tuple[float, dict[str, float]]:
    """The stature over the reference's, and each segment's factor over the reference skeleton.

    Measured ratios are drawn towards a common scale by the spread of human proportions. A given height sets the common
    scale; otherwise it follows the measured one by a third: the world landmarks of short and tall people differ little.
    """
    measured = common_ratio(ratios)
    if performer_height is None:
        scale = float(np.clip(measured / _TYPICAL_RATIO, 0.6, 1.4)) ** _SIZE_TRUST
    else:
        scale = performer_height / default_stature()
    factors: dict[str, float] = {}
    for segment in SEGMENTS:
        deviation = ratios.get(segment, measured) / measured
        trust = _SPREAD[segment] ** 2 / (_SPREAD[segment] ** 2 + _MEASURE_ERROR**2)
        factors[segment] = scale * float(np.clip(1.0 + trust * (deviation - 1.0), 0.8, 1.25))
    return scale, factors


def scaled_offsets(scale: float, factors: dict[str, float]) -> Array:
    """Rest offsets ``(55, 3)``: the reference T-pose at ``scale`` with each segment at its own factor, feet on the
    floor.
    """
    offsets = default_offsets() * scale
    for segment, joints in SEGMENTS.items():
        for joint in joints:
            offsets[JOINT_INDEX[joint]] *= factors[segment] / scale
    leg = ("leftUpperLeg", "leftLowerLeg", "leftFoot")
    rest = default_offsets() * scale
    sole = float(rest[JOINT_INDEX["hips"], 2] + sum(rest[JOINT_INDEX[name], 2] for name in leg))
    offsets[JOINT_INDEX["hips"], 2] = sole - sum(float(offsets[JOINT_INDEX[name], 2]) for name in leg)
    return offsets


SEGMENT_ENDS: dict[str, tuple[tuple[int, int], ...]] = {
    **{name: tuple((upper[s], lower[s]) for s in (0, 1)) for name, (upper, lower) in _LIMBS.items()},
    "torso": ((HIP[0], SHOULDER[0]), (HIP[1], SHOULDER[1])),
    "shoulders": ((SHOULDER[0], SHOULDER[1]),),
    "hips": ((HIP[0], HIP[1]),),
}
"""Landmarks at the ends of each segment."""


def corrected_factors(
    factors: dict[str, float], scale: float, solved: Array, wanted: Array, lengths: Array, weights: Array
) -> dict[str, float]:
    """Segment factors after comparing the solved with the tracked picture.

    A segment that is tracked longer than it is drawn, in frames where it lies across the line of sight, is too short.
    The common factor of all corrections is left out: it belongs to the distance, not to the body.

    Parameters
    ----------
    solved, wanted : (T, 33, 2) metres at the body's depth. lengths : (33, 33) true distances of landmarks in the
    solution
        where constant. weights : (T, 33).
    """
    ratios: dict[str, float] = {}
    for segment, ends in SEGMENT_ENDS.items():
        values, trusts = [], []
        for first, second in ends:
            drawn = np.linalg.norm(solved[:, second] - solved[:, first], axis=-1)
            tracked = np.linalg.norm(wanted[:, second] - wanted[:, first], axis=-1)
            across = np.clip(drawn / max(float(lengths[first, second]), 1e-3), 0.0, 1.0)
            values.append(tracked / np.maximum(drawn, 1e-3))
            trusts.append(np.minimum(weights[:, first], weights[:, second]) * np.where(across > 0.6, across**4, 0.0))
        value, trust = np.concatenate(values), np.concatenate(trusts)
        if np.sum(trust) > 3.0:
            ratios[segment] = float(np.clip(_weighted_median(value, trust), 0.85, 1.18))
    common = common_ratio(ratios)
    result = dict(factors)
    for segment, ratio in ratios.items():
        result[segment] = float(np.clip(factors[segment] * (ratio / common) ** 0.8, 0.8 * scale, 1.25 * scale))
    return result
