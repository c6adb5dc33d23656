# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations of a plate whose frames come at irregular times, put on an even clock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .observations import Observations

Array = npt.NDArray[np.float64]

_POINTS = (
    "body_image",
    "body_world",
    "face_image",
    "left_hand_image",
    "left_hand_world",
    "right_hand_image",
    "right_hand_world",
    "person_box",
)
_CONFIDENCES = (
    "body_visibility",
    "body_confidence",
    "face_confidence",
    "left_hand_confidence",
    "right_hand_confidence",
)


def is_uniform(times: npt.ArrayLike, fps: float, tolerance: float = 0.1) -> bool:
    """Whether times ``(T,)`` in seconds lie within ``tolerance`` of a frame of an even clock of ``fps``."""
    clock = np.asarray(times, dtype=np.float64)
    if len(clock) < 2:
        return True
    return bool(np.max(np.abs((clock - clock[0]) * fps - np.arange(len(clock)))) <= tolerance)


def resampled_count(times: npt.ArrayLike, fps: float) -> int:
    """How many frames :func:`resampled` gives for frames at these times ``(T,)`` in seconds."""
    clock = np.asarray(times, dtype=np.float64)
    if is_uniform(clock, fps):
        return len(clock)
    return int(np.floor((clock[-1] - clock[0]) * fps + 0.5)) + 1


def resampled(observations: Observations, fps: float) -> Observations:
    """The observations at ``k / fps`` seconds from their first frame.

    Between two frames values are interpolated linearly in time where both are there; where only one is there it counts
    while it is less than half an output frame away. Observations that are even already are returned as they are.
    Raises ValueError where the times do not increase or the rate is not positive.
    """
    if not fps > 0.0:
        raise ValueError(f"the frame rate must be positive, not {fps:g}")
    times = observations.times - observations.times[0] if len(observations) else observations.times
    if np.any(np.diff(times) <= 0.0):
        raise ValueError("the times of the plate's frames do not increase")
    if is_uniform(times, fps):
        return observations
    clock = np.arange(resampled_count(times, fps)) / fps
    right = np.clip(np.searchsorted(times, clock), 1, len(times) - 1)
    left = right - 1
    share = np.clip((clock - times[left]) / (times[right] - times[left]), 0.0, 1.0)
    near_left = np.abs(clock - times[left]) <= 0.5 / fps
    near_right = np.abs(clock - times[right]) <= 0.5 / fps
    nearest = np.where(share < 0.5, left, right)
    values: dict[str, Array] = {}
    for name in _POINTS + _CONFIDENCES:
        values[name] = _interpolated(getattr(observations, name), left, right, share, near_left, near_right)
    for name in _CONFIDENCES:
        values[name] = np.nan_to_num(values[name])
    return Observations(
        image_size=observations.image_size, times=clock, frame_numbers=observations.frame_numbers[nearest], **values
    )


def _interpolated(
    rows: Array,
    left: npt.NDArray[np.intp],
    right: npt.NDArray[np.intp],
    share: Array,
    near_left: npt.NDArray[np.bool_],
    near_right: npt.NDArray[np.bool_],
) -> Array:
    shape = (-1,) + (1,) * (rows.ndim - 1)
    t, a, b = share.reshape(shape), rows[left], rows[right]
    result = a + (b - a) * t
    result = np.where(np.isnan(result) & near_left.reshape(shape) & (t < 0.5), a, result)
    result = np.where(np.isnan(result) & near_right.reshape(shape) & (t >= 0.5), b, result)
    return np.asarray(np.where(t == 0.0, a, np.where(t == 1.0, b, result)))
