# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of the emulated tracker as the product's own tracker would have told them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from holirep_blender.inference.fusion.observed import Observed
from holirep_blender.motion.observations import Observations

_TOLD = ("focal", "up", "height", "floor", "depth", "skin", "light", "neutral")


def telling_nothing(observed: Observed) -> Observed:
    """The same observations where nothing but the points is told."""
    names = [f"{name}_known" for name in _TOLD]
    return replace(observed, **{name: torch.zeros_like(getattr(observed, name)) for name in names})


def observations_of(observed: Observed, clip: int, fps: float) -> Observations:
    """One clip of a batch as the tracker's file holds it."""
    count = observed.times.shape[1]
    rows = Observations.empty(count, observed.image_size[clip].double().numpy())
    rows.times = np.arange(count) / fps
    rows.frame_numbers = np.arange(count) + 1.0

    def points(values: torch.Tensor, valid: torch.Tensor) -> npt.NDArray[np.float64]:
        return np.where(valid.numpy()[:, None, None] > 0, values.double().numpy(), np.nan)

    body, face = observed.body_valid[clip], observed.face_valid[clip]
    rows.body_image, rows.body_world = points(observed.body_image[clip], body), points(observed.body_world[clip], body)
    rows.body_visibility = observed.body_visibility[clip].double().numpy() * body.numpy()[:, None]
    rows.body_confidence, rows.face_confidence = body.double().numpy(), face.double().numpy()
    rows.face_image = points(observed.face_image[clip], face)
    for side, name in enumerate(("left", "right")):
        seen = observed.hand_valid[clip, :, side]
        setattr(rows, f"{name}_hand_image", points(observed.hand_image[clip, :, side], seen))
        setattr(rows, f"{name}_hand_world", points(observed.hand_world[clip, :, side], seen))
        setattr(rows, f"{name}_hand_confidence", seen.double().numpy())
    low, high = rows.body_image[..., :2].min(axis=1), rows.body_image[..., :2].max(axis=1)
    rows.person_box = np.concatenate([low, high], axis=1)
    return rows
