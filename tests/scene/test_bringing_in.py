# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters from files of their own, and what the first bytes of a .blend file say."""

from __future__ import annotations

import gzip
from pathlib import Path

import bpy
import pytest

from holirep_blender.scene.applying import check_character
from holirep_blender.scene.blend_header import blend_version
from holirep_blender.scene.bringing_in import BringInError, bring_in, contents
from holirep_blender.scene.characters import character_meshes, meshes_with_shape_keys

NAME = "HoliRep Performer"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, performer_file: Path) -> dict[str, Path]:
    """The demo character alone, and in a collection beside another one."""
    found = {"alone": performer_file, "hero": tmp_path_factory.mktemp("characters") / "hero.blend"}
    bpy.ops.wm.open_mainfile(filepath=str(performer_file))
    group = bpy.data.collections.new("Hero")
    bpy.context.scene.collection.children.link(group)
    for each in list(bpy.context.scene.collection.objects):
        bpy.context.scene.collection.objects.unlink(each)
        group.objects.link(each)
    bpy.data.collections.new("Props").objects.link(bpy.data.objects.new("Chair", None))
    bpy.context.scene.collection.children.link(bpy.data.collections["Props"])
    bpy.ops.wm.save_as_mainfile(filepath=str(found["hero"]))
    return found


@pytest.fixture
def files(written: dict[str, Path]) -> dict[str, Path]:
    """The files; an empty one is open."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return written


@pytest.mark.parametrize("link", [True, False])
def test_a_character_comes_with_its_collection_and_can_be_keyed(files, link):
    found = bring_in(bpy.context, files["hero"], NAME, link)
    assert check_character(found) == found
    assert (found.library, found.override_library is not None) == (None, link)
    assert len(character_meshes(found)) == 7
    assert [mesh.data.shape_keys.library for mesh in meshes_with_shape_keys(found)] == [None]
    assert "Chair" not in bpy.context.scene.objects
    found.pose.bones[0].location = (0.0, 0.0, 1.0)
    found.pose.bones[0].keyframe_insert("location", frame=1)
    assert found.animation_data.action is not None


def test_a_character_in_no_collection_can_be_appended_only(files):
    with pytest.raises(BringInError, match="is in no collection"):
        bring_in(bpy.context, files["alone"], NAME, link=True)
    assert not bpy.context.scene.objects
    found = bring_in(bpy.context, files["alone"], NAME, link=False)
    assert len(character_meshes(check_character(found))) == 7


def test_a_name_that_is_not_there_is_told_with_those_that_are(files):
    with pytest.raises(BringInError, match="has no object named 'Nobody'; it has Chair, HoliRep Performer"):
        bring_in(bpy.context, files["hero"], "Nobody", link=True)
    assert sorted(contents(files["hero"]).collections) == ["Hero", "Props"]


def test_what_is_no_blend_file_is_told(tmp_path):
    path = tmp_path / "no.blend"
    path.write_bytes(b"nothing of Blender's")
    with pytest.raises(BringInError, match="cannot be read as a"):
        contents(path)
    assert blend_version(path) is None


@pytest.mark.parametrize(
    ("start", "version"),
    [(b"BLENDER-v405REND", (4, 5)), (b"BLENDER_V279REND", (2, 79)), (b"BLENDER17-01v0502REND", (5, 2))],
)
def test_the_version_of_a_file_is_in_its_first_bytes(tmp_path, start, version):
    path = tmp_path / "a.blend"
    path.write_bytes(start + bytes(50))
    assert blend_version(path) == version
    path.write_bytes(gzip.compress(start + bytes(50)))
    assert blend_version(path) == version


@pytest.mark.parametrize("compress", [True, False])
def test_the_version_of_this_blenders_files(tmp_path, compress):
    path = tmp_path / "mine.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=compress, copy=True)
    assert blend_version(path) == tuple(bpy.app.version[:2])
