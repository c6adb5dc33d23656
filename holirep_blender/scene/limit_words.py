# SPDX-License-Identifier: GPL-3.0-or-later
"""Joint motions in the artist's words."""

from __future__ import annotations

from ..motion.biomechanics.report import joint_label


def limit_label(joint: str, motion: str) -> str:
    """A joint's motion in words: ``leftLowerLeg``, ``flexion`` becomes ``Left knee flexion``."""
    words = f"{joint_label(joint)} {motion}"
    return words[:1].upper() + words[1:]
