# SPDX-License-Identifier: GPL-3.0-or-later
"""Choices of the geometric solve."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import numpy.typing as npt

SMOOTHING_KINDS: tuple[str, ...] = ("zero_phase", "one_euro", "none")
FLOOR_KINDS: tuple[str, ...] = ("estimate", "none")


class SolveError(ValueError):
    """Observations that cannot be solved, or options that make no sense; the message is for the user."""


@dataclass(frozen=True)
class SolveOptions:
    """Choices of :func:`holirep_blender.motion.geometric.solve`.

    Attributes
    ----------
    fps : frames per second of the take; None takes the plate's own average.
    frame_start : number in the plate of the first frame.
    focal_length_px : focal length in pixels, or None to estimate it.
    principal_point : where the optical axis meets the picture, in pixels from its top left corner; None for its middle.
        A shifted lens, or a plate that was cropped, has it elsewhere.
    performer_height : stature in metres, or None to estimate it.
    smoothing : ``"zero_phase"``, ``"one_euro"`` or ``"none"``.
    smoothing_strength : 0 (hardly any) to 1 (strong).
    floor : ``"estimate"`` puts the feet on z = 0; ``"none"`` leaves them free (climbing, swimming).
    camera_track : (T, 4, 4) world from camera for every frame of the take, where it is known (a moving camera that was
        tracked, say): metres, Z up, the camera's axes OpenCV's (X right, Y down, Z forward). The take's world is then
        the track's, wherever its floor is. None for a camera that stands still, which is estimated.
    """

    fps: Optional[float] = None
    frame_start: int = 1
    focal_length_px: Optional[float] = None
    principal_point: Optional[tuple[float, float]] = None
    performer_height: Optional[float] = None
    smoothing: str = "zero_phase"
    smoothing_strength: float = 0.5
    floor: str = "estimate"
    camera_track: Optional[npt.NDArray[np.float64]] = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raises SolveError with the setting's name and its allowed values."""
        if self.smoothing not in SMOOTHING_KINDS:
            raise SolveError(f"Smoothing must be one of {', '.join(SMOOTHING_KINDS)}, not {self.smoothing!r}.")
        if self.floor not in FLOOR_KINDS:
            raise SolveError(f"Floor must be one of {', '.join(FLOOR_KINDS)}, not {self.floor!r}.")
        if not 0.0 <= self.smoothing_strength <= 1.0:
            raise SolveError(f"Smoothing strength must be between 0 and 1, not {self.smoothing_strength:g}.")
        for name, label in (("fps", "Frame rate"), ("focal_length_px", "Focal length")):
            value = getattr(self, name)
            if value is not None and not value > 0.0:
                raise SolveError(f"{label} must be positive, not {value:g}.")
        if self.principal_point is not None and not np.isfinite(self.principal_point).all():
            raise SolveError("The principal point must be two numbers in pixels.")
        if self.performer_height is not None and not 0.5 <= self.performer_height <= 2.6:
            raise SolveError(f"Performer height is in metres, between 0.5 and 2.6, not {self.performer_height:g}.")
        if self.camera_track is not None:
            object.__setattr__(self, "camera_track", _checked_track(self.camera_track))


def _checked_track(track: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The track as ``(T, 4, 4)`` numbers; raises SolveError where it is no path of a camera."""
    try:
        rows = np.asarray(track, dtype=np.float64)
    except (TypeError, ValueError):
        raise SolveError("The camera track must be numbers: one matrix of 4 by 4 for each frame.") from None
    if rows.ndim != 3 or rows.shape[1:] != (4, 4) or not len(rows):
        raise SolveError(f"The camera track must be one matrix of 4 by 4 for each frame, not an array of {rows.shape}.")
    bad = ~np.isfinite(rows).all(axis=(1, 2))
    if bad.any():
        raise SolveError(f"The camera track holds values that are not numbers, first in its row {bad.argmax() + 1}.")
    turn = rows[:, :3, :3]
    off = np.abs(np.swapaxes(turn, 1, 2) @ turn - np.eye(3)).max(axis=(1, 2)) > 1e-3
    off |= (np.linalg.det(turn) < 0.0) | (np.abs(rows[:, 3] - [0.0, 0.0, 0.0, 1.0]).max(axis=1) > 1e-6)
    if off.any():
        raise SolveError(
            f"Row {off.argmax() + 1} of the camera track is not a camera's place and rotation: "
            "its scale must be 1, in metres, and its last line 0 0 0 1."
        )
    return rows
