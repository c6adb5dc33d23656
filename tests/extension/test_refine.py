# SPDX-License-Identifier: GPL-3.0-or-later
"""The Refine panel's verbs, without a screen: settings, contacts, before and after, violations, the floor."""

from __future__ import annotations

import math
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

import holirep_blender
from holirep_blender.motion.biomechanics.limit_table import PRESETS, LimitTable, preset_label
from holirep_blender.motion.biomechanics.report import Violation
from holirep_blender.motion.contacts.edits import ContactEdit
from holirep_blender.motion.contacts.names import CONTACT_POINTS
from holirep_blender.motion.contacts.record import Contacts
from holirep_blender.motion.refining.report import RefineReport
from holirep_blender.motion.take import Camera
from holirep_blender.operators import add_contact_edit, remove_contact_edit, set_contact_range
from holirep_blender.scene import blender_versions, contact_display, contact_rows, contact_shapes, refine_settings
from tests.gui.test_refine import standing_take
from tests.motion.retargeting.clips import lively_take
from tests.rigs.builders import build_rig


@pytest.fixture
def refine(shot):
    bpy.context.scene.render.fps = 30
    return shot.refine


@pytest.fixture
def applied(shot, tmp_path):
    """A take of 40 frames on a character, refined."""
    bpy.context.scene.render.fps = 30
    lively_take(frames=40).save(tmp_path / "take.npz")
    shot.character, shot.take, shot.add_camera = build_rig("vrm"), str(tmp_path / "take.npz"), False
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    return shot


def keys(character):
    """Every key of the character's active action."""
    curves = blender_versions.fcurves_of(character.animation_data.action, character)
    return {
        (curve.data_path, curve.array_index): np.array([tuple(point.co) for point in curve.keyframe_points])
        for curve in curves
    }


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def report(frames=40, **more):
    """A report of a foot that touches in frames 5 to 14 and 25 to 29."""
    confidence = np.zeros((frames, 2))
    confidence[5:15, 0] = confidence[25:30, 0] = confidence[8:20, 1] = 1.0
    places = np.full((frames, 2, 3), np.nan)
    places[5:15, 0], places[25:30, 0] = (0.1, 0.0, 0.0), (0.1, -0.6, 0.0)
    return RefineReport(contacts=Contacts(("leftHeel", "leftToes"), confidence), places=places, **more)


def violation(kind="limit", joint="leftLowerLeg", value=170.0, bound=160.0, unit="deg", altered=False, frame=10):
    return Violation(kind, joint, "flexion", frame - 2, frame + 2, frame, value, bound, unit, altered)


def test_the_names_in_the_settings_are_the_engines(refine):
    items = refine.bl_rna.properties["contact_points"].enum_items
    assert tuple(items.keys()) == CONTACT_POINTS
    presets = refine.bl_rna.properties["preset"].enum_items
    assert tuple(item.identifier.lower() for item in presets) == PRESETS
    assert [item.name.lower() for item in presets] == [preset_label(name).lower() for name in PRESETS]


def test_everything_in_the_settings_explains_itself(refine):
    groups = [refine, *(refine.bl_rna.properties[name].fixed_type for name in ("overrides", "contact_edits"))]
    groups += [refine.bl_rna.properties[name].fixed_type for name in ("contact_spans", "violations")]
    for group in groups:
        for name, item in getattr(group, "bl_rna", group).properties.items():
            assert name in {"rna_type", "name"} or len(item.description) > 9, name


def test_the_options_say_what_the_panel_says(shot, refine):
    take = lively_take(frames=40)
    refine.limits, refine.feet, refine.hands, refine.smoothing = 0.5, 0.75, 0.25, 0.125
    refine.preset, refine.attenuate = "ATHLETE", True
    refine.use_performer_mass, refine.performer_mass = True, 62.0
    row = refine.overrides.add()
    row.joint, row.motion, row.low, row.high = "leftLowerLeg", "flexion", math.radians(-3.0), math.radians(120.0)
    options = refine_settings.refine_options(shot, take)
    assert (options.limits, options.feet, options.hands, options.smoothing) == (0.5, 0.75, 0.25, 0.125)
    assert (options.preset, options.attenuate, options.performer_mass) == ("athlete", True, 62.0)
    assert dict(options.overrides) == {"leftLowerLeg.flexion": (-3.0, 120.0)}
    assert LimitTable.load(options.preset, options.overrides).hard("leftLowerLeg", "flexion") == (-3.0, 120.0)
    assert options.floor is None
    refine.use_refine = False
    assert refine_settings.refine_options(shot, take) is None


def test_own_limits_begin_with_the_presets_and_stay_when_the_preset_changes(refine):
    assert bpy.ops.holirep.add_limit_override(limit="leftLowerLeg.flexion") == {"FINISHED"}
    row = refine.overrides[0]
    hard = LimitTable.load("average_adult").hard("leftLowerLeg", "flexion")
    assert (math.degrees(row.low), math.degrees(row.high)) == pytest.approx(hard, abs=1e-4)
    assert row.name == "Left knee flexion"
    refine.preset = "CHILD"
    assert bpy.ops.holirep.add_limit_override(limit="leftLowerLeg.flexion") == {"FINISHED"}
    assert len(refine.overrides) == 1
    assert math.degrees(refine.overrides[0].high) == pytest.approx(hard[1], abs=1e-4)
    assert bpy.ops.holirep.remove_limit_override() == {"FINISHED"}
    with pytest.raises(RuntimeError, match="no own limits"):
        bpy.ops.holirep.remove_limit_override()


def test_contact_edits_are_in_the_takes_frames_wherever_the_take_begins(shot, refine):
    take = lively_take(frames=40)
    assert bpy.ops.holirep.add_contact_edit(first=5, last=9, points={"leftHeel"}) == {"FINISHED"}
    assert refine_settings.contact_edits(refine, take) == (ContactEdit("leftHeel", 4, 8, True),)
    shot.use_start_frame, shot.start_frame = True, 101
    assert (refine.contact_edits[0].first, refine.contact_edits[0].last) == (105, 109)
    assert refine_settings.contact_edits(refine, take) == (ContactEdit("leftHeel", 4, 8, True),)
    bpy.context.scene.render.fps = 60
    assert (refine.contact_edits[0].first, refine.contact_edits[0].last) == (109, 117)
    assert refine_settings.contact_edits(refine, take) == (ContactEdit("leftHeel", 4, 8, True),)
    refine.contact_edits[0].last = 121
    assert refine_settings.contact_edits(refine, take)[0].last == 10


def test_edits_beyond_the_take_are_cut_or_left_out(refine):
    take = lively_take(frames=40)
    bpy.ops.holirep.add_contact_edit(first=-5, last=3, points={"leftHeel"})
    bpy.ops.holirep.add_contact_edit(first=200, last=220, points={"leftToes"})
    assert refine_settings.contact_edits(refine, take) == (ContactEdit("leftHeel", 0, 2, True),)


def test_an_edit_takes_the_place_of_those_that_it_covers(refine):
    bpy.ops.holirep.add_contact_edit(first=5, last=9, points={"leftHeel", "leftToes"})
    bpy.ops.holirep.add_contact_edit(first=4, last=9, points={"leftHeel"}, touching=False)
    rows = [(row.point, row.touching, row.first) for row in refine.contact_edits]
    assert rows == [("leftToes", True, 5), ("leftHeel", False, 4)]
    assert bpy.ops.holirep.remove_contact_edit(index=0) == {"FINISHED"}
    assert [row.point for row in refine.contact_edits] == ["leftHeel"]
    assert bpy.ops.holirep.remove_contact_edit(every=True) == {"FINISHED"}
    assert not bpy.ops.holirep.remove_contact_edit.poll()


def test_the_range_follows_the_current_frame_and_the_preview_range(refine):
    scene = bpy.context.scene
    scene.frame_current = 20
    bpy.ops.holirep.set_contact_range(source="START")
    assert (refine.range_first, refine.range_last) == (20, 20)
    scene.frame_current = 30
    bpy.ops.holirep.set_contact_range(source="END")
    assert (refine.range_first, refine.range_last) == (20, 30)
    with pytest.raises(RuntimeError, match="no preview range"):
        bpy.ops.holirep.set_contact_range(source="PREVIEW")
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 40, 50
    bpy.ops.holirep.set_contact_range(source="PREVIEW")
    refine.contact_points = {"rightHeel"}
    assert bpy.ops.holirep.add_contact_edit() == {"FINISHED"}
    assert [(row.point, row.first, row.last) for row in refine.contact_edits] == [("rightHeel", 40, 50)]
    with pytest.raises(RuntimeError, match="before it begins"):
        bpy.ops.holirep.add_contact_edit(first=9, last=3)


def test_buttons_that_share_a_verb_have_their_own_words():
    def words(module, **properties):
        return module.CLASSES[0].description(bpy.context, SimpleNamespace(**properties))

    assert "begins" in words(set_contact_range, source="START")
    assert "ends" in words(set_contact_range, source="END")
    assert words(add_contact_edit, touching=True) != words(add_contact_edit, touching=False)
    assert words(remove_contact_edit, every=True) != words(remove_contact_edit, every=False)


def test_the_report_is_kept_as_rows(shot, refine):
    bpy.ops.holirep.add_contact_edit(first=26, last=31, points={"leftHeel"})
    found = (
        violation(altered=True),
        violation(value=162.0, frame=4),
        violation("speed", "rightHand", 3e3, 1e3, "deg/s"),
    )
    refine_settings.store_report(
        shot, report(violations=found, slide_before_mm=4.0, slide_after_mm=0.01), np.arange(40) + 1.0
    )
    spans = [(span.point, span.first, span.last, span.edited, span.planted) for span in refine.contact_spans]
    assert spans == [
        ("leftHeel", 6, 15, False, True),
        ("leftHeel", 26, 30, True, True),
        ("leftToes", 9, 20, False, False),
    ]
    assert tuple(refine.contact_spans[1].place) == pytest.approx((0.1, -0.6, 0.0))
    assert [(row.kind, row.altered) for row in refine.violations] == [
        ("speed", False),
        ("limit", False),
        ("limit", True),
    ]
    assert refine.violations[1].frame == 5
    assert refine.violations[1].name == found[1].sentence()
    assert "4 mm" in refine.summary
    refine_settings.forget_report(shot)
    assert not refine.has_report
    assert (len(refine.violations), len(refine.contact_spans)) == (0, 0)
    assert len(refine.contact_edits) == 1, "what the artist set is kept"


def test_a_click_on_a_contact_takes_its_range(shot, refine):
    refine_settings.store_report(shot, report(), np.arange(40) + 1.0)
    refine.contact_span_index = 1
    assert (refine.range_first, refine.range_last) == (26, 30)
    assert bpy.context.scene.frame_current == 26
    assert bpy.ops.holirep.add_contact_edit(points={"leftHeel"}, touching=False) == {"FINISHED"}
    assert [(row.touching, row.first, row.last) for row in refine.contact_edits] == [(False, 26, 30)]


def test_a_click_on_a_violation_goes_to_its_frame_and_bone(shot, refine):
    shot.character = build_rig("mixamo")
    bpy.ops.holirep.find_rig_map()
    refine_settings.store_report(
        shot, report(violations=(violation(), violation(altered=True, frame=20))), np.arange(40) * 0.5 + 1.0
    )
    bpy.context.view_layer.objects.active = None
    refine.violation_index = 0
    scene = bpy.context.scene
    assert scene.frame_current + scene.frame_subframe == 6.0
    assert bpy.context.mode == "POSE"
    assert [bone.name for bone in bpy.context.selected_pose_bones] == ["mixamorig:LeftLeg"]
    assert bpy.context.active_pose_bone.name == "mixamorig:LeftLeg"
    assert bpy.ops.holirep.jump_to_violation(to="NEXT") == {"FINISHED"}
    assert scene.frame_current == 11
    assert bpy.ops.holirep.jump_to_violation(to="NEXT") == {"CANCELLED"}
    refine.show_altered = False
    assert bpy.ops.holirep.jump_to_violation(to="PREVIOUS") == {"FINISHED"}
    assert scene.frame_current == 6


def test_a_violation_of_the_whole_body_or_of_a_hidden_character_only_sets_the_frame(shot, refine):
    shot.character = build_rig("vrm")
    refine_settings.store_report(shot, report(violations=(violation(), violation("balance", "", 0.2, 0.0, "m"))),
                                 np.arange(40) + 1.0)  # fmt: skip
    shot.character.hide_set(True)
    for row in (0, 1):
        bpy.context.scene.frame_set(1)
        assert bpy.ops.holirep.jump_to_violation(to="ROW", row=row) == {"FINISHED"}
        assert bpy.context.scene.frame_current == 11
        assert bpy.context.mode == "OBJECT"
    with pytest.raises(RuntimeError, match="no row 7"):
        bpy.ops.holirep.jump_to_violation(to="ROW", row=7)


def test_before_and_after_lose_no_key(applied):
    character = applied.character
    character["swing"] = 0.0
    character.keyframe_insert('["swing"]', frame=3)  # the artist's own curve in the refined action
    refined, action = keys(character), character.animation_data.action
    assert bpy.ops.holirep.compare_refinement() == {"FINISHED"}
    before = keys(character)
    assert character.animation_data.action != action
    assert before.keys() == refined.keys(), "the artist's curve plays too"
    assert not same(before, refined)
    curves = blender_versions.fcurves_of(character.animation_data.action, character)
    assert {curve.data_path for curve in curves if not curve.lock} == {'["swing"]'}
    assert bpy.ops.holirep.compare_refinement() == {"FINISHED"}
    assert character.animation_data.action == action
    assert same(keys(character), refined)
    assert [each.name for each in bpy.data.actions if "Before" in each.name] == []
    assert not any(curve.lock for curve in blender_versions.fcurves_of(action))


def test_what_is_keyed_while_before_is_shown_stays_in_the_file(applied):
    character = applied.character
    bpy.ops.holirep.compare_refinement()
    character["swing"] = 1.0
    character.keyframe_insert('["swing"]', frame=3)
    kept = character.animation_data.action.name
    assert bpy.ops.holirep.resolve_refinement() == {"FINISHED"}
    assert bpy.data.actions[kept].use_fake_user
    assert character.animation_data.action.name != kept
    assert '["swing"]' not in {path for path, _ in keys(character)}


def test_before_shows_the_take_as_it_was_solved(applied):
    bpy.ops.holirep.compare_refinement()
    before = keys(applied.character)
    bpy.ops.holirep.compare_refinement()
    applied.refine.use_refine = False
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    assert same(keys(applied.character), before)
    assert not applied.refine.has_report
    assert not bpy.ops.holirep.compare_refinement.poll()


def test_before_is_still_there_in_a_saved_file(applied, tmp_path):
    refined = keys(applied.character)
    bpy.ops.holirep.compare_refinement()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "before.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "before.blend"))
    character = bpy.context.scene.holirep.character
    assert not same(keys(character), refined)
    assert bpy.ops.holirep.compare_refinement() == {"FINISHED"}
    assert same(keys(character), refined)


def test_applying_again_ends_before(applied):
    bpy.ops.holirep.compare_refinement()
    refined = applied.refine.after
    name = refined.name
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    assert applied.refine.before is None
    assert applied.refine.after is None
    assert applied.character.animation_data.action.name == name
    assert not any(curve.lock for curve in blender_versions.fcurves_of(applied.character.animation_data.action))
    assert [each.name for each in bpy.data.actions if each.users == 0] == []


def test_another_character_ends_before_and_forgets_what_was_found(applied):
    first, refined = applied.character, keys(applied.character)
    bpy.ops.holirep.compare_refinement()
    applied.character = build_rig("mixamo")
    assert same(keys(first), refined), "the refined motion is back"
    assert not applied.refine.has_report
    assert len(applied.refine.contact_spans) == 0
    assert not bpy.ops.holirep.compare_refinement.poll()


def test_before_and_after_on_the_nla(applied):
    applied.push_to_nla = True
    bpy.ops.holirep.apply_take()
    strip = next(strip for track in applied.character.animation_data.nla_tracks for strip in track.strips)
    action = strip.action
    assert bpy.ops.holirep.compare_refinement() == {"FINISHED"}
    assert bpy.ops.holirep.compare_refinement() == {"FINISHED"}
    strips = [strip for track in applied.character.animation_data.nla_tracks for strip in track.strips]
    assert [strip.action for strip in strips] == [action]


def test_an_edit_is_solved_at_once_where_it_is_live(applied):
    applied.refine.live = False
    applied.refine.limits = 0.0  # no human foot could stand in these poses: with limits it would be let go
    bpy.ops.holirep.resolve_refinement()
    before = keys(applied.character)
    edit = {"first": 10, "last": 25, "points": {"leftHeel", "leftToes"}}
    bpy.ops.holirep.add_contact_edit(**edit)
    assert same(keys(applied.character), before)
    applied.refine.live = True
    bpy.ops.holirep.add_contact_edit(**edit)
    assert not same(keys(applied.character), before)
    spans = [span for span in applied.refine.contact_spans if span.point == "leftHeel" and span.edited]
    assert any(span.first <= 10 and span.last >= 25 for span in spans)
    bpy.ops.holirep.remove_contact_edit(every=True)
    assert same(keys(applied.character), before)


def test_a_ground_object_is_what_the_character_stands_on(shot, refine):
    refine.floor_kind = "OBJECT"
    take = lively_take(frames=5)
    with pytest.raises(ValueError, match="Choose the ground"):
        refine_settings.refine_options(shot, take)
    ground = bpy.data.objects.new("Ground", None)
    bpy.context.scene.collection.objects.link(ground)
    ground.location, ground.rotation_euler = (1.0, 2.0, 3.0), (math.radians(190.0), 0.0, 0.0)
    refine.floor_object = ground
    with pytest.raises(ValueError, match="Choose a character"):
        refine_settings.refine_options(shot, take)
    shot.character = build_rig("vrm")
    shot.character.location, shot.character.scale = (0.0, 0.0, 3.0), (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    options = refine_settings.refine_options(shot, take)
    assert options.floor is None, "the performer's own is not the scene's"
    tilted = (0.0, -math.sin(math.radians(10)), math.cos(math.radians(10)))
    assert options.ground.normal == pytest.approx(tilted, abs=1e-6)
    assert float(options.ground.height_of((1.0, 2.0, 0.0))) == pytest.approx(0.0, abs=1e-6)
    shot.match_camera = True
    assert float(refine_settings.refine_options(shot, take).ground.height_of((1.0, 2.0, 3.0))) == pytest.approx(0.0)
    bpy.context.scene.collection.objects.unlink(ground)
    with pytest.raises(ValueError, match="not in this scene any more"):
        refine_settings.refine_options(shot, take)


def test_the_ground_of_a_rig_whose_own_space_lies_down(shot, refine):
    """As Mixamo's: the armature is modelled with Y up in centimetres, and its object turned and scaled."""
    take = lively_take(frames=5)
    shot.character = build_rig("mixamo")
    armature = shot.character
    assert tuple(armature.scale) == pytest.approx((0.01, 0.01, 0.01))
    assert armature.rotation_euler.x == pytest.approx(math.pi / 2)
    armature.location = (0.0, 0.0, 1.0)
    refine.floor_object = bpy.data.objects.new("Ground", None)
    bpy.context.scene.collection.objects.link(refine.floor_object)
    refine.floor_object.location = (0.3, 0.4, 1.25)
    bpy.context.view_layer.update()
    refine.floor_kind = "OBJECT"
    ground = refine_settings.refine_options(shot, take).ground
    assert ground.normal == pytest.approx((0.0, 0.0, 1.0), abs=1e-5)
    assert float(ground.height_of((0.0, 0.0, 0.0))) == pytest.approx(-0.25, abs=1e-4)


@pytest.mark.parametrize("tilt", [0.0, 8.0])
def test_the_character_is_set_on_its_ground(shot, refine, tmp_path, tilt):
    standing_take().save(tmp_path / "take.npz")
    shot.character, shot.take, shot.add_camera = build_rig("mixamo"), str(tmp_path / "take.npz"), False
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    ground = bpy.data.objects.new("Ground", None)
    bpy.context.scene.collection.objects.link(ground)
    ground.location, ground.rotation_euler = (0.0, 0.0, 0.25), (math.radians(tilt), 0.0, 0.0)
    bpy.context.view_layer.update()
    refine.floor_object, refine.floor_kind = ground, "OBJECT"
    assert bpy.ops.holirep.resolve_refinement() == {"FINISHED"}
    to_ground = np.array(ground.matrix_world.inverted() @ shot.character.matrix_world)
    places = [np.append(np.array(span.place), 1.0) for span in refine.contact_spans if span.planted]
    heights = [float((to_ground @ place)[2]) for place in places]
    assert heights
    assert max(map(abs, heights)) < 0.002


def filmed_take(height=1.5, tilt=-20.0):
    """A take whose camera stands level with the performer's head, five metres before them, looking down."""
    take = lively_take(frames=10)
    angle = math.radians(tilt)
    world_from_camera = np.eye(4)
    world_from_camera[:3, :3] = np.array(
        [[1, 0, 0], [0, math.sin(angle), math.cos(angle)], [0, -math.cos(angle), math.sin(angle)]]
    )
    world_from_camera[:3, 3] = (0.0, -5.0, height)
    intrinsics = np.array([[1000.0, 0, 640], [0, 1000, 360], [0, 0, 1]])
    take.camera = Camera(intrinsics, np.tile(world_from_camera, (10, 1, 1)), np.array([1280.0, 720.0]))
    return take


def test_a_floor_is_picked_by_four_corners(shot, refine, tmp_path):
    take = filmed_take()
    take.save(tmp_path / "take.npz")
    shot.take = str(tmp_path / "take.npz")
    rectangle = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.5, 0.0], [-1.0, 1.5, 0.0]])
    corners = take.camera.project(np.tile(rectangle, (10, 1, 1)))[3]
    assert bpy.ops.holirep.pick_floor("EXEC_DEFAULT", frame=4, corners=corners.ravel()) == {"FINISHED"}
    assert refine.floor_kind == "PLATE"
    floor = refine_settings.refine_options(shot, take).floor
    assert floor.normal == pytest.approx((0.0, 0.0, 1.0), abs=1e-3)
    before = tuple(refine.floor_corners)
    with pytest.raises(RuntimeError):
        bpy.ops.holirep.pick_floor("EXEC_DEFAULT", frame=4, corners=[10.0] * 8)
    assert tuple(refine.floor_corners) == before
    take.camera = None
    with pytest.raises(ValueError, match="no solved camera"):
        refine_settings.refine_options(shot, take)


def test_nothing_draws_while_the_displays_are_off(shot, refine):
    assert not contact_display.is_drawing("show_bars")
    refine.show_bars = refine.show_places = True
    assert contact_display.is_drawing("show_bars")
    assert contact_display.is_drawing("show_places")
    assert bpy.ops.holirep.show_contacts(where="VIEWPORT") == {"FINISHED"}
    assert not contact_display.is_drawing("show_places")
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not contact_display.is_drawing("show_bars"), "the new file does not ask for it"


def test_unregistering_takes_the_draw_handlers_out():
    holirep_blender.register()
    try:
        bpy.context.scene.holirep.refine.show_bars = True
        assert contact_display.is_drawing("show_bars")
    finally:
        holirep_blender.unregister()
    assert not contact_display.is_drawing("show_bars")


def test_settings_edits_and_results_are_saved_in_the_file(shot, refine, tmp_path):
    refine.preset, refine.show_bars = "ELDERLY", True
    bpy.ops.holirep.add_limit_override(limit="neck.rotation")
    bpy.ops.holirep.add_contact_edit(first=5, last=9, points={"leftHeel"}, touching=False)
    refine_settings.store_report(shot, report(violations=(violation(),)), np.arange(40) + 1.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not contact_display.is_drawing("show_bars")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    stored = bpy.context.scene.holirep.refine
    assert stored.preset == "ELDERLY"
    assert [(row.joint, row.motion) for row in stored.overrides] == [("neck", "rotation")]
    assert [(row.point, row.touching, row.first, row.last) for row in stored.contact_edits] == [
        ("leftHeel", False, 5, 9)
    ]
    assert len(stored.contact_spans) == 3
    assert len(stored.violations) == 1
    assert contact_display.is_drawing("show_bars")


def test_bars_lie_in_rows_and_only_what_is_in_sight_is_drawn(shot, refine):
    refine_settings.store_report(shot, report(), np.arange(40) + 1.0)
    spans = contact_rows.read(refine)
    rows = contact_shapes.bar_rows((span.point for span in spans), CONTACT_POINTS)
    assert rows == ["leftHeel", "leftToes", "rightHeel", "rightToes"]
    found = contact_shapes.bars(spans, rows, 0.0, 10.0, 200.0, 20.0, 6.0)
    assert found["leftHeel"] == [(55.0, 38.5, 155.0, 43.5, False)], "the second contact begins at 255 pixels"
    assert found["rightHeel"] == []
    assert found["leftToes"][0][1] < found["leftHeel"][0][1]


def test_footprints_lie_where_points_are_planted(shot, refine):
    refine_settings.store_report(shot, report(), np.arange(40) + 1.0)
    world = np.diag([2.0, 2.0, 2.0, 1.0])
    world[:3, 3] = (0.0, 0.0, 1.0)
    shapes = contact_shapes.footprints(contact_rows.read(refine), world, 0.05)
    assert set(shapes) == {"leftHeel"}, "the toes are held nowhere"
    discs = np.array(shapes["leftHeel"].triangles)
    assert discs.mean(axis=1) == pytest.approx(np.array([[0.2, 0.0, 1.0], [0.2, -1.2, 1.0]]), abs=1e-6)
    assert shapes["leftHeel"].lines[-1] == pytest.approx(np.array([[0.2, 0.0, 1.0], [0.2, -1.2, 1.0]]))
