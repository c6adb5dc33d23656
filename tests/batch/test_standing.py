# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done is known by contents and options; nothing of anybody's is destroyed; a move that broke off is ended."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from holirep_blender.batch.digests import Digests
from holirep_blender.batch.locks import Busy, batch_lock, stage_lock
from holirep_blender.batch.plan import Input, Output, Plan, Stage
from holirep_blender.batch.records import (
    FAILED,
    MOVING,
    STARTED,
    Record,
    read_record,
    record_path,
    spare_path,
    write_record,
)
from holirep_blender.batch.standing import Keys, standings
from holirep_blender.batch.workplace import Workplace


def a_stage(name: str, inputs: tuple[Input, ...], outputs: tuple[Output, ...], **more: object) -> Stage:
    needs = tuple(item.made_by for item in inputs if item.made_by)
    return Stage("a", name, name, needs, (name,), {"amount": 1}, inputs, outputs, **more)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "plate.mov").write_bytes(b"plate")
    (tmp_path / "out").mkdir()
    first = a_stage("replicate", (Input("plate", "plate.mov"),), (Output("take", "a/a.npz", direct=True),))
    second = a_stage(
        "apply",
        (Input("take", "a/a.npz", first.id),),
        (Output("apply", "a/a.blend"), Output("extra", "a/extra.txt"), Output("frames", "a/frames", folder=True)),
    )
    return Plan("list", tmp_path, tmp_path / "out", (first, second))


def write_outputs(place: Workplace) -> None:
    for output in place.stage.outputs:
        path = place.path(output)
        if output.folder:
            path.mkdir()
            (path / "1.png").write_bytes(b"one")
            (path / "2.png").write_bytes(b"two")
        else:
            path.write_bytes(f"{place.stage.name} {output.role}".encode())


def do(plan: Plan, stage: Stage) -> None:
    digests = Digests()
    place = Workplace(plan, stage)
    place.open()
    write_outputs(place)
    place.hand_over(Record(STARTED, Keys(plan, digests).of(stage), outputs=place.look(digests)))


def states(plan: Plan) -> list[str]:
    return [standing.state for standing in standings(plan).values()]


def test_done_until_contents_or_options_change(plan, tmp_path):
    assert states(plan) == ["missing", "missing"]
    for stage in plan.stages:
        do(plan, stage)
    assert states(plan) == ["done", "done"]
    assert not list(plan.output.rglob("*partial*"))
    assert not (plan.state / "work").exists()
    os.utime(tmp_path / "plate.mov", (1, 1))
    assert states(plan) == ["done", "done"]  # another time, the same contents
    (tmp_path / "plate.mov").write_bytes(b"other")
    assert states(plan) == ["stale", "stale"]


def test_a_plan_elsewhere_has_the_same_keys(plan, tmp_path):
    for stage in plan.stages:
        do(plan, stage)
    moved = tmp_path.with_name(tmp_path.name + "_moved")
    os.rename(tmp_path, moved)
    try:
        for file in moved.rglob("*"):
            os.utime(file, (5, 5))  # as copying does
        assert states(Plan("list", moved, moved / "out", plan.stages)) == ["done", "done"]
    finally:
        os.rename(moved, tmp_path)


def test_a_file_that_is_gone_is_made_again_and_a_changed_one_is_protected(plan):
    for stage in plan.stages:
        do(plan, stage)
    (plan.output / "a" / "a.npz").unlink()
    (plan.output / "a" / "frames" / "1.png").unlink()
    assert states(plan) == ["missing", "missing"]
    do(plan, plan.stages[0])
    do(plan, plan.stages[1])
    (plan.output / "a" / "a.blend").write_bytes(b"an artist's evening")
    assert states(plan) == ["done", "changed"]


def test_a_file_that_no_batch_made_is_protected(plan):
    (plan.output / "a").mkdir()
    (plan.output / "a" / "a.npz").write_bytes(b"mine")
    found = standings(plan)["a/replicate"]
    assert found.blocked
    assert "a/a.npz is there and was not made by this batch" in found.message
    write_record(plan, plan.stages[0], Record(STARTED, "key"))  # killed after the worker had written its take
    assert states(plan)[0] == "interrupted"


def test_failures_are_told_with_their_code(plan):
    write_record(plan, plan.stages[0], Record(FAILED, "key", code=3, message="nobody is in it"))
    found = standings(plan)["a/replicate"]
    assert (found.state, found.code, found.message) == ("failed", 3, "nobody is in it")


@pytest.mark.parametrize("moved", [0, 1, 2, 3])
def test_a_move_that_broke_off_anywhere_is_ended(plan, moved):
    do(plan, plan.stages[0])
    stage = plan.stages[1]
    digests = Digests()
    place = Workplace(plan, stage)
    place.open()
    write_outputs(place)
    record = Record(MOVING, Keys(plan, digests).of(stage), outputs=place.look(digests))
    write_record(plan, stage, record)
    for output in stage.outputs[:moved]:
        os.replace(place.path(output), plan.output / output.path)
    assert states(plan) == ["done", "interrupted"]
    assert Workplace(plan, stage).go_on(record, Digests())
    assert states(plan) == ["done", "done"]
    assert (plan.output / "a" / "frames" / "2.png").read_bytes() == b"two"


def test_a_move_whose_files_are_gone_is_not_ended(plan):
    do(plan, plan.stages[0])
    stage = plan.stages[1]
    place = Workplace(plan, stage)
    place.open()
    write_outputs(place)
    record = Record(MOVING, "key", outputs=place.look(Digests()))
    place.path(stage.outputs[1]).unlink()
    assert not Workplace(plan, stage).go_on(record, Digests())


def test_what_a_broken_run_left_is_removed(plan):
    stage = plan.stages[1]
    place = Workplace(plan, stage)
    place.open()
    write_outputs(place)
    (plan.output / "a" / ".a.partial.blend@").write_bytes(b"half")
    (plan.output / "a" / ".a.npz.123.partial").write_bytes(b"half")
    place.open()
    Workplace(plan, plan.stages[0]).clear()
    assert [file.name for file in (plan.output / "a").iterdir()] == []


def test_a_stage_that_left_nothing_is_no_success(plan):
    place = Workplace(plan, plan.stages[1])
    place.open()
    with pytest.raises(FileNotFoundError, match=r"ended without writing a/a\.blend"):
        place.look(Digests())


def test_a_stage_is_held_by_one_and_let_go_by_the_dead(plan):
    stage = plan.stages[0]
    with stage_lock(plan, stage), pytest.raises(Busy, match=f"process {os.getpid()}"), stage_lock(plan, stage):
        pass
    code = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from holirep_blender.batch import locks, plan as p;"
        "stage = p.Stage('a', 'replicate', 'replicate', (), (), {}, (), ());"
        "held = locks.stage_lock(p.Plan('l', Path(sys.argv[2]), Path(sys.argv[2]) / 'out', (stage,)), stage);"
        "held.__enter__(); print('held', flush=True); os.kill(os.getpid(), 9)"
    )
    repository = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code, str(repository), str(plan.root)], capture_output=True, text=True)
    assert done.stdout.strip() == "held", done.stderr
    assert list((plan.state / "locks").rglob("*.lock"))
    with stage_lock(plan, stage):
        pass
    assert not list((plan.state / "locks").rglob("*.lock"))


def test_two_batches_do_not_share_an_output_folder(plan):
    with batch_lock(plan), pytest.raises(Busy, match="Another batch is writing"), batch_lock(plan):
        pass
    with batch_lock(plan):
        pass


def test_a_record_that_is_lost_or_damaged_has_a_spare(plan):
    for stage in plan.stages:
        do(plan, stage)
    record_path(plan, plan.stages[0]).unlink()
    damaged = record_path(plan, plan.stages[1])
    damaged.write_text(damaged.read_text()[:20])
    assert states(plan) == ["done", "done"]
    spare_path(plan, plan.stages[1]).unlink()
    assert read_record(plan, plan.stages[1]) is None


def test_files_beside_an_output_belong_to_it(plan):
    stage = plan.stages[0]
    place = Workplace(plan, stage)
    digests = Digests()
    place.open()
    write_outputs(place)
    (place.folder / "textures").mkdir()
    (place.folder / "textures" / "skin.png").write_bytes(b"skin")
    found = place.look(digests)
    texture = plan.output / "a" / "textures" / "skin.png"
    texture.parent.mkdir()
    texture.write_bytes(b"an artist's")
    assert place.in_the_way(found, None, digests) == "a/textures/skin.png"
    texture.unlink()
    assert place.in_the_way(found, None, digests) == ""
    place.hand_over(Record(STARTED, Keys(plan, digests).of(stage), outputs=found))
    assert states(plan) == ["done", "missing"]
    texture.unlink()
    assert standings(plan)["a/replicate"].message == "a/textures/skin.png is gone"


def test_a_release_that_makes_another_result_does_it_again(plan):
    do(plan, plan.stages[0])
    record = read_record(plan, plan.stages[0])
    write_record(plan, plan.stages[0], replace(record, made_with="HoliRep 0.0.9"))
    plan.stages[0].recipe["engine"] = 2
    found = standings(plan)["a/replicate"]
    assert (found.state, found.message) == ("stale", "this HoliRep makes another result than HoliRep 0.0.9")
