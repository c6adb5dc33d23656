# SPDX-License-Identifier: GPL-3.0-or-later
"""The Batch panel with a real pointer: a list is run, cancelled and run to its end by another Blender. Run in order."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from .screen import Screen

pytestmark = [pytest.mark.gui, pytest.mark.timeout(900)]

SCENE = "bpy.context.window_manager.windows[0].scene"
BATCH = f"{SCENE}.holirep.batch"
RUN = "driver.module('operators.batch_run').current()"
SIZE = (1500, 900)
OPEN_PANELS = ("HOLIREP_PT_batch",)
LIST = """output = "out"

[defaults]
plate = "plate.mp4"
method = "geometric"
do = ["replicate", "export"]
export = ["bvh"]

[[shots]]
name = "sh010"
range = [41, 140]

[[shots]]
name = "sh020"
range = [81, 200]
"""


@pytest.fixture(scope="module")
def shots(screen: Screen, plate: Path) -> Path:
    """A list beside the file that the screen's Blender has open, which names it so from the start."""
    shutil.copyfile(plate, screen.work / "plate.mp4")
    path = screen.work / "shots.toml"
    path.write_text(LIST, encoding="utf-8")
    screen.python(f"bpy.ops.wm.save_as_mainfile(filepath={str(screen.work / 'show.blend')!r})")
    assert screen.python(f"result = {BATCH}.list_file") == "//shots.toml"
    time.sleep(1.0)
    return path


def test_a_list_that_is_wrong_says_so_in_the_panel(screen, shots, pictures):
    shots.write_text(LIST.replace('"plate.mp4"', '"plat.mp4"').replace("range", "rnage", 1), encoding="utf-8")
    screen.press("holirep.batch_run", f"{RUN} is not None")
    screen.wait_for(f"not {RUN}.active", 60.0)
    code, failures = screen.python(f"result = [{RUN}.code, {RUN}.failures]")
    assert code == 2
    assert any("rnage" in line for line in failures), failures
    screen.picture(pictures / "40-batch-wrong-list.png")
    shots.write_text(LIST, encoding="utf-8")


def test_it_shows_how_far_it_is_and_can_be_cancelled(screen, shots, pictures):
    screen.press("holirep.batch_run", f"{RUN}.active")
    screen.wait_for(f"{RUN}.fraction > 0.08 and any('Tracking' in text for text in {RUN}.running.values())", 120.0)
    screen.picture(pictures / "41-batch-running.png")
    assert screen.python(f"result = {RUN}.todo") == 4
    screen.press("holirep.batch_cancel", f"not {RUN}.active")
    assert screen.python(f"result = {RUN}.code") == 130
    screen.picture(pictures / "42-batch-cancelled.png")
    out = shots.parent / "out"
    assert not [path for path in out.rglob("*") if "partial" in path.name or path.suffix == ".lock"][1:]


def test_it_goes_on_and_ends(screen, shots, pictures):
    screen.press("holirep.batch_run", f"{RUN}.active")
    screen.wait_for(f"not {RUN}.active", 300.0)
    code, message = screen.python(f"result = [{RUN}.code, {RUN}.message]")
    assert code == 0, message
    out = shots.parent / "out"
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["done"] == 4
    assert {path.name for path in out.glob("*/*.bvh")} == {"sh010.bvh", "sh020.bvh"}
    screen.picture(pictures / "43-batch-complete.png")


def test_the_open_shot_goes_into_the_list(screen, shots, pictures):
    blend = screen.work / "sh030.blend"
    screen.python(
        f"{SCENE}.holirep.plate = {str(shots.parent / 'plate.mp4')!r}; {BATCH}.do = {{'REPLICATE'}};"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(blend)!r})"
    )
    screen.press("holirep.batch_add_shot", "True")
    time.sleep(1.5)
    text = shots.read_text(encoding="utf-8")
    assert text.startswith(LIST), "what was there stays as it was"
    assert "sh030" in text
    assert "plate.mp4" in text[len(LIST) :]
    screen.picture(pictures / "44-batch-shot-added.png")
