# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in Blender around a job: the file changes, the character goes, the user works on. Real worker."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import bpy
import numpy as np
import pytest

from holirep_blender.motion.take import Take
from holirep_blender.operators import session
from holirep_blender.operators.performance import Performance
from holirep_blender.operators.solve_again import SolveAgain
from holirep_blender.runtime.jobs import JobList
from tests.rigs.builders import build_rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def warm():
    """The job list that a test leaves for the next one, for its worker need not be started each time."""
    left: list[JobList] = []
    yield left
    for jobs in left:
        jobs.close()


@pytest.fixture
def scene(registered, warm, runtime, plate, tmp_path, monkeypatch):
    """A saved file with a character and a plate of six frames; takes go beside the file."""
    monkeypatch.setenv("HOLIREP_RUNTIME", str(runtime))
    character = build_rig("vrm")
    character.name = "Hero"
    shot = bpy.context.scene.holirep
    shot.character, shot.plate = character, str(plate)
    shot.use_range, shot.frame_first, shot.frame_last = True, 81, 86
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    session.current().jobs = warm.pop() if warm else None
    yield bpy.context.scene
    jobs = session.current().jobs
    if jobs is not None and not session.current().ending:
        warm.append(jobs)
        session.current().jobs = None


def start(scene: bpy.types.Scene) -> None:
    Performance(scene).start()
    assert session.active_job() is not None


def finish(seconds: float = 90.0) -> session.Outcome:
    """Does what the timer does, until the job has ended and its result is used."""
    deadline = time.monotonic() + seconds
    while session.current().ending:
        assert time.monotonic() < deadline
        session._tick()
        time.sleep(0.02)
    found = session.current().outcome
    assert found is not None
    return found


def takes(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "holirep_takes").glob("*"))


def test_the_operator_waits_when_a_script_calls_it(scene, tmp_path):
    assert bpy.ops.holirep.replicate_performance() == {"FINISHED"}
    assert scene.holirep.character.animation_data.action is not None
    assert takes(tmp_path) == ["demo.001.npz"]
    assert "Keyed" in session.current().outcome.message
    scene.holirep.use_performer_height, scene.holirep.performer_height = True, 1.0
    assert bpy.ops.holirep.solve_again() == {"FINISHED"}
    assert takes(tmp_path) == ["demo.001.npz", "demo.002.npz"], "a take never replaces another one"
    first, second = (Take.load(tmp_path / "holirep_takes" / name) for name in takes(tmp_path))
    assert np.ptp(second.world_positions()[0, :, 2]) < 0.8 * np.ptp(first.world_positions()[0, :, 2])
    assert "Keyed" in session.current().outcome.message


def test_solve_again_is_a_job_that_waits_for_no_other(scene, tmp_path):
    assert bpy.ops.holirep.replicate_performance() == {"FINISHED"}
    SolveAgain(scene).start()
    assert session.active_job().kind == "solve"
    assert bpy.ops.holirep.solve_again.poll() is False, "one at a time"
    assert bpy.ops.holirep.replicate_performance.poll() is False
    assert "Keyed" in finish().message
    assert scene.holirep.take.endswith("demo.002.npz")
    assert takes(tmp_path) == ["demo.001.npz", "demo.002.npz"]


def test_an_error_while_looking_at_the_jobs_ends_them_and_says_so(scene, tmp_path, monkeypatch):
    start(scene)
    while session.current().jobs.worker_pid is None:
        session._tick()
    pid = session.current().jobs.worker_pid
    with monkeypatch.context() as patch:
        patch.setattr(session, "_calm", lambda _state: 1 / 0)
        session._tick()
    assert session.active_job() is None
    found = session.current().outcome
    assert found.level == "ERROR"
    assert "division by zero. The running job was cancelled" in found.message
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert takes(tmp_path) == []
    start(scene)
    assert "Keyed" in finish().message


def test_a_character_that_is_deleted_meanwhile_leaves_the_take(scene, tmp_path):
    start(scene)
    bpy.data.objects.remove(scene.holirep.character)
    found = finish()
    assert found.level == "WARNING"
    assert "'Hero' was deleted" in found.message
    assert Path(found.take).is_file()
    assert scene.holirep.take == found.take


def test_a_character_that_is_renamed_meanwhile_is_found(scene):
    start(scene)
    scene.holirep.character.name = "Heroine"
    assert "Heroine" in finish().message
    assert bpy.data.objects["Heroine"].animation_data.action is not None


def test_a_file_that_is_loaded_anew_meanwhile_is_not_changed(scene, tmp_path):
    start(scene)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    found = finish()
    assert found.level == "WARNING"
    assert found.message.startswith("Another file was opened while the job ran. The take is kept:")
    assert bpy.data.objects["Hero"].animation_data is None
    assert bpy.ops.holirep.open_take(filepath=found.take) == {"FINISHED"}
    assert bpy.ops.holirep.apply_take() == {"FINISHED"}
    assert bpy.data.objects["Hero"].animation_data.action is not None


def test_cancelling_changes_nothing_and_the_next_job_works(scene, tmp_path):
    start(scene)
    session._tick()
    assert bpy.ops.holirep.replicate_performance.poll() is False, "one at a time"
    assert bpy.ops.holirep.cancel_job() == {"FINISHED"}
    assert finish(10.0).message.startswith("Cancelled")
    assert takes(tmp_path) == []
    start(scene)
    assert "Keyed" in finish().message


def test_a_worker_that_is_killed_is_explained_and_the_next_job_works(scene, tmp_path):
    start(scene)
    while session.current().jobs.worker_pid is None:
        session._tick()
    os.kill(session.current().jobs.worker_pid, signal.SIGKILL)
    found = finish(20.0)
    assert found.level == "ERROR"
    assert "worker" in found.message
    assert takes(tmp_path) == []
    start(scene)
    assert "Keyed" in finish().message


def test_a_plate_that_cannot_be_read_is_named(scene, tmp_path):
    broken = tmp_path / "broken.mov"
    broken.write_bytes(b"no movie")
    scene.holirep.plate = str(broken)
    start(scene)
    found = finish()
    assert found.level == "ERROR"
    assert "broken.mov" in found.message


def test_unregistering_ends_a_running_job(scene, tmp_path):
    import holirep_blender

    start(scene)
    while session.current().jobs.worker_pid is None:
        session._tick()
    pid = session.current().jobs.worker_pid
    holirep_blender.unregister()
    try:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert not bpy.app.timers.is_registered(session._tick)
        assert not hasattr(bpy.types.Scene, "holirep")
    finally:
        holirep_blender.register()
