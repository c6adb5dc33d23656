# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes to apply takes in."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.motion.retargeting.clips import lively_take
from tests.rigs.builders import build_rig


@pytest.fixture
def empty_scene():
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.scene.render.fps = 30
    return bpy.context.scene


@pytest.fixture
def take():
    made = lively_take(frames=25)
    for joint in ("jaw", "leftEye", "rightEye"):
        made.local_rotations[:, made.joint_names.index(joint)] = (1.0, 0.0, 0.0, 0.0)
    waves = 0.5 - 0.5 * np.cos(np.linspace(0, 6, 25))
    made.blendshapes[:, made.blendshape_names.index("jawOpen")] = waves
    made.blendshapes[:, made.blendshape_names.index("eyeLookOutLeft")] = 0.5 * waves
    return made


@pytest.fixture
def character(empty_scene):
    return build_rig("vrm")


def add_face(armature, name="Face", keys=("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthFunnel")):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    made.parent = armature
    if keys:
        made.shape_key_add(name="Basis")
        for key in keys:
            block = made.shape_key_add(name=key)
            block.data[0].co.z += 1.0
    return made
