# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: what it refuses, with which exit code, and what it does."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bpy
import numpy as np
import pytest

from holirep_blender import cli
from holirep_blender.cli import shot_options, values
from holirep_blender.cli.errors import from_job
from holirep_blender.cli.parser import build_parser
from holirep_blender.motion.take import Take
from holirep_blender.runtime.faults import JobError
from holirep_blender.runtime.job import Job
from tests.extension.conftest import REPOSITORY, run_command
from tests.rigs.builders import build_rig

TAKE = ["--out", "take.npz"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "VERB"),
        (["dance"], 2, "dance"),
        (["replicate"], 2, "--out"),
        (["replicate", *TAKE, "--range", "9-2"], 2, "ends before it begins"),
        (["replicate", *TAKE, "--range", "nine"], 2, "FIRST-LAST"),
        (["replicate", *TAKE, "--person", "1,2,3@4"], 2, "X0,Y0,X1,Y1@FRAME"),
        (["replicate", *TAKE, "--person", "5,5,1,9@4"], 2, "empty"),
        (["replicate", *TAKE, "--focal-length", "35"], 2, "35mm"),
        (["replicate", *TAKE, "--height", "175"], 2, "0.5 to 2.6"),
        (["replicate", *TAKE, "--device", "gpu"], 2, "cuda:0"),
        (["replicate", *TAKE, "--character", "Hero"], 2, "--save"),
        (["replicate", "--out", "take.json", "--plate", "p.mov"], 2, "take.npz"),
        (["replicate", *TAKE, "--processes", "0"], 2, "must be a whole number from 1 to 64, not '0'"),
        (["replicate", *TAKE, "--fps", "0"], 2, "1 to 1000"),
        (["replicate", *TAKE, "--start", "3"], 2, "--start"),
        (["replicate", "--plate", "p.mov", "--character", "Hero", "--save", "out.txt"], 2, "--save out.blend"),
        (
            ["apply", "--take", "a.npz", "--character", "H", "--save", "a.blend", "--start-frame", "x"],
            2,
            "whole number",
        ),
        (
            ["apply", "--take", "a.npz", "--character", "H", "--save", "a.blend", "--no-camera", "--set-resolution"],
            2,
            "--no-camera",
        ),
        (["apply", "--take", "a.npz", "--character", "Lone", "--save", "a.blend"], 5, "'Lone' is a mesh without"),
        (["replicate", *TAKE], 3, "name one with --plate"),
        (["solve", "--take", "no-such.npz", *TAKE], 7, "no-such.npz"),
        (["solve", "--take", "no-such.npz"], 2, "--out"),
        (["replicate", *TAKE, "--plate", "no-such-plate.mov"], 3, "no-such-plate.mov"),
        (["replicate", "--out", "no-such-folder/take.npz", "--plate", "p.mov"], 7, "no-such-folder"),
        (["replicate", *TAKE, "--file", "no-such.blend", "--plate", "p.mov"], 7, "no-such.blend"),
        (["apply", "--take", "no-such.npz", "--character", "Hero", "--save", "a.blend"], 5, "'Hero'"),
        (["export", "--out", "a.bvh"], 2, "either"),
        (["export", "--take", "a.npz", "--out", "a.fbx"], 2, "bvh"),
        (["export", "--take", "no-such.npz", "--out", "a.bvh"], 7, "no-such.npz"),
        (["export", "--character", "Hero", "--out", "a.glb"], 5, "'Hero'"),
        (["runtime", "install", "--use", "/tmp"], 2, "HOLIREP_RUNTIME"),
        (["runtime", "remove"], 2, "--yes"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(shot, tmp_path, monkeypatch, capfd, words, code, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Lone", bpy.data.meshes.new("Lone")))
    assert cli.main(words, "holirep") == code
    captured = capfd.readouterr()
    lines = [line for line in captured.err.splitlines() if line.startswith("holirep")]
    assert len(lines) == 1
    assert lines[0].startswith("holirep: error: ")
    assert said in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_json_tells_of_an_error_too(shot, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["replicate", "--json", *TAKE, "--plate", "no.mov"], "holirep") == 3
    answer = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert answer["ok"] is False
    assert answer["exit_code"] == 3
    assert "no.mov" in answer["error"]


def test_a_file_that_is_no_blend_is_named_in_one_sentence(shot, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk.blend").write_bytes(b"junk")
    assert (
        cli.main(
            ["apply", "--file", "junk.blend", "--take", "t.npz", "--character", "A", "--save", "a.blend"], "holirep"
        )
        == 7
    )
    line = capfd.readouterr().err.strip()
    assert line.startswith("holirep: error: ")
    assert "junk.blend" in line
    assert line.count("rror:") == 1


@pytest.mark.parametrize("words", [["--json", "runtime", "status"], ["runtime", "--json", "status"]])
def test_json_may_stand_before_and_after_the_verb(shot, capfd, words):
    assert cli.main(words, "holirep") == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["ok"] is True


def test_what_a_failing_doctor_found_is_in_its_json(shot, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("HOLIREP_RUNTIME", str(tmp_path))
    assert cli.main(["doctor", "--json"], "holirep") == 4
    captured = capfd.readouterr()
    answer = json.loads(captured.out.splitlines()[-1])
    assert (answer["ok"], answer["exit_code"]) == (False, 4)
    assert answer["findings"]
    assert answer["summary"] == answer["error"]
    assert cli.main(["doctor"], "holirep") == 4
    captured = capfd.readouterr()
    assert captured.out.startswith("HoliRep Doctor")
    assert captured.err.splitlines()[-1] == f"holirep: error: {answer['error']}"


def test_the_death_of_a_worker_is_told_with_its_last_words(shot, monkeypatch, capfd):
    def die(_options):
        job = Job(1, "replicate", {}, state="failed", error=JobError("worker", "The worker died."), log_tail=["Ouch"])
        raise from_job(job)

    monkeypatch.setitem(sys.modules["holirep_blender.cli.main"].VERBS, "doctor", die)
    assert cli.main(["doctor"], "holirep") == 6
    assert capfd.readouterr().err.splitlines() == ["Ouch", "holirep: error: The worker died."]


def test_options_for_applying_are_written_into_the_shot(shot):
    words = "apply --take a.npz --character H --save a.blend --start-frame -7 --set-range --whole-frames"
    words += " --set-resolution --exact-directions --share-spine --nla --in-place"
    shot_options.set_applying(shot, build_parser("holirep").parse_args(words.split()))
    assert (shot.use_start_frame, shot.start_frame) == (True, -7)
    turned_on = ("set_scene_range", "whole_frames", "set_resolution", "share_spine", "push_to_nla", "add_camera")
    assert all(getattr(shot, name) for name in turned_on)
    assert not shot.own_shape
    assert not shot.match_camera
    assert shot.root_motion == "IN_PLACE"


def test_values_are_read():
    assert values.frame_range("101-250") == (101, 250)
    assert values.person("largest") == values.Person("LARGEST")
    assert values.person("12.5,40@7") == values.Person("POINT", 7, (12.5, 40.0))
    assert values.person("1,2,30,40@7") == values.Person("BOX", 7, (1.0, 2.0, 30.0, 40.0))
    assert values.focal_length("35mm") == values.FocalLength("MILLIMETRES", 35.0)
    assert values.focal_length("1500.5px") == values.FocalLength("PIXELS", 1500.5)
    assert values.focal_length("estimate") == values.FocalLength("ESTIMATE")


def test_a_missing_runtime_has_its_own_exit_code(plate, tmp_path):
    done = run_command("replicate", "--plate", plate, "--out", tmp_path / "t.npz", HOLIREP_RUNTIME=str(tmp_path))
    assert done.returncode == 4, done.stderr
    assert "HOLIREP_RUNTIME" in done.stderr


def test_status_says_which_runtime_and_why(runtime):
    done = run_command("runtime", "status", "--json", HOLIREP_RUNTIME=str(runtime))
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["chosen_by"] == "environment"
    assert Path(answer["folder"]) == runtime.absolute()
    assert answer["state"] in {"ready", "foreign"}


@pytest.fixture(scope="module")
def result(plate, runtime, tmp_path_factory):
    """A take of eight frames, made and applied by one command."""
    folder = tmp_path_factory.mktemp("command")
    stage = folder / "stage.blend"
    bpy.ops.wm.read_homefile(use_empty=True)
    build_rig("vrm").name = "Hero"
    bpy.ops.wm.save_as_mainfile(filepath=str(stage))
    done = run_command(
        "replicate", "--file", stage, "--plate", plate, "--range", "81-88", "--person", "1210,740@81",
        "--focal-length", "35mm", "--height", "1.7", "--smoothing", "one_euro", "--out", folder / "take.npz",
        "--character", "Hero", "--save", folder / "applied.blend", "--match-camera", "--json",
        HOLIREP_RUNTIME=str(runtime),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.slow
def test_replicate_makes_applies_and_saves(result):
    folder, done = result
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["ok"]
    assert answer["frames"] == 8
    assert answer["tracked_frames"] == 8
    take = Take.load(folder / "take.npz")
    assert take.frame_start == 81
    np.testing.assert_allclose(take.camera.intrinsics[0, 0], 35.0 / 36.0 * 1768, rtol=1e-6)
    bpy.ops.wm.open_mainfile(filepath=str(folder / "applied.blend"))
    assert bpy.data.objects["Hero"].animation_data.action is not None
    assert bpy.context.scene.camera is not None
    assert [path for path in folder.iterdir() if "partial" in path.name] == []
    assert "Tracking" in done.stderr


@pytest.mark.slow
def test_apply_and_export_work_on_the_take(result):
    folder, _ = result
    words = ("--file", folder / "stage.blend", "--take", folder / "take.npz", "--character", "Hero")
    done = run_command("apply", *words, "--save", folder / "again.blend", "--in-place", "--no-camera")
    assert done.returncode == 0, done.stderr
    bpy.ops.wm.open_mainfile(filepath=str(folder / "again.blend"))
    assert bpy.context.scene.camera is None
    for words, name in (
        (("--take", folder / "take.npz"), "take.bvh"),
        (("--file", folder / "applied.blend", "--character", "Hero"), "hero.glb"),
    ):
        done = run_command("export", *words, "--out", folder / name)
        assert done.returncode == 0, done.stderr
        assert (folder / name).stat().st_size > 1000


@pytest.mark.slow
def test_solve_makes_a_new_take_and_applies_it(result):
    folder, _ = result
    done = run_command(
        "solve", "--file", folder / "stage.blend", "--take", folder / "take.npz", "--height", "1.2",
        "--focal-length", "50mm", "--out", folder / "solved.npz", "--character", "Hero",
        "--save", folder / "solved.blend", "--start-frame", "51", "--set-range", "--set-resolution", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["frames"] == 8
    take = Take.load(folder / "solved.npz")
    np.testing.assert_allclose(take.camera.intrinsics[0, 0], 50.0 / 36.0 * 1768, rtol=1e-6)
    bpy.ops.wm.open_mainfile(filepath=str(folder / "solved.blend"))
    scene = bpy.context.scene
    assert scene.frame_start == 51
    assert scene.frame_end - 51 == pytest.approx(7 / take.fps * 24, abs=1.0)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (1768, 994)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_cleanly(plate, runtime, tmp_path):
    line = [
        sys.executable,
        "-m",
        "holirep_blender",
        "replicate",
        "--plate",
        str(plate),
        "--out",
        str(tmp_path / "t.npz"),
    ]
    process = subprocess.Popen(
        line, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "HOLIREP_RUNTIME": str(runtime)}, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first, "no progress"
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert time.monotonic() - started < 5.0
    assert "holirep: error: cancelled" in errors
    assert list(tmp_path.iterdir()) == []
