# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's face at rest: found by itself where the face is calm, or shown by the user in a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from ...motion.geometric.gaze import openings
from ...motion.geometric.head import Face

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_AROUND = 2
"""Frames to either side of the user's that count with it: one frame alone has the tracker's jitter."""
_SHARE, _FEWEST = 0.15, 5
"""How much of the clip is taken for calm, and how many frames at least."""
_LIPS, _CORNERS = (13, 14), (61, 291)
_BROWS = ((336, 285, 334, 300), (107, 55, 105, 70))
_SHUT_LIPS, _USUAL_EYES = 15.0, 60.0
"""Percentiles of the clip: lips are nearly shut at rest, eyes open as wide as they mostly are."""


@dataclass(frozen=True)
class Neutral:
    """``points (478, 3)``: the face at rest in the axes and the unit of :class:`Face`; ``frames (T,)`` it was taken of;
    ``given`` where the user named them.
    """

    points: Array
    frames: Mask
    given: bool


def neutral_face(face: Face, frame_numbers: Array, frame: Optional[int] = None) -> Optional[Neutral]:
    """The face at rest.

    Parameters
    ----------
    face : the clip's face, freed from the head's pose.
    frame_numbers : (T,) numbers of the frames in the plate.
    frame : the plate's frame in which the user sees the face at rest and looking ahead; None to find it.

    Returns None where the face is not seen, around that frame or often enough. Otherwise the median over the calmest
    frames: lips together, mouth and brows as they mostly are, eyes open as usual, nothing moving.
    """
    if frame is not None:
        near = np.abs(frame_numbers - frame) <= _AROUND
        chosen = face.valid & near
    elif face.valid.sum() < _FEWEST:
        return None
    else:
        chosen = _calm(face)
    if not chosen.any():
        return None
    return Neutral(np.median(face.points[chosen], axis=0), chosen, frame is not None)


def _calm(face: Face) -> Mask:
    points, seen = face.points, face.valid
    lips = np.linalg.norm(points[:, _LIPS[0]] - points[:, _LIPS[1]], axis=-1)
    width = np.linalg.norm(points[:, _CORNERS[0]] - points[:, _CORNERS[1]], axis=-1)
    corners = points[:, _CORNERS, 2].mean(axis=1)
    brows = np.stack([points[:, rows, 2].mean(axis=1) for rows in _BROWS], axis=1).mean(axis=1)
    measures = [
        (lips, np.percentile(lips[seen], _SHUT_LIPS)),
        (width, np.median(width[seen])),
        (corners, np.median(corners[seen])),
        (brows, np.median(brows[seen])),
        *((column, np.percentile(column[seen], _USUAL_EYES)) for column in openings(points).T),
    ]
    activity = sum(np.abs(values - rest) for values, rest in measures)
    speed = np.zeros(len(points))
    if len(points) > 2:
        speed[1:-1] = np.linalg.norm(points[2:] - points[:-2], axis=-1).mean(axis=1)
        speed[0], speed[-1] = speed[1], speed[-2]
    activity = np.where(seen, activity + speed, np.inf)
    count = min(max(_FEWEST, int(_SHARE * seen.sum())), int(seen.sum()))
    return np.asarray(activity <= np.partition(activity, count - 1)[count - 1])
