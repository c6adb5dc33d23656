# SPDX-License-Identifier: GPL-3.0-or-later
"""The centre of mass, and whether a body that hardly moves could stand as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from ..take import Take

if TYPE_CHECKING:
    from ..contacts.floor import Floor
    from ..contacts.record import Contacts
    from .report import Violation

Array = npt.NDArray[np.float64]


def centre_of_mass(take: Take) -> Array:
    """The body's centre of mass ``(T, 3)`` in metres, Z up."""
    raise NotImplementedError


def static_balance(take: Take, contacts: Contacts, floor: Optional[Floor] = None) -> list[Violation]:
    """Spans in which the body is nearly at rest and its centre of mass is not over what it stands on."""
    raise NotImplementedError
