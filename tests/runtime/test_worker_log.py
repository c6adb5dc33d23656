# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's log file."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from holirep_blender.runtime.worker_log import BACKUP, LIMIT_BYTES, NAME, WorkerLog, last_lines

from .conftest import posix_only, run_until, wrapper


@posix_only
def test_what_the_worker_says_is_kept_and_named_where_it_dies(make_jobs, runtime_python, tmp_path):
    script = f'echo "Welcome to the studio!"\nprintf "a\\033[31mred\\n" >&2\nexec {runtime_python} "$@"\n'
    folder = tmp_path / "logs"
    jobs = make_jobs(wrapper(tmp_path, script), log_folder=folder)
    job = jobs.submit("diagnose")
    run_until(jobs, job, lambda: job.progress is not None)
    pid = jobs.worker_pid
    os.kill(pid, signal.SIGSEGV)
    jobs.wait(job)
    assert "segmentation fault" in job.error.message
    assert job.error.message.endswith(f"The worker's log is {folder / NAME}.")
    text = (folder / NAME).read_text(encoding="utf-8")
    assert f"[{pid}] started: " in text
    assert f"[{pid}] [stdout] Welcome to the studio!" in text
    assert f"[{pid}] a\ufffd[31mred" in text
    assert f"[{pid}] ended: The worker crashed (segmentation fault)" in text
    assert jobs.wait(jobs.submit("hello")).state == "done"


@posix_only
def test_without_a_folder_the_message_sends_to_doctor(make_jobs, tmp_path):
    jobs = make_jobs(wrapper(tmp_path, "exit 3\n"))
    job = jobs.wait(jobs.submit("hello"))
    assert job.error.message.endswith("Run again; if it happens again, run Doctor.")
    assert not list(tmp_path.rglob("*.log"))


@posix_only
def test_doctor_prints_its_end(make_jobs, tmp_path):
    folder = tmp_path / "logs"
    jobs = make_jobs(wrapper(tmp_path, 'echo "the lamp is broken" >&2\nexit 3\n'), log_folder=folder)
    jobs.wait(jobs.submit("hello"))
    report = jobs.wait(jobs.submit("doctor", {"folder": str(tmp_path / "none")})).result["text"]
    assert f"Last lines of the worker's log, {folder / NAME}:" in report
    assert "the lamp is broken" in report


def test_the_file_stays_small(tmp_path):
    log = WorkerLog(tmp_path)
    for number in range(2500):
        log.write(1, f"{number} " + "x" * 1000)
    assert {file.name for file in tmp_path.iterdir()} == {NAME, BACKUP}
    assert all(file.stat().st_size < LIMIT_BYTES * 1.01 for file in tmp_path.iterdir())
    assert [line.split()[3] for line in last_lines(tmp_path, 3)] == ["2497", "2498", "2499"]


def test_a_log_that_cannot_be_written_disturbs_nothing(make_jobs, tmp_path):
    (tmp_path / "file").touch()
    jobs = make_jobs(log_folder=Path(tmp_path / "file" / "logs"))
    assert jobs.wait(jobs.submit("hello")).state == "done"
    assert last_lines(tmp_path / "file", 5) == []
    assert WorkerLog(tmp_path / "file").hint() == ""
