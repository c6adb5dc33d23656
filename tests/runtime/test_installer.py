# SPDX-License-Identifier: GPL-3.0-or-later
"""Building, checking and removing runtimes.

Complete installations run where HOLIREP_TEST_INSTALLS is set; make builds its own runtime with the installer anyway.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from holirep_blender.runtime import lockfile
from holirep_blender.runtime.faults import Cancelled, RuntimeFault
from holirep_blender.runtime.folder_lock import folder_lock
from holirep_blender.runtime.installer_output import InstallProgress, explain_installer
from holirep_blender.runtime.local_tasks import Console
from holirep_blender.runtime.process import environment_python
from holirep_blender.runtime.state import (
    LOG,
    MARKER,
    Marker,
    damaged_packages,
    read_marker,
    remove_runtime_folder,
    runtime_status,
)
from holirep_blender.runtime.tools import expected_build, find_uv, pip_settings, python_from_uv

from .conftest import disk, environment_without, group_members, posix_only, run_until

complete_installation = pytest.mark.skipif(
    not os.environ.get("HOLIREP_TEST_INSTALLS"),
    reason="takes minutes and fetches 0.4 GB; set HOLIREP_TEST_INSTALLS=1 to run it",
)


@pytest.fixture
def base_python(runtime_python: Path) -> str:
    """The Python that the runtime was built with."""
    code = "import sys; print(sys._base_executable)"
    return subprocess.run([str(runtime_python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_every_package_of_the_lock_is_pinned_with_hashes():
    for path in (lockfile.PIP, lockfile.PACKAGES):
        entries = re.findall(r"^[A-Za-z0-9].*(?:\n    .*)*", path.read_text(), re.M)
        assert entries
        for entry in entries:
            assert re.match(r"[a-z0-9-]+==[0-9][^\s;]*( ;|\s*\\)", entry), entry
            assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", entry)) >= 1, entry
    assert lockfile.pins()["torch"] == {"2.13.0", "2.8.0", "2.2.2"}
    assert lockfile.pins()["numpy"] == {"1.26.4"}


def test_the_consent_names_folder_and_sizes(tmp_path):
    text = lockfile.consent_text("cpu", tmp_path)
    assert str(tmp_path) in text
    assert "0.4 GB are fetched" in text
    assert "1.5 GB of disk" in text
    assert "Up to 2.9 GB are fetched" in lockfile.consent_text("cuda", tmp_path)


def test_the_runtime_that_tests_use_fits_the_lock(runtime_python):
    status = runtime_status(runtime_python.parents[1])
    assert status.state in ("ready", "foreign")
    assert status.missing == []
    assert status.packages["mediapipe"] == "0.10.21"


def test_a_damaged_package_is_noticed(tmp_path, runtime_python):
    python = environment_without(tmp_path / "runtime", runtime_python, "torch")
    folder = python.parents[1]
    Marker("ready", lockfile.lock_hash(), "pip", str(python)).write(folder)
    status = runtime_status(folder)
    assert (status.state, status.missing) == ("damaged", ["torch"])
    assert "Press Repair Runtime" in status.summary
    site = next(folder.glob("lib/python3.*/site-packages"))
    (site / "safetensors").unlink()
    assert "safetensors" in {info.name.split("-")[0] for info in damaged_packages(folder)}


def test_states_of_a_folder(tmp_path):
    assert runtime_status(tmp_path).state == "absent"
    Marker("building", lockfile.lock_hash(), "pip", sys.executable).write(tmp_path)
    assert runtime_status(tmp_path).state == "unfinished"
    Marker("ready", "older", "pip", sys.executable).write(tmp_path)
    assert runtime_status(tmp_path).state == "outdated"
    (tmp_path / MARKER).write_text(json.dumps({"made_by": "somebody"}))
    assert read_marker(tmp_path) is None


def test_only_what_holirep_made_is_removed(tmp_path, make_jobs):
    foreign = tmp_path / "precious"
    foreign.mkdir()
    (foreign / "shot.blend").write_bytes(b"BLENDER")
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("remove_runtime", {"folder": str(foreign)}))
    assert (job.state, job.error.kind) == ("failed", "setting")
    assert "did not make" in job.error.message
    assert (foreign / "shot.blend").exists()
    Marker("ready", "x", "pip", "").write(foreign)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (foreign / "link").symlink_to(outside)
    assert jobs.wait(jobs.submit("remove_runtime", {"folder": str(foreign)})).state == "done"
    assert not foreign.exists()
    assert (outside / "kept").exists()
    with pytest.raises(RuntimeFault, match="no runtime"):
        remove_runtime_folder(foreign)


def test_a_folder_with_other_files_is_not_built_into(tmp_path, make_jobs):
    (tmp_path / "notes.txt").touch()
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("install_runtime", {"folder": str(tmp_path)}))
    assert "holds other files" in job.error.message
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_an_environment_of_the_users_is_checked_and_not_changed(tmp_path, make_jobs, runtime_python):
    # Without the large libraries too, whose loading is what takes the time.
    python = environment_without(tmp_path / "mine", runtime_python, "safetensors", "torch", "mediapipe")
    before = sorted(tmp_path.rglob("*"))
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("install_runtime", {"folder": str(tmp_path / "mine")}))
    assert (job.state, job.error.kind) == ("failed", "runtime")
    assert "safetensors" in job.error.message
    assert "never changed" in job.warnings[0]
    job = jobs.wait(jobs.submit("check_runtime", {"python": str(python)}))
    assert "safetensors" in job.error.message
    assert [
        path for path in sorted(tmp_path.rglob("*")) if path.suffix != ".pyc" and "__pycache__" not in path.name
    ] == [path for path in before if path.suffix != ".pyc" and "__pycache__" not in path.name]


@pytest.mark.slow
def test_an_environment_with_everything_can_be_the_runtime(make_jobs, runtime_python):
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("check_runtime", {"python": str(runtime_python)}))
    assert job.state == "done", job.error
    assert all(check["ok"] for check in job.result["checks"])


def test_too_small_a_disk_is_said_before_anything_is_fetched(small_disk, make_jobs, base_python):
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("install_runtime", {"folder": str(small_disk / "runtime"), "python": base_python}))
    assert (job.state, job.error.kind) == ("failed", "disk")
    needed = lockfile.sizes(expected_build("auto")).disk * 1.05 / 1e3
    assert f"needs {needed:.1f} GB" in job.error.message


@posix_only
def test_a_disk_that_is_too_small_only_for_the_larger_build_is_a_warning_with_pip(tmp_path, make_jobs, base_python):
    if expected_build("auto", "pip") != "cuda":
        pytest.skip("on this system pip's usual index has the CPU build only")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "nothing-1.0-py3-none-any.whl").touch()
    params = {"python": base_python, "tool": "pip", "wheels": str(wheels)}
    with disk(tmp_path / "middle", "3g") as middle:
        jobs = make_jobs()
        job = jobs.submit("install_runtime", {**params, "folder": str(middle / "runtime")})
        run_until(jobs, job, lambda: (middle / "runtime" / MARKER).is_file())
        jobs.cancel(job)
        jobs.wait(job)
    assert job.state == "cancelled"
    assert "needs 5.9 GB" in job.warnings[0]


def test_a_folder_that_cannot_be_written_is_named(tmp_path, make_jobs):
    (tmp_path / "file").touch()
    jobs = make_jobs()
    job = jobs.wait(jobs.submit("install_runtime", {"folder": str(tmp_path / "file" / "runtime")}))
    assert (job.state, job.error.kind) == ("failed", "permission")


@posix_only
def test_installing_can_be_cancelled_and_continued(tmp_path, make_jobs, base_python):
    folder = tmp_path / "runtime"
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "nothing-1.0-py3-none-any.whl").touch()
    params = {"folder": str(folder), "python": base_python, "wheels": str(wheels), "tool": "pip"}
    jobs = make_jobs()
    job = jobs.submit("install_runtime", params)
    run_until(jobs, job, lambda: environment_python(folder).is_file())
    start = time.monotonic()
    jobs.cancel(job)
    jobs.wait(job)
    assert time.monotonic() - start < 2.0
    assert job.state == "cancelled"
    assert runtime_status(folder).state == "unfinished"
    job = jobs.wait(jobs.submit("install_runtime", params))
    assert (job.state, job.error.kind) == ("failed", "setting")
    assert "The folder of wheels lacks pip==" in job.error.message
    assert "No matching distribution" in (folder / LOG).read_text()
    assert jobs.wait(jobs.submit("remove_runtime", {"folder": str(folder)})).state == "done"


@posix_only
def test_an_index_that_cannot_be_reached(tmp_path, make_jobs, base_python, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    jobs = make_jobs()
    params = {"folder": str(tmp_path / "runtime"), "python": base_python, "tool": "pip"}
    job = jobs.wait(jobs.submit("install_runtime", params))
    assert (job.state, job.error.kind) == ("failed", "network")
    assert "cannot be reached" in job.error.message


def test_a_program_is_ended_with_its_children_on_cancel():
    console = Console()
    started: list[str] = []

    def line(text: str) -> None:
        started.append(text)
        console.cancel()

    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    code += "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    start = time.monotonic()
    with pytest.raises(Cancelled):
        console.run([sys.executable, "-c", code], line)
    assert time.monotonic() - start < 4.0
    assert group_members(int(started[0])) == []


def test_two_blenders_do_not_build_one_runtime(tmp_path):
    folder = tmp_path / "runtime"
    with folder_lock(folder), pytest.raises(RuntimeFault, match="Another Blender"), folder_lock(folder):
        pass
    with folder_lock(folder):
        pass


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "network"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "network"),
        ("error: Failed to fetch: `https://index/simple/torch/`\n  Caused by: dns error", "network"),
        ("Error: Command '[...]' ensurepip is not available", "python"),
        ("ERROR: [WinError 32] The process cannot access the file; it is being used by another process", "permission"),
        ("something new", "internal"),
    ],
)
def test_failures_of_the_installer_in_words(line, kind):
    error = explain_installer(line.splitlines(), "pip", offline=False)
    assert error.kind == kind
    assert error.message.count(". ") <= 3
    assert error.details == line


def test_progress_of_a_download():
    seen = []
    progress = InstallProgress(100.0, 2, lambda stage, inner, left: seen.append((stage, inner)))
    lines = ["Collecting torch==2.13.0", "  Downloading torch-2.13.0.whl (100 MB)", "Progress 50000000 of 100000000"]
    for line in [*lines, "Progress 100000000 of 100000000", "Installing collected packages: torch"]:
        progress(line)
    fractions = [inner for _, inner in seen]
    assert fractions == sorted(fractions)
    assert seen[0][0] == "Downloading torch"
    assert seen[-1] == ("Installing packages", 0.75)


def test_pips_own_settings_are_understood():
    lines = [
        ":env:.find-links='/opt/wheels'",
        "global.extra-index-url='https://a/simple https://b/simple'",
        "global.index-url='https://global/simple'",
        "install.index-url='https://install/simple'",
    ]
    assert pip_settings(lines) == {
        "find-links": "/opt/wheels",
        "extra-index-url": "https://a/simple https://b/simple",
        "index-url": "https://install/simple",
    }


@posix_only
def test_uv_that_cannot_fetch_a_python_says_why(tmp_path, make_jobs, monkeypatch):
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text("#!/bin/sh\necho 'error: Failed to download python: dns error'\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    with pytest.raises(RuntimeFault, match=r"uv could not get a Python 3\.11\. The package index cannot be reached"):
        python_from_uv(str(uv), Console())
    assert find_uv() == str(uv)


@pytest.mark.slow
def test_doctor_finds_a_good_runtime_good(make_jobs, runtime_python):
    jobs = make_jobs()
    params = {"folder": str(runtime_python.parents[1]), "host": {"Blender": "5.0.1"}}
    job = jobs.wait(jobs.submit("doctor", params))
    assert job.state == "done"
    assert job.result["ok"], job.result["text"]
    assert job.result["summary"] == "All is well."
    assert "Blender: 5.0.1" in job.result["text"]
    assert "MediaPipe body, face and hands: 0.10.21" in job.result["text"]
    assert job.result["devices"][0]["id"] == "cpu"
    json.dumps(job.result)


def test_doctor_names_what_is_missing_and_what_to_do(make_jobs, tmp_path, runtime_python):
    python = environment_without(tmp_path / "runtime", runtime_python, "mediapipe", "torch")
    Marker("ready", lockfile.lock_hash(), "pip", str(python)).write(tmp_path / "runtime")
    jobs = make_jobs()
    report = jobs.wait(jobs.submit("doctor", {"folder": str(tmp_path / "runtime")})).result
    assert not report["ok"]
    assert "mediapipe, torch" in report["summary"]
    assert "Press Repair Runtime" in report["summary"]
    report = jobs.wait(jobs.submit("doctor", {"folder": str(tmp_path / "none")})).result
    assert "Press Install Runtime" in report["summary"]


@complete_installation
@pytest.mark.slow
def test_a_complete_installation_offline_then_damaged_and_repaired(tmp_path, make_jobs, base_python):
    wheels = tmp_path / "wheels"
    download = [base_python, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels)]
    for name in (lockfile.PIP, lockfile.PACKAGES, lockfile.TORCH):
        done = subprocess.run([*download, "-r", str(name)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"the package index does not give the wheels: {done.stderr[-300:]}")
    folder = tmp_path / "runtime"
    params = {"folder": str(folder), "python": base_python, "wheels": str(wheels), "tool": "pip"}
    jobs = make_jobs(environment_python(folder))
    job = jobs.wait(jobs.submit("install_runtime", params))
    if job.error is not None and "lacks" in job.error.message and "nvidia" in job.error.message:
        pytest.skip("the index gives a CUDA build, whose own packages are too large for a test")
    assert job.state == "done", job.error
    assert runtime_status(folder).state == "ready"
    assert jobs.wait(jobs.submit("hello")).result["packages"]["opencv-python-headless"] == "4.11.0.86"
    site = next(folder.glob("lib/python3.*/site-packages"))
    (site / "scipy" / "linalg" / "__init__.py").unlink()
    job = jobs.wait(jobs.submit("repair_runtime", params))
    assert job.state == "done", job.error
    assert (site / "scipy" / "linalg" / "__init__.py").is_file()
    assert jobs.wait(jobs.submit("remove_runtime", {"folder": str(folder)})).state == "done"


@complete_installation
@pytest.mark.slow
def test_a_complete_installation_with_uv(tmp_path, make_jobs, base_python, monkeypatch):
    subprocess.run([base_python, "-m", "venv", str(tmp_path / "tool")], check=True)
    pip = [str(environment_python(tmp_path / "tool")), "-m", "pip", "install", "-q", "uv"]
    if subprocess.run(pip, capture_output=True, check=False).returncode != 0:
        pytest.skip("the package index does not give uv")
    monkeypatch.setenv("PATH", str(tmp_path / "tool" / "bin"), prepend=os.pathsep)
    folder = tmp_path / "runtime"
    jobs = make_jobs(environment_python(folder))
    job = jobs.wait(jobs.submit("install_runtime", {"folder": str(folder), "python": base_python, "tool": "uv"}))
    assert job.state == "done", job.error
    assert job.result["tool"] == "uv"
    assert jobs.wait(jobs.submit("hello")).result["packages"]["torch"].startswith("2.13.0")
