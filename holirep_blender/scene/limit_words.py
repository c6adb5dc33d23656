# SPDX-License-Identifier: GPL-3.0-or-later
"""Joint motions in the artist's words."""

from __future__ import annotations

from ..motion.biomechanics.report import motion_label


def limit_label(joint: str, motion: str) -> str:
    """A joint's motion in words: ``leftLowerArm``, ``rotation`` becomes ``Left forearm pronation``."""
    words = motion_label(joint, motion)
    return words[:1].upper() + words[1:]
