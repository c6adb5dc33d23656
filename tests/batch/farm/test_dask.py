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

from holirep_blender.batch.farm.dask_runner import DaskRunner
from holirep_blender.batch.farm.dask_submit import Cluster, DaskError, find_dask_python, run_on_cluster
from holirep_blender.batch.runner import Policy
from holirep_blender.batch.standing import Standing
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
    print(json.dumps({"ok": False, "exit_code": 3, "error": "no performer in the plate"}))
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
print(" 50 % Tracking", file=sys.stderr, flush=True)
time.sleep(float(os.environ.get("STAND_IN_SECONDS", "0.3")))
if os.path.exists(os.path.join(out, f"{shot}_{stage}.crash")):
    os.unlink(os.path.join(out, f"{shot}_{stage}.crash"))
    os.unlink(lock)
    os.abort()
open(record, "w").close()
os.unlink(lock)
note("finished")
print(json.dumps({"ok": True, "take": "a.npz"}))
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


def run(job, python, address, told=None, states=None, **policy):
    """Runs the job on a cluster as the command does, and returns the outcome and all events."""
    events: list[dict] = []

    def tell(happened):
        events.append(happened)
        if told is not None:
            told(happened)

    found = {one.id: Standing((states or {}).get(one.id, "missing")) for one in job.plan.stages}
    outcome = DaskRunner(job, Cluster(address, python), found, Policy(pause=0.2, **policy), tell).run()
    return outcome, events


@pytest.mark.slow
def test_shots_are_done_when_a_worker_is_killed(farm, python, job, tmp_path):
    job = replace(job, environment={"STAND_IN_SECONDS": "1.0"})
    killed: list[str] = []
    with local_cluster(farm, tmp_path, 3) as cluster:

        def told(happened):
            if happened["event"] == "stage_progress" and happened["node"] == "w1" and not killed:
                killed.append(f"{happened['shot']}/{happened['stage']}")
                cluster.kill(cluster.workers[1])  # in the middle of a stage

        outcome, events = run(job, python, cluster.address, told)
    assert set(outcome.states.values()) == {"done"}
    assert not outcome.codes
    assert not outcome.cancelled
    finished, begun = log_of(job, "finished"), log_of(job, "begun")
    assert sorted(finished) == sorted(one.id for one in job.plan.stages), "each once"
    assert [one for one in begun if begun.count(one) > 1] == killed * 2, "only what was killed was begun again"
    for one in job.plan.stages:
        assert all(finished.index(need) < finished.index(one.id) for need in one.needs)
    names = [event["event"] for event in events]
    assert names[0] == "batch_started"
    assert names[-1] == "batch_finished"
    assert names.count("stage_finished") == 12
    assert names.count("shot_finished") == 2
    assert {event["node"] for event in events if event["event"] == "stage_progress"} == {"w0", "w1", "w2"}
    assert {event["fraction"] for event in events if event["event"] == "stage_progress"} == {0.5}


@pytest.mark.slow
def test_failures_crashes_and_cancelling(farm, python, job, tmp_path):
    out = job.plan.output
    with local_cluster(farm, tmp_path, 2) as cluster:
        # a stage that cannot be done costs what needs it; one that crashes is tried again
        (out / "sh010_apply.bad").touch()
        (out / "sh020_apply.crash").touch()
        outcome, events = run(job, python, cluster.address, retries=1)
        assert outcome.codes == {3}
        assert outcome.endings["sh010/apply"].message == "no performer in the plate"
        held = {one for one, state in outcome.states.items() if state == "held"}
        assert held == {one.id for one in job.plan.stages if "sh010/apply" in one.needs}
        (again,) = [one for one in events if one["event"] == "stage_retry"]
        assert (again["shot"], again["stage"], again["code"]) == ("sh020", "apply", 6)
        assert "signal 6" in again["message"]
        assert sum(state == "done" for state in outcome.states.values()) == 12 - 1 - len(held)

        # what is done is not given out again; the rest is cancelled while it runs
        (out / "sh010_apply.bad").unlink()
        slow = replace(job, environment={"STAND_IN_SECONDS": "60"})
        done = {one: "done" for one, state in outcome.states.items() if state == "done"}
        outcome, events = run(slow, python, cluster.address, _interrupt_at("stage_progress"), done)
        assert outcome.cancelled
        assert {one["shot"] for one in events if one["event"] == "stage_started"} == {"sh010"}
        left = subprocess.run(["pgrep", "-f", str(tmp_path / "stand_in.py")], capture_output=True, text=True).stdout
        assert left == "", "nothing runs on the workers any more"

        # a driver that is killed is told as a process that died
        def kill_driver(happened):
            if happened["event"] == "stage_progress":
                subprocess.run(["pkill", "-9", "-P", str(os.getpid()), "-f", "dask_driver.py"], check=True)

        with pytest.raises(DaskError, match="ended by signal 9") as found:
            run(slow, python, cluster.address, kill_driver, done)
        assert found.value.code == 6
        subprocess.run(["pkill", "-f", str(tmp_path / "stand_in.py")], check=True)

        # a stage that takes too long is ended there
        limited = replace(slow, plan=replace(job.plan, stages=job.plan.stages[1:2]))
        outcome, _ = run(limited, python, cluster.address, timeout=1.5, retries=0)
        assert outcome.endings["sh010/apply"].code == 9
        assert "longer than 1.5 s" in outcome.endings["sh010/apply"].message


def _interrupt_at(name):
    def told(happened):
        if happened["event"] == name:
            raise KeyboardInterrupt

    return told


@pytest.mark.slow
def test_a_cluster_that_cannot_be_used(farm, python, job, tmp_path):
    nobody = Cluster("tcp://127.0.0.1:9", python, connect_seconds=1.5)
    with pytest.raises(DaskError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9") as found:
        run_on_cluster(job, nobody, Policy(), job.plan.stages, lambda event: None)
    assert found.value.code == 4
    with local_cluster(farm, tmp_path, 0) as cluster:
        quick = Cluster(cluster.address, python, wait_for_workers=0.5)
        with pytest.raises(DaskError, match="has no workers"):
            run_on_cluster(job, quick, Policy(), job.plan.stages, lambda event: None)


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
