# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages in processes: order, break-downs, time limits, what is held back, and what is told."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from holirep_blender.batch.events import JsonLines, Log, Table
from holirep_blender.batch.plan import Input, Output, Plan, Stage
from holirep_blender.batch.runner import Outcome, Policy, Runner
from holirep_blender.batch.standing import standings
from holirep_blender.batch.summary import summary, write_summary

STAND_IN = Path(__file__).with_name("stand_in.py")


def a_plan(folder: Path, *shots: str, timeout: float | None = None, retries: int = 2) -> Plan:
    stages = []
    more = {"timeout": timeout, "retries": retries, "uses_gpu": True}
    for shot in shots:
        first = Stage(shot, "light", "light", (), (), {}, (), (Output("light", f"{shot}/light.txt"),), **more)
        item = Input("light", f"{shot}/light.txt", first.id)
        out = (Output("export", f"{shot}/export.txt"),)
        stages += [first, Stage(shot, "export", "export", (first.id,), (), {}, (item,), out, **more)]
    return Plan("list", folder, folder / "out", tuple(stages))


def run(plan: Plan, **policy: object) -> tuple[Outcome, list[dict]]:
    told: list[dict] = []
    words = [sys.executable, str(STAND_IN)]
    settings = Policy(**{"pause": 0.05, **policy})
    runner = Runner(plan, standings(plan), words, settings, {"device": "cpu"}, told.append)
    return runner.run(), told


def test_all_is_done_once_and_then_never_again(tmp_path):
    plan = a_plan(tmp_path, "a", "b")
    outcome, told = run(plan, jobs=2)
    assert set(outcome.states.values()) == {"done"}
    kinds = [happened["event"] for happened in told]
    assert (kinds[0], kinds[-1]) == ("batch_started", "batch_finished")
    assert kinds.count("shot_finished") == 2
    assert any(one["event"] == "stage_progress" and one["fraction"] == 0.4 for one in told)
    again, told = run(plan)
    assert set(again.states.values()) == {"skipped"}
    assert told[0]["todo"] == 0
    assert (tmp_path / "a.light.tries").read_text() == "x"
    assert not list((plan.state / "jobs").rglob("*"))


def test_jobs_run_side_by_side(tmp_path):
    _, told = run(a_plan(tmp_path, "a", "b", "c"), jobs=3)
    started = [one["time"] for one in told if one["event"] == "stage_started" and one["stage"] == "light"]
    first_end = min(one["time"] for one in told if one["event"] == "stage_finished")
    assert max(started) < first_end


def test_a_crash_costs_one_shot_and_is_tried_again(tmp_path):
    plan = a_plan(tmp_path, "crashes", "recovers", "b")
    outcome, told = run(plan, jobs=3)
    assert outcome.states == {
        "crashes/light": "failed",
        "crashes/export": "held",
        "recovers/light": "done",
        "recovers/export": "done",
        "b/light": "done",
        "b/export": "done",
    }
    assert outcome.codes == {6}
    assert "SIGSEGV" in outcome.endings["crashes/light"].message
    assert (tmp_path / "crashes.light.tries").read_text() == "xxx"
    delays = [one["delay"] for one in told if one["event"] == "stage_retry" and one["shot"] == "crashes"]
    assert delays == [0.05, 0.1]


@pytest.mark.parametrize(("code", "tries"), [(3, 1), (2, 1), (5, 1), (6, 2), (7, 2)])
def test_only_what_another_try_may_mend_is_tried_again(tmp_path, code, tries):
    outcome, _ = run(a_plan(tmp_path, f"fails{code}"), retries=1)
    assert outcome.codes == {code}
    assert outcome.endings[f"fails{code}/light"].message == "as it was told"
    assert len((tmp_path / f"fails{code}.light.tries").read_text()) == tries


def test_a_stage_that_takes_too_long_is_ended(tmp_path):
    begun = time.monotonic()
    outcome, _ = run(a_plan(tmp_path, "hangs", timeout=0.8, retries=0))
    assert time.monotonic() - begun < 20
    assert outcome.codes == {9}
    assert "took longer than 0.8 seconds" in outcome.endings["hangs/light"].message


def test_a_shot_that_does_not_pass_its_gates_is_judged_once_and_keeps_its_report(tmp_path):
    plan = a_plan(tmp_path, "fails12", "b")
    for told in (run(plan)[1], run(plan)[1]):
        found = standings(plan)
        assert (found["fails12/light"].state, found["b/export"].state) == ("rejected", "done")
        row = next(one for one in told if one["event"] == "stage_finished" and one["state"] == "failed")
        assert (row["code"], row["message"]) == (12, "not good enough")
        assert any(one.get("message") == "needs fails12/light, which failed" for one in told)
    assert row["skipped"]
    assert (tmp_path / "fails12.light.tries").read_text() == "x"
    assert (plan.output / "fails12" / "light.txt").is_file()
    facts = summary(plan, found, None, 12)
    assert (facts["shots"][0]["state"], facts["failed"]) == ("failed", 1)


def test_a_process_that_ends_without_an_answer_is_no_success(tmp_path):
    outcome, _ = run(a_plan(tmp_path, "silent", retries=0))
    assert outcome.codes == {6}


def test_after_an_error_nothing_more_is_started_where_that_is_wanted(tmp_path):
    outcome, _ = run(a_plan(tmp_path, "fails3", "b"), stop_on_error=True)
    assert outcome.states["b/light"] == "left"
    assert not (tmp_path / "b.light.tries").exists()


def test_graphics_cards_are_shared_out(tmp_path):
    plan = a_plan(tmp_path, "a", "b")
    run(plan, jobs=2, gpus=("0", "3"))
    texts = " ".join((plan.output / shot / "light.txt").read_text() for shot in "ab")
    assert "gpu 0" in texts
    assert "gpu 3" in texts
    assert "'device': 'cpu'" in texts


def test_what_happens_is_told_to_pipelines_people_and_the_terminal(tmp_path):
    plan = a_plan(tmp_path, "a", "fails3")
    outcome, told = run(plan)
    lines, log, table = io.StringIO(), io.StringIO(), io.StringIO()
    for happened in told:
        for listener in (JsonLines(lines), Log(log), Table(table)):
            listener(happened)
    assert [json.loads(line) for line in lines.getvalue().splitlines()] == told
    assert "fails3/light FAILED: as it was told" in log.getvalue()
    assert "fails3/export held back: needs fails3/light, which failed" in log.getvalue()
    assert "a complete" in table.getvalue()
    facts = summary(plan, standings(plan), outcome, 3)
    write_summary(plan, facts)
    assert [shot["state"] for shot in facts["shots"]] == ["done", "failed"]
    page = (plan.output / "summary.html").read_text()
    assert 'href="a/light.txt"' in page
    assert "as it was told" in page
