# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the runtime's tests: real processes, faults from outside."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holirep_blender.runtime.jobs import Job, JobList
from holirep_blender.runtime.location import find_runtime

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "holirep_blender"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="uses signals and shell wrappers")


@pytest.fixture(scope="session")
def runtime_python() -> Path:
    """The interpreter of the runtime that tests run the worker with."""
    location = find_runtime(preference="", environ=os.environ, package=PACKAGE, user_folder=None)
    if not location.exists:
        pytest.skip(f"there is no runtime in {location.folder}")
    return location.python


@pytest.fixture
def make_jobs(
    runtime_python: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., JobList]]:
    """Makes job lists; after the test no process and no temporary folder of theirs may be left."""
    made: list[JobList] = []
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def make(python: Path | None = None, **options: object) -> JobList:
        jobs = JobList(lambda: python or runtime_python, **options)  # type: ignore[arg-type]
        made.append(jobs)
        return jobs

    yield make
    for jobs in made:
        jobs.close()
    assert zombies() == []
    assert list(temporary.iterdir()) == []


def zombies() -> list[int]:
    """Children of this process that ended and were not reaped."""
    if not Path("/proc").is_dir():
        return []
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.append(int(stat.parent.name))
    return found


def group_members(group: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def run_until(jobs: JobList, job: Job, condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll until the condition holds; fails where the job ends or time runs out before that."""
    end = time.monotonic() + seconds
    while not condition():
        jobs.poll()
        assert not job.finished, f"ended early: {job.state} {job.error}"
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


def wrapper(folder: Path, script: str) -> Path:
    """A shell script that poses as the runtime's Python."""
    path = folder / "python"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return path


def environment_without(folder: Path, runtime_python: Path, *left_out: str) -> Path:
    """A runtime like the real one, in which some packages are not installed; its interpreter."""
    subprocess.run([str(runtime_python), "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    for site in (runtime_python.parents[1] / "lib").glob("python3.*/site-packages"):
        target = folder / "lib" / site.parent.name / "site-packages"
        for entry in site.iterdir():
            if not entry.name.lower().startswith(left_out):
                (target / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


@contextlib.contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own size in memory, taken only as it fills; skips where none can be mounted."""
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no small file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB that can be filled."""
    with disk(tmp_path / "small", "64k") as folder:
        yield folder
