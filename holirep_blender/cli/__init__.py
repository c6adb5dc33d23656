# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: the same verbs in ``blender -c holirep`` and in ``python -m holirep_blender``."""

from __future__ import annotations

from .main import main, run_command

__all__ = ["main", "run_command"]
