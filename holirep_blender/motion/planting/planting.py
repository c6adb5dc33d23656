# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of planting: feet, hands and limits on one skeleton."""

from __future__ import annotations

from typing import Optional

from ..contacts.record import Contacts
from ..take import Take
from .options import Planted, PlantOptions


def planted(take: Take, contacts: Contacts, options: PlantOptions, *, source: Optional[Take] = None) -> Planted:
    """Holds the contacts of a take on its own skeleton.

    Parameters
    ----------
    take : ``T`` frames, usually a character's (``character_take``).
    contacts : what touches when, ``T`` frames.
    source : the performer's take that was retargeted, ``T`` frames: shows which hand rests where on the own body.

    Raises
    ------
    ValueError : in the user's words, where the floor lies above the head, or values are not numbers.
    """
    raise NotImplementedError
