# SPDX-License-Identifier: GPL-3.0-or-later
"""A small list of real shots on real engines: ``openjd run``, and a Dask cluster that loses a worker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.farm.cluster import local_cluster
from tests.batch.farm.conftest import REPOSITORY

LIST = """
output = "out"
[defaults]
method = "geometric"
do = ["replicate", "export"]
export = ["bvh"]
plate = "plate.mp4"
[[shots]]
name = "sh010"
range = [41, 48]
[[shots]]
name = "sh020"
range = [61, 68]
"""
RESULTS = {f"{shot}/{shot}.{ending}" for shot in ("sh010", "sh020") for ending in ("npz", "bvh")}


@pytest.fixture
def night(tmp_path) -> Path:
    """A list of two shots of the sample plate."""
    plate = REPOSITORY / "build" / "plates" / "demo.mp4"
    if not plate.is_file() or (not (REPOSITORY / ".runtime").is_dir() and not os.environ.get("HOLIREP_RUNTIME")):
        pytest.skip("the sample plate or the runtime is not here: run the tests with `make test`")
    os.link(plate, tmp_path / "plate.mp4")
    (tmp_path / "night.toml").write_text(LIST, encoding="utf-8")
    return tmp_path / "night.toml"


def batch(*words: object) -> list[str]:
    return [sys.executable, "-m", "holirep_blender", "batch", *map(str, words)]


def records(out: Path) -> dict[str, dict]:
    found = {}
    for path in (out / ".holirep" / "records").rglob("*.json"):
        found[f"{path.parent.name}/{path.stem}"] = json.loads(path.read_text(encoding="utf-8"))
    return found


def check_results(out: Path) -> None:
    for name in RESULTS:
        assert (out / name).stat().st_size > 1000
    assert {one["state"] for one in records(out).values()} == {"done"}
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["done"] == 4
    left = {path.name for path in out.rglob("*") if "partial" in path.name or path.suffix in (".lock", ".stale")}
    assert left <= {".batch.lock"}, "nothing half-written and no lock stays behind"


@pytest.mark.slow
def test_open_job_description_runs_a_list(farm, night):
    out = night.parent / "out"
    template = night.with_suffix(".yaml")
    done = subprocess.run(batch(night, "--emit", "openjd", template), capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    run = [str(farm / "openjd"), "run", str(template)]
    first = subprocess.run(run, capture_output=True, text=True, timeout=280)
    assert first.returncode == 0, first.stdout[-3000:]
    assert "Session ended successfully" in first.stdout
    told = [float(value) for value in re.findall(r"openjd_progress: ([\d.]+)", first.stdout)]
    assert max(told) > 10.0, "how far a task is; the last word may come too late to be told"
    check_results(out)
    before = records(out)
    again = subprocess.run(run, capture_output=True, text=True, timeout=280)
    assert again.returncode == 0
    assert again.stdout.count("is done already") == 4
    assert records(out) == before, "nothing was done twice"


@pytest.mark.slow
def test_dask_ends_a_list_although_a_worker_is_killed(farm, night, tmp_path):
    out = tmp_path / "out"
    finished: list[str] = []
    killed = ""
    with local_cluster(farm, tmp_path, 3) as cluster:
        farm_words = ("--scheduler", cluster.address, "--dask-python", farm / "python")
        words = batch(night, *farm_words, "--events", "-", "--quiet", "--json")
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
        for line in child.stdout:
            happened = json.loads(line)
            if not killed and happened.get("event") == "stage_progress":
                killed = f"{happened['shot']}/{happened['stage']}"
                cluster.kill(cluster.workers[int(happened["node"][1:])])
            if happened.get("event") == "stage_finished":
                finished.append(f"{happened['shot']}/{happened['stage']}")
        assert child.wait(60) == 0
        assert happened["ok"]
    assert killed.endswith("/replicate")
    assert sorted(finished) == ["sh010/export.bvh", "sh010/replicate", "sh020/export.bvh", "sh020/replicate"]
    check_results(out)
