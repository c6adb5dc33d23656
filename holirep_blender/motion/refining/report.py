# SPDX-License-Identifier: GPL-3.0-or-later
"""What refining did, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ..biomechanics.report import Violation
    from ..contacts.detect import Contacts

Array = npt.NDArray[np.float64]


@dataclass
class RefineReport:
    """What refining did to ``T`` frames.

    Attributes
    ----------
    violations : what exceeded a limit, changed or only found; frames are the take's, 0-based.
    slide_before_mm, slide_after_mm : how far the feet that touch the floor moved from frame to frame, the mean over
        all touching frames, in millimetres a frame; NaN where nothing touches.
    contacts : what touches when, with the user's edits; None where that was not asked for.
    places : (T, P, 3) where each touching point of ``contacts`` is held, NaN while it is free; in the space that
        ``places_space`` names. ``(T, 0, 3)`` where nothing was planted.
    sentences : what was done, for the user, such as ``"feet held"``.
    warnings : what the user should look at.
    """

    violations: tuple[Violation, ...] = ()
    slide_before_mm: float = float("nan")
    slide_after_mm: float = float("nan")
    contacts: Optional[Contacts] = None
    places: Array = field(default_factory=lambda: np.zeros((0, 0, 3)))
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
