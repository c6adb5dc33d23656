# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tracker saw in a plate: points and confidences, a row per frame; a take keeps it to be solved again."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Mapping, Union

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BODY_POINTS = 33
FACE_POINTS = 478
HAND_POINTS = 21

_ROW_SHAPES: dict[str, tuple[int, ...]] = {
    "times": (),
    "frame_numbers": (),
    "body_image": (BODY_POINTS, 3),
    "body_world": (BODY_POINTS, 3),
    "body_visibility": (BODY_POINTS,),
    "body_confidence": (),
    "face_image": (FACE_POINTS, 3),
    "face_confidence": (),
    "left_hand_image": (HAND_POINTS, 3),
    "left_hand_world": (HAND_POINTS, 3),
    "left_hand_confidence": (),
    "right_hand_image": (HAND_POINTS, 3),
    "right_hand_world": (HAND_POINTS, 3),
    "right_hand_confidence": (),
    "person_box": (4,),
}
_ZERO_WHERE_MISSING = ("times", "frame_numbers", "body_visibility")


@dataclass
class Observations:
    """Points of one performer over ``T`` plate frames; NaN where nothing was found, confidences 0..1 (0 = not found).

    Landmark order is MediaPipe's (33 body, 478 face with irises, 21 per hand); left and right are the performer's own.

    Attributes
    ----------
    image_size : (2,) width and height of the plate as displayed, pixels.
    times : (T,) seconds from the plate's first frame.
    frame_numbers : (T,) number of each frame in the plate.
    body_image, face_image, left_hand_image, right_hand_image : (T, N, 3) x right, y down in pixels with pixel edges at
        integers; z in pixels too, negative towards the camera, relative to the hips, the face's middle or the wrist.
    body_world : (T, 33, 3) metres about the middle of the hips; X right, Y down, Z away from the camera.
    left_hand_world, right_hand_world : (T, 21, 3) metres about the hand's middle, the same axes.
    body_visibility : (T, 33) 0..1.
    body_confidence, face_confidence, left_hand_confidence, right_hand_confidence : (T,).
    person_box : (T, 4) x0, y0, x1, y1 pixels.
    """

    image_size: Array
    times: Array
    frame_numbers: Array
    body_image: Array
    body_world: Array
    body_visibility: Array
    body_confidence: Array
    face_image: Array
    face_confidence: Array
    left_hand_image: Array
    left_hand_world: Array
    left_hand_confidence: Array
    right_hand_image: Array
    right_hand_world: Array
    right_hand_confidence: Array
    person_box: Array

    def __post_init__(self) -> None:
        """Checks the shapes. Raises ValueError that names the wrong field."""
        count = len(self.times)
        for name, row in _ROW_SHAPES.items():
            value = np.asarray(getattr(self, name), dtype=np.float64)
            setattr(self, name, value)
            if value.shape != (count,) + row:
                raise ValueError(f"observations: {name} has shape {value.shape}, expected {(count,) + row}")
        self.image_size = np.asarray(self.image_size, dtype=np.float64)
        if self.image_size.shape != (2,):
            raise ValueError(f"observations: image_size has shape {self.image_size.shape}, expected (2,)")

    def __len__(self) -> int:
        return len(self.times)

    @classmethod
    def empty(cls, frame_count: int, image_size: npt.ArrayLike) -> Observations:
        """Observations of ``frame_count`` frames in which nothing was found yet."""
        values: dict[str, Array] = {}
        for name, row in _ROW_SHAPES.items():
            zero = name in _ZERO_WHERE_MISSING or name.endswith("_confidence")
            values[name] = np.full((frame_count,) + row, 0.0 if zero else np.nan)
        return cls(image_size=np.asarray(image_size, dtype=np.float64), **values)

    def part(self, rows: slice) -> Observations:
        """The same observations in some of the rows only."""
        values = {name: getattr(self, name)[rows] for name in _ROW_SHAPES}
        return Observations(image_size=self.image_size, **values)

    def replaced(self, other: Observations) -> Observations:
        """These observations with the rows of ``other`` in place of those of the same plate frames.

        Raises ValueError where the pictures differ in size, or where none of the frames is here.
        """
        if not np.array_equal(self.image_size, other.image_size):
            raise ValueError("observations: they were seen in pictures of another size")
        places = {int(number): row for row, number in enumerate(self.frame_numbers)}
        pairs = [(places[int(n)], row) for row, n in enumerate(other.frame_numbers) if int(n) in places]
        if not pairs:
            raise ValueError("observations: they have no plate frame in common")
        ours, theirs = (list(rows) for rows in zip(*pairs))
        values = {name: getattr(self, name).copy() for name in _ROW_SHAPES}
        for name in set(_ROW_SHAPES) - {"times", "frame_numbers"}:
            values[name][ours] = getattr(other, name)[theirs]
        return Observations(image_size=self.image_size, **values)

    def to_arrays(self, prefix: str = "") -> dict[str, npt.NDArray[np.generic]]:
        """Arrays to be written to an ``.npz``: points as float32, times as float64, each name with the prefix."""
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            exact = field.name in ("times", "frame_numbers", "image_size")
            arrays[prefix + field.name] = value if exact else value.astype(np.float32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]], prefix: str = "") -> Observations:
        """The inverse of :meth:`to_arrays`. Raises KeyError where an array is missing."""
        return cls(**{field.name: np.asarray(arrays[prefix + field.name], dtype=np.float64) for field in fields(cls)})

    def save(self, path: Union[str, Path]) -> None:
        """Writes the observations alone to an ``.npz`` file."""
        with open(path, "wb") as stream:
            np.savez_compressed(stream, **self.to_arrays())

    @classmethod
    def load(cls, path: Union[str, Path]) -> Observations:
        """Reads what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls.from_arrays(stored)
