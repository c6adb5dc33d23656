# SPDX-License-Identifier: GPL-3.0-or-later
"""Assessing a scene's shot and keeping what was found in it; its gates."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import bpy

from ..quality.assessment import assess
from ..quality.gates import read_gates
from . import quality_rows, quality_state
from .quality_evidence import gather_evidence


def assess_scene(context: bpy.types.Context, scene: bpy.types.Scene, progress: Callable[[float], None]) -> int:
    """Assesses a scene's shot by its own gates and keeps what was found; returns how many frames were looked at.

    ``progress`` is told how far it is, in percent. Raises ValueError or OSError, in the user's words, where there is no
    take or it cannot be read; then what was found before stays.
    """
    rows = scene.holirep.quality
    evidence = gather_evidence(context, scene)
    progress(30)
    quality = assess(evidence, quality_rows.gates_of(rows))
    progress(90)
    quality_rows.write(scene, quality, evidence)
    rows.digest = quality_state.state_of(scene)
    return evidence.take.frame_count


def load_gates(scene: bpy.types.Scene, path: Path) -> None:
    """Sets all gates of a scene's shot from a show's file. Raises GatesError: then none is changed."""
    for name, value in read_gates(path).items():
        setattr(scene.holirep.quality.gates, name, value)
