# SPDX-License-Identifier: GPL-3.0-or-later
"""The package registered in the module bpy, and its command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator

import bpy
import pytest

import holirep_blender

REPOSITORY = Path(__file__).resolve().parents[2]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def registered() -> Iterator[None]:
    """The package registered, with an empty file."""
    holirep_blender.register()
    bpy.ops.wm.read_homefile(use_empty=True)
    yield
    holirep_blender.unregister()


@pytest.fixture
def shot(registered: None) -> bpy.types.PropertyGroup:
    """The shot of an empty file."""
    return bpy.context.scene.holirep


def run_command(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a user does."""
    line = [sys.executable, "-m", "holirep_blender", *(str(word) for word in words)]
    return subprocess.run(
        line, capture_output=True, text=True, env={**os.environ, **variables}, cwd=REPOSITORY, timeout=300
    )
