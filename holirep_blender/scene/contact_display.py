# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts on screen: which draw handlers there are, and when they draw anew."""

from __future__ import annotations

import random


def new_revision() -> int:
    """A number that no earlier state of the file had, so that what was drawn before an undo is told from it."""
    return random.getrandbits(30)


def synchronise() -> None:
    """Adds the draw handlers that the file's scenes ask for, and takes out the others."""


def redraw() -> None:
    """Redraws the editors that show contacts."""
