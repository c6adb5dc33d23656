# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist chooses about planting, and what planting gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from ..contacts.floor import Floor
from ..contacts.record import Contacts
from ..take import Take

if TYPE_CHECKING:
    from ..biomechanics.engine import LimitOptions
    from ..biomechanics.report import Violation

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PlantOptions:
    """How contacts are held.

    Attributes
    ----------
    feet : how firmly feet stay where they touch, 0 (off) to 1 (exactly).
    hands : how firmly hands keep what they touch: each other, the own body, the floor; 0 (off) to 1.
    floor : the plane that the character stands on, in the world of its take; None takes the rest pose's, at Z = 0.
    joints : the joints that may be changed; None for all. Feet need the leg, hands the arm; without ``hips`` in it the
        pelvis stays where it is.
    limits : human limits, which win over contacts; None for none.
    """

    feet: float = 1.0
    hands: float = 1.0
    floor: Optional[Floor] = None
    joints: Optional[frozenset[str]] = None
    limits: Optional[LimitOptions] = None

    def __post_init__(self) -> None:
        """Raises ValueError, in the user's words, where a strength makes no sense."""
        for name, value in (("Feet", self.feet), ("Hands", self.hands)):
            if not 0.0 <= float(value) <= 1.0:
                raise ValueError(f"The strength of {name} must be from 0 to 1, not {value:g}.")


@dataclass
class Planted:
    """A take whose contacts hold, ``T`` frames.

    Attributes
    ----------
    take : the result.
    contacts : the contacts that were held, a column per point.
    places : (T, P, 3) where each point of ``contacts`` is held, in the world of the take; NaN while it is free.
    slide_before, slide_after : (T, P) metres that each touching point moved since the frame before; NaN where it did
        not touch in both.
    violations : what could not be held and what the limits changed.
    sentences : what the user should know, such as that the rig has no legs.
    unfinished : this is a first answer; planting once more comes to what is calm, and lets go no more than it must.
    """

    take: Take
    contacts: Contacts
    places: Array
    slide_before: Array
    slide_after: Array
    violations: list[Violation] = field(default_factory=list)
    sentences: tuple[str, ...] = ()
    unfinished: bool = False
