# SPDX-License-Identifier: GPL-3.0-or-later
"""The Batch panel's operators: the open shot into a list, the list run by another Blender, cancelling."""

from __future__ import annotations

import time
from pathlib import Path

import bpy
import pytest

from holirep_blender.batch.planning import make_plan
from holirep_blender.batch.reading import read_list
from holirep_blender.operators import batch_run, session
from holirep_blender.operators.batch import results_of


@pytest.fixture
def saved(performer_file: Path, shot: bpy.types.PropertyGroup, tmp_path: Path, plate: Path) -> bpy.types.PropertyGroup:
    """A saved file with a plate and a character."""
    bpy.ops.wm.open_mainfile(filepath=str(performer_file))
    shot = bpy.context.scene.holirep
    shot.character = bpy.data.objects["HoliRep Performer"]
    shot.plate = str(plate)
    shot.use_range, shot.frame_first, shot.frame_last = True, 20, 25
    shot.batch.do = {"REPLICATE", "APPLY"}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "sh 010.blend"))
    return bpy.context.scene.holirep


def wait_for_end(seconds: float = 120.0) -> batch_run.BatchRun:
    run = batch_run.current()
    assert run is not None
    deadline = time.monotonic() + seconds
    while run.active and time.monotonic() < deadline:  # timers do not run in background
        run.look()
        time.sleep(0.1)
    assert not run.active
    return run


def test_the_open_shot_becomes_an_entry_of_the_list(saved, tmp_path):
    (tmp_path / "shots.toml").write_text('# mine\noutput = "out"')
    saved.person_kind, saved.person_frame = "POINT", 20
    saved.person_point = (300.0, 200.0)
    assert bpy.ops.holirep.batch_add_shot() == {"FINISHED"}
    path = tmp_path / "shots.toml"
    assert path.read_text().startswith('# mine\noutput = "out"\n\n[[shots]]\n')
    shots = read_list(path)
    values = shots.shots[0].values
    assert values["name"] == "sh_010"
    assert values["blend"] == str(tmp_path / "sh 010.blend")
    assert (values["range"], values["person"]) == ((20, 25), "300,200@20")
    assert values["character"] == "HoliRep Performer"
    assert [stage.name for stage in make_plan(shots).stages] == ["replicate", "apply"]
    with pytest.raises(RuntimeError, match="has a shot sh_010 already"):
        bpy.ops.holirep.batch_add_shot()


@pytest.mark.slow
def test_a_list_runs_in_another_blender_and_its_results_are_found(saved, tmp_path, runtime):
    bpy.ops.holirep.batch_add_shot()
    assert results_of(bpy.context.scene) is None
    begun = time.monotonic()
    assert bpy.ops.holirep.batch_run() == {"FINISHED"}
    assert time.monotonic() - begun < 2.0
    assert not bpy.ops.holirep.batch_run.poll()
    run = wait_for_end()
    assert (run.code, run.todo, run.ended) == (0, 2, 2), session.current().outcome
    assert "complete" in session.current().outcome.message
    assert results_of(bpy.context.scene) == tmp_path / "shots_output" / "summary.html"
    assert (tmp_path / "shots_output" / "sh_010" / "sh_010_apply.blend").is_file()


def test_what_is_wrong_with_a_list_is_told(saved, tmp_path):
    (tmp_path / "shots.toml").write_text('[[shots]]\nname = "a"\nplate = "none.mov"\n')
    bpy.ops.holirep.batch_run()
    run = wait_for_end()
    assert run.code == 2
    assert run.failures[0].startswith("Line 3: shots[0].plate: there is no plate at")
    assert session.current().outcome.level == "ERROR"


@pytest.mark.slow
def test_a_batch_is_cancelled_and_leaves_no_process(saved, tmp_path, runtime):
    bpy.ops.holirep.batch_add_shot()
    bpy.ops.holirep.batch_run()
    run = batch_run.current()
    while not run.running:
        run.look()
        time.sleep(0.05)
        assert run.active
    assert bpy.ops.holirep.batch_cancel() == {"FINISHED"}
    wait_for_end(30.0)
    assert session.current().outcome.message == "The batch was cancelled"
    assert not (tmp_path / "shots_output" / "sh_010" / "sh_010.npz").exists()
