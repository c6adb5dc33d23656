# SPDX-License-Identifier: GPL-3.0-or-later
"""Refining: captured motion made to hold: human limits, world, contacts, and the character's own proportions."""

from .options import RefineOptions

__all__ = ["RefineOptions"]
