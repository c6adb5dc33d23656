# SPDX-License-Identifier: GPL-3.0-or-later
"""The world root made consistent with contacts."""

from __future__ import annotations

from ..take import Take
from .floor import Floor
from .record import Contacts


def grounded(take: Take, contacts: Contacts, floor: Floor, strength: float = 1.0) -> Take:
    """The take with its root shifted smoothly so that touching points rest and none is under the floor."""
    raise NotImplementedError
