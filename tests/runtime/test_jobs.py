# SPDX-License-Identifier: GPL-3.0-or-later
"""The job list with a real worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from holirep_blender.motion.take import Take
from holirep_blender.runtime import jobs as jobs_module
from holirep_blender.runtime.faults import RuntimeFault
from holirep_blender.runtime.jobs import JobList

from .conftest import REPOSITORY, group_members, posix_only, run_until


def test_jobs_run_in_order_in_one_warm_worker(make_jobs):
    jobs = make_jobs()
    first, second = jobs.submit("hello"), jobs.submit("hello")
    assert (first.state, second.state, jobs.busy) == ("queued", "queued", True)
    events = []
    while jobs.busy:
        events += [(event.kind, event.job.id) for event in jobs.poll()]
        time.sleep(0.005)
    assert events == [("started", 1), ("done", 1), ("started", 2), ("done", 2)]
    assert first.result["pid"] == second.result["pid"] == jobs.worker_pid
    assert first.result["packages"]["mediapipe"] == "0.10.21"


def test_diagnose_reports_progress_and_devices_and_polling_never_blocks(make_jobs):
    jobs = make_jobs()
    job = jobs.submit("diagnose")
    longest = 0.0
    seen = []
    began = time.perf_counter()
    while not job.finished:
        start = time.perf_counter()
        seen += [event.progress for event in jobs.poll()]
        longest = max(longest, time.perf_counter() - start)
        time.sleep(0.002)
    assert job.state == "done"
    assert longest < 0.2 * (time.perf_counter() - began)  # waiting for an answer would take nearly all of it
    assert all(check["ok"] for check in job.result["checks"]), job.result
    assert job.result["devices"][0]["id"] == "cpu"
    assert {progress.stage for progress in seen if progress} >= {"Checking PyTorch"}


def test_a_waiting_job_is_cancelled_at_once(make_jobs):
    jobs = make_jobs()
    first, second = jobs.submit("hello"), jobs.submit("hello")
    jobs.cancel(second)
    assert second.state == "cancelled"
    assert jobs.wait(first).state == "done"


def test_a_job_without_a_runtime_fails_with_the_way_out():
    def no_runtime() -> Path:
        raise RuntimeFault("runtime", "The runtime is not installed. Press Install Runtime.")

    jobs = JobList(no_runtime)
    job = jobs.wait(jobs.submit("hello"))
    assert (job.state, job.error.message) == ("failed", "The runtime is not installed. Press Install Runtime.")
    jobs.close()


def test_an_unknown_method_is_an_error_and_the_next_job_works(make_jobs):
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("fly"))
    assert (job.state, job.error.kind) == ("failed", "internal")
    assert "fly" in job.error.message
    assert jobs.wait(jobs.submit("hello")).state == "done"


def test_a_wrong_plate_keeps_the_worker_warm(make_jobs, tmp_path):
    jobs = make_jobs()
    pid = jobs.wait(jobs.submit("hello")).result["pid"]
    job = jobs.wait(jobs.submit("replicate", {"plate": str(tmp_path / "none.mp4"), "out": str(tmp_path / "a.npz")}))
    assert (job.state, job.error.kind) == ("failed", "plate")
    assert "none.mp4" in job.error.message
    assert jobs.worker_pid == pid
    assert list(tmp_path.iterdir()) == []


def test_an_idle_worker_is_ended_and_started_again(make_jobs):
    jobs = make_jobs(idle_timeout=0.2)
    pid = jobs.wait(jobs.submit("hello")).result["pid"]
    end = time.monotonic() + 5.0
    while group_members(pid) and time.monotonic() < end:
        jobs.poll()
        time.sleep(0.02)
    assert group_members(pid) == []
    assert jobs.worker_pid is None
    assert jobs.wait(jobs.submit("hello")).result["pid"] != pid


def test_close_leaves_no_process(make_jobs):
    jobs = make_jobs()
    job = jobs.submit("diagnose")
    run_until(jobs, job, lambda: job.progress is not None)
    pid = jobs.worker_pid
    start = time.monotonic()
    jobs.close()
    assert time.monotonic() - start < 2.0
    assert group_members(pid) == []
    assert job.state == "cancelled"
    with pytest.raises(RuntimeError):
        jobs.submit("hello")


def test_the_hosts_own_python_settings_do_not_reach_the_worker(make_jobs, monkeypatch, tmp_path):
    (tmp_path / "numpy.py").write_text("raise RuntimeError('the wrong numpy')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    jobs = make_jobs()
    assert jobs.wait(jobs.submit("inspect_plate", {"plate": ""})).error.message.startswith("No plate is chosen")


@posix_only
def test_the_worker_ends_when_the_host_is_killed(runtime_python):
    code = (
        "import sys, time; from pathlib import Path; from holirep_blender.runtime.jobs import JobList\n"
        f"jobs = JobList(lambda: Path({str(runtime_python)!r})); job = jobs.submit('diagnose')\n"
        "while job.progress is None: jobs.poll()\n"
        "worker = jobs._worker; print(worker.pid, worker.temporary_folder, flush=True); time.sleep(60)"
    )
    host = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    pid, folder = host.stdout.readline().split()
    assert group_members(int(pid))
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    end = time.monotonic() + 5.0
    while group_members(int(pid)) and time.monotonic() < end:
        time.sleep(0.05)
    assert group_members(int(pid)) == []
    assert not Path(folder).exists()


def test_a_worker_of_another_version_is_refused(make_jobs, tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(
        "import sys, json\nfor line in sys.stdin:\n"
        "    answer = {'jsonrpc': '2.0', 'id': json.loads(line)['id'], 'result': {'protocol': 99}}\n"
        "    print(json.dumps(answer), flush=True)\n"
    )
    jobs = make_jobs(script=script)
    job = jobs.wait(jobs.submit("hello"))
    assert (job.state, job.error.kind) == ("failed", "runtime")
    assert "protocol 99" in job.error.message
    assert "Restart Blender" in job.error.message


@posix_only
def test_after_three_failed_starts_it_stops_trying(make_jobs, tmp_path, monkeypatch):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho start >> " + str(tmp_path / "starts") + "\nexit 7\n")
    broken.chmod(0o755)
    jobs = make_jobs(broken)
    messages = [jobs.wait(jobs.submit("hello")).error.message for _ in range(5)]
    assert "exit code 7" in messages[0]
    assert "3 times" in messages[3]
    assert "3 times" in messages[4]
    assert (tmp_path / "starts").read_text().count("start") == 3
    monkeypatch.setattr(jobs_module, "START_PAUSE", 0.0)
    assert "exit code 7" in jobs.wait(jobs.submit("hello")).error.message


def test_a_program_that_is_no_python_is_named(make_jobs, tmp_path):
    fake = tmp_path / "python"
    fake.write_bytes(os.urandom(64))
    fake.chmod(0o755)
    jobs = make_jobs(fake)
    job = jobs.wait(jobs.submit("hello"))
    assert (job.state, job.error.kind) == ("failed", "runtime")
    assert str(fake) in job.error.message


def test_replicate_writes_a_take_and_says_how_far_it_is(make_jobs, plate, tmp_path):
    jobs = make_jobs()
    seen = []
    params = {"plate": str(plate), "frame_range": [20, 31], "person": {"kind": "largest"}, "processes": 1}
    params["out"] = str(tmp_path / "walk.npz")
    job = jobs.submit("replicate", params)
    while not job.finished:
        seen += [event.progress for event in jobs.poll() if event.kind == "progress"]
        time.sleep(0.005)
    assert job.state == "done", job.error
    assert [file.name for file in tmp_path.iterdir()] == ["walk.npz"]
    take = Take.load(tmp_path / "walk.npz")
    assert job.result["frames"] == take.frame_count == 12
    assert (take.frame_start, take.fps) == (20, 30.0)
    assert job.result["tracked_frames"] == 12
    assert take.header["packages"]["mediapipe"] == "0.10.21"
    stages = [progress.stage_index for progress in seen]
    assert stages == sorted(stages)
    assert set(stages) == {0, 1, 2, 3}
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    tracking = [progress for progress in seen if progress.stage == "Tracking"]
    assert all(20 <= progress.frame <= 31 and progress.frame_count == 12 for progress in tracking)
    assert tracking[-1].fps > 0.0
    assert tracking[-1].seconds_left == 0.0
