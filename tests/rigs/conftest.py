# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs that several test modules read, built once."""

from __future__ import annotations

import bpy
import pytest

from holirep_blender.motion.rigs import Rig
from holirep_blender.scene.characters import read_rig
from tests.rigs.builders import QUICK_FAMILIES, build_rig


@pytest.fixture(scope="session")
def rigs() -> dict[str, Rig]:
    """Every quickly built family's rig, read from Blender."""
    found = {}
    for family in QUICK_FAMILIES:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        found[family] = read_rig(build_rig(family))
    return found


@pytest.fixture(scope="session")
def _generated_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A .blend with a generated Rigify rig: generating takes seconds, loading does not."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_rig("rigify")
    path = str(tmp_path_factory.mktemp("rigify") / "rigify.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    return path


@pytest.fixture
def generated_rigify(_generated_file: str) -> bpy.types.Object:
    """The armature object of a freshly loaded generated Rigify rig."""
    bpy.ops.wm.open_mainfile(filepath=_generated_file, use_scripts=False)
    return next(loaded for loaded in bpy.data.objects if loaded.type == "ARMATURE")
