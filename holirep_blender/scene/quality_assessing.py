# SPDX-License-Identifier: GPL-3.0-or-later
"""Assessing a scene's shot and keeping what was found in it; its gates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ..quality.assessment import assess
from ..quality.evidence import Evidence
from ..quality.gates import read_gates
from ..quality.results import Quality
from . import quality_rows, quality_state
from .quality_evidence import gather_evidence
from .quality_properties import gates_of


@dataclass(frozen=True)
class Assessing:
    """A shot as it was when assessing it began: ``state`` tells whether it is still so."""

    evidence: Evidence
    gates: dict[str, float]
    state: str

    def measured(self) -> Quality:
        """The assessment; it touches nothing of Blender's, so it may run in a thread."""
        return assess(self.evidence, self.gates)

    def keep(self, scene: bpy.types.Scene, quality: Quality) -> str:
        """Keeps what was found in the scene; returns it in words."""
        quality_rows.write(scene, quality, self.evidence)
        rows = scene.holirep.quality
        rows.digest = self.state
        return f"{rows.summary}: {self.evidence.take.frame_count} frames"


def gathered(context: bpy.types.Context, scene: bpy.types.Scene) -> Assessing:
    """What a scene's shot is assessed by.

    Raises ValueError or OSError, in the user's words, where there is no take or it cannot be read; what was found
    before stays.
    """
    evidence = gather_evidence(context, scene)
    return Assessing(evidence, gates_of(scene.holirep.quality), quality_state.state_of(scene))


def load_gates(scene: bpy.types.Scene, path: Path) -> None:
    """Sets all gates of a scene's shot from a show's file. Raises GatesError: then none is changed."""
    for name, value in read_gates(path).items():
        setattr(scene.holirep.quality.gates, name, value)
