# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a character: its meshes, their shape keys, and the armature meant by a selected object."""

from __future__ import annotations

import bpy
import pytest

from holirep_blender.motion.rigs.shape_keys import find_shape_key_map
from holirep_blender.scene.characters import (
    armature_of,
    character_meshes,
    meshes_with_shape_keys,
    read_rig,
    shape_key_names,
)
from tests.rigs.builders import build_rig


def add_mesh(name: str, keys: tuple[str, ...] = ()) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    made = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(made)
    for key in keys:
        made.shape_key_add(name=key)
    return made


@pytest.fixture
def scene():
    bpy.ops.wm.read_homefile(use_empty=True)
    rig = build_rig("ready_player_me")
    face = add_mesh("Face", ("Basis", "jawOpen", "eyeBlinkLeft"))
    face.modifiers.new("Armature", "ARMATURE").object = rig
    teeth = add_mesh("Teeth", ("Rest", "jawOpen"))
    teeth.parent, teeth.parent_type, teeth.parent_bone = rig, "BONE", "Head"
    lashes = add_mesh("Lashes")
    lashes.parent = teeth
    add_mesh("Floor", ("Basis", "jawOpen"))
    return rig


def test_meshes_deformed_or_carried_by_the_armature_are_the_characters(scene):
    assert [mesh.name for mesh in character_meshes(scene)] == ["Face", "Lashes", "Teeth"]
    assert [mesh.name for mesh in meshes_with_shape_keys(scene)] == ["Face", "Teeth"]


def test_reference_key_is_no_expression_whatever_its_name(scene):
    assert shape_key_names(bpy.data.objects["Face"]) == ["jawOpen", "eyeBlinkLeft"]
    assert shape_key_names(bpy.data.objects["Teeth"]) == ["jawOpen"]
    assert shape_key_names(bpy.data.objects["Lashes"]) == []
    for mesh in character_meshes(scene):
        assert set(find_shape_key_map(shape_key_names(mesh))) == set(shape_key_names(mesh))


def test_armature_meant_by_any_part_of_the_character(scene):
    assert armature_of(scene) == scene
    for name in ("Face", "Teeth", "Lashes"):
        assert armature_of(bpy.data.objects[name]) == scene
    assert armature_of(bpy.data.objects["Floor"]) is None
    assert armature_of(None) is None


def test_custom_properties_of_bones_are_read(scene):
    assert read_rig(scene).properties == {}
    scene.pose.bones["Hips"]["IK_FK"] = 0.0
    assert read_rig(scene).properties == {"Hips": ("IK_FK",)}


def test_objects_transform_is_not_part_of_the_rig(scene):
    before = read_rig(scene).rest
    scene.rotation_euler = (0.3, 0.2, 0.1)
    scene.scale = (2, 2, 2)
    bpy.context.view_layer.update()
    assert (read_rig(scene).rest == before).all()
