# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for the farm's engines, and the engines themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from holirep_blender.batch.farm.submission import Submission
from holirep_blender.batch.launching import NODE_WORDS
from holirep_blender.batch.plan import Input, Output, Plan, Stage

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def farm() -> Path:
    """The folder of programs of the environment with the farm's engines."""
    folder = REPOSITORY / ".farm" / ("Scripts" if sys.platform == "win32" else "bin")
    if not folder.is_dir():
        pytest.skip("the farm's engines are not here: run the tests with `make test`, which installs them")
    return folder


def stage(shot: str, name: str, *needs: str, reads: str = "", **values: object) -> Stage:
    """A stage that reads a plate, where one is named, and leaves one file."""
    kind = name.split(".")[0]
    inputs = (Input("plate", reads),) if reads else ()
    outputs = (Output("out", f"{shot}/{name}.out"),)
    identities = tuple(need if "/" in need else f"{shot}/{need}" for need in needs)
    return Stage(shot, kind, name, identities, (kind,), {}, inputs, outputs, **values)


def plan(folder: Path, shots: list[str]) -> Plan:
    """Shots that are replicated, applied, seen in two chunks of frames, and exported in two formats."""
    stages = []
    for shot in shots:
        stages += [
            stage(shot, "replicate", reads=f"plates/{shot}.mov", timeout=600.0),
            stage(shot, "apply", "replicate", timeout=60.0),
            stage(shot, "render-preview.0001-0025", "apply", frames=(1, 25), uses_gpu=True),
            stage(shot, "render-preview.0026-0050", "apply", frames=(26, 50), uses_gpu=True),
            stage(shot, "export.fbx", "apply"),
            stage(shot, "export.bvh", "replicate"),
        ]
    return Plan("night", folder, folder / "out", tuple(stages))


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    """Two shots, for Blender as an application."""
    (tmp_path / "night.toml").write_text("", encoding="utf-8")
    made = plan(tmp_path, ["sh010", "sh020"])
    return Submission(made, tmp_path / "night.toml", ("blender", *NODE_WORDS))
