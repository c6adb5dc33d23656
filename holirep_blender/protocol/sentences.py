# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for the user that host and worker both say."""

from __future__ import annotations

OUT_OF_MEMORY = (
    "The worker ran out of memory. Close other programs, or use a shorter frame range or a smaller plate, then run "
    "again."
)
NO_SPACE = "There is no space left on the disk. Free some space or choose another folder, then run again."


IF_AGAIN = "Run again; if it happens again, run Doctor."
PRESS_INSTALL = "Press Install Runtime in the preferences of HoliRep, or run its command 'runtime install'."
PRESS_REPAIR = "Press Repair Runtime in the preferences of HoliRep, or run its command 'runtime install --repair'."
"""In words that fit the interface and the command line."""


def missing_package(module: str) -> str:
    """The sentence for a package that the runtime should have."""
    return f"The runtime lacks the package '{module}'. {PRESS_REPAIR}"
