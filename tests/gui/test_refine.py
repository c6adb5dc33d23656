# SPDX-License-Identifier: GPL-3.0-or-later
"""The Refine panel with a real pointer. The tests are steps of one session and run in order."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import bpy
import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.confidence import part_of
from holirep_blender.motion.skeleton import JOINT_NAMES, t_pose_offsets
from holirep_blender.motion.take import Take

from .screen import Screen

pytestmark = [pytest.mark.gui, pytest.mark.timeout(600)]

SCENE = "bpy.context.window_manager.windows[0].scene"
REFINE = f"{SCENE}.holirep.refine"
SIZE = (1600, 1400)
OPEN_PANELS = tuple(f"HOLIREP_PT_refine{part}" for part in ("", "_floor", "_contacts", "_violations"))
FRAMES = 90
ORANGE, BLUE, RED = (1.0, 0.55, 0.15), (0.2, 0.75, 1.0), (0.85, 0.25, 0.2)


def standing_take() -> Take:
    """Somebody who stands on the right leg and swings the left; the right elbow goes too far."""
    offsets = t_pose_offsets(1.7)
    clock = np.arange(FRAMES) / 30.0
    local = np.tile([1.0, 0.0, 0.0, 0.0], (FRAMES, len(JOINT_NAMES), 1))

    def turn(joint: str, axis: tuple[int, int, int], degrees: object) -> None:
        angles = np.radians(np.broadcast_to(np.asarray(degrees, dtype=float), FRAMES))
        local[:, JOINT_NAMES.index(joint)] = rotations.from_axis_angle(axis, angles)

    turn("leftUpperArm", (0, 1, 0), 70)
    turn("rightUpperArm", (0, 1, 0), -70)
    turn("leftUpperLeg", (1, 0, 0), -60 + 10 * np.sin(4.0 * clock))
    turn("leftLowerLeg", (1, 0, 0), 85)
    turn("rightLowerArm", (0, 0, 1), 175.0 * np.exp(-(((np.arange(FRAMES) - 70.0) / 5.0) ** 2)))
    root = np.stack([0.05 * np.sin(4.0 * clock), 0.02 * np.sin(3.0 * clock), np.full(FRAMES, offsets[0, 2])], axis=1)
    take = Take(fps=30.0, frame_start=1, local_rotations=local, root_translation=root, rest_offsets=offsets)
    take.joint_confidence[20:45, [part_of(name) == "leftHand" for name in JOINT_NAMES]] = 0.25
    return take


def steps_of_left_foot(screen: Screen, first: int, last: int) -> np.ndarray:
    """How far the left ankle moves from frame to frame, in millimetres."""
    path = screen.python(
        f"scene = {SCENE}; now = scene.frame_current; path = []\n"
        f"for frame in range({first}, {last} + 1):\n"
        "    scene.frame_set(frame)\n"
        "    path.append(list(scene.holirep.character.pose.bones['leftFoot'].head))\n"
        "scene.frame_set(now); result = path"
    )
    return 1000.0 * np.linalg.norm(np.diff(np.array(path), axis=0), axis=1)


def coloured(path: Path, colour: tuple[float, float, float], y0: float, y1: float) -> int:
    """Pixels of about a colour in a band of a picture, as shares of its height from the top."""
    picture = bpy.data.images.load(str(path))
    width, height = picture.size
    pixels = np.empty(width * height * 4, dtype=np.float32)
    picture.pixels.foreach_get(pixels)
    rows = pixels.reshape(height, width, 4)[::-1][int(y0 * height) : int(y1 * height), :, :3]
    bpy.data.images.remove(picture)
    return int((np.abs(rows - np.array(colour)).max(axis=2) < 0.16).sum())


@pytest.fixture(scope="module")
def character(screen: Screen, pictures: Path) -> Screen:
    """The screen with a take on the demo character."""
    path = screen.work / "standing.npz"
    standing_take().save(path)
    screen.python(
        f"scene = {SCENE}; scene.render.fps = 30; bpy.ops.holirep.add_demo_character(); shot = scene.holirep;"
        f"shot.take = {str(path)!r}; shot.add_camera = False; shot.set_scene_range = True;"
        "driver.look_at_character(); bpy.ops.ed.undo_push(message='Character')"
    )
    time.sleep(1.0)
    screen.picture(pictures / "19-panel.png")
    screen.press("holirep.resolve_refinement", f"{REFINE}.has_report")
    time.sleep(1.0)
    return screen


def test_applying_refines_and_says_what_was_found(character, pictures):
    character.picture(pictures / "20-refine.png")
    found = character.python(f"refine = {REFINE}; result = [refine.summary, [row.joint for row in refine.violations]]")
    assert "mm a frame" in found[0] or "limit" in found[0], found
    assert "rightLowerArm" in found[1], "the elbow goes to 175°"


def test_a_click_on_a_violation_shows_frame_and_bone(character, pictures):
    character.python(f"{SCENE}.frame_set(1)")
    y = next(y for y in violation_rows(character) if clicked(character, y, f"{REFINE}.violation_index >= 0"))
    state = character.python(
        f"row = {REFINE}.violations[{REFINE}.violation_index]; scene = {SCENE};"
        "result = [row.frame, scene.frame_current, row.joint, scene.holirep.character.mode,"
        "[bone.name for bone in scene.holirep.character.pose.bones if bone.select]]"
    )
    assert round(state[0]) == state[1], (y, state)
    assert state[3:] == ["POSE", [state[2]]] or not state[2]
    character.picture(pictures / "21-violation.png")


def violation_rows(screen: Screen) -> range:
    """Heights at which the first rows of the list of violations may be: below the buttons of its filter."""
    _, y = screen.button("holirep.jump_to_violation", across=0.82)
    return range(y + 30, y + 90, 12)


def clicked(screen: Screen, y: int, condition: str) -> bool:
    x, _, _ = screen.python("result = driver.sidebar_column(0.5)")
    screen.click(x, y)
    time.sleep(1.0)
    return bool(screen.python(f"result = bool({condition})"))


def test_contacts_are_shown_in_timeline_and_viewport(character, pictures):
    character.picture(pictures / "22-contacts-off.png")
    assert character.python("result = driver.module('scene.contact_display')._handles") == {}
    character.python(f"{REFINE}.show_bars = {REFINE}.show_places = True; bpy.ops.ed.undo_push(message='Show')")
    character.python("driver.look_from_above()")
    character.picture(pictures / "23-contacts.png")
    off, on = (coloured(pictures / name, ORANGE, 0.9, 1.0) for name in ("22-contacts-off.png", "23-contacts.png"))
    assert on > off + 200, "bars of heels in the timeline"


def test_weak_ranges_are_shown_above_the_contacts(character, pictures):
    spans = f"{SCENE}.holirep.confidence.spans"
    assert character.python(f"result = [[row.part, round(row.first), round(row.last)] for row in {spans}]") == [
        ["leftHand", 21, 45],
        ["face", 1, FRAMES],  # this take has none
    ]
    character.python(f"{SCENE}.holirep.confidence.show_weak = True; bpy.ops.ed.undo_push(message='Show Weak')")
    off = coloured(pictures / "23-contacts.png", RED, 0.9, 1.0)
    for _attempt in range(10):  # a software renderer takes its time for the timeline
        character.picture(pictures / "23-weak.png")
        if coloured(pictures / "23-weak.png", RED, 0.9, 1.0) > off + 200:
            break
    else:
        raise AssertionError("no bar of the face that is not there")
    character.python(f"{SCENE}.holirep.confidence.show_weak = False; bpy.ops.ed.undo_push(message='Hide Weak')")


def test_a_click_on_touching_plants_the_foot_at_once(character, pictures):
    before = steps_of_left_foot(character, 35, 55)
    character.python(
        f"{SCENE}.frame_set(30); {REFINE}.range_first = 30; {REFINE}.range_last = 60;"
        f"{REFINE}.contact_points = {{'leftHeel', 'leftToes'}}; bpy.ops.ed.undo_push(message='Range')"
    )
    time.sleep(0.5)
    character.press("holirep.add_contact_edit", f"len({REFINE}.contact_edits) == 2", across=0.25)
    assert character.python(f"result = {REFINE}.contact_edits[0].touching")
    after = steps_of_left_foot(character, 35, 55)
    print(f"\nleft ankle in the range that was set: {before.max():.2f} mm a frame before, {after.max():.3f} mm after")
    assert before.max() > 3.0
    assert after.max() < 1.0
    spans = character.python(f"result = [[s.point, s.first, s.last] for s in {REFINE}.contact_spans if s.edited]")
    assert {name for name, first, last in spans if first <= 30 and last >= 60} == {"leftHeel", "leftToes"}
    character.picture(pictures / "24-edited.png")


def test_ctrl_z_takes_edit_and_motion_back_in_one_step(character):
    x, y = character.python(
        "found = driver.region('WINDOW'); result = [found.x + 300, driver.window().height - found.y - 300]"
    )
    character.mouse("mousemove", x, y, "sleep", 0.3, "key", "ctrl+z", "sleep", 1.0)
    character.wait_for(f"len({REFINE}.contact_edits) == 0", 10.0)
    assert steps_of_left_foot(character, 35, 55).max() > 3.0
    character.mouse("mousemove", x, y, "sleep", 0.3, "key", "ctrl+shift+z", "sleep", 1.0)
    character.wait_for(f"len({REFINE}.contact_edits) == 2", 10.0)
    assert steps_of_left_foot(character, 35, 55).max() < 1.0


def test_before_and_after_by_clicks(character, pictures):
    action = f"{SCENE}.holirep.character.animation_data.action.name"
    refined = character.python(f"result = {action}")
    character.press("holirep.compare_refinement", f"{action} != {refined!r}")
    assert steps_of_left_foot(character, 35, 55).max() > 3.0
    character.picture(pictures / "25-before.png")
    character.press("holirep.compare_refinement", f"{action} == {refined!r}")
    assert steps_of_left_foot(character, 35, 55).max() < 1.0


def test_a_changed_setting_is_solved_by_itself(character):
    character.python(f"driver.revision = {REFINE}.revision; {REFINE}.feet = 0.0")
    character.wait_for(f"{REFINE}.revision != driver.revision", 20.0)
    assert steps_of_left_foot(character, 35, 55).max() > 3.0


def test_a_real_take_shows_its_footprints(character, repository, pictures):
    """The demo's take: the picture of the docs, and how long an edit of a real take takes."""
    take = repository / "demo_output" / "take.npz"
    if not take.is_file():
        pytest.skip("there is no take of the demo: run `make demo`")
    shutil.copyfile(take, character.work / "demo.npz")
    character.python(
        f"shot = {SCENE}.holirep; shot.refine.feet = 1.0; shot.refine.contact_edits.clear();"
        f"shot.take = {str(character.work / 'demo.npz')!r}; driver.call('holirep.apply_take')",
        timeout=60.0,
    )
    character.wait_for(f"len({REFINE}.contact_spans) > 6", 20.0)
    seconds = character.python(
        "import time; started = time.perf_counter()\n"
        "with bpy.context.temp_override(window=driver.window()):\n"
        "    bpy.ops.holirep.add_contact_edit(first=40, last=48, points={'leftHeel'})\n"
        "result = time.perf_counter() - started"
    )
    frames = character.python(f"result = {SCENE}.frame_end")
    print(f"\na contact of the demo's {frames} frames set and solved in {seconds:.2f} s")
    character.python(f"{SCENE}.frame_set(44); driver.look_from_above(5.0)")
    character.picture(pictures / "26-walk.png")
    assert all(
        character.python(f"result = [any(s.point == p and s.planted for s in {REFINE}.contact_spans)"
                         " for p in ('leftHeel', 'rightToes')]")
    )  # fmt: skip


def test_the_floor_is_picked_by_four_clicks_in_the_plate(character, repository, plate, pictures):
    path = repository / "demo_output" / "take.npz"
    if not path.is_file():
        pytest.skip("there is no take of the demo: run `make demo`")
    take = Take.load(path)
    row = 29
    under = take.world_positions()[row, 0]
    floor = np.array([[-0.6, -0.4, 0.0], [0.6, -0.4, 0.0], [0.6, 0.6, 0.0], [-0.6, 0.6, 0.0]])
    floor[:, :2] += under[:2]
    corners = take.camera.project(np.tile(floor, (take.frame_count, 1, 1)))[row]
    width, height = (int(value) for value in take.camera.image_size)
    assert (corners > 0).all()
    assert (corners < (width, height)).all(), corners
    character.python(
        f"shot = {SCENE}.holirep; shot.plate = {str(plate)!r}; shot.refine.floor_kind = 'PLATE';"
        f"{SCENE}.frame_set({row + 1}); driver.region('UI').tag_redraw()"
    )
    time.sleep(2.0)
    job = "driver.module('operators.session').active_job()"
    character.press("holirep.pick_floor", f"{job} is not None")
    character.wait_for(f"{job} is None and driver.module('operators.frame_picture') is not None", 90.0)
    time.sleep(1.0)
    for number, (x, y) in enumerate(corners):
        spot = character.python(f"result = driver.in_picture({x}, {y}, {width}, {height})")
        character.mouse("mousemove", spot[0] - 4, spot[1], "sleep", 0.4, "mousemove", *spot, "sleep", 0.5)
        if number == 3:
            character.picture(pictures / "27-floor.png")
        character.mouse("click", 1, "sleep", 0.6)
    character.wait_for(f"any({REFINE}.floor_corners)", 10.0)
    picked = character.python(f"result = [list({REFINE}.floor_corners), {REFINE}.floor_frame]")
    assert picked[1] == take.frame_start + row
    assert np.abs(np.array(picked[0]).reshape(4, 2) - corners).max() < 0.02 * width
    character.wait_for(f"{REFINE}.has_report and driver.module('scene.refine_live')._scenes == set()", 20.0)
    outcome = character.python("found = driver.session().outcome; result = found.level if found else ''")
    assert outcome != "ERROR"


def test_nothing_went_wrong_behind_the_panel(character):
    log = character.log()
    assert "Traceback" not in log, log[-3000:]
