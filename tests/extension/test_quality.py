# SPDX-License-Identifier: GPL-3.0-or-later
"""The Quality panel's verbs, without a screen: assessing, gates, ranges, remedies, and what goes out of date."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from holirep_blender.motion.excluding import Exclusion, without_parts
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.take import Camera, Take
from holirep_blender.operators import quality_remedy
from holirep_blender.panels import quality_faults, quality_remedies
from holirep_blender.quality import face_keys
from holirep_blender.quality.evidence import LightingEvidence
from holirep_blender.quality.remedies import REMEDIES
from holirep_blender.quality.results import DEFAULT_GATES
from holirep_blender.quality.table import SPECS, TITLES
from holirep_blender.scene import (
    quality_lighting,
    quality_properties,
    quality_retracking,
    quality_rows,
    quality_state,
    refine_clock,
)
from holirep_blender.scene.action_channels import ActionChannels
from holirep_blender.scene.blender_versions import selected_bones
from holirep_blender.scene.quality_evidence import gather_evidence
from holirep_blender.scene.quality_picture import same_camera
from tests.motion.retargeting.clips import lively_take
from tests.rigs.builders import build_rig
from tests.scene.conftest import add_face


@pytest.fixture
def applied(shot, tmp_path):
    """A lively take of 60 frames on a character, with a right arm that was not seen for a while."""
    bpy.context.scene.render.fps = 30
    take = lively_take(frames=60)
    arm = [index for index, name in enumerate(take.joint_names) if name.startswith("rightLowerArm")]
    take.joint_confidence[20:40, arm] = 0.0
    take.save(tmp_path / "take.npz")
    shot.character, shot.take, shot.add_camera = build_rig("vrm"), str(tmp_path / "take.npz"), False
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    return shot


@pytest.fixture
def assessed(applied):
    assert bpy.ops.holirep.assess_quality() == {"FINISHED"}
    return applied


def keys_of(shot, bone):
    curve = next(
        curve
        for layer in shot.character.animation_data.action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
        if f'"{bone}"' in curve.data_path and "rotation" in curve.data_path
    )
    return np.array([point.co[1] for point in curve.keyframe_points])


def test_names_and_gates_written_in_the_properties_are_those_of_the_engine():
    assert quality_properties.GATES == DEFAULT_GATES
    assert {item[0] for item in quality_properties.SCORE_ITEMS} == {*TITLES, "overall"}
    assert {spec.name for spec in SPECS} <= set(quality_faults.FAULTS)
    offered = {*quality_remedies._OWN, *quality_remedies._OTHERS, "retrack", "edit_contacts", "camera"}
    assert offered == set(REMEDIES)
    assert {item[0] for item in quality_remedy._ITEMS} == set(quality_remedies._OWN)


def test_a_shot_is_assessed_and_says_what_it_stands_on(assessed):
    rows = assessed.quality
    assert rows.judged.splitlines()[0] == f"{assessed.character.name}, as it is keyed"
    overall = rows.scores["overall"]
    assert overall.measured
    assert "Body" in overall.stands_on.splitlines()
    assert overall.parts_left_out == sum(not score.measured for score in rows.scores)
    lines = rows.scores["lighting_realism"].left_out.splitlines()
    assert len(lines) == 1, "what lacks for the same reason stands in one line"
    assert lines[0].startswith("Light on surfaces, Spheres, ")
    assert "Match Lighting" in rows.scores["lighting_realism"].missing or rows.scores["lighting_realism"].missing
    curve = quality_rows.read_curve(bpy.context.scene)
    assert len(curve.values) == 60
    assert (curve.start, curve.step) == (1.0, 1.0)
    assert rows.causes
    assert all(1.0 <= row.first <= row.frame <= row.last <= 60.0 for row in rows.causes)


def test_evidence_is_in_the_takes_rows(applied):
    evidence = gather_evidence(bpy.context, bpy.context.scene)
    assert evidence.character.frame_count == evidence.take.frame_count == len(evidence.contacts.confidence)
    assert evidence.character.header["space"] == "character"
    assert evidence.floor.up.tolist() == [0.0, 0.0, 1.0]
    spans = [span for span in applied.refine.contact_spans if span.point == "leftHeel"]
    rows = {row for span in spans for row in range(round(span.first) - 1, round(span.last))}
    assert set(np.flatnonzero(evidence.contacts.touching("leftHeel"))) == rows
    # the character's joints are where Blender has them
    bpy.context.scene.frame_set(31)
    height = (applied.character.matrix_world @ applied.character.pose.bones["head"].head).z
    head = evidence.character.joint_names.index("head")
    assert evidence.character.world_positions()[30, head, 2] == pytest.approx(height, abs=0.02)


def test_without_a_character_the_performer_is_judged_and_it_is_said(shot, tmp_path):
    lively_take(frames=12).save(tmp_path / "take.npz")
    with pytest.raises(RuntimeError, match="There is no take"):
        bpy.ops.holirep.assess_quality()
    shot.take = str(tmp_path / "take.npz")
    assert bpy.ops.holirep.assess_quality() == {"FINISHED"}
    assert "Choose a character first" in shot.quality.judged
    shot.character = build_rig("vrm")
    bpy.ops.holirep.assess_quality()
    assert "no active action" in shot.quality.judged
    (tmp_path / "take.npz").unlink()
    with pytest.raises(RuntimeError, match="Take not found"):
        bpy.ops.holirep.assess_quality()
    assert shot.quality.has_result, "what was found before stays"


def test_moved_keys_make_the_assessment_out_of_date(assessed):
    scene = bpy.context.scene
    assert not quality_state.is_stale(scene)
    assessed.character.pose.bones["head"].rotation_quaternion = (0.9, 0.4, 0.0, 0.0)
    assessed.character.pose.bones["head"].keyframe_insert("rotation_quaternion", frame=10)
    bpy.context.view_layer.update()
    assert quality_state.is_stale(scene)
    face = add_face(assessed.character)
    jaw = face.data.shape_keys.key_blocks["jawOpen"]
    jaw.keyframe_insert("value", frame=10)
    bpy.ops.holirep.assess_quality()
    assert not quality_state.is_stale(scene)
    jaw.value = 0.7
    jaw.keyframe_insert("value", frame=20)
    bpy.context.view_layer.update()
    assert quality_state.is_stale(scene)
    bpy.ops.holirep.assess_quality()
    assert not quality_state.is_stale(scene)
    looked_at = quality_state._known[scene.session_uid]
    face.data.shape_keys.key_blocks["mouthFunnel"].value = 0.4
    bpy.context.view_layer.update()
    assert quality_state._known.get(scene.session_uid) is looked_at, "while a slider is dragged keys are not read again"
    face.data.shape_keys.animation_data.action = None
    bpy.context.view_layer.update()
    assert quality_state.is_stale(scene)


def test_a_moved_or_removed_character_makes_it_out_of_date_but_not_one_that_moves_by_itself(assessed):
    scene, character = bpy.context.scene, assessed.character
    character.location.x += 0.3
    bpy.context.view_layer.update()
    assert quality_state.is_stale(scene)
    character.location.x -= 0.3
    bpy.context.view_layer.update()
    assert not quality_state.is_stale(scene)
    scene.collection.objects.unlink(character)
    assert quality_state.is_stale(scene)
    scene.collection.objects.link(character)
    assessed.refine.floor_object = bpy.data.objects.new("Ground", None)
    bpy.ops.holirep.assess_quality()
    assert not quality_state.is_stale(scene)
    assessed.refine.floor_object.matrix_world.translation.z = 0.2
    assert quality_state.is_stale(scene), "the ground was moved"
    cart = bpy.data.objects.new("Cart", None)
    scene.collection.objects.link(cart)
    character.parent = cart
    for frame, place in ((1, 0.0), (60, 3.0)):
        cart.location.x = place
        cart.keyframe_insert("location", frame=frame)
    bpy.context.view_layer.update()
    bpy.ops.holirep.assess_quality()
    for frame in (1, 30, 60):
        scene.frame_set(frame)
        assert not quality_state.is_stale(scene)


def test_where_a_take_begins_is_known_without_refining_too(applied):
    scene, header = bpy.context.scene, {"camera_track_source": {"camera": "Crane", "scene_frame": 31.0}}
    applied.refine.use_refine = False
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    scene.frame_start = 20
    assert refine_clock.take_start(scene, header) == 1.0, "as it was applied"
    applied.refine.was_applied = False
    assert refine_clock.take_start(scene, header) == 31.0, "where the camera was read"
    assert refine_clock.take_start(scene) == 20.0


def test_a_camera_between_two_frames_of_the_take_is_the_takes():
    take = lively_take(frames=3)
    poses = np.tile(np.diag([1.0, -1.0, -1.0, 1.0]), (3, 1, 1))
    poses[:, 0, 3] = 0.0, 0.1, 0.2
    take.camera = Camera(np.array([[900.0, 0, 320.0], [0, 900.0, 240.0], [0, 0, 1]]), poses, np.array([640.0, 480.0]))
    between = np.eye(4)
    for x, is_takes in ((0.1, True), (0.14, True), (0.3, False)):
        between[0, 3] = x
        assert same_camera(take, 1, between, 1.0) is is_takes
    poses[:, 0, 3] = 0.1
    between[0, 3] = 0.14
    assert not same_camera(take, 1, between, 1.0), "one that stands still is where it is, or not"


def test_gates_come_from_the_shows_file_or_stay(assessed, tmp_path):
    file = tmp_path / "gates.json"
    file.write_text(json.dumps({"overall": 0.5}))
    bpy.ops.holirep.load_quality_gates(filepath=str(file))
    assert assessed.quality.gates.overall == pytest.approx(0.5)
    assert assessed.quality.gates.lighting_realism == pytest.approx(0.90)
    file.write_text(json.dumps({"beauty": 0.5, "overall": 0.1}))
    with pytest.raises(RuntimeError, match="beauty"):
        bpy.ops.holirep.load_quality_gates(filepath=str(file))
    assert assessed.quality.gates.overall == pytest.approx(0.5)


def test_a_range_is_gone_to_and_its_bones_are_selected(assessed):
    rows = assessed.quality
    row = rows.causes.add()
    row.name, row.scores, row.part, row.first, row.last, row.frame = "Arm", "overall", "rightArm", 20.0, 40.0, 33.0
    bpy.ops.holirep.jump_to_quality(to="ROW", row=len(rows.causes) - 1)
    assert bpy.context.scene.frame_current == 33
    assert set(selected_bones(assessed.character)) == {"rightShoulder", "rightUpperArm", "rightLowerArm", "rightHand"}


def test_a_limb_is_left_out_of_a_range_and_taken_in_again(assessed):
    rows = assessed.quality
    row = rows.causes.add()
    row.name, row.scores, row.part, row.first, row.last, row.frame = "Arm", "overall", "rightArm", 21.0, 40.0, 30.0
    before = keys_of(assessed, "rightLowerArm")
    assert bpy.ops.holirep.quality_remedy(remedy="exclude_limb", row=len(rows.causes) - 1) == {"FINISHED"}
    without = keys_of(assessed, "rightLowerArm")
    assert np.abs(without[22:38] - before[22:38]).max() > 1e-3
    assert np.abs(without[:15] - before[:15]).max() < 1e-3
    assert np.abs(np.diff(without[20:40], 2)).max() < 0.01, "it goes over evenly"
    assert quality_state.is_stale(bpy.context.scene)
    bpy.ops.holirep.include_limb(index=0)
    assert np.abs(keys_of(assessed, "rightLowerArm") - before).max() < 1e-5
    row.part = "hips"
    with pytest.raises(RuntimeError, match="trunk"):
        bpy.ops.holirep.quality_remedy(remedy="exclude_limb", row=len(rows.causes) - 1)


def test_smoothing_is_raised_step_by_step_and_lowered_again(assessed):
    before = keys_of(assessed, "leftLowerArm")
    bpy.ops.holirep.quality_remedy(remedy="smoothing")
    assert assessed.refine.smoothing == pytest.approx(0.25)
    smoother = keys_of(assessed, "leftLowerArm")
    assert np.abs(np.diff(smoother, 2)).sum() < np.abs(np.diff(before, 2)).sum()
    bpy.ops.holirep.quality_remedy(remedy="less_smoothing")
    assert assessed.refine.smoothing == 0.0
    with pytest.raises(RuntimeError, match="Solve Again"):
        bpy.ops.holirep.quality_remedy(remedy="less_smoothing")


def test_leaving_parts_out_is_exact_about_what_it_changes():
    take = lively_take(frames=40)
    left = without_parts(take, [Exclusion("leftLeg", 10, 19), Exclusion("face", 30, 99)])
    leg = take.joint_names.index("leftUpperLeg")
    assert (left.joint_confidence[10:20, leg] == 0.0).all()
    others = [index for index, name in enumerate(take.joint_names) if not name.startswith("left")]
    others = [index for index in others if take.joint_names[index] not in ("rightEye", "jaw")]
    assert np.allclose(left.local_rotations[:, others], take.local_rotations[:, others])
    assert np.allclose(left.local_rotations[:10], take.local_rotations[:10])
    assert (left.contacts[10:20, [0, 1]] == 0.0).all()
    with pytest.raises(ValueError, match="body"):
        without_parts(take, [Exclusion("body", 0, 1)])


def test_what_was_tracked_anew_takes_the_place_of_the_same_plate_frames(tmp_path):
    take = lively_take(frames=20)
    seen = Observations.empty(20, (640, 480))
    seen.times[:], seen.frame_numbers[:] = np.arange(20) / 30.0, 101 + np.arange(20)
    seen.body_image[:] = 1.0
    take.observations = seen
    take.save(tmp_path / "whole.npz")
    part = Observations.empty(5, (640, 480))
    part.times[:], part.frame_numbers[:], part.body_image[:] = np.arange(5) / 30.0, 108 + np.arange(5), 2.0
    take.observations = part
    take.save(tmp_path / "range.npz")
    quality_retracking.write_spliced(tmp_path / "whole.npz", tmp_path / "range.npz", tmp_path / "new.npz")
    found = Take.load(tmp_path / "new.npz")
    assert found.observations.body_image[:, 0, 0].tolist() == [1.0] * 7 + [2.0] * 5 + [1.0] * 8
    assert np.allclose(found.observations.times, seen.times)
    assert found.header["retracked"][0]["frames"] == [108, 112]


def test_figures_of_the_light_reach_the_evidence(shot):
    scene = bpy.context.scene
    assert quality_lighting.lighting_evidence(scene)[0] is None
    sky = np.zeros((9, 3))
    sky[0] = 1.0
    sky[3] = 0.5  # brighter from +X
    shot.light.summary = "set: 1 lamp"
    shot.light.figures = json.dumps({"irradiance_error": 0.02, "harmonics": sky.tolist()})
    shot.light.control = bpy.data.objects.new("Control", None)
    shot.light.control.rotation_euler[2] = np.pi / 2  # what was at +X is at +Y now
    scene.collection.objects.link(shot.light.control)
    bpy.context.view_layer.update()
    found, why = quality_lighting.lighting_evidence(scene)
    assert isinstance(found, LightingEvidence)
    assert not why
    assert found.irradiance_error == pytest.approx(0.02)
    assert found.scene_harmonics[1] == pytest.approx([0.5] * 3, abs=1e-5)
    assert found.scene_harmonics[3] == pytest.approx([0.0] * 3, abs=1e-5)
    assert "Match to Plate" in found.why["exposure"]


def test_what_the_light_report_rendered_counts_until_the_rig_changes(shot, tmp_path):
    scene = bpy.context.scene
    shot.light.summary, shot.light.figures = "set: 1 lamp", json.dumps({"irradiance_error": 0.02})
    lamp = shot.light.lamps.add()
    lamp.lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "SUN"))
    assert "Write Light Report" in quality_lighting.lighting_evidence(scene)[0].why["sphere_rmse"]
    balls = {"matt": {"rmse": 0.05, "noise_rmse": 0.03}, "mirror": {"rmse": 0.02, "noise_rmse": 0.01}}
    rendered = {"balls": balls, "shadow": {"systematic": 0.07}}
    (tmp_path / "light.json").write_text(json.dumps({"rendered": rendered}), encoding="utf-8")
    quality_lighting.keep_report(scene, tmp_path, quality_lighting.rig_state(scene))
    found = quality_lighting.lighting_evidence(scene)[0]
    assert (found.sphere_rmse, found.shadow_error) == pytest.approx((0.04, 0.07))
    lamp.lamp.data.energy *= 2.0
    found = quality_lighting.lighting_evidence(scene)[0]
    assert found.sphere_rmse is None
    assert "changed since" in found.why["sphere_rmse"]
    kept = shot.light.figures
    quality_lighting.keep_report(scene, tmp_path / "gone", "")
    assert shot.light.figures == kept, "a report that cannot be read leaves all as it is"


def test_the_characters_own_face_keys_are_judged(shot, tmp_path):
    bpy.context.scene.render.fps = 30
    take = lively_take(frames=60)
    jaw = take.blendshape_names.index("jawOpen")
    take.blendshapes[:, jaw] = 0.5 + 0.4 * np.sin(np.arange(60) / 3.0)
    take.blendshape_confidence[:] = 1.0
    take.save(tmp_path / "take.npz")
    shot.character, shot.take, shot.add_camera = build_rig("vrm"), str(tmp_path / "take.npz"), False
    mesh = bpy.data.objects.new("Face", bpy.data.meshes.new("Face"))
    mesh.data.from_pydata([(0.0, 0.0, 1.6), (0.1, 0.0, 1.6), (0.0, 0.0, 1.7)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(mesh)
    mesh.parent = shot.character
    for name in ("Basis", "jawOpen", "mouthSmileLeft"):
        mesh.shape_key_add(name=name)
    evidence = gather_evidence(bpy.context, bpy.context.scene)
    assert "not applied" in evidence.missing["face_keys"]
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    keys = gather_evidence(bpy.context, bpy.context.scene).face_keys
    assert keys.names == ("jawOpen", "mouthSmileLeft")
    assert np.allclose(keys.made, keys.wanted, atol=1e-5)
    assert np.ptp(keys.made[:, 0]) > 0.5
    assert "browInnerUp" in keys.unshown
    curve = ActionChannels(mesh.data.shape_keys).curves[('key_blocks["jawOpen"].value', 0)]
    curve.mute = True
    keys = gather_evidence(bpy.context, bpy.context.scene).face_keys
    assert np.ptp(keys.made[:, 0]) == 0.0
    assert face_keys.following(keys, 30.0, 60).per_frame.mean() > 0.9
