# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb batch on real shots: Blenders, workers and files as a user has them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from holirep_blender.motion.take import Take
from tests.batch.character_file import CHARACTER
from tests.batch.conftest import REPOSITORY, batch, batch_words

SHOTS = f"""
[defaults]
character_file = "hero.blend"
character = "{CHARACTER}"
method = "geometric"
do = ["replicate", "apply", "render-preview", "quality", "export"]
export = ["bvh"]
[defaults.apply]
set_range = true
[defaults.render-preview]
size = [96, 54]
step = 4
format = "png"
[defaults.quality]
temporal_coherence = 0
cross_modal_consistency = 0
environmental_integration = 0
lighting_realism = 0
overall = 1.0
no_pictures = true
before_export = true
[[shots]]
name = "linked"
plate = "PLATE"
range = [20, 27]
[[shots]]
name = "appended"
plate = "PLATE"
range = [60, 65]
bring_in = "append"
do = ["replicate", "apply"]
[[shots]]
name = "nobody"
plate = "PLATE"
range = [60, 61]
person = "3,3@60"
do = ["replicate", "export"]
"""


@pytest.fixture
def shots(tmp_path: Path, plate: Path, hero: Path) -> Path:
    (tmp_path / "hero.blend").symlink_to(hero)
    path = tmp_path / "shots.toml"
    path.write_text(SHOTS.replace("PLATE", str(plate)), encoding="utf-8")
    return path


def takes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*.npz")}


@pytest.mark.slow
def test_shots_are_done_once_and_again_after_kills_with_the_same_takes(shots, runtime):
    output = shots.parent / "shots_output"
    events = shots.parent / "events.jsonl"
    code, result, stderr = batch(shots, "--jobs", "2", "--events", events)
    assert code == 10, stderr
    assert (result["stages"], result["done"], result["failed"], result["run_now"]) == (9, 5, 2, 5)
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    failed = {f"{row['shot']}/{row['stage']}": row for row in rows if row.get("state") == "failed" and "stage" in row}
    assert {name: row["code"] for name, row in failed.items()} == {"nobody/replicate": 3, "linked/quality": 12}
    assert "Overall" in failed["linked/quality"]["message"]
    held = {row["message"] for row in rows if row.get("state") == "held"}
    assert held == {"needs nobody/replicate, which failed", "needs linked/quality, which failed"}
    assert batch(shots, "--summary-only")[0] == 10
    assert batch(shots, "--shot", "linked", "--stage", "export.bvh", "--gates-later")[0] == 0
    assert not (output / "linked" / "linked.bvh").exists()
    first = takes(output)
    assert Take.load(output / "linked" / "linked.npz").local_rotations.shape[0] == 8
    assert len(list((output / "linked" / "linked_preview").glob("*.png"))) == 2
    assert (output / ".holirep" / "pictures" / "linked_render-preview.png").is_file()
    page = (output / "summary.html").read_text(encoding="utf-8")
    for text in ("linked_render-preview.png", "appended_replicate.png", "linked/quality/index.html", "Overall"):
        assert text in page

    shots.write_text(shots.read_text().replace("overall = 1.0", "overall = 0").replace('person = "3,3@60"', ""))
    (output / "appended" / "appended.npz").unlink()
    killed = subprocess.Popen(batch_words(shots, "--quiet", "--jobs", "2"), cwd=REPOSITORY)
    log = output / ".holirep" / "events.jsonl"
    before = log.read_text().count("stage_started")
    while log.read_text().count("stage_started") < before + 2:
        time.sleep(0.05)
        assert killed.poll() is None
    time.sleep(1.0)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    code, result, stderr = batch(shots, "--jobs", "2")
    assert code == 0, stderr
    assert 4 <= result["run_now"] <= 5  # the take that is gone, the judgement, the export behind it, and nobody's two
    assert {name: takes(output)[name] for name in first} == first
    assert (output / "linked" / "linked.bvh").stat().st_size > 1000
    left = [file.name for file in output.rglob("*") if "partial" in file.name or file.suffix in (".lock", ".blend1")]
    assert left == [".batch.lock"]

    text = "import bpy, sys\nfor path in sys.argv[2:]:\n  bpy.ops.wm.open_mainfile(filepath=path)\n"
    text += "  o = bpy.context.scene.objects[sys.argv[1]]\n"
    text += "  print('KEYED', o.library, o.override_library is not None, o.animation_data.action.name)"
    files = [str(output / name / f"{name}_apply.blend") for name in ("linked", "appended")]
    done = subprocess.run([sys.executable, "-c", text, CHARACTER, *files], capture_output=True, text=True)
    keyed = [line for line in done.stdout.splitlines() if line.startswith("KEYED")]
    assert [line.startswith(f"KEYED None {linked}") for line, linked in zip(keyed, (True, False), strict=True)] == [
        True,
        True,
    ], done.stdout + done.stderr


def test_a_bad_list_is_told_as_a_whole_and_nothing_is_started(shots, tmp_path):
    newer = tmp_path / "newer.blend"
    newer.write_bytes(b"BLENDER17-01v9901" + bytes(100))
    (tmp_path / "no.blend").write_bytes(b"this is no file of Blender's")
    text = shots.read_text()
    text = text.replace('bring_in = "append"', 'bring_in = "append"\ncharacter = "Nobody"')
    for number, line in enumerate(('template = "newer.blend"', 'template = "no.blend"', 'plate = "gone.mov"')):
        text += f'[[shots]]\nname = "bad{number}"\n{line}\n'
        text += "" if "plate" in line else 'plate = "hero.blend"\n'
    shots.write_text(text)
    code, result, stderr = batch(shots)
    told = "\n".join(f"{one['line']}: {one['key']}: {one['message']}" for one in result["problems"])
    assert code == 2, stderr
    assert "shots[1].character: " in told
    assert f"has no object named 'Nobody'; it has {CHARACTER}" in told
    assert "was saved by Blender 99.1, which is newer than this one" in told
    assert "no.blend cannot be read as a .blend file" in told
    assert f"shots[5].plate: there is no plate at {tmp_path / 'gone.mov'}" in told
    assert not (tmp_path / "shots_output").exists()


def test_the_plan_is_shown_and_nothing_is_written(shots):
    code, result, _ = batch(shots, "--dry-run")
    assert (code, result["to_do"]) == (0, 9)
    assert [row["id"] for row in result["plan"]][:2] == ["linked/replicate", "linked/apply"]
    assert not (shots.parent / "shots_output").exists()


def test_a_missing_runtime_is_told_before_anything_starts(shots):
    code, result, _ = batch(shots, HOLIREP_RUNTIME="/nowhere")
    assert code == 4
    assert "/nowhere" in result["error"]


def test_a_files_owner_is_asked_before_it_is_written_over(shots):
    mine = shots.parent / "shots_output" / "linked" / "linked.bvh"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    code, result, _ = batch(shots)
    assert code == 2
    assert "linked/linked.bvh is there and was not made by this batch" in result["problems"][0]["message"]
    assert mine.read_text() == "mine"


def test_one_stage_by_name_as_farms_want_it(shots):
    code, result, _ = batch(shots, "--shot", "linked", "--stage", "apply")
    assert code == 2
    assert "linked/apply needs linked/replicate, which is not done" in result["error"]
    code, result, _ = batch(shots, "--shot", "linked", "--stage", "nothing")
    assert code == 2
    assert "it has replicate, apply, render-preview, quality, export.bvh" in result["error"]


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_and_the_batch_goes_on(shots, runtime):
    running = subprocess.Popen(batch_words(shots), cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    log = shots.parent / "shots_output" / ".holirep" / "logs" / "linked" / "replicate.log"
    while not (log.is_file() and " % " in log.read_text()):
        time.sleep(0.05)
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=30) == 130
    lines = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit()]
    mine = [line for line in lines if line.exists() and str(shots.parent).encode() in line.read_bytes()]
    assert mine == []
    assert not (shots.parent / "shots_output" / "linked" / "linked.npz").exists()
