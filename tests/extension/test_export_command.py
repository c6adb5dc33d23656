# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``export`` writes for a character, and under which names."""

from __future__ import annotations

import json

import bpy
import pytest

from holirep_blender import cli
from holirep_blender.scene import exporters
from holirep_blender.scene.applying import apply_take
from tests.motion.retargeting.clips import lively_take
from tests.rigs.builders import build_rig


@pytest.fixture
def keyed(shot, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    bpy.context.scene.render.fps = 30
    character = build_rig("vrm")
    apply_take(bpy.context, lively_take(frames=5), character)
    return character


@pytest.mark.parametrize(
    ("words", "written", "starts"),
    [
        (["--out", "hero.gltf"], {"hero.gltf", "hero.bin"}, b"{"),
        (["--out", "hero.vrm", "--format", "glb"], {"hero.vrm"}, b"glTF"),
        (["--out", "hero", "--format", "fbx"], {"hero"}, b"Kaydara FBX"),
    ],
)
def test_the_file_is_where_it_was_asked_for_and_nothing_is_left_beside_it(
    keyed, tmp_path, capfd, words, written, starts
):
    assert cli.main(["export", "--character", keyed.name, *words, "--json"], "holirep") == 0
    assert {each.name for each in tmp_path.iterdir()} == written
    assert (tmp_path / words[1]).read_bytes().startswith(starts)
    answer = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert answer["out"] == str(tmp_path / words[1])


def test_a_failure_names_the_file_that_was_asked_for(keyed, tmp_path, capfd, monkeypatch):
    def fails(_kind, partial, _nla):
        raise RuntimeError(f"cannot write {partial}")

    monkeypatch.setattr(exporters, "_run", fails)
    assert cli.main(["export", "--character", keyed.name, "--out", "hero.glb"], "holirep") == 5
    error = capfd.readouterr().err.splitlines()[-1]
    assert f"cannot write {tmp_path / 'hero.glb'}" in error
    assert ".holirep-" not in error
    assert list(tmp_path.iterdir()) == []
