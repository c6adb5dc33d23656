# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb quality and Write Quality Report: what they write, what they refuse, and what a gate makes of it."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from holirep_blender import cli
from holirep_blender.motion import rotations
from holirep_blender.motion.take import Camera
from holirep_blender.scene.pictures import write_png
from tests.motion.retargeting.clips import lively_take
from tests.quality.page_numbers import check_numbers

FRAMES = 20


def filmed_take(frames, plate):
    """A performer before a level camera; the plate may be there or not."""
    take = lively_take(frames=frames)
    matrices = np.tile(np.eye(4), (frames, 1, 1))
    matrices[:, :3, :3] = rotations.to_matrix(rotations.from_axis_angle([1, 0, 0], np.full(frames, -np.pi / 2)))
    matrices[:, :3, 3] = (0.0, -4.0, 1.0)
    intrinsics = np.array([[90.0, 0.0, 80.0], [0.0, 90.0, 45.0], [0.0, 0.0, 1.0]])
    take.camera = Camera(intrinsics, matrices, np.array([160.0, 90.0]))
    take.header = {"method": "geometric", "plate": str(plate)}
    return take


@pytest.fixture
def take(registered, tmp_path):
    """A take of a small image sequence."""
    (tmp_path / "plate").mkdir()
    for frame in range(1, FRAMES + 1):
        picture = np.ones((90, 160, 4), dtype=np.float32)
        picture[..., :3] = frame / (FRAMES + 1)
        write_png(picture, tmp_path / "plate" / f"shot.{frame:04d}.png")
    path = tmp_path / "take.npz"
    filmed_take(FRAMES, tmp_path / "plate" / "shot.####.png").save(path)
    return path


def said(capsys, *words):
    """Exit code, the JSON object and the error line."""
    code = cli.main([*(str(word) for word in words), "--json"], "holirep")
    caught = capsys.readouterr()
    return code, json.loads(caught.out.splitlines()[-1]), caught.err


def test_gates_report_and_comparison(take, tmp_path, capsys):
    folder, gates = tmp_path / "new" / "report", tmp_path / "gates.json"
    gates.write_text('{"temporal_coherence": 0, "environmental_integration": 0, "overall": 0.01}')
    other = tmp_path / "other.npz"
    filmed_take(FRAMES, tmp_path / "elsewhere.mov").save(other)
    code, answer, _ = said(capsys, "quality", take, "--gates", gates, "--report", folder, "--compare", other)
    assert code == 0
    assert answer["passed"] is True
    assert answer["comparison"]["measures"]["jitter"]["better"] == "alike"
    assert answer["scores"]["overall"]["gate"] == 0.01
    facts = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert check_numbers(html, facts) > 60
    assert html.count("<image ") == len(facts["film_strip"]) > 0
    assert "http" not in html.replace("http://www.w3.org", "").split("<h2>Licences")[0], "the page needs no network"
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "quality.json"]

    gates.write_text('{"overall": 1.0}')
    code, answer, error = said(capsys, "quality", take, "--gates", gates, "--report", folder)
    assert (code, answer["ok"], answer["exit_code"]) == (12, False, 12)
    assert "Overall (" in error
    assert answer["scores"]["overall"]["passed"] is False
    assert "comparison" not in json.loads((folder / "quality.json").read_text(encoding="utf-8")), "written anew"


def test_what_cannot_be_measured_is_said(registered, tmp_path, capsys):
    """One frame, no face, no tracked points, no light, and a plate that is gone."""
    path = tmp_path / "one.npz"
    filmed_take(1, tmp_path / "gone.mov").save(path)
    code, _, _ = said(capsys, "quality", path, "--report", tmp_path)
    assert code in (0, 12)
    facts = json.loads((tmp_path / "quality.json").read_text(encoding="utf-8"))
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    check_numbers(html, facts)
    assert any(f"no plate at {tmp_path / 'gone.mov'}" in note for note in facts["notes"])
    (tmp_path / "gone.mov").write_bytes(b"\0" * 5000)
    said(capsys, "quality", path, "--report", tmp_path)
    notes = json.loads((tmp_path / "quality.json").read_text(encoding="utf-8"))["notes"]
    assert any("cannot read gone.mov as a movie" in note for note in notes)
    assert html.count('class="still"') == 1, "the skeleton is drawn all the same"
    absent = {name: each for name, each in facts["measures"].items() if each["value"] is None}
    assert {"reprojection", "face_reprojection", "irradiance_error"} <= set(absent)
    assert all(each["missing"] and each["score"] is None for each in absent.values())
    assert facts["scores"]["lighting_realism"]["value"] is None
    assert "does not say with which networks" in html


def test_bad_input_is_told_in_one_line(take, tmp_path, capsys):
    (tmp_path / "bad.npz").write_text("nothing")
    (tmp_path / "gates.json").write_text('{"beauty": 0.9}')
    (tmp_path / "file").write_text("")
    for words, code, part in (
        ((tmp_path / "bad.npz",), 7, "Not a HoliRep take"),
        ((tmp_path / "none.npz",), 7, "there is no take at"),
        ((take, "--compare", tmp_path / "bad.npz"), 7, "Not a HoliRep take"),
        ((take, "--gates", tmp_path / "gates.json"), 2, "no score 'beauty'"),
        ((take, "--report", tmp_path / "file"), 7, "is a file; name a folder"),
        ((take, "--environment", tmp_path / "bad.npz"), 2, "bad.npz"),
        ((take, "--character", "Nobody"), 5, "no object named 'Nobody'"),
    ):
        found, answer, error = said(capsys, "quality", *words)
        assert (found, answer["exit_code"]) == (code, code), words
        assert part in error
        assert error.count("\n") == 1, error


def test_the_button_writes_the_report_of_the_shot(take, tmp_path):
    shot = bpy.context.scene.holirep
    assert not bpy.ops.holirep.quality_report.poll()
    shot.take = str(take)
    folder = tmp_path / "report"
    assert bpy.ops.holirep.quality_report(directory=str(folder), compare=str(take)) == {"FINISHED"}
    facts = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    assert facts["comparison"]["measures"]["jitter"]["difference"] == 0.0
    assert any("character" in note for note in facts["notes"])
    with pytest.raises(RuntimeError, match="Choose the folder"):
        bpy.ops.holirep.quality_report(directory="")
