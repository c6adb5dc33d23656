# SPDX-License-Identifier: GPL-3.0-or-later
"""The plate without its performer: what was behind them, from other frames of the same plate."""

from __future__ import annotations

from .request import clean_plate

__all__ = ["clean_plate"]
