# SPDX-License-Identifier: GPL-3.0-or-later
"""Match to Plate and Place Lamp at Window with a real pointer. The tests are steps of one session and run in order."""

from __future__ import annotations

import time

import numpy as np
import pytest

from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene.environments import write_environment
from holirep_blender.scene.pictures import write_png
from tests.lighting.maps import LUMINANCE, direction, paint_disk, sky

from .screen import Screen

pytestmark = [pytest.mark.gui, pytest.mark.timeout(1500)]

SCENE = "bpy.context.window_manager.windows[0].scene"
LIGHT = f"{SCENE}.holirep.light"
SIZE = (1600, 1500)
OPEN_PANELS = ("HOLIREP_PT_lighting", "HOLIREP_PT_match_plate")
GAINS = f"[[round(v, 3) for v in row.gain] for row in {LIGHT}.lamps]"
HIDDEN = f"[one.hide_render for one in {SCENE}.objects]"
IN_VIEW = (
    "area = driver.view(); region = next(r for r in area.regions if r.type == 'WINDOW');"
    "from bpy_extras.view3d_utils import location_3d_to_region_2d as place;"
    "p = place(region, area.spaces.active.region_3d, {point});"
    "result = [region.x + p.x, driver.window().height - (region.y + p.y)]"
)


@pytest.fixture(scope="module")
def rig(screen: Screen) -> None:
    """A head before a wall, the default camera, a rig of two lamps, and a plate that is evenly grey."""
    pixels = paint_disk(sky(128), direction(-60.0, 40.0), 1.0, (4.0, 3.6, 3.0))
    paint_disk(pixels, direction(10.0, 25.0), 5.0, (1.5, 1.8, 2.0))
    write_environment(checked_map(pixels, LUMINANCE), screen.work / "set.exr")
    write_png(np.full((270, 480, 4), (0.5, 0.5, 0.5, 1.0), dtype=np.float32), screen.work / "plate.png")
    screen.python(
        f"{LIGHT}.hdri = {str(screen.work / 'set.exr')!r}; {LIGHT}.plate.picture = {str(screen.work / 'plate.png')!r};"
        "bpy.ops.mesh.primitive_monkey_add(size=3, location=(0, 0, 1));"
        "bpy.ops.mesh.primitive_plane_add(size=4, location=(-3, 3, 2), rotation=(1.5708, 0, 0.6));"
        "bpy.context.object.name = 'Window'; bpy.ops.object.select_all(action='DESELECT');"
        f"{SCENE}.render.engine = 'CYCLES'"
    )
    screen.press("holirep.match_lighting", f"len({LIGHT}.lamps) == 2", timeout=120)


def picked(screen: Screen) -> None:
    """Two clicks on the picture over the view: the corners of a box on the head."""
    for x, y in ((190, 90), (290, 160)):
        screen.click(*screen.python(f"result = driver.in_picture({x}, {y}, 480, 270)"))
        time.sleep(0.8)


def start(screen: Screen) -> None:
    """Presses Region until the picture is shown."""
    for _attempt in range(3):
        screen.click(*screen.button("holirep.match_plate", across=0.15))
        for _wait in range(40):
            if screen.python("result = any('HoliRep frame' in image.name for image in bpy.data.images)"):
                return
            time.sleep(0.25)
    raise AssertionError("the plate was not shown")


def test_escape_gives_up_and_leaves_the_lights(screen, rig, pictures):
    before = screen.python(f"result = [{GAINS}, {HIDDEN}]")
    start(screen)
    time.sleep(1.5)
    screen.picture(pictures / "32-plate.png")
    screen.mouse("key", "Escape")
    screen.wait_for("not any('HoliRep frame' in image.name for image in bpy.data.images)", 30.0)
    assert screen.python(f"result = [{GAINS}, {HIDDEN}]") == before


def test_a_region_of_the_plate_makes_gains(screen, rig, pictures):
    before = screen.python(f"result = {HIDDEN}")
    start(screen)
    picked(screen)
    screen.wait_for(f"{LIGHT}.plate.summary", 300.0)
    time.sleep(1.0)
    screen.picture(pictures / "33-plate-matched.png")
    assert "off now" in screen.python(f"result = {LIGHT}.plate.summary")
    assert screen.python(f"result = {GAINS}") != [[1.0] * 3] * 2
    assert screen.python(f"result = {HIDDEN}") == before


def test_a_lamp_is_put_at_the_window_that_is_clicked(screen, rig, pictures):
    screen.python(f"{LIGHT}.lamp_index = 1")
    x, y = screen.python(IN_VIEW.format(point="bpy.data.objects['Window'].matrix_world.translation"))
    for _attempt in range(3):
        screen.click(*screen.button("holirep.place_lamp", across=0.8))
        time.sleep(0.8)
        screen.click(round(x), round(y))
        time.sleep(2.0)
        if screen.python(f"result = {LIGHT}.lamps[1].locked"):
            break
    assert screen.python(f"result = {LIGHT}.lamps[1].lamp.data.type") == "AREA"
    assert screen.python(f"result = {LIGHT}.lamps[1].lamp['holirep_placed']") == "Window"
    screen.picture(pictures / "34-window.png")
