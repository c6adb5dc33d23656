# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts that hold on a character's own proportions: feet on its floor, hands on its own body."""

from .again import PlantMemo
from .character_floor import character_floor
from .character_motion import to_motion
from .character_take import CharacterTake, character_take
from .options import Planted, PlantOptions
from .planting import planted

__all__ = [
    "CharacterTake",
    "PlantMemo",
    "PlantOptions",
    "Planted",
    "character_floor",
    "character_take",
    "planted",
    "to_motion",
]
