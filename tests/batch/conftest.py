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

REPOSITORY = Path(__file__).resolve().parents[2]
CHARACTER = "HoliRep Performer"
Batch = Callable[..., "subprocess.CompletedProcess[str]"]
_SCRIPT = """
import sys
import bpy
import holirep_blender
holirep_blender.register()
from holirep_blender.scene.demo_character import build_demo_character
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
build_demo_character(bpy.context)
group = bpy.data.collections.new("Character")
bpy.context.scene.collection.children.link(group)
for one in list(bpy.context.scene.objects):
    for old in one.users_collection:
        old.objects.unlink(one)
    group.objects.link(one)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
"""


@pytest.fixture(scope="session")
def runtime() -> Path:
    """The runtime that the workers are started in."""
    folder = Path(os.environ.get("HOLIREP_RUNTIME") or REPOSITORY / ".runtime")
    if not folder.is_dir():
        pytest.skip(f"there is no runtime at {folder}: set it up with `make test`")
    return folder


@pytest.fixture(scope="session")
def plate() -> Path:
    """The sample plate."""
    path = REPOSITORY / "build" / "plates" / "demo.mp4"
    if not path.is_file():
        pytest.skip("the sample plate is not here: run the tests with `make test`, which fetches it")
    return path


@pytest.fixture(scope="session")
def hero(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A character in a file of its own, in a collection."""
    path = tmp_path_factory.mktemp("characters") / "hero.blend"
    subprocess.run([sys.executable, "-c", _SCRIPT, str(path)], cwd=REPOSITORY, check=True, capture_output=True)
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
