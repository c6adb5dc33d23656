# SPDX-License-Identifier: GPL-3.0-or-later
"""Choices of the geometric solve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

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
    performer_height : stature in metres, or None to estimate it.
    smoothing : ``"zero_phase"``, ``"one_euro"`` or ``"none"``.
    smoothing_strength : 0 (hardly any) to 1 (strong).
    floor : ``"estimate"`` puts the feet on z = 0; ``"none"`` leaves them free (climbing, swimming).
    """

    fps: Optional[float] = None
    frame_start: int = 1
    focal_length_px: Optional[float] = None
    performer_height: Optional[float] = None
    smoothing: str = "zero_phase"
    smoothing_strength: float = 0.5
    floor: str = "estimate"

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
        if self.performer_height is not None and not 0.5 <= self.performer_height <= 2.6:
            raise SolveError(f"Performer height is in metres, between 0.5 and 2.6, not {self.performer_height:g}.")
