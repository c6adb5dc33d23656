# SPDX-License-Identifier: GPL-3.0-or-later
"""Each export is read back by Blender and moves as the character did."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.scene import exporters
from holirep_blender.scene.applying import apply_take
from holirep_blender.scene.exporters import ExportError, export_character
from tests.scene.conftest import add_face
from tests.scene.measure import evaluated_heads

IMPORTERS = {
    "fbx": lambda path: bpy.ops.import_scene.fbx(filepath=path),
    "glb": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    "usd": lambda path: bpy.ops.wm.usd_import(filepath=path),
}
BONES = ("leftHand", "rightLowerArm", "head", "leftFoot")


def skinned(armature):
    """A mesh that the armature deforms, with a shape key."""
    face = add_face(armature)
    group = face.vertex_groups.new(name="head")
    group.add([0, 1, 2], 1.0, "REPLACE")
    modifier = face.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return face


@pytest.mark.parametrize("kind", exporters.FORMATS)
def test_what_is_exported_moves_as_the_character_does(character, take, tmp_path, kind):
    if kind == "usd" and not exporters._exists(bpy.ops.wm, "usd_export"):
        pytest.skip("this build of Blender has no USD")
    scene = bpy.context.scene
    face = skinned(character)
    other = bpy.data.objects.new("Bystander", bpy.data.meshes.new("Bystander"))
    scene.collection.objects.link(other)
    other.select_set(True)
    character.hide_set(True)
    apply_take(bpy.context, take, character)
    frames = (1, 8, 25)
    wanted = {frame: evaluated_heads(character, frame) for frame in frames}
    scene.frame_set(5)
    path = tmp_path / f"out.{kind}"
    export_character(bpy.context, face, path, kind)
    assert [each.name for each in bpy.context.view_layer.objects if each.select_get()] == ["Bystander"]
    assert character.hide_get()
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (1, 250, 5)
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.scene.render.fps = 30
    IMPORTERS[kind](str(path))
    assert "Bystander" not in bpy.data.objects
    imported = next(each for each in bpy.data.objects if each.type == "ARMATURE")
    first = round(imported.animation_data.action.frame_range[0])
    assert imported.animation_data.action.frame_range[1] - first == pytest.approx(24, abs=0.01)
    for frame in frames:
        heads = evaluated_heads(imported, first + frame - 1)
        for bone in BONES:
            name = next(each for each in heads if each.endswith(bone))
            assert np.allclose(heads[name], wanted[frame][bone], atol=2e-3), (frame, bone)


def test_faults_are_clear(character, take, tmp_path, monkeypatch):
    with pytest.raises(ExportError, match="no animation"):
        export_character(bpy.context, character, tmp_path / "out.fbx", "fbx")
    apply_take(bpy.context, take, character)
    with pytest.raises(ExportError, match="Unknown format"):
        export_character(bpy.context, character, tmp_path / "out.abc", "abc")
    with pytest.raises(ExportError, match="no folder"):
        export_character(bpy.context, character, tmp_path / "no such folder" / "deep" / "out.fbx", "fbx")
    monkeypatch.setattr(exporters, "_exists", lambda *_: False)
    with pytest.raises(ExportError, match="no USD"):
        export_character(bpy.context, character, tmp_path / "out.usd", "usd")
    bpy.context.scene.collection.objects.unlink(character)
    with pytest.raises(ExportError, match="view layer"):
        export_character(bpy.context, character, tmp_path / "out.glb", "glb")
