# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes to apply takes in."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.take import Camera
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


@pytest.fixture
def filmed(take):
    """A camera off the axis in every respect: principal point, tilt, roll, and moving."""
    count = take.frame_count
    matrices = np.tile(np.eye(4), (count, 1, 1))
    down = rotations.from_axis_angle([1, 0, 0], np.full(count, -np.pi / 2 - 0.1))
    roll = rotations.from_axis_angle([0, 0, 1], np.linspace(-0.1, 0.2, count))
    matrices[:, :3, :3] = rotations.to_matrix(rotations.multiply(roll, down))
    matrices[:, :3, 3] = np.stack([np.linspace(-0.3, 0.3, count), np.full(count, -5.0), np.full(count, 1.4)], axis=1)
    intrinsics = np.array([[1100.0, 0, 700.0], [0, 1100.0, 330.0], [0, 0, 1]])
    take.camera = Camera(intrinsics, matrices, np.array([1280.0, 720.0]))
    return take


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
