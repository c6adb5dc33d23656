# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of Open Job Description, checked and run by its reference implementation."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from holirep_blender.batch.farm.openjd import MOST_TASKS, asset_references, write_openjd
from holirep_blender.batch.farm.steps import steps
from holirep_blender.batch.launching import NODE_WORDS
from holirep_blender.batch.plan import Input, Plan
from tests.batch.farm.conftest import plan, stage

RECORDER = """#!/bin/sh
printf '%s ' "$@" >> "$RECORD"
echo >> "$RECORD"
cat "$(eval echo \\${$#})" >> "$RULES"
"""


def openjd(farm: Path, *words: object, **variables: str) -> dict:
    line = [str(farm / "openjd"), *map(str, words), "--output", "json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, env={"PATH": "/usr/bin:/bin", **variables})
    begin = done.stdout.find("{")
    assert begin >= 0, done.stdout + done.stderr
    return json.loads(done.stdout[begin:])


@pytest.mark.parametrize("name", ["night.yaml", "night.json", "bundle"])
def test_the_reference_implementation_accepts_the_template(farm, submission, tmp_path, name):
    written = write_openjd(submission, tmp_path / name)
    assert openjd(farm, "check", written[0])["status"] == "success"


def test_a_bundle_says_which_files_go_to_the_nodes(submission, tmp_path):
    (tmp_path / "plates" / "roll").mkdir(parents=True)
    for name in ("a.0001.png", "a.0002.png", "b.0001.png"):
        (tmp_path / "plates" / name).write_bytes(b"")
    reads = ["plates/a.####.png", "plates/roll", "plates/a.%04d.png", "../set/studio.exr"]
    first = stage("sh010", "replicate")
    first = replace(first, inputs=(*(Input(f"in{i}", one) for i, one in enumerate(reads)), Input("t", "x", "sh010/a")))
    found = asset_references(Plan("night", tmp_path, tmp_path / "out", (first,)))["assetReferences"]["inputs"]
    names = [str(tmp_path / "plates" / name) for name in ("a.0001.png", "a.0002.png")]
    assert found["filenames"] == sorted([*names, str(tmp_path.parent / "set" / "studio.exr")])
    assert found["directories"] == [str(tmp_path / "plates" / "roll")]


def test_every_stage_runs_once_after_what_it_needs(farm, submission, tmp_path):
    """`openjd run` runs all tasks; the program in Blender's place writes down what it was told."""
    blender = tmp_path / "blender"
    blender.write_text(RECORDER, encoding="utf-8")
    blender.chmod(0o755)
    (written,) = write_openjd(submission, tmp_path / "night.yaml")
    record, rules = tmp_path / "record", tmp_path / "rules"
    found = openjd(farm, "run", written, "-p", f"Blender={blender}", RECORD=str(record), RULES=str(rules))
    assert found["status"] == "success", found
    lines = record.read_text(encoding="utf-8").splitlines()
    said = [line.split() for line in lines]
    ran = [f"{words[words.index('--shot') + 1]}/{words[words.index('--stage') + 1]}" for words in said[:-1]]
    assert sorted(ran) == sorted(one.id for one in submission.plan.stages)
    for one in submission.plan.stages:
        assert all(ran.index(need) < ran.index(one.id) for need in one.needs)
    assert "--summary-only" in said[-1]
    for words in said:
        assert words[:8] == [*NODE_WORDS, "batch", str(tmp_path / "night.toml")]
        assert words[words.index("--output") + 1] == str(tmp_path / "out")
    assert set(rules.read_text(encoding="utf-8")) <= set("{}"), "no rules where no path is mapped"


def test_gates_are_told_by_the_last_step(farm, submission, tmp_path):
    made = submission.plan
    judged = replace(made, stages=(*made.stages, stage("sh010", "quality", "apply")))
    (written,) = write_openjd(replace(submission, plan=judged), tmp_path / "night.json")
    by_name = {step["name"]: str(step["script"]) for step in json.loads(written.read_text(encoding="utf-8"))["steps"]}
    assert [name for name, script in by_name.items() if "--gates-later" not in script] == ["summary"]
    assert openjd(farm, "check", written)["status"] == "success"


def test_a_finished_part_travels_with_the_next_job(submission, tmp_path):
    flows = []
    for _ in range(2):
        (written,) = write_openjd(submission, tmp_path / "night.json")
        definitions = json.loads(written.read_text(encoding="utf-8"))["parameterDefinitions"]
        flows.append(next(one["dataFlow"] for one in definitions if one["name"] == "OutputFolder"))
        submission.plan.state.mkdir(parents=True, exist_ok=True)
    assert flows == ["OUT", "INOUT"]


def test_more_shots_than_a_step_may_have(farm, submission, tmp_path):
    many = replace(submission, plan=plan(tmp_path, [f"sh{number:04d}" for number in range(MOST_TASKS + 1)]))
    (written,) = write_openjd(many, tmp_path / "night.json")
    template = json.loads(written.read_text(encoding="utf-8"))
    by_name = {step["name"]: step for step in template["steps"]}
    assert len(by_name["replicate part 2"]["parameterSpace"]["taskParameterDefinitions"][0]["range"]) == 1
    assert {one["dependsOn"] for one in by_name["apply"]["dependencies"]} == {"replicate", "replicate part 2"}
    assert openjd(farm, "check", written)["status"] == "success"


def test_the_farm_is_asked_for_a_card_where_one_is_named(farm, submission, tmp_path):
    asked = []
    for options in ((), ("--device", "cpu"), ("--device", "cuda:0")):
        (written,) = write_openjd(replace(submission, options=options), tmp_path / "night.json")
        steps_made = json.loads(written.read_text(encoding="utf-8"))["steps"]
        names = {step["name"]: str(step.get("hostRequirements")) for step in steps_made}
        asked.append([name for name, needed in names.items() if "amount.worker.gpu" in needed])
    assert asked == [[], [], ["render-preview"]]
    assert openjd(farm, "check", written)["status"] == "success"


def test_kinds_that_need_each_other_become_more_steps(tmp_path):
    stages = (
        stage("a", "light"),
        stage("a", "apply", "light"),
        stage("b", "apply"),
        stage("b", "light", "apply"),
    )
    found = steps(Plan("night", tmp_path, tmp_path / "out", stages))
    assert [(one.name, [each.id for each in one.stages], one.needs) for one in found] == [
        ("light", ["a/light"], ()),
        ("apply", ["a/apply"], ("light",)),
        ("apply 2", ["b/apply"], ()),
        ("light 2", ["b/light"], ("apply 2",)),
    ]


def test_a_name_without_a_format_is_refused(submission, tmp_path):
    with pytest.raises(ValueError, match=r"\.yaml or \.json, or a folder"):
        write_openjd(submission, tmp_path / "night.txt")
