# SPDX-License-Identifier: GPL-3.0-or-later
"""The Quality panel, its overlay and its wipe with a real pointer. The tests are steps of one session, in order."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import bpy
import numpy as np
import pytest

from .screen import Screen

pytestmark = [pytest.mark.gui, pytest.mark.timeout(600)]

SCENE = "bpy.context.window_manager.windows[0].scene"
QUALITY = f"{SCENE}.holirep.quality"
SIZE = (1700, 1500)
OPEN_PANELS = ("HOLIREP_PT_quality", "HOLIREP_PT_quality_picture")
FRAME = 61


def shown(path: Path) -> np.ndarray:
    """A picture's colours ``(H, W, 3)``, top row first."""
    picture = bpy.data.images.load(str(path))
    width, height = picture.size
    pixels = np.empty(width * height * 4, dtype=np.float32)
    picture.pixels.foreach_get(pixels)
    bpy.data.images.remove(picture)
    return pixels.reshape(height, width, 4)[::-1, :, :3]


def plate_on_screen(screen: Screen) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the plate on the screen."""
    return tuple(
        screen.python(
            "region = driver.region('WINDOW'); space = driver.view().spaces.active\n"
            "with bpy.context.temp_override(window=driver.window(), area=driver.view(), region=region):\n"
            "    low, high = driver.module('scene.quality_view').camera_view(bpy.context).corners.tolist()\n"
            "height = driver.window().height\n"
            "result = [round(region.x + low[0]), round(height - region.y - high[1]),"
            " round(region.x + high[0]), round(height - region.y - low[1])]"
        )
    )


def picture(screen: Screen, path: Path) -> None:
    """A picture once the view is drawn: a software renderer takes long for a character over a plate."""
    screen.python("driver.view().tag_redraw()")
    time.sleep(2.5)
    screen.picture(path)


@pytest.fixture(scope="module")
def shot(screen: Screen, repository: Path, plate: Path, pictures: Path) -> Screen:
    """The demo's take on the demo character, seen through the solved camera."""
    take = repository / "demo_output" / "take.npz"
    if not take.is_file():
        pytest.skip("there is no take of the demo: run `make demo`")
    shutil.copyfile(take, screen.work / "demo.npz")
    shutil.copyfile(plate, screen.work / "plate.mp4")
    screen.python(
        f"scene = {SCENE}; scene.render.fps = 30; bpy.ops.holirep.add_demo_character(); shot = scene.holirep\n"
        f"shot.take = {str(screen.work / 'demo.npz')!r}; shot.plate = {str(screen.work / 'plate.mp4')!r}\n"
        "shot.match_camera = shot.set_resolution = shot.set_scene_range = True\n"
        "bpy.data.objects.remove(bpy.data.objects['Camera'])\n"
        "with bpy.context.temp_override(window=driver.window(), area=driver.view(), region=driver.region('WINDOW')):\n"
        "    bpy.ops.holirep.apply_take()\n"
        "    bpy.ops.view3d.view_camera()\n"
        "    bpy.ops.view3d.view_center_camera()\n"
        f"scene.frame_set({FRAME}); driver.view().spaces.active.overlay.show_bones = False;"
        "bpy.ops.ed.undo_push(message='Shot')",
        timeout=90.0,
    )
    screen.wait_for("driver.module('scene.contact_display') is not None", 10.0)
    time.sleep(4.0)  # a software renderer takes long for the first picture of a character over a plate
    screen.picture(pictures / "50-quality.png")
    return screen


def test_a_click_assesses_the_shot(shot, pictures):
    shot.press("holirep.assess_quality", f"{QUALITY}.has_result", timeout=90.0)
    picture(shot, pictures / "51-assessed.png")
    found = shot.python(
        f"rows = {QUALITY}; result = [rows.judged, len(rows.causes),"
        " [[row.name, row.measured, row.value] for row in rows.scores]]"
    )
    assert found[0].splitlines()[0] == "HoliRep Performer, as it is keyed"
    assert found[1] > 0
    scores = {name: value for name, measured, value in found[2] if measured}
    assert 0.0 < scores["overall"] < 1.0
    assert "lighting_realism" not in scores, "there is no light in this shot to judge"


def test_a_click_on_a_weak_range_goes_there(shot):
    before = shot.python(f"result = {SCENE}.frame_current")
    shot.press("holirep.jump_to_quality", f"{QUALITY}.cause_index >= 0", across=0.82)
    state = shot.python(f"rows = {QUALITY}; result = [rows.causes[rows.cause_index].frame, {SCENE}.frame_current]")
    assert abs(state[0] - state[1]) < 1.0
    assert state[1] != before


def test_the_overlay_lies_on_the_performer(shot, pictures):
    shot.python(f"{SCENE}.frame_set({FRAME}); driver.view().spaces.active.show_region_ui = False")
    picture(shot, pictures / "52-without-overlay.png")
    shot.python(f"rows = {QUALITY}; rows.show_overlay = rows.show_ranges = rows.show_character = True")
    picture(shot, pictures / "53-overlay.png")
    off, on = (shown(pictures / f"{name}.png") for name in ("52-without-overlay", "53-overlay"))
    left, top, right, bottom = plate_on_screen(shot)
    changed = np.abs(on - off)[top:bottom, left:right].max(axis=2) > 0.1
    rows = np.nonzero(changed[: int(0.9 * len(changed))])[0]
    assert 500 < len(rows) < 0.2 * changed.size
    assert np.ptp(rows) > 0.3 * len(changed), "from head to feet"


def test_the_wipe_shows_the_plate_on_one_side(shot, pictures):
    shot.python(f"rows = {QUALITY}; rows.show_overlay = False; rows.use_wipe = True; rows.wipe = 0.5")
    picture(shot, pictures / "54-wipe.png")
    # a wall in front of everything hides the background: what is seen of the plate then is the wipe
    shot.python(
        f"from mathutils import Matrix; camera = {SCENE}.camera; bpy.ops.mesh.primitive_plane_add(size=20.0)\n"
        "wall = bpy.context.object; wall.name = 'Wall'\n"
        "wall.matrix_world = camera.matrix_world @ Matrix.Translation((0.0, 0.0, -0.5))"
    )
    picture(shot, pictures / "55-wall.png")
    plate, wall = (shown(pictures / f"{name}.png") for name in ("52-without-overlay", "55-wall"))
    left, top, right, bottom = plate_on_screen(shot)
    rows = slice(top + (bottom - top) // 8, top + (bottom - top) // 3)
    third = (right - left) // 3
    near, far = slice(left + 10, left + third), slice(right - third, right - 10)
    assert np.abs(plate - wall)[rows, near].mean() < 0.02, "the plate, with its own colours"
    assert np.abs(plate - wall)[rows, far].mean() > 0.05, "what is rendered"


def test_the_line_is_dragged_by_its_handle(shot, pictures):
    left, top, right, bottom = plate_on_screen(shot)
    middle, height = (left + right) // 2, (top + bottom) // 2
    target = left + (right - left) // 4
    shot.mouse("mousemove", middle + 40, height, "sleep", 0.5, "mousemove", middle, height, "sleep", 0.8)
    shot.mouse("mousedown", 1, "sleep", 0.5, "mousemove", middle - 40, height, "sleep", 0.3)
    shot.mouse("mousemove", target, height, "sleep", 0.5, "mouseup", 1, "sleep", 0.5)
    shot.wait_for(f"abs({QUALITY}.wipe - 0.25) < 0.02", 5.0)
    shot.python("bpy.data.objects.remove(bpy.data.objects['Wall'])")
    picture(shot, pictures / "56-dragged.png")


def test_the_panel_for_the_docs(shot, pictures):
    """Not through the camera, because the plate is not for the docs."""
    shot.python(
        f"rows = {QUALITY}; rows.use_wipe = False; driver.view().spaces.active.show_region_ui = True\n"
        "driver.view().spaces.active.region_3d.view_perspective = 'PERSP'\n"
        "rows.cause_index = next((i for i, row in enumerate(rows.causes) if row.remedy == 'smoothing'), 0)"
    )
    picture(shot, pictures / "57-quality-panel.png")


def test_nothing_went_wrong_behind_the_panel(shot):
    log = shot.log()
    assert "Traceback" not in log, log[-3000:]
