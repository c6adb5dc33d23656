# SPDX-License-Identifier: GPL-3.0-or-later
"""An edit of a contact in a hard stretch: a first answer, the rest of it by itself, and one undo step for both."""

from __future__ import annotations

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


def test_the_rest_follows_a_first_answer_and_one_undo_takes_both_back(screen, shared_data):
    path = screen.work / "salsa.npz"
    at_times(mocap_take(shared_data, "cmu_salsa_01"), np.arange(270, 470) / 30.0, 30.0).save(path)
    screen.python(
        f"scene = {SCENE}; scene.render.fps = 30; bpy.ops.holirep.add_demo_character(); shot = scene.holirep;"
        f"shot.take = {str(path)!r}; shot.add_camera = False; shot.set_scene_range = True;"
        "bpy.ops.holirep.resolve_refinement('EXEC_DEFAULT', True)",
        timeout=90.0,
    )
    before = keys(screen)
    # both feet flat on the floor all the time: limits let them go here and there
    edit = (
        "bpy.ops.holirep.add_contact_edit('EXEC_DEFAULT', True, first={}, last={}, points={{'leftHeel', 'leftToes'}});"
        f"refine = {REFINE}; result = [refine.unfinished, len(refine.contact_edits)]"
    )
    for number, first in enumerate((60, 90)):
        unfinished, rows = screen.python(edit.format(first, first + 20))
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
