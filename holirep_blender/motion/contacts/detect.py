# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts from motion."""

from __future__ import annotations

from dataclasses import dataclass

from ..take import Take
from .floor import Floor
from .record import Contacts


@dataclass(frozen=True)
class ContactOptions:
    """Choices of :func:`detect_contacts`.

    Attributes
    ----------
    sensitivity : 1 as measured; higher finds more contacts (faster, higher points), lower fewer.
    hands : whether hands that rest on a surface of any height (a table, a wall) or on the floor are looked for.
    body : whether a seat and knees that rest are looked for.
    shortest : seconds of the shortest contact and of the shortest lift.
    """

    sensitivity: float = 1.0
    hands: bool = False
    body: bool = True
    shortest: float = 0.1


def detect_contacts(take: Take, floor: Floor, options: ContactOptions = ContactOptions()) -> Contacts:
    """When heels, toes and, if asked, hands, knees and the seat touch."""
    raise NotImplementedError
