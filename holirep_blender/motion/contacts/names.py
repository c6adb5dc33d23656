# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of a body that can rest on something."""

from __future__ import annotations

from ..take import CONTACT_NAMES

SOLE_POINTS: tuple[str, ...] = CONTACT_NAMES
"""Heel and ball of both feet, in the order of a take's contacts."""
HAND_POINTS: tuple[str, ...] = ("leftHand", "rightHand")
KNEE_POINTS: tuple[str, ...] = ("leftKnee", "rightKnee")
SEAT_POINT = "hips"
CONTACT_POINTS: tuple[str, ...] = (*SOLE_POINTS, *HAND_POINTS, *KNEE_POINTS, SEAT_POINT)
