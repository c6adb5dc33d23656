# SPDX-License-Identifier: GPL-3.0-or-later
"""The solve after the network: a whole clip that agrees with the picture, the ground and human limits."""

from __future__ import annotations

from .clip import Given, Start, Tuning, solved
from .evidence import Evidence, evidence_of
from .starting import start_of
from .terms import Clip

__all__ = ["Clip", "Evidence", "Given", "Start", "Tuning", "evidence_of", "solved", "start_of"]
