# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that all tests share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# A clean Blender profile, set before any test module imports bpy: no test reads or writes the user's preferences.
_PROFILE = tempfile.mkdtemp(prefix="holirep-profile-")
(Path(_PROFILE) / "config").mkdir()
os.environ["BLENDER_USER_RESOURCES"] = _PROFILE
atexit.register(shutil.rmtree, _PROFILE, ignore_errors=True)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout's root folder."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of test data that is not part of the project; skips the test where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"test data is not here: {folder}")
    return folder


@pytest.fixture(scope="session")
def runtime() -> Path:
    """The runtime that the worker is started in."""
    folder = Path(os.environ.get("HOLIREP_RUNTIME") or REPOSITORY / ".runtime")
    if not folder.is_dir():
        pytest.skip(f"there is no runtime at {folder}: set it up with `make test`")
    return folder


@pytest.fixture(scope="session")
def performer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo character in a file, to be opened: building it takes five seconds. Another file is open after it."""
    import bpy

    from holirep_blender.scene.demo_character import build_demo_character

    path = tmp_path_factory.mktemp("performer") / "performer.blend"
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    build_demo_character(bpy.context)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


@pytest.fixture(scope="session")
def plate() -> Path:
    """The sample plate."""
    path = REPOSITORY / "build" / "plates" / "demo.mp4"
    if not path.is_file():
        pytest.skip("the sample plate is not here: run the tests with `make test`, which fetches it")
    return path
