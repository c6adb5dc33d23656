# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist chooses about refining."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Mapping, Optional

import numpy as np

if TYPE_CHECKING:
    from ..contacts.edits import ContactEdit
    from ..contacts.floor import Floor


@dataclass(frozen=True)
class RefineOptions:
    """How motion is refined; every step can be switched off.

    Attributes
    ----------
    limits : strength of the human limits, 0 (off) to 1 (the hard limits hold).
    preset : whose limits, a name of ``biomechanics.limit_table.PRESETS``.
    overrides : the user's own hard limits in degrees, ``"leftLowerLeg.flexion"`` -> (low, high).
    feet : how firmly feet stay where they touch, 0 (off) to 1.
    hands : how firmly hands keep what they touch (each other, the own body, surfaces), 0 (off) to 1.
    surfaces : whether hands that rest on something in the world (the floor, a table, a wall) are looked for.
    smoothing : a zero-phase filter over the motion before all else, 0 (off) to 1.
    attenuate : slow down what exceeds human speed or strength; where False that is only told.
    performer_mass : kg, for the strength; None takes the preset's.
    floor : where the performer's floor is in the take's world; None takes the take's own, or estimates it.
    ground : what the character stands on, in the space in which it plays: its own, metres, or the scene's world with
        that space. None takes its rest pose's floor, or in the scene's world the performer's, so that it stays over
        the performer in the picture.
    contact_edits : contacts that the user set or took away, in frames of the take.
    joints : the joints that may be changed; None for all.
    frames : first and last frame of the take, inclusive and 0-based; outside nothing is changed. None for all.
    """

    limits: float = 1.0
    preset: str = "average_adult"
    overrides: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    feet: float = 1.0
    hands: float = 1.0
    surfaces: bool = False
    smoothing: float = 0.0
    attenuate: bool = False
    performer_mass: Optional[float] = None
    floor: Optional[Floor] = None
    ground: Optional[Floor] = None
    contact_edits: tuple[ContactEdit, ...] = ()
    joints: Optional[frozenset[str]] = None
    frames: Optional[tuple[int, int]] = None

    def __post_init__(self) -> None:
        """Raises ValueError, in the user's words, where a value makes no sense."""
        for name, label in (
            ("limits", "The strength of the limits"),
            ("feet", "The strength of Feet"),
            ("hands", "The strength of Hands"),
            ("smoothing", "The smoothing"),
        ):
            value = float(getattr(self, name))
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{label} must be from 0 to 1, not {value:g}.")
        if self.performer_mass is not None and not 5.0 <= float(self.performer_mass) <= 400.0:
            raise ValueError(f"A performer of {self.performer_mass:g} kg is not possible: give 5 to 400 kg.")
        if self.frames is not None and self.frames[1] < self.frames[0]:
            raise ValueError(f"The range ends at frame {self.frames[1]}, before it begins at frame {self.frames[0]}.")
        for key, (low, high) in self.overrides.items():
            if not (np.isfinite(low) and np.isfinite(high)):
                raise ValueError(f"The limits of {key} must be numbers, not {low} to {high}.")
