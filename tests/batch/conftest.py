# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of whole batches share: a character's file, and the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.batch.character_file import write_character

REPOSITORY = Path(__file__).resolve().parents[2]
Batch = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def hero(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A character in a file of its own, in a collection."""
    path = tmp_path_factory.mktemp("characters") / "hero.blend"
    write_character(path)
    return path


def batch_words(*words: object) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "holirep_blender", "batch", *(str(word) for word in words)]


def batch(*words: object, **variables: str) -> tuple[int, dict[str, Any], str]:
    """Runs the command; exit code, JSON object and stderr."""
    done = subprocess.run(
        [*batch_words(*words), "--json"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=600,
        env={**os.environ, **variables},
    )
    lines = done.stdout.strip().splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else {}, done.stderr
