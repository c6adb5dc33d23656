# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates: movies and image sequences, read frame by frame."""

from __future__ import annotations

from .opening import open_plate
from .plate import Plate

__all__ = ["Plate", "open_plate"]
