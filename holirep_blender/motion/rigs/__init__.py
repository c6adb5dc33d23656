# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognising a character's rig: which bone is which joint, which shape key is which expression."""

from __future__ import annotations

from .errors import NoUsableBonesError, PresetError, RigError
from .find import find_rig_map
from .rig import Rig, rig_from_points
from .rig_map import RigMap, usable

__all__ = [
    "NoUsableBonesError",
    "PresetError",
    "Rig",
    "RigError",
    "RigMap",
    "find_rig_map",
    "rig_from_points",
    "usable",
]
