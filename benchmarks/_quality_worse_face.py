# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces made worse by graded amounts: each function changes evidence by an amount in the unit of its corruption."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import numpy as np
import numpy.typing as npt

from benchmarks._quality_clips import keyed_face
from benchmarks._quality_lights import LightTruth
from benchmarks._quality_worse_body import blurring, both, held
from holirep_blender.motion.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored
from holirep_blender.motion.take import Take
from holirep_blender.quality.evidence import Evidence

Array = npt.NDArray[np.float64]


def changed(evidence: Evidence, change: Callable[[Array], Array]) -> Evidence:
    """The evidence with the same change to the coefficients ``(T, 52)`` of take and character."""

    def with_face(take: Take) -> Take:
        return replace(take, blendshapes=np.clip(change(take.blendshapes), 0.0, 1.0))

    return both(evidence, with_face)


def noise(evidence: Evidence, light: LightTruth, size: float) -> Evidence:
    random = np.random.default_rng(9)
    noise = random.normal(size=evidence.take.blendshapes.shape)
    return changed(evidence, lambda values: values + size * noise)


def frozen(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    return changed(evidence, lambda values: values[held(len(values), share)])


def keys_frozen(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    """The character's face keys end before the take does."""
    keys = keyed_face(evidence.take)
    return replace(evidence, face_keys=replace(keys, made=keys.made[held(len(keys.made), share)]))


def smooth(evidence: Evidence, light: LightTruth, seconds: float) -> Evidence:
    return changed(evidence, lambda values: blurring(len(values), seconds * evidence.take.fps) @ values)


def swapped(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    other = [ARKIT_INDEX[mirrored(name)] for name in ARKIT_NAMES]
    return changed(evidence, lambda values: (1.0 - share) * values + share * values[:, other])


def no_blinks(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    return changed(evidence, lambda values: values * only(("eyeBlink",), 1.0 - share))


def open_lips(evidence: Evidence, light: LightTruth, size: float) -> Evidence:
    """Lips that stay apart when they should meet."""
    closed = 1.0 - np.clip(evidence.take.blendshapes[:, ARKIT_INDEX["jawOpen"]] / 0.1, 0.0, 1.0)
    added = np.zeros((len(closed), len(ARKIT_NAMES)))
    for name in ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight"):
        added[:, ARKIT_INDEX[name]] = size * closed
    return changed(evidence, lambda values: values + added)


def overdriven(evidence: Evidence, light: LightTruth, gain: float) -> Evidence:
    return changed(evidence, lambda values: values * (1.0 + gain))


def lost(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        confidence = take.blendshape_confidence.copy()
        confidence[(take.times % 2.0) < 2.0 * share] = 0.0
        return replace(take, blendshape_confidence=confidence)

    return both(evidence, change)


def late(evidence: Evidence, light: LightTruth, milliseconds: float) -> Evidence:
    take = evidence.take
    delayed = np.arange(take.frame_count) - milliseconds / 1000.0 * take.fps
    rows = np.clip(delayed, 0.0, take.frame_count - 1.0)
    low = np.floor(rows).astype(int)
    high, share = np.minimum(low + 1, take.frame_count - 1), (rows - low)[:, None]
    return changed(evidence, lambda values: (1.0 - share) * values[low] + share * values[high])


def only(prefixes: tuple[str, ...], factor: float) -> Array:
    return np.array([factor if name.startswith(prefixes) else 1.0 for name in ARKIT_NAMES])
