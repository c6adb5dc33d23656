# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for the user that host and worker both say."""

from __future__ import annotations

OUT_OF_MEMORY = (
    "The worker ran out of memory. Close other programs, use a shorter frame range or a smaller plate, or lower the "
    "number of tracking processes, then run again."
)
NO_SPACE = "There is no space left on the disk. Free some space or choose another folder, then run again."


def missing_package(module: str) -> str:
    """The sentence for a package that the runtime should have."""
    return f"The runtime lacks the package '{module}'. Press Repair Runtime in the preferences, then run again."
