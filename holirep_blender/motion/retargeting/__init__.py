# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes on any rig: rest poses, bone axes and proportions may all differ."""

from .motion import retarget, take_rest_positions
from .options import BoneInheritance, RetargetedMotion, RetargetError, RetargetOptions

__all__ = [
    "BoneInheritance",
    "RetargetError",
    "RetargetOptions",
    "RetargetedMotion",
    "retarget",
    "take_rest_positions",
]
