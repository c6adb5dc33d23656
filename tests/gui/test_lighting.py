# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lighting panel with a real pointer. The tests are steps of one session and run in order."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene.environments import write_environment
from tests.lighting.maps import LUMINANCE, direction, paint_disk, sky

from .screen import Screen

pytestmark = [pytest.mark.gui, pytest.mark.timeout(600)]

SCENE = "bpy.context.window_manager.windows[0].scene"
LIGHT = f"{SCENE}.holirep.light"
SIZE = (1600, 1400)
OPEN_PANELS = ("HOLIREP_PT_lighting", "HOLIREP_PT_lighting_options")
TASK = "driver.module('operators.match_lighting').running_task()"
LAMPS = f"[row.lamp.name for row in {LIGHT}.lamps if row.lamp is not None]"
# What is HoliRep's in the file, and the world that the scene shows.
STATE = f"[sorted(light.name for light in bpy.data.lights), {SCENE}.world.name, [row.name for row in {LIGHT}.lamps]]"


@pytest.fixture(scope="module")
def environment(screen: Screen) -> Path:
    """A sky with a sun and a lamp, as a file that the screen's Blender sees."""
    pixels = paint_disk(sky(), direction(30.0, 40.0), 0.8, (6.0, 5.6, 5.0))
    paint_disk(pixels, direction(-130.0, 25.0), 5.0, (1.5, 1.8, 2.0))
    path = screen.work / "stage.exr"
    write_environment(checked_map(pixels, LUMINANCE), path)
    return path


@pytest.fixture(scope="module")
def before(screen: Screen, environment: Path) -> list[object]:
    """What the file holds before anything was matched; the environment is chosen."""
    screen.python(
        f"{LIGHT}.hdri = {str(environment)!r}; bpy.ops.mesh.primitive_monkey_add(location=(0, 0, 1));"
        "bpy.ops.ed.undo_push(message='Environment')"
    )
    time.sleep(1.0)
    return list(screen.python(f"result = {STATE}"))


def test_escape_in_the_middle_leaves_all_as_it_was(screen, before, pictures):
    pixels = paint_disk(
        np.repeat(np.repeat(sky(512), 4, axis=0), 4, axis=1), direction(30.0, 40.0), 0.8, (6.0, 5.6, 5.0)
    )
    large = screen.work / "large.exr"
    write_environment(checked_map(pixels, LUMINANCE), large)
    small = screen.python(f"result = {LIGHT}.hdri; {LIGHT}.hdri = {str(large)!r}")
    x, y = screen.python("area = driver.view(); result = [area.x + area.width // 3, area.y + area.height // 2]")
    screen.mouse("mousemove", x, y, "sleep", 0.3)
    screen.python("driver.call('holirep.match_lighting')")
    screen.mouse("key", "Escape")
    screen.wait_for(f"{TASK} is None", 30.0)
    assert screen.python(f"result = {STATE}") == before
    screen.python(f"driver.stalls = driver.Stalls(lambda: {TASK} is not None); driver.call('holirep.match_lighting')")
    time.sleep(0.5)
    screen.picture(pictures / "30-lighting-running.png")
    screen.wait_for(f"{TASK} is None", 60.0)
    gaps = screen.python("result = driver.stalls.stop()[:4]")
    print("4,096 x 2,048: the interface stands still for", [round(gap, 2) for gap in gaps], "s at most")
    assert screen.python(f"result = len({LIGHT}.lamps)") == 1
    screen.python(f"bpy.ops.ed.undo(); {LIGHT}.hdri = {small!r}")
    assert screen.python(f"result = {STATE}") == before, "one undo step"


def test_one_click_makes_lamps_a_control_and_a_world(screen, before, pictures):
    screen.press("holirep.match_lighting", f"len({LIGHT}.lamps) > 1")
    found = screen.python(f"result = [{LAMPS}, {LIGHT}.summary, {LIGHT}.control is not None, {SCENE}.world.name]")
    assert len(found[0]) >= 2
    assert "%" in found[1]
    assert found[2]
    assert found[3] != before[1]
    screen.picture(pictures / "30-lighting.png")


def test_the_control_turns_lamps_and_environment_together(screen, before, pictures):
    turned = (
        f"import math; {LIGHT}.control.rotation_euler[2] = math.radians(15.0); bpy.context.view_layer.update();"
        f"row = next(row for row in {LIGHT}.lamps if row.lamp is not None);"
        "axis = row.lamp.matrix_world.col[2]; result = math.degrees(math.atan2(axis[1], axis[0]))"
    )
    now = screen.python(turned)
    back = screen.python(turned.replace("15.0", "0.0"))
    assert (now - back) % 360.0 == pytest.approx(15.0, abs=0.01)


def test_undo_puts_back_the_scene_as_it_was(screen, before, pictures):
    x, y = screen.python("area = driver.view(); result = [area.x + area.width // 3, area.y + area.height // 2]")
    screen.mouse("mousemove", x, y, "sleep", 0.3, "key", "ctrl+z")
    screen.wait_for(f"not {LIGHT}.lamps", 20.0)
    assert screen.python(f"result = {STATE}") == before
    screen.picture(pictures / "31-lighting-undone.png")
