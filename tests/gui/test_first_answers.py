# SPDX-License-Identifier: GPL-3.0-or-later
"""An edit of a contact in a hard stretch: a first answer, the rest of it by itself, and one undo step for both."""

from __future__ import annotations

import time

import numpy as np
import pytest

from holirep_blender.motion.retargeting.timing import at_times
from tests.motion.retargeting.clips import mocap_take

pytestmark = [pytest.mark.gui, pytest.mark.timeout(600)]

SCENE = "bpy.context.window_manager.windows[0].scene"
REFINE = f"{SCENE}.holirep.refine"
IDLE = "driver.module('scene.refine_live')._scenes == set()"
KEYS = (
    "curves = driver.module('scene.blender_versions').fcurves_of("
    f"{SCENE}.holirep.character.animation_data.action, {SCENE}.holirep.character); keys = []\n"
    "for curve in curves:\n"
    "    values = [0.0] * 2 * len(curve.keyframe_points); curve.keyframe_points.foreach_get('co', values)\n"
    "    keys += values[1::2]\n"
    "result = keys"
)


def keys(screen) -> np.ndarray:
    return np.array(screen.python(KEYS))


# both feet flat on the floor all the time: limits let them go here and there
EDIT = (
    "bpy.ops.holirep.add_contact_edit('EXEC_DEFAULT', True, first={}, last={}, points={{'leftHeel', 'leftToes'}});"
    f"refine = {REFINE}; result = [refine.unfinished, len(refine.contact_edits)]"
)


def anew(screen) -> None:
    """Solves without edits."""
    screen.python(f"{REFINE}.contact_edits.clear(); bpy.ops.holirep.resolve_refinement('EXEC_DEFAULT', True)")


@pytest.fixture(scope="module", autouse=True)
def shot(screen, shared_data):
    """The demo character with a dance on it."""
    path = screen.work / "salsa.npz"
    at_times(mocap_take(shared_data, "cmu_salsa_01"), np.arange(270, 470) / 30.0, 30.0).save(path)
    screen.python(
        f"scene = {SCENE}; scene.render.fps = 30; bpy.ops.holirep.add_demo_character(); shot = scene.holirep;"
        f"shot.take = {str(path)!r}; shot.add_camera = False; shot.set_scene_range = True;"
        "bpy.ops.holirep.resolve_refinement('EXEC_DEFAULT', True)",
        timeout=180.0,
    )


def test_the_rest_follows_a_first_answer_and_one_undo_takes_both_back(screen):
    before = keys(screen)
    for number, first in enumerate((60, 90)):
        unfinished, rows = screen.python(EDIT.format(first, first + 20))
        assert (unfinished, rows) == (True, 2 * number + 2)
        answer = keys(screen)
    assert np.abs(answer - before).max() > 0.01
    screen.wait_for(f"not {REFINE}.unfinished and {IDLE}", 20.0)
    after = keys(screen)
    print("the rest changes keys by", np.abs(after - answer).max())
    screen.python("bpy.ops.holirep.resolve_refinement('EXEC_DEFAULT', False)")
    assert np.abs(keys(screen) - after).max() < 1e-5
    screen.python("bpy.ops.ed.undo()")
    assert screen.python(f"result = len({REFINE}.contact_edits)") == 2
    screen.python("bpy.ops.ed.redo()")
    screen.wait_for(f"not {REFINE}.unfinished and {IDLE}", 20.0)
    assert np.abs(keys(screen) - after).max() < 1e-5
    screen.python("bpy.ops.ed.undo(); bpy.ops.ed.undo()")
    screen.wait_for(f"not {REFINE}.unfinished and {IDLE}", 20.0)
    assert screen.python(f"result = len({REFINE}.contact_edits)") == 0
    assert np.abs(keys(screen) - before).max() < 1e-6
    assert "Traceback" not in screen.log(), screen.log()[-3000:]


def test_the_rest_is_not_forgotten(screen):
    """Neither where the scene is left, nor for a look at the motion before; and a file that is saved has all of it."""
    edit = EDIT.format(60, 80) + "; shown = bpy.context.window_manager.windows[0]; "
    assert screen.python(edit + "home = shown.scene; shown.scene = bpy.data.scenes.new('Other')")[0]
    time.sleep(1.0)
    assert screen.python("result = bpy.data.scenes['Scene'].holirep.refine.unfinished")
    screen.python("bpy.context.window_manager.windows[0].scene = bpy.data.scenes['Scene']")
    screen.wait_for(f"not {REFINE}.unfinished and {IDLE}", 20.0)

    anew(screen)
    assert screen.python(edit + "bpy.ops.holirep.compare_refinement('EXEC_DEFAULT', True)")[0]
    time.sleep(1.0)
    assert screen.python(f"result = {REFINE}.before is not None")
    screen.python("bpy.ops.holirep.compare_refinement('EXEC_DEFAULT', True)")
    screen.wait_for(f"not {REFINE}.unfinished and {IDLE}", 20.0)

    anew(screen)
    path = str(screen.work / "saved.blend")
    assert screen.python(edit + f"bpy.ops.wm.save_as_mainfile(filepath={path!r}, copy=True)")[0]
    assert not screen.python(f"result = {REFINE}.unfinished")

    anew(screen)
    other = "one = home.holirep.character.copy(); one.animation_data_clear(); home.collection.objects.link(one);"
    assert screen.python(edit + f"home = shown.scene; {other} home.holirep.character = one")[0]
    screen.wait_for(IDLE, 20.0)
    assert screen.python(f"result = {SCENE}.holirep.character.animation_data is None")
    assert "Traceback" not in screen.log(), screen.log()[-3000:]
