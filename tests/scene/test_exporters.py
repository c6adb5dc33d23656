# SPDX-License-Identifier: GPL-3.0-or-later
"""Each export is read back by Blender and moves as the character did."""

from __future__ import annotations

import shutil

import bpy
import numpy as np
import pytest

from holirep_blender.scene import exporters
from holirep_blender.scene.applying import ApplyOptions, apply_take
from holirep_blender.scene.exporters import ExportError, export_character
from tests.scene.conftest import add_face
from tests.scene.measure import evaluated_heads

IMPORTERS = {
    "fbx": lambda path: bpy.ops.import_scene.fbx(filepath=path),
    "glb": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    "usd": lambda path: bpy.ops.wm.usd_import(filepath=path),
}
KINDS = [
    pytest.param(
        kind,
        marks=pytest.mark.skipif(
            kind == "usd" and not exporters._exists(bpy.ops.wm, "usd_export"), reason="this build of Blender has no USD"
        ),
    )
    for kind in exporters.FORMATS
]
BONES = ("leftHand", "rightLowerArm", "head", "leftFoot")


def skinned(armature):
    """A mesh that the armature deforms, with a shape key."""
    face = add_face(armature)
    group = face.vertex_groups.new(name="head")
    group.add([0, 1, 2], 1.0, "REPLACE")
    modifier = face.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return face


def assert_moves_as(path, kind, wanted, first_frame=1):
    """Reads a file into an empty scene; heads ``{frame: {bone: position}}`` must be met, the range be the take's."""
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.scene.render.fps = 30
    IMPORTERS[kind](str(path))
    imported = next(each for each in bpy.data.objects if each.type == "ARMATURE")
    keys = [mesh.data.shape_keys for mesh in bpy.data.objects if mesh.type == "MESH" and mesh.data.shape_keys]
    assert any(key.animation_data is not None for key in keys)
    first = round(imported.animation_data.action.frame_range[0])
    assert imported.animation_data.action.frame_range[1] - first == pytest.approx(24, abs=0.01)
    for frame, expected in wanted.items():
        heads = evaluated_heads(imported, first + frame - first_frame)
        for bone in BONES:
            name = next(each for each in heads if each.endswith(bone))
            assert np.allclose(heads[name], expected[bone], atol=2e-3), (frame, bone)


@pytest.mark.parametrize("to_nla", [False, True], ids=["active action", "NLA"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_moves_as_the_character_does(character, take, tmp_path, kind, to_nla):
    scene = bpy.context.scene
    face = skinned(character)
    other = bpy.data.objects.new("Bystander", bpy.data.meshes.new("Bystander"))
    scene.collection.objects.link(other)
    other.select_set(True)
    character.hide_set(True)
    apply_take(bpy.context, take, character, ApplyOptions(push_to_nla=to_nla))
    wanted = {frame: evaluated_heads(character, frame) for frame in (1, 8, 25)}
    scene.frame_set(5)
    path = tmp_path / f"out.{kind}"
    export_character(bpy.context, face, path, kind)
    assert [each.name for each in bpy.context.view_layer.objects if each.select_get()] == ["Bystander"]
    assert character.hide_get()
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (1, 250, 5)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert_moves_as(path, kind, wanted)
    assert "Bystander" not in bpy.data.objects


@pytest.mark.parametrize(
    ("kind", "hidden"),
    [
        ("glb", "collection"),
        ("fbx", "collection"),
        pytest.param("usd", "collection", marks=KINDS[-1].marks),
        ("fbx", "layer"),
        ("fbx", "object"),
        ("fbx", "unselectable"),
    ],
)
def test_what_is_hidden_is_exported_all_the_same_and_hidden_again(character, take, tmp_path, kind, hidden):
    face = skinned(character)
    shelf = bpy.data.collections.new("Shelf")
    bpy.context.scene.collection.children.link(shelf)
    for each in (character, face):
        shelf.objects.link(each)
        bpy.context.scene.collection.objects.unlink(each)
    apply_take(bpy.context, take, character)
    wanted = {frame: evaluated_heads(character, frame) for frame in (1, 25)}
    layer = bpy.context.view_layer.layer_collection.children["Shelf"]
    for place, name in {
        "layer": [(layer, "hide_viewport")],
        "collection": [(shelf, "hide_viewport")],
        "object": [(character, "hide_viewport"), (face, "hide_viewport")],
        "unselectable": [(shelf, "hide_select"), (character, "hide_select")],
    }[hidden]:
        setattr(place, name, True)
    state = [(layer.hide_viewport, shelf.hide_viewport, shelf.hide_select)]
    state += [(each.hide_viewport, each.hide_select, each.hide_get()) for each in (character, face)]
    export_character(bpy.context, character, tmp_path / f"out.{kind}", kind)
    after = [(layer.hide_viewport, shelf.hide_viewport, shelf.hide_select)]
    after += [(each.hide_viewport, each.hide_select, each.hide_get()) for each in (character, face)]
    assert after == state
    assert_moves_as(tmp_path / f"out.{kind}", kind, wanted)


@pytest.mark.parametrize("mode", ["POSE", "EDIT"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_mode_is_as_it_was(character, take, tmp_path, kind, mode):
    skinned(character)
    apply_take(bpy.context, take, character)
    wanted = {frame: evaluated_heads(character, frame) for frame in (1, 25)}
    bpy.context.view_layer.objects.active = character
    character.select_set(True)
    bpy.ops.object.mode_set(mode=mode)
    export_character(bpy.context, character, tmp_path / f"out.{kind}", kind)
    assert character.mode == mode
    assert bpy.context.view_layer.objects.active == character
    assert character.select_get()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert_moves_as(tmp_path / f"out.{kind}", kind, wanted)


@pytest.mark.parametrize(
    ("kind", "name", "others"),
    [
        ("glb", "out.gltf", ["out.bin"]),
        ("glb", "out.vrm", []),
        ("glb", "out", []),
        ("fbx", "out.bin", []),
        ("fbx", "two.dots.FBX", []),
    ],
)
def test_the_file_has_the_name_that_was_asked_for(character, take, tmp_path, kind, name, others):
    skinned(character)
    apply_take(bpy.context, take, character)
    wanted = {1: evaluated_heads(character, 1)}
    (tmp_path / name).write_text("an older one")
    export_character(bpy.context, character, tmp_path / name, kind)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([name, *others])
    if not others:
        shutil.copy(tmp_path / name, tmp_path / f"read.{kind}")
        name = f"read.{kind}"
    assert_moves_as(tmp_path / name, kind, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_leaves_the_older_file_and_nothing_else(character, take, tmp_path, monkeypatch, kind):
    apply_take(bpy.context, take, character)
    path = tmp_path / f"out.{kind}"
    path.write_text("an older one")

    def fails(_kind, partial, _nla):
        partial.write_text("half a file")
        raise RuntimeError(f"Error: cannot write {partial}")

    monkeypatch.setattr(exporters, "_run", fails)
    with pytest.raises(ExportError, match=f"cannot write {path}"):
        export_character(bpy.context, character, path, kind)
    assert path.read_text() == "an older one"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_the_range_holds_keys_between_frames(character, take):
    scene = bpy.context.scene
    scene.render.fps = 24
    apply_take(bpy.context, take, character, ApplyOptions(frame_start=10.6))
    assert exporters._animated_range(character) == (10, 30)
    scene.render.fps = 30
    apply_take(bpy.context, take, character, ApplyOptions(frame_start=10))
    assert exporters._animated_range(character) == (10, 34)


def test_a_character_with_a_keyed_face_alone_is_exported(character, take, tmp_path):
    skinned(character)
    apply_take(bpy.context, take, character, ApplyOptions(body=False))
    export_character(bpy.context, character, tmp_path / "out.glb", "glb")
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(tmp_path / "out.glb"))
    keys = next(each.data.shape_keys for each in bpy.data.objects if each.type == "MESH" and each.data.shape_keys)
    assert keys.animation_data is not None


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
