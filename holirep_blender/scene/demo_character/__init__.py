# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo character: a human rig, body, face and clothes that this package makes from numbers alone."""

from __future__ import annotations

from .assembly import build_demo_character

__all__ = ["build_demo_character"]
