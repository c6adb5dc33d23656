# SPDX-License-Identifier: GPL-3.0-or-later
"""The Shadows panel with a real pointer. The tests are steps of one session and run in order."""

from __future__ import annotations

import time

import pytest

from .screen import Screen

pytestmark = [pytest.mark.gui, pytest.mark.timeout(600)]

SCENE = "bpy.context.window_manager.windows[0].scene"
SHADOW = f"{SCENE}.holirep.shadow"
JOB = "(lambda job: job and job.state)(driver.module('operators.session').active_job())"
SIZE = (1600, 1400)
OPEN_PANELS = ("HOLIREP_PT_shadows", "HOLIREP_PT_shadow_options", "HOLIREP_PT_shadows_onto")


@pytest.fixture(scope="module")
def staged(screen: Screen) -> Screen:
    """A monkey over a ground, small and quick to bake."""
    screen.python(
        "bpy.ops.mesh.primitive_monkey_add(location=(0, 0, 1.2));"
        f"scene = {SCENE}; shadow = scene.holirep.shadow;"
        f"shadow.out = {str(screen.work / 'shadows')!r}; shadow.samples = 4; shadow.resolution = 15;"
        "shadow.device = 'cpu';"
        "shadow.use_range = True; shadow.first = 1; shadow.last = 2;"
        "bpy.ops.ed.undo_push(message='Stage')"
    )
    time.sleep(1.0)
    return screen


def test_a_ground_is_added_in_one_undo_step(staged, pictures):
    staged.press("holirep.add_shadow_ground", "'HoliRep Ground' in bpy.data.objects")
    staged.python("bpy.ops.ed.undo()")
    assert staged.python("result = 'HoliRep Ground' in bpy.data.objects") is False
    staged.python("bpy.ops.ed.redo()")


def test_one_click_bakes_while_the_artist_goes_on(staged, pictures):
    staged.press("holirep.bake_shadows", f"{JOB} or {SHADOW}.summary")
    staged.python("bpy.ops.mesh.primitive_cube_add(location=(3, 0, 0)); bpy.context.object.name = 'Meanwhile'")
    staged.wait_for(f"{JOB} is None", 200.0)
    assert staged.python(f"result = {SHADOW}.summary") == "Rendered 2 frames"
    assert sorted(each.name for each in (staged.work / "shadows").iterdir()) == ["shadow.0001.exr", "shadow.0002.exr"]
    assert staged.python("result = 'Meanwhile' in bpy.data.objects")
    time.sleep(1.0)
    staged.picture(pictures / "32-shadows.png")


def test_the_compositor_is_set_up_in_one_undo_step(staged):
    staged.press("holirep.compose_shadows", "'HoliRep Composite' in bpy.data.node_groups")
    staged.python("bpy.ops.ed.undo()")
    assert staged.python("result = 'HoliRep Composite' in bpy.data.node_groups") is False


def test_esc_cancels_and_keeps_what_is_finished(staged, pictures):
    staged.python(f"shadow = {SHADOW}; shadow.samples = 4096; shadow.resolution = 100; shadow.last = 40")
    staged.press("holirep.bake_shadows", f"{JOB} == 'running'")
    staged.wait_for(
        "(lambda job: job and job.progress and job.progress.frame is not None)"
        "(driver.module('operators.session').active_job())",
        90.0,
    )
    staged.picture(pictures / "33-shadows-running.png")
    x, y = staged.python(
        "found = driver.region('WINDOW'); result = [found.x + 300, driver.window().height - found.y - 300]"
    )
    staged.mouse("mousemove", x, y, "sleep", 0.2, "key", "Escape")
    staged.wait_for(f"{JOB} is None", 6.0)
    assert staged.python("result = driver.session().outcome.message").startswith("Cancelled. Finished frames are kept")
    assert sorted(each.name for each in (staged.work / "shadows").iterdir()) == ["shadow.0001.exr", "shadow.0002.exr"]
