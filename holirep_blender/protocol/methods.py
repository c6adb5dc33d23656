# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods that find joint rotations from what the tracker saw, by the names that host and worker both use."""

from __future__ import annotations

FUSION, GEOMETRIC = "fusion", "geometric"
METHODS: tuple[str, ...] = (FUSION, GEOMETRIC)
DEFAULT_METHOD = FUSION
"""The method of a new shot, and of a request that names none."""
