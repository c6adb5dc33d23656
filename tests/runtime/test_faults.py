# SPDX-License-Identifier: GPL-3.0-or-later
"""What can befall a worker, done to real ones from outside.

Each fault ends with one clear message, no process, no half-written file, and the next job works.
"""

from __future__ import annotations

import os
import signal
import time

import pytest

from holirep_blender.motion.take import Take
from holirep_blender.runtime.faults import explain_exit
from holirep_blender.runtime.worker import Patience

from .conftest import environment_without, group_members, posix_only, run_until, wrapper, zombies

pytestmark = posix_only


def request(plate, out, **more):
    return {"plate": str(plate), "frame_range": [20, 31], "processes": 1, "device": "cpu", "out": str(out), **more}


def assert_clean(jobs, pid, folder):
    """No process of the worker's group, no zombie, nothing in the folder, and the next job works."""
    assert group_members(pid) == []
    assert zombies() == []
    assert list(folder.iterdir()) == []
    following = jobs.wait(jobs.submit("hello"))
    assert following.state == "done", following.error


@pytest.fixture
def takes(tmp_path):
    folder = tmp_path / "takes"
    folder.mkdir()
    return folder


def test_killed_in_the_middle_of_a_job(make_jobs, plate, takes):
    jobs = make_jobs()
    job = jobs.submit("replicate", request(plate, takes / "a.npz"))
    run_until(jobs, job, lambda: job.progress is not None and job.progress.stage == "Tracking")
    pid = jobs.worker_pid
    os.kill(pid, signal.SIGKILL)
    jobs.wait(job)
    assert (job.state, job.error.kind) == ("failed", "memory")
    assert "killed the worker" in job.error.message
    assert_clean(jobs, pid, takes)


def test_crashed_in_a_library(make_jobs, plate, takes):
    jobs = make_jobs()
    job = jobs.submit("replicate", request(plate, takes / "a.npz"))
    run_until(jobs, job, lambda: job.progress is not None)
    pid = jobs.worker_pid
    os.kill(pid, signal.SIGSEGV)
    jobs.wait(job)
    assert (job.state, job.error.kind) == ("failed", "worker")
    assert "segmentation fault" in job.error.message
    assert_clean(jobs, pid, takes)


def test_killed_with_its_tracking_processes(make_jobs, plate, takes):
    jobs = make_jobs()
    job = jobs.submit("replicate", request(plate, takes / "a.npz", frame_range=[1, 130], processes=2))
    run_until(jobs, job, lambda: jobs.worker_pid is not None and len(group_members(jobs.worker_pid)) >= 3)
    pid = jobs.worker_pid
    os.kill(pid, signal.SIGKILL)
    jobs.wait(job)
    assert job.state == "failed"
    assert_clean(jobs, pid, takes)


def test_cancel_while_halves_of_the_plate_are_followed_side_by_side(make_jobs, plate, takes):
    if (os.cpu_count() or 1) < 2:
        pytest.skip("a plate is halved between threads where there are two cores")
    jobs = make_jobs()
    job = jobs.submit("replicate", request(plate, takes / "a.npz", frame_range=[1, 125]))
    run_until(jobs, job, lambda: job.progress is not None and job.progress.fraction > 0.26)  # the second pass has begun
    pid = jobs.worker_pid
    start = time.monotonic()
    jobs.cancel(job)
    jobs.wait(job)
    assert time.monotonic() - start < 2.0
    assert (job.state, job.error) == ("cancelled", None)
    assert_clean(jobs, pid, takes)


def test_a_little_garbage_on_stdout_is_kept_for_the_log(make_jobs, runtime_python, tmp_path):
    python = wrapper(tmp_path, f'echo "Welcome to the studio!"\nexec {runtime_python} "$@"\n')
    jobs = make_jobs(python)
    job = jobs.wait(jobs.submit("hello"))
    assert job.state == "done"
    assert "[stdout] Welcome to the studio!" in job.log_tail


def test_garbage_on_stdout(make_jobs, runtime_python, tmp_path, takes, plate):
    switch = tmp_path / "garbage"
    switch.touch()
    python = wrapper(tmp_path, f'[ -e {switch} ] && head -c 300000 /dev/urandom\nexec {runtime_python} "$@"\n')
    jobs = make_jobs(python)
    job = jobs.submit("replicate", request(plate, takes / "a.npz"))
    run_until(jobs, job, lambda: jobs.worker_pid is not None)
    pid = jobs.worker_pid
    jobs.wait(job)
    assert (job.state, job.error.kind) == ("failed", "worker")
    assert "does not understand" in job.error.message
    switch.unlink()
    assert_clean(jobs, pid, takes)


@pytest.mark.parametrize("kilobytes", [600_000, 900_000])  # met while libraries are loaded, and by FFmpeg
def test_out_of_memory(make_jobs, runtime_python, tmp_path, takes, plate, kilobytes):
    limit = tmp_path / "limit"
    limit.write_text(str(kilobytes))
    python = wrapper(tmp_path, f'[ -e {limit} ] && ulimit -v $(cat {limit})\nexec {runtime_python} "$@"\n')
    jobs = make_jobs(python)
    job = jobs.submit("replicate", request(plate, takes / "a.npz"))
    run_until(jobs, job, lambda: jobs.worker_pid is not None)
    pid = jobs.worker_pid
    jobs.wait(job)
    assert (job.state, job.error.kind) == ("failed", "memory"), job.error
    assert "ran out of memory" in job.error.message
    limit.unlink()
    assert_clean(jobs, pid, takes)


def test_a_worker_that_hangs(make_jobs, plate, takes):
    jobs = make_jobs(patience=Patience(heartbeat=2.5))
    job = jobs.submit("replicate", request(plate, takes / "a.npz"))
    run_until(jobs, job, lambda: job.progress is not None)
    pid = jobs.worker_pid
    os.kill(pid, signal.SIGSTOP)
    start = time.monotonic()
    jobs.wait(job)
    assert time.monotonic() - start < 6.0
    assert (job.state, job.error.kind) == ("failed", "worker")
    assert "no sign of life" in job.error.message
    assert_clean(jobs, pid, takes)


def test_a_stage_that_hangs(make_jobs, plate, takes):
    patience = Patience()
    jobs = make_jobs(patience=patience)
    job = jobs.submit("replicate", request(plate, takes / "a.npz", frame_range=[1, 130], processes=2))
    run_until(jobs, job, lambda: job.progress is not None and (job.progress.fraction or 0.0) > 0.02)
    pid = jobs.worker_pid
    for child in group_members(pid):
        if child != pid:
            os.kill(child, signal.SIGSTOP)  # the worker's own heart goes on beating
    patience.stall = 1.5
    jobs.wait(job)
    assert (job.state, job.error.kind) == ("failed", "worker")
    assert "alive but made no progress" in job.error.message
    assert_clean(jobs, pid, takes)


@pytest.mark.parametrize(
    "stage",
    [
        "start",
        "Reading the plate",
        "Tracking",
        pytest.param("Solving", marks=pytest.mark.slow),
        pytest.param("Writing the take", marks=pytest.mark.slow),
    ],
)
def test_cancel_at_each_stage(make_jobs, plate, takes, stage):
    jobs = make_jobs()
    job = jobs.submit("replicate", request(plate, takes / "a.npz"))
    if stage == "start":
        run_until(jobs, job, lambda: jobs.worker_pid is not None)
    else:
        run_until(jobs, job, lambda: job.progress is not None and job.progress.stage == stage)
    pid = jobs.worker_pid
    start = time.monotonic()
    jobs.cancel(job)
    jobs.wait(job)
    assert time.monotonic() - start < 2.0
    assert job.state == "cancelled"
    assert job.error is None
    for finished in takes.glob("a.npz"):  # the last instant of the last stage: then the take is whole
        Take.load(finished)
        finished.unlink()
    assert_clean(jobs, pid, takes)


def test_a_worker_that_ignores_the_request_to_end_is_killed(make_jobs, tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('{}', flush=True)\ntime.sleep(60)"
    )
    jobs = make_jobs(script=script)
    job = jobs.submit("hello")
    run_until(jobs, job, lambda: jobs.worker_pid is not None)
    pid = jobs.worker_pid
    time.sleep(0.3)
    start = time.monotonic()
    jobs.cancel(job)
    jobs.wait(job)
    assert 0.5 < time.monotonic() - start < 2.0
    assert job.state == "cancelled"
    assert group_members(pid) == []


def test_of_a_folder_only_the_killed_workers_unfinished_files_are_removed(make_jobs, tmp_path):
    script, folder = tmp_path / "worker.py", tmp_path / "clean"
    folder.mkdir()
    kept = [folder / "clean.0001.png", folder / ".clean.0007.png.1.partial"]
    for path in kept:
        path.touch()
    begun = f"open({str(folder)!r} + f'/.clean.0002.png.{{os.getpid()}}.partial', 'w')"
    script.write_text(f"import os, time\n{begun}\nprint('{{}}', flush=True)\ntime.sleep(60)")
    jobs = make_jobs(script=script)
    job = jobs.submit("clean_plate", {"folder": str(folder)})
    run_until(jobs, job, lambda: len(list(folder.iterdir())) == 3)
    jobs.cancel(job)
    jobs.wait(job)
    assert sorted(folder.iterdir()) == sorted(kept)


def test_disk_full_while_writing_the_take(make_jobs, plate, small_disk, runtime_python):
    (small_disk / "filler").write_bytes(b"x" * 40_000)
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("replicate", request(plate, small_disk / "a.npz")))
    assert (job.state, job.error.kind) == ("failed", "disk")
    assert "no space left" in job.error.message
    (small_disk / "filler").unlink()
    assert_clean(jobs, jobs.worker_pid if not group_members(jobs.worker_pid) else -1, small_disk)


def test_a_file_limit_while_writing_keeps_the_older_take(make_jobs, plate, takes, tmp_path, runtime_python):
    python = wrapper(tmp_path, f'ulimit -f 40\nexec {runtime_python} "$@"\n')
    older = takes / "a.npz"
    older.write_bytes(b"older")
    jobs = make_jobs(python)
    job = jobs.wait(jobs.submit("replicate", request(plate, older)))
    assert (job.state, job.error.kind) == ("failed", "disk")
    assert [(file.name, file.read_bytes()) for file in takes.iterdir()] == [("a.npz", b"older")]


@pytest.mark.parametrize("package", ["mediapipe", "scipy", "cv2"])
def test_a_runtime_with_a_missing_package(make_jobs, plate, takes, tmp_path, runtime_python, package):
    names = (package, "opencv") if package == "cv2" else (package,)
    jobs = make_jobs(environment_without(tmp_path / "runtime", runtime_python, *names))
    job = jobs.wait(jobs.submit("replicate", request(plate, takes / "a.npz")))
    assert (job.state, job.error.kind) == ("failed", "runtime")
    assert f"'{package}'" in job.error.message
    assert "Repair Runtime" in job.error.message
    assert list(takes.iterdir()) == []
    assert jobs.wait(jobs.submit("hello")).state == "done"


def test_a_runtime_without_numpy_names_it(make_jobs, tmp_path, runtime_python):
    jobs = make_jobs(environment_without(tmp_path / "runtime", runtime_python, "numpy"))
    job = jobs.wait(jobs.submit("hello"))
    assert (job.state, job.error.kind) == ("failed", "runtime")
    assert "'numpy'" in job.error.message


@pytest.mark.slow
def test_a_gpu_that_cannot_be_used_is_a_warning_and_the_cpu_does_the_work(make_jobs, plate, takes):
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("replicate", request(plate, takes / "a.npz", device="cuda:7")))
    assert job.state == "done"
    assert "cuda:7 cannot be used" in job.warnings[0]
    assert Take.load(takes / "a.npz").frame_count == job.result["frames"] == 12


@pytest.mark.parametrize(
    ("code", "stderr", "kind", "words"),
    [
        (-9, [], "memory", "killed the worker"),
        (-6, ["terminate called after throwing an instance of 'std::bad_alloc'"], "memory", "ran out of memory"),
        (-6, ["terminate called recursively"], "memory", "ran out of memory"),
        (-11, ["Check failed: res == 0 (11 vs. 0) pthread_create failed", "@ main"], "memory", "ran out of memory"),
        (-4, [], "worker", "illegal instruction"),
        (-99, [], "worker", "signal 99"),
        (127, ["cannot allocate memory for thread-local data: ABORT"], "memory", "ran out of memory"),
        (1, ["MemoryError"], "memory", "ran out of memory"),
        (1, ["ModuleNotFoundError: No module named 'torch._C'"], "runtime", "'torch'"),
        (1, ["ImportError: libGL.so.1: cannot open shared object file: No such file"], "runtime", "libGL.so.1"),
        (1, ["OSError: [Errno 28] No space left on device"], "disk", "no space left"),
        (-1073741819, [], "worker", "segmentation fault"),
        (0xC0000135, [], "worker", "Visual C++"),
        (3, [], "worker", "exit code 3"),
    ],
)
def test_exits_in_words(code, stderr, kind, words):
    error = explain_exit(code, stderr)
    assert error.kind == kind
    assert words in error.message
    assert error.details == "\n".join(stderr)
