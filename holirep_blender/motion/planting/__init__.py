# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts that hold on a character's own proportions: feet on its floor, hands on its own body."""

from .character_take import CharacterTake, character_floor, character_take, to_motion
from .options import Planted, PlantOptions
from .planting import planted

__all__ = [
    "CharacterTake",
    "PlantOptions",
    "Planted",
    "character_floor",
    "character_take",
    "planted",
    "to_motion",
]
