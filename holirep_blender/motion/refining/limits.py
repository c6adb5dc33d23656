# SPDX-License-Identifier: GPL-3.0-or-later
"""The human limits that refining asks for."""

from __future__ import annotations

from dataclasses import replace

from ..biomechanics.engine import LimitOptions
from ..biomechanics.limit_table import LimitTable
from ..skeleton import SIDES
from .options import RefineOptions

_LIMBS = frozenset(
    f"{side}{part}"
    for side in SIDES
    for part in ("UpperLeg", "LowerLeg", "Foot", "Toes", "Shoulder", "UpperArm", "LowerArm", "Hand")
)


def limit_options(options: RefineOptions) -> LimitOptions:
    """The human limits that are asked for. Raises ValueError, in the user's words, for unknown presets and joints."""
    return LimitOptions(LimitTable.load(options.preset, options.overrides), options.limits, options.joints)


def limb_limits(options: RefineOptions) -> LimitOptions:
    """The limits on what planting moves; all other joints are within theirs already."""
    joints = _LIMBS if options.joints is None else _LIMBS & options.joints
    return replace(limit_options(options), joints=joints)
