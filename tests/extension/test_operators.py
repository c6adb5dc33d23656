# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that need no worker: the character, its rig map, takes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from holirep_blender import preferences
from holirep_blender.motion.take import Take
from holirep_blender.operators import session
from holirep_blender.operators.doctor import _draw
from holirep_blender.operators.install_runtime import draw_plan
from holirep_blender.operators.performance import Performance
from holirep_blender.protocol.messages import Progress
from holirep_blender.runtime.doctor import _worker_log_lines
from holirep_blender.runtime.jobs import Job
from holirep_blender.runtime.progress_text import progress_text
from holirep_blender.scene import rig_map_rows
from holirep_blender.scene import shot as shots
from holirep_blender.scene.blender_versions import PATH_OPTIONS
from tests.motion.retargeting.clips import lively_take
from tests.rigs.builders import build_rig


@pytest.fixture
def take_path(tmp_path):
    path = tmp_path / "take.npz"
    lively_take(frames=10).save(path)
    return path


@pytest.fixture
def presets(tmp_path, monkeypatch):
    monkeypatch.setattr(preferences, "user_folder", lambda: tmp_path / "user")
    return tmp_path / "user" / "rig_maps"


def test_every_button_says_why_it_cannot_be_pressed(shot):
    for name in ("replicate_performance", "cancel_job", "apply_take", "solve_again", "export_take", "find_rig_map"):
        operator = getattr(bpy.ops.holirep, name)
        assert operator.poll() is False, name
        with pytest.raises(RuntimeError, match=r"poll\(\) (There|Choose|No|A|The|Install)"):
            operator()


def test_every_operator_and_property_explains_itself(registered):
    for name in dir(bpy.ops.holirep):
        kind = getattr(bpy.ops.holirep, name).get_rna_type()
        assert len(kind.description) > 15, name
        assert not kind.description.endswith("."), name
    for name, item in bpy.context.scene.holirep.bl_rna.properties.items():
        if name not in {"rna_type", "name", "rig_map", "rig_map_index"}:
            assert len(item.description) > 10, name


def test_a_rig_map_is_found_edited_saved_and_loaded(shot, presets):
    shot.character = build_rig("mixamo")
    assert bpy.ops.holirep.find_rig_map() == {"FINISHED"}
    rows = {row.joint: row for row in shot.rig_map}
    assert rows["leftHand"].bone == "mixamorig:LeftHand"
    assert shot.rig_map_conflicts == ""

    rows["leftHand"].bone = rows["rightHand"].bone
    assert rows["leftHand"].conflict
    assert rows["rightHand"].conflict, "both rows of a bone that is used twice"
    rows["leftHand"].bone = ""
    assert rows["rightHand"].conflict == ""

    assert bpy.ops.holirep.save_rig_map(preset="Hero") == {"FINISHED"}
    assert (presets / "Hero.json").is_file()
    assert bpy.ops.holirep.find_rig_map() == {"FINISHED"}
    assert {row.joint: row.bone for row in shot.rig_map}["leftHand"] == "mixamorig:LeftHand"
    assert bpy.ops.holirep.load_rig_map(preset="Hero") == {"FINISHED"}
    assert {row.joint: row.bone for row in shot.rig_map}["leftHand"] == ""
    assert bpy.ops.holirep.delete_rig_map(preset="Hero") == {"FINISHED"}
    with pytest.raises(RuntimeError, match="There is no preset"):
        bpy.ops.holirep.load_rig_map(preset="Hero")
    assert bpy.ops.holirep.clear_rig_map() == {"FINISHED"}
    assert len(shot.rig_map) == 0


def test_a_renamed_character_keeps_its_edited_rig_map(shot):
    shot.character = build_rig("mixamo")
    bpy.ops.holirep.find_rig_map()
    next(row for row in shot.rig_map if row.joint == "leftLowerArm").bone = ""
    shot.character.name = "Renamed"
    assert rig_map_rows.has_rig_map(shot)
    assert "leftLowerArm" not in rig_map_rows.read_rig_map(shot).bones


def test_a_character_that_was_deleted_is_not_offered(shot, take_path):
    shot.character, shot.take = build_rig("mixamo"), str(take_path)
    assert bpy.ops.holirep.apply_take.poll()
    bpy.context.view_layer.objects.active = shot.character
    shot.character.select_set(True)
    bpy.ops.object.delete()
    assert not bpy.ops.holirep.apply_take.poll()
    assert shots.character_problem(bpy.context.scene)


def test_another_character_forgets_the_rig_map(shot):
    shot.character = build_rig("mixamo")
    bpy.ops.holirep.find_rig_map()
    assert len(shot.rig_map) == 55
    shot.character = build_rig("vrm")
    assert len(shot.rig_map) == 0


def test_an_edited_rig_map_is_what_is_applied(shot, take_path):
    shot.character, shot.take, shot.add_camera = build_rig("mixamo"), str(take_path), False
    bpy.ops.holirep.find_rig_map()
    next(row for row in shot.rig_map if row.joint == "leftLowerArm").bone = ""
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    action = shot.character.animation_data.action
    paths = {curve.data_path for layer in action.layers for curve in layer.strips[0].channelbags[0].fcurves}
    assert any("RightForeArm" in path for path in paths)
    assert not any("LeftForeArm" in path for path in paths)


def test_a_rig_without_a_body_is_refused_and_nothing_is_left(shot, take_path):
    bpy.ops.object.armature_add()
    shot.character, shot.take = bpy.context.object, str(take_path)
    with pytest.raises(RuntimeError, match="No body was recognised"):
        bpy.ops.holirep.apply_take()
    assert shot.character.animation_data is None
    assert len(bpy.data.actions) == 0
    assert session.current().outcome.level == "ERROR"


def test_a_rig_without_a_body_is_refused_before_anything_is_tracked(shot, tmp_path):
    (tmp_path / "plate.mov").write_bytes(b"x")
    bpy.ops.object.armature_add()
    shot.character, shot.plate = bpy.context.object, str(tmp_path / "plate.mov")
    with pytest.raises(ValueError, match="No body was recognised"):
        Performance(bpy.context.scene).start()
    assert session.current().jobs is None


def test_the_shape_keys_that_the_face_drives_are_listed(shot):
    assert bpy.ops.holirep.add_demo_character() == {"FINISHED"}
    assert bpy.ops.holirep.find_rig_map() == {"FINISHED"}
    assert shot.shape_key_rows[0].name in bpy.data.objects, "the mesh comes first"
    rows = {row.name: row.keys for row in shot.shape_key_rows if row.keys}
    assert len(rows) == 52
    assert rows["jawOpen"] == "jawOpen"
    assert bpy.ops.holirep.clear_rig_map() == {"FINISHED"}
    assert len(shot.shape_key_rows) == 0


def test_options_for_applying_reach_the_keys(shot, take_path):
    shot.character, shot.take, shot.add_camera = build_rig("mixamo"), str(take_path), False
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.0
    rate = Take.load(take_path).fps
    shot.use_start_frame, shot.start_frame, shot.set_scene_range, shot.whole_frames = True, 31, True, True
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    frames = {point.co[0] for curve in fcurves(shot.character) for point in curve.keyframe_points}
    assert min(frames) == 31.0
    assert all(frame.is_integer() for frame in frames)
    assert max(frames) == 31.0 + np.floor(9 / rate * 24.0 + 1e-6)
    assert (scene.frame_start, scene.frame_end) == (31, max(frames))
    before = keys_of(shot.character, "Hips")
    shot.own_shape = False
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    assert not np.allclose(before, keys_of(shot.character, "Hips"), atol=1e-4), "directions of the performer's pelvis"


def fcurves(character):
    action = character.animation_data.action
    return [curve for layer in action.layers for curve in layer.strips[0].channelbags[0].fcurves]


def keys_of(character, bone):
    curves = [curve for curve in fcurves(character) if f'{bone}"].rotation' in curve.data_path]
    assert len(curves) in (3, 4)
    return [[point.co[1] for point in curve.keyframe_points] for curve in curves]


def test_a_file_that_is_no_take_is_refused(shot, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(RuntimeError, match=r"other\.npz"):
        bpy.ops.holirep.open_take(filepath=str(path))
    assert shot.take == ""


def test_a_take_is_opened_and_exported(shot, take_path, tmp_path):
    assert bpy.ops.holirep.open_take(filepath=str(take_path)) == {"FINISHED"}
    assert shot.take == str(take_path)
    assert bpy.ops.holirep.export_take(filepath=str(tmp_path / "take.bvh")) == {"FINISHED"}
    assert (tmp_path / "take.bvh").read_text().startswith("HIERARCHY")


def test_a_take_without_observations_cannot_be_solved_again(shot, take_path):
    assert Take.load(take_path).observations is None
    shot.take = str(take_path)
    with pytest.raises(RuntimeError, match="holds no observations"):
        bpy.ops.holirep.solve_again()


def test_undo_is_one_step_of_the_operator():
    for name in ("apply_take", "find_rig_map", "load_rig_map", "clear_rig_map", "add_demo_character"):
        module = __import__(f"holirep_blender.operators.{name}", fromlist=["CLASSES"])
        assert "UNDO" in module.CLASSES[0].bl_options, name


def test_the_request_says_what_the_shot_says(shot, tmp_path):
    plate = tmp_path / "plate.mov"
    plate.write_bytes(b"x")
    shot.plate = str(plate)
    shot.use_range, shot.frame_first, shot.frame_last = True, 10, 20
    shot.person_kind, shot.person_frame, shot.person_box = "BOX", 12, (1.0, 2.0, 30.0, 40.0)
    shot.focal_kind, shot.focal_length_mm, shot.sensor_width_mm = "MILLIMETRES", 50.0, 25.0
    shot.use_performer_height, shot.performer_height = True, 1.5
    params = shots.replicate_params(shot, "cpu", tmp_path / "t.npz", (1080, 1920))
    assert params["frame_range"] == [10, 20]
    assert params["person"] == {"kind": "box", "frame": 12, "box": [1.0, 2.0, 30.0, 40.0]}
    assert params["focal_length_px"] == pytest.approx(2.0 * 1920)
    assert params["performer_height"] == pytest.approx(1.5)
    assert params["smoothing"] == "zero_phase"
    shot.frame_last = 5
    with pytest.raises(ValueError, match="before it begins"):
        shots.frame_range(shot)


def test_a_take_never_gets_the_name_of_another(tmp_path):
    assert shots.new_take_path(tmp_path, Path("a/shot.1001.png")).name == "shot.001.npz"
    assert shots.new_take_path(tmp_path, Path("a/take2.mov")).name == "take2.001.npz"
    (tmp_path / "take2.001.npz").touch()
    assert shots.new_take_path(tmp_path, Path("a/take2.mov")).name == "take2.002.npz"


def test_jobs_about_the_runtime_know_device_and_interpreter(shot, monkeypatch, tmp_path):
    monkeypatch.setenv("HOLIREP_RUNTIME", str(tmp_path))
    params = preferences.runtime_params()
    assert params["device"] == "auto"
    assert params["folder"] == str(tmp_path)
    assert Path(params["runtime_python"]).parents[1] == tmp_path
    assert bpy.ops.holirep.remove_runtime.poll()
    tmp_path.rmdir()
    assert not bpy.ops.holirep.remove_runtime.poll(), "nothing is there"


def test_paths_may_be_relative_to_the_file(shot):
    if PATH_OPTIONS:
        for name in ("plate", "take"):
            assert shot.bl_rna.properties[name].is_path_supports_blend_relative, name


def test_consent_names_folder_and_sizes(shot):
    lines: list[str] = []

    class Layout:
        def label(self, text: str) -> None:
            lines.append(text)

    draw_plan(Layout())
    text = " ".join(lines)
    assert str(preferences.runtime_location().folder) in text
    assert "GB are fetched" in text
    assert max(map(len, lines)) <= 88


def test_the_popup_of_doctor_shows_the_findings_and_not_the_log(shot, tmp_path):
    lines: list[str] = []

    class Layout:
        def column(self, align: bool) -> Layout:
            return self

        def label(self, text: str) -> None:
            lines.append(text)

    report = ["HoliRep Doctor", "ok      Worker", *_worker_log_lines(tmp_path, ["said by a library"])]
    session.current().doctor_report = "\n".join(report)
    _draw(SimpleNamespace(layout=Layout()), bpy.context)
    assert lines == [*report[:2], "The end of the worker's log is in the clipboard too."]


def test_progress_is_told_in_words():
    job = Job(1, "replicate", {}, state="running")
    assert progress_text(job) == "Starting the worker"
    job.progress = Progress("Tracking", 1, 4, frame=75, frame_count=100, fps=12.34, seconds_left=95.0, fraction=0.5)
    assert progress_text(job) == "Tracking, frame 75, 12.3 fps, 1:35 left"
    job.progress = Progress("Tracking", seconds_left=3725.0)
    assert progress_text(job) == "Tracking, 1:02:05 left"
