# SPDX-License-Identifier: GPL-3.0-or-later
"""What those who ask the networks must know of them, without PyTorch."""

from __future__ import annotations

SIZES = {
    "pose": 256,
    "hand": 224,
    "hand_lite": 224,
    "face": 192,
    "body_detector": 224,
    "palm_detector": 192,
    "face_detector": 128,
}
"""Pixels of a crop's side, by network."""
NAMES = tuple(SIZES)
KEY_POINTS = {"body_detector": 4, "palm_detector": 7, "face_detector": 6}
LEAST_SCORES = {"body_detector": 0.5, "palm_detector": 0.5, "face_detector": 0.5}
"""Below this a detection is none."""
BORDERED = frozenset(KEY_POINTS)
"""The networks to which what lies outside of the picture is black; to the others it is as at the edge."""
