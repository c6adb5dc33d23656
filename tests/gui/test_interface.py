# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job with a real pointer in the real application. The tests are steps of one session and run in order."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .screen import Screen

pytestmark = [pytest.mark.gui, pytest.mark.timeout(600)]

FRAMES = (101, 112)
LONG_FRAMES = (45, 190)
STALL_SECONDS = 0.05
SCENE = "bpy.context.window_manager.windows[0].scene"
KEYS = (
    "(lambda data: 0 if data is None or data.action is None else sum(len(curve.keyframe_points) for layer in "
    "data.action.layers for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves))"
    f"({SCENE}.holirep.character.animation_data)"
)
JOB = "(lambda job: job and job.state)(driver.module('operators.session').active_job())"


def set_plate(screen: Screen, plate: Path, first: int, last: int) -> None:
    screen.python(
        f"shot = {SCENE}.holirep; shot.plate = {str(plate)!r}; shot.use_range = True;"
        f"shot.frame_first, shot.frame_last = {first}, {last};"
        "bpy.ops.ed.undo_push(message='Plate')"
    )
    time.sleep(0.5)


def test_the_demo_character_is_added_by_a_click(screen, pictures):
    screen.picture(pictures / "1-sidebar.png")
    screen.press("holirep.add_demo_character", f"{SCENE}.holirep.character is not None")
    screen.press("holirep.find_rig_map", f"len({SCENE}.holirep.rig_map) == 55")
    time.sleep(1.0)
    x, y = screen.button("holirep.find_rig_map")
    screen.click(x - 60, y + 84)  # the header of the list, below two lines of text
    screen.python("driver.look_at_character(); bpy.ops.ed.undo_push(message='View')")
    screen.picture(pictures / "2-character.png")


def test_a_click_on_the_button_replicates_the_performance(screen, plate, pictures):
    set_plate(screen, plate, *FRAMES)
    assert screen.python(f"result = {KEYS}") == 0
    screen.press("holirep.replicate_performance", f"{JOB} == 'running'")
    screen.wait_for("driver.module('operators.session').active_job().progress is not None", 60.0)
    screen.picture(pictures / "3-running.png")
    screen.wait_for(f"{JOB} is None", 120.0)
    screen.wait_for(f"{KEYS} > 0", 20.0)
    frames = FRAMES[1] - FRAMES[0] + 1
    keys = screen.python(f"result = {KEYS}")
    assert keys % frames == 0
    assert keys // frames > 4 * 40, "four channels for each of more than 40 bones"
    outcome = screen.python("found = driver.session().outcome; result = [found.level, found.message, found.take]")
    assert outcome[0] in {"INFO", "WARNING"}, outcome
    assert Path(outcome[2]).name == "demo.001.npz"
    screen.python(f"{SCENE}.frame_set(5)")
    screen.picture(pictures / "4-applied.png")


def test_doctor_reports_to_the_clipboard(screen, pictures):
    screen.python("driver.call('holirep.doctor')")
    screen.wait_for(f"{JOB} is None and driver.session().doctor_report", 90.0)
    report = screen.python("result = bpy.context.window_manager.clipboard")
    assert report.startswith("HoliRep Doctor")
    assert "PROBLEM" not in report, report
    screen.picture(pictures / "4b-doctor.png")
    screen.mouse("key", "Escape", "sleep", 0.5)


def test_ctrl_z_takes_the_keys_back_and_the_take_stays(screen, pictures):
    take = screen.python(f"result = {SCENE}.holirep.take")
    x, y = screen.python(
        "found = driver.region('WINDOW'); result = [found.x + 300, driver.window().height - found.y - 300]"
    )
    screen.mouse("mousemove", x, y, "sleep", 0.3, "key", "ctrl+z", "sleep", 1.0)
    screen.wait_for(f"{KEYS} == 0", 10.0)
    assert screen.python(f"result = {SCENE}.holirep.take") == take, "the take is a step of its own"
    assert screen.python("result = [action.name for action in bpy.data.actions if action.users]") == []
    assert (
        screen.python("result = [found.name for found in bpy.data.objects if found.name.startswith('HoliRep Camera')]")
        == []
    )
    screen.picture(pictures / "5-undone.png")


def test_a_take_is_applied_again_by_a_click(screen):
    screen.press("holirep.apply_take", f"{KEYS} > 0")


def test_a_take_is_solved_again_beside_the_interface(screen):
    screen.python(f"{SCENE}.holirep.smoothing = 'ONE_EURO'; driver.call('holirep.solve_again')")
    assert screen.python(f"result = {JOB}") in {"queued", "running"}
    assert not screen.python("result = bpy.ops.holirep.solve_again.poll()"), "one at a time"
    screen.wait_for(f"{JOB} is None", 60.0)
    outcome = screen.wait_for(
        "(lambda found: 'Keyed' in found.message and [found.level, found.take])(driver.session().outcome)", 20.0
    )
    assert Path(outcome[1]).name == "demo.002.npz"
    assert screen.python(f"result = {SCENE}.holirep.take") == outcome[1]


def test_esc_cancels_a_running_job_within_two_seconds(screen, plate, pictures):
    set_plate(screen, plate, *LONG_FRAMES)
    screen.press("holirep.replicate_performance", f"{JOB} == 'running'")
    screen.wait_for(
        "(lambda job: job and job.progress and (job.progress.fps or 0) > 0)"
        "(driver.module('operators.session').active_job())",
        60.0,
    )
    screen.picture(pictures / "6-before-esc.png")
    x, y = screen.python(
        "found = driver.region('WINDOW'); result = [found.x + 300, driver.window().height - found.y - 300]"
    )
    started = time.monotonic()
    screen.mouse("mousemove", x, y, "sleep", 0.2, "key", "Escape")
    screen.wait_for(f"{JOB} is None", 5.0)
    assert time.monotonic() - started < 3.0
    assert screen.python("result = driver.session().outcome.message").startswith("Cancelled")
    assert screen.python("result = driver.session().jobs.worker_pid") is None
    screen.picture(pictures / "7-cancelled.png")


def test_our_own_code_never_holds_the_main_thread_while_a_job_runs(screen, plate):
    """With the sidebar open: the timer and everything that is drawn, call by call, whatever a redraw costs."""
    set_plate(screen, plate, *FRAMES)
    screen.python("driver.own = driver.OwnTime()")
    screen.press("holirep.replicate_performance", f"{JOB} == 'running'")
    screen.wait_for(f"{JOB} is None", 120.0)
    screen.wait_for("'Keyed' in driver.session().outcome.message", 20.0)
    spent = screen.python("result = driver.own.seconds")
    longest = {name: max(calls) for name, calls in spent.items()}
    print("\nlongest call while a job ran:", ", ".join(f"{name} {1000 * one:.1f} ms" for name, one in longest.items()))
    assert len(spent["timer"]) > 10
    assert {"HOLIREP_PT_performance", "status bar"} <= set(spent)
    assert max(longest.values()) < STALL_SECONDS


def test_the_performer_is_picked_by_a_click_in_the_picture(screen, plate, pictures):
    set_plate(screen, plate, 81, 92)
    screen.press("holirep.pick_performer", f"{JOB} == 'running'", across=0.83)
    screen.wait_for("driver.module('operators.frame_picture') is not None", 60.0)
    x, y = screen.python(
        "found = driver.region('WINDOW'); result = [found.x + 300, driver.window().height - found.y - 300]"
    )
    screen.mouse("mousemove", x, y, "sleep", 0.5, "mousemove", x + 5, y)
    screen.picture(pictures / "8-pick.png")
    x, y = screen.python("result = driver.in_picture(1210, 740, 1768, 994)")
    screen.mouse("mousemove", x - 3, y, "sleep", 0.4, "mousemove", x, y, "sleep", 0.4)
    screen.picture(pictures / "9-pick-pointed.png")
    screen.mouse("click", 1)
    screen.wait_for(f"{SCENE}.holirep.person_kind == 'BOX'", 5.0)
    left, top, right, bottom = screen.python(f"result = list({SCENE}.holirep.person_box)")
    assert left < 1210 < right
    assert top < 740 < bottom
    assert screen.python(f"result = {SCENE}.holirep.person_frame") == 81
    assert screen.python("result = [image.name for image in bpy.data.images if 'HoliRep frame' in image.name]") == []


def test_a_file_that_is_opened_during_a_job_leaves_a_message_and_the_take(screen, plate, pictures):
    set_plate(screen, plate, 81, 92)
    screen.press("holirep.replicate_performance", f"{JOB} == 'running'")
    screen.python(
        "bpy.app.timers.register(lambda: bpy.ops.wm.read_homefile(app_template='') and None, first_interval=0.2)"
    )
    screen.wait_for("len(bpy.data.armatures) == 0", 20.0)
    screen.wait_for(f"{JOB} is None", 120.0)
    outcome = screen.wait_for("(lambda found: [found.level, found.message, found.take])(driver.session().outcome)", 5.0)
    assert outcome[0] == "WARNING"
    assert outcome[1].startswith("Another file was opened while the job ran. The take is kept:"), outcome
    assert Path(outcome[2]).is_file()
    screen.picture(pictures / "10-other-file.png")


def test_the_preferences_show_the_runtime_and_the_licences(screen, pictures):
    screen.python(
        "bpy.context.preferences.addons['bl_ext.user_default.holirep'].preferences.show_licences = True;"
        "driver.show_preferences()"
    )
    time.sleep(2.0)
    screen.picture(pictures / "11-preferences.png")
    screen.python("driver.close_preferences()")


def test_the_main_thread_comes_back_to_its_events_while_a_job_runs(screen, plate):
    """Everything else counts too, such as threads that hold Python: gaps between calls of a quick timer.

    Other programs on the machine make gaps as well; but what a job does comes again with each job.
    """
    set_plate(screen, plate, *FRAMES)
    screen.python("driver.only_text_editors()")
    time.sleep(2.0)
    longest = []
    for _job in range(3):
        screen.python("driver.stalls = driver.Stalls()")
        time.sleep(4.0)
        quiet = screen.python("result = driver.stalls.stop()[:5]")
        screen.python("driver.call('holirep.replicate_performance')")
        time.sleep(1.0)
        running = "lambda: driver.module('operators.session').active_job() is not None"
        screen.python(f"driver.stalls = driver.Stalls({running})")
        screen.wait_for(f"{JOB} is None", 120.0)
        gaps = screen.python("result = driver.stalls.stop()[:5]")
        assert len(gaps) == 5
        texts = [", ".join(f"{1000.0 * gap:.0f}" for gap in found) for found in (gaps, quiet)]
        print(f"\nlongest gaps while a job ran: {texts[0]} ms; without a job: {texts[1]} ms")
        longest.append(gaps[0])
        if gaps[0] < max(STALL_SECONDS, 2.0 * quiet[0]):
            return
    raise AssertionError(f"stalls with every job: {longest}")


def test_nothing_went_wrong_behind_the_interface(screen):
    log = screen.log()
    assert "Traceback" not in log, log[-3000:]
