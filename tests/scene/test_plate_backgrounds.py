# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from holirep_blender.scene import blender_versions, plate_backgrounds
from holirep_blender.scene.actions import MARK
from holirep_blender.scene.cameras import CameraError, add_solved_camera
from holirep_blender.scene.plate_backgrounds import show_plate
from tests.scene.test_applying import artists_action


def write_frames(folder, numbers, name="plate.{:04d}.png"):
    paths = []
    for number in numbers:
        image = bpy.data.images.new("frame", 64, 36)
        image.pixels[:] = np.tile([number / 255.0, 0.0, 0.0, 1.0], 64 * 36).astype(np.float32)
        image.filepath_raw, image.file_format = str(folder / name.format(number)), "PNG"
        image.save()
        bpy.data.images.remove(image)
        paths.append(folder / name.format(number))
    return paths


@pytest.mark.parametrize(("fps", "scene_fps"), [(30, 30), (30, 24), (12.5, 24)])
def test_the_plate_runs_by_time(empty_scene, filmed, tmp_path, fps, scene_fps):
    paths = write_frames(tmp_path, range(1001, 1041))
    filmed.fps, filmed.frame_start = fps, 1005
    empty_scene.render.fps = scene_fps
    camera, _ = add_solved_camera(empty_scene, filmed, 20)
    for _ in range(2):
        warnings = show_plate(empty_scene, camera, paths[0], filmed, 20)
    assert len(camera.data.background_images) == 1
    assert not warnings
    background = camera.data.background_images[0]
    assert camera.data.show_background_images
    assert background.image.source == "SEQUENCE"
    for frame in (20, 23, 27, 33, 57):
        played = (frame - 20) / scene_fps * fps
        if played > 24:  # after the take's end
            continue
        empty_scene.frame_set(frame)
        user = background.image_user
        shown = frame - user.frame_start + 1 + user.frame_offset
        assert shown == 1005 + int(np.floor(played + 0.5))
        assert 1 <= frame - user.frame_start + 1 <= user.frame_duration


def movie(tmp_path, name="plate.mp4"):
    """A file with a movie's name: nothing here reads its pictures."""
    (tmp_path / name).write_bytes(b"\x00" * 64)
    return tmp_path / name


def test_the_artists_image_of_the_plate_is_not_touched(empty_scene, filmed, tmp_path):
    path = write_frames(tmp_path, [1005])[0]
    mine = bpy.data.images.load(str(path))
    mine.colorspace_settings.name = "Non-Color"
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    for _ in range(3):
        show_plate(empty_scene, camera, path, filmed, 1)
        assert (mine.source, mine.colorspace_settings.name, MARK in mine, mine.users) == ("FILE", "Non-Color", False, 0)
        assert len(bpy.data.images) == 2
    ours = camera.data.background_images[0].image
    ours.colorspace_settings.name = "Linear Rec.709"
    camera.data.background_images[0].alpha = 0.5
    show_plate(empty_scene, camera, path, filmed, 1)
    assert ours.colorspace_settings.name == "Linear Rec.709"
    assert camera.data.background_images[0].alpha == 0.5


def test_another_plate_replaces_the_first_and_leaves_no_image_behind(empty_scene, filmed, tmp_path):
    paths = write_frames(tmp_path, [1], "a.{:04d}.png") + write_frames(tmp_path, [1], "b.{:04d}.png")
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    mine = camera.data.background_images.new()
    mine.image = bpy.data.images.new("reference", 8, 8)
    for path in paths:
        show_plate(empty_scene, camera, path, filmed, 1)
    assert [each.image.name for each in camera.data.background_images] == ["reference", "b.0001.png"]
    assert {each.name for each in bpy.data.images} == {"reference", "b.0001.png"}


@pytest.mark.parametrize("suffix", [".gif", ".ts", ".m2ts", ".3gp", ".flv", ".ogv", ".mp4", ".MOV"])
def test_a_movie_is_a_movie_whatever_its_suffix(empty_scene, filmed, tmp_path, suffix):
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    show_plate(empty_scene, camera, movie(tmp_path, f"plate0001{suffix}"), filmed, 1)
    assert camera.data.background_images[0].image.source == "MOVIE"


@pytest.mark.parametrize("named", ["", "plate.####.png", "plate.%04d.png", "plate.1007.png"])
def test_a_sequence_by_folder_pattern_or_picture(empty_scene, filmed, tmp_path, named):
    write_frames(tmp_path, range(1005, 1010))
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    show_plate(empty_scene, camera, tmp_path / named, filmed, 1)
    image = camera.data.background_images[0].image
    assert image.source == "SEQUENCE"
    assert Path(image.filepath).name in {f"plate.{number}.png" for number in range(1005, 1010)}


def test_offsets_of_a_wrong_frame_rate_go_when_it_was_corrected(empty_scene, filmed, tmp_path):
    path = write_frames(tmp_path, [1])[0]
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    mine = artists_action(camera.data, "lens")
    empty_scene.render.fps = 24
    show_plate(empty_scene, camera, path, filmed, 1)
    assert MARK in camera.data.animation_data.action
    assert [strip.action for track in camera.data.animation_data.nla_tracks for strip in track.strips] == [mine]
    empty_scene.render.fps = 30
    show_plate(empty_scene, camera, path, filmed, 1)
    assert camera.data.animation_data.action is None
    assert [each for each in bpy.data.actions if each.get(MARK) == "plate"] == []
    empty_scene.frame_set(20)
    lens = camera.data.evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert lens.background_images[0].image_user.frame_offset == filmed.frame_start - 1


def keyed(owner):
    data = owner.animation_data
    return blender_versions.fcurves_of(data.action, owner) if data is not None and data.action is not None else []


def test_keys_that_the_artist_gives_the_lens_stay(empty_scene, filmed, tmp_path):
    """From Blender 4.4 on they go into the action that HoliRep made for the camera, under a slot of their own."""
    path = write_frames(tmp_path, [1])[0]
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    camera.data.clip_end = 77.0
    camera.data.keyframe_insert("clip_end", frame=3)
    turning = filmed.camera.world_from_camera.copy()
    for fps, still in ((24, False), (30, True), (24, True), (30, False), (24, False)):
        empty_scene.render.fps = fps
        filmed.camera.world_from_camera[:] = turning[0] if still else turning
        add_solved_camera(empty_scene, filmed, 1)
        show_plate(empty_scene, camera, path, filmed, 1)
        lens = keyed(camera.data)
        strips = [strip for track in camera.data.animation_data.nla_tracks for strip in track.strips]
        kept = [curve.data_path for strip in strips for curve in blender_versions.fcurves_of(strip.action)]
        assert [curve.data_path for curve in lens].count("clip_end") + kept.count("clip_end") == 1
        assert any("frame_offset" in curve.data_path for curve in lens) == (fps == 24)
        assert bool(keyed(camera)) != still
        assert len(bpy.data.actions) <= 3


def test_nothing_is_half_shown_when_something_fails(empty_scene, filmed, tmp_path, monkeypatch):
    paths = write_frames(tmp_path, [1], "a.{:04d}.png") + write_frames(tmp_path, [1], "b.{:04d}.png")
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    show_plate(empty_scene, camera, paths[0], filmed, 1)
    empty_scene.render.fps = 24

    def fails(*_arguments, **_options):
        raise MemoryError

    monkeypatch.setattr(plate_backgrounds, "put_in_place", fails)
    with pytest.raises(MemoryError):
        show_plate(empty_scene, camera, paths[1], filmed, 9)
    background = camera.data.background_images[0]
    assert background.image.name == "a.0001.png"
    assert background.image_user.frame_start == 1
    assert [each.name for each in bpy.data.images] == ["a.0001.png"]
    assert not [each for each in bpy.data.actions if each.get(MARK) == "plate"]


def test_a_plate_that_is_not_there_is_one_clear_error(empty_scene, filmed, tmp_path):
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    for gone in (tmp_path / "gone.mp4", tmp_path / "gone.####.png", tmp_path):
        with pytest.raises(CameraError, match="no plate at"):
            show_plate(empty_scene, camera, gone, filmed, 1)
    assert not camera.data.background_images
