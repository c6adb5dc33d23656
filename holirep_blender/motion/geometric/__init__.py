# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometric solve: observations to a take without any learned model. It is the baseline and stays as an option."""

from __future__ import annotations

from .options import FLOOR_KINDS, SMOOTHING_KINDS, SolveError, SolveOptions
from .solve import solve

__all__ = ["FLOOR_KINDS", "SMOOTHING_KINDS", "SolveError", "SolveOptions", "solve"]
