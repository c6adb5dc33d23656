# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on a real Dask cluster: scheduler, workers and driver are real; a small program stands where Blender would be
started, which keeps to the rules of ``batch --shot --stage``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from holirep_blender.batch.farm.dask_submit import Cluster, DaskError, find_dask_python, run_on_cluster
from tests.batch.farm.cluster import local_cluster

STAND_IN = """
import json, os, sys, time
words = sys.argv[1:]
value = lambda name: words[words.index(name) + 1]
shot, stage, out = value("--shot"), value("--stage"), value("--output")
record = os.path.join(out, f"{shot}_{stage}.done")
lock = record[:-5] + ".lock"
def note(text):
    with open(os.path.join(out, "log"), "a") as log:
        log.write(f"{text} {shot}/{stage}\\n")
if os.path.exists(record):
    sys.exit(0)
if os.path.exists(os.path.join(out, f"{shot}_{stage}.bad")):
    print("holirep: error: no performer in the plate")
    sys.exit(3)
try:
    os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
except FileExistsError:
    try:
        os.kill(int(open(lock).read() or 0) or os.getpid(), 0)
        sys.exit(11)
    except ProcessLookupError:
        os.unlink(lock)
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
with open(lock, "w") as held:
    held.write(str(os.getpid()))
note("begun")
print(json.dumps({"event": "progress", "stage": f"{shot}/{stage}", "fraction": 0.5}), flush=True)
time.sleep(float(os.environ.get("STAND_IN_SECONDS", "0.3")))
if os.path.exists(os.path.join(out, f"{shot}_{stage}.crash")):
    os.unlink(os.path.join(out, f"{shot}_{stage}.crash"))
    os.unlink(lock)
    os.abort()
open(record, "w").close()
os.unlink(lock)
note("finished")
"""


@pytest.fixture
def job(submission, tmp_path):
    """Two shots of six stages for the stand-in."""
    program = tmp_path / "stand_in.py"
    program.write_text(STAND_IN, encoding="utf-8")
    submission.plan.output.mkdir()
    return replace(submission, words=(sys.executable, str(program)), environment={"STAND_IN_SECONDS": "0.3"})


@pytest.fixture
def python(farm):
    return farm / "python"


def log_of(job, word):
    lines = (job.plan.output / "log").read_text(encoding="utf-8").split("\n")
    return [line.split()[1] for line in lines if line.startswith(word)]


@pytest.mark.slow
def test_shots_are_done_when_a_worker_is_killed(farm, python, job, tmp_path):
    job = replace(job, environment={"STAND_IN_SECONDS": "1.0"})
    events: list[dict] = []
    with local_cluster(farm, tmp_path, 3) as cluster:

        def heard(event):
            if event["event"] == "progress" and event["node"] == "w1" and event not in events:
                cluster.kill(cluster.workers[1])  # in the middle of a stage
            events.append(event)

        outcome = run_on_cluster(job, Cluster(cluster.address, python), job.plan.stages, heard)
    assert outcome.failed == {}
    assert not outcome.cancelled
    finished = log_of(job, "finished")
    assert sorted(finished) == sorted(one.id for one in job.plan.stages), "each once, although one was begun twice"
    assert len(log_of(job, "begun")) > len(finished), "the killed worker was at a stage"
    for one in job.plan.stages:
        assert all(finished.index(need) < finished.index(one.id) for need in one.needs)
    assert next(event["workers"] for event in events if event["event"] == "cluster") >= 1
    assert {event["node"] for event in events if event["event"] == "progress"} == {"w0", "w1", "w2"}


@pytest.mark.slow
def test_failures_crashes_and_cancelling(farm, python, job, tmp_path):
    out = job.plan.output
    with local_cluster(farm, tmp_path, 2) as cluster:
        # a stage that cannot be done costs what needs it; one that crashes once is tried again
        (out / "sh010_apply.bad").touch()
        (out / "sh020_apply.crash").touch()
        crashing = [replace(one, retries=2) for one in job.plan.stages]
        events: list[dict] = []
        outcome = run_on_cluster(job, Cluster(cluster.address, python), crashing, events.append)
        assert outcome.failed == {"sh010/apply": 3}
        ended = next(one for one in events if one["event"] == "ended" and one["stage"] == "sh010/apply")
        assert ended["tail"] == ["holirep: error: no performer in the plate"]
        assert {one["stage"] for one in events if one["event"] == "skipped"} == {
            one.id for one in job.plan.stages if "sh010/apply" in one.needs
        }
        assert [(one["stage"], one["try"]) for one in events if one["event"] == "again"] == [("sh020/apply", 2)]
        assert {one.split("/")[0] for one in log_of(job, "finished")} == {"sh010", "sh020"}

        # what is done is not done again; the rest is cancelled while it runs
        (out / "sh010_apply.bad").unlink()
        slow = replace(job, environment={"STAND_IN_SECONDS": "60"})
        with pytest.raises(KeyboardInterrupt):
            run_on_cluster(slow, Cluster(cluster.address, python), job.plan.stages, _interrupt_at("progress"))
        assert log_of(job, "begun").count("sh020/apply") == 2
        left = subprocess.run(["pgrep", "-f", str(tmp_path / "stand_in.py")], capture_output=True, text=True).stdout
        assert left == "", "nothing runs on the workers any more"


def _interrupt_at(name):
    def heard(event):
        if event["event"] == name:
            raise KeyboardInterrupt

    return heard


@pytest.mark.slow
def test_a_cluster_that_cannot_be_used(farm, python, job, tmp_path):
    with pytest.raises(DaskError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9") as found:
        run_on_cluster(
            job, Cluster("tcp://127.0.0.1:9", python, connect_seconds=1.5), job.plan.stages, lambda event: None
        )
    assert found.value.code == 4
    with local_cluster(farm, tmp_path, 0) as cluster:
        quick = Cluster(cluster.address, python, wait_for_workers=0.5)
        with pytest.raises(DaskError, match="has no workers"):
            run_on_cluster(job, quick, job.plan.stages, lambda event: None)


def test_a_python_without_dask_is_refused(python):
    with pytest.raises(DaskError, match="No module named 'distributed'"):
        find_dask_python(Path(sys.executable), {})
    with pytest.raises(DaskError, match="HOLIREP_DASK_PYTHON"):
        find_dask_python(None, {"PATH": str(Path(sys.executable).parent)})
    with pytest.raises(DaskError, match="No such file"):
        find_dask_python(None, {"HOLIREP_DASK_PYTHON": "/no/python"})
    assert find_dask_python(None, {"HOLIREP_DASK_PYTHON": str(python), "PATH": ""}) == python
    assert (
        find_dask_python(None, {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{python.parent}"})
        == python.parent / "python3"
    )
