# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts, brackets and repair, as the panel and the command line use them."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from holirep_blender.cli import run_command
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene.environments import load_environment, write_environment
from tests.lighting.maps import direction, paint_disk, sky
from tests.lighting.test_environment_map import sunny
from tests.scene.test_environment_source import ball_picture, save


@pytest.fixture
def clipped(registered, tmp_path):
    path = tmp_path / "clipped.exr"
    write_environment(checked_map(np.minimum(sunny(), 100.0).astype(np.float32)), path)
    bpy.context.scene.holirep.light.hdri = str(path)
    return path


def test_repair_in_the_panel(clipped):
    light, settings = bpy.context.scene.holirep.light, bpy.context.scene.holirep.environment
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    weak = light.lamps[0].share
    assert "clipped" in light.warnings
    settings.repair = "sky"
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    assert "cloudless" in light.warnings
    assert light.lamps[0].share > 2 * weak
    settings.repair, settings.sun, settings.shade = "reading", 1.0, 2.0
    with pytest.raises(RuntimeError, match="higher than that in the shade"):
        bpy.ops.holirep.match_lighting()
    settings.repair = "ball"
    with pytest.raises(RuntimeError, match="Choose the picture"):
        bpy.ops.holirep.match_lighting()


def test_brackets_in_the_panel(registered, tmp_path):
    truth = paint_disk(sky(64), direction(20, 30), 8.0, [2.0, 2.0, 1.0])
    names = ["a.exr", "b.exr"]
    for name, time in zip(names, (0.001, 0.2), strict=True):
        save(np.minimum(truth * time * 4, 1), tmp_path / name)
    files = [{"name": name} for name in names]
    with pytest.raises(RuntimeError, match="does not tell its exposure"):
        bpy.ops.holirep.merge_brackets(files=files, directory=str(tmp_path))
    assert bpy.ops.holirep.merge_brackets(files=files, directory=str(tmp_path), exposures="0.001, 0.2") == {"FINISHED"}
    made = bpy.context.scene.holirep.light.hdri
    assert made == str(tmp_path / "a_merged.exr")
    merged, _ = load_environment(tmp_path / "a_merged.exr")
    np.testing.assert_allclose(merged.pixels / 0.8, truth, rtol=0.02)


def test_the_command_line_repairs_and_writes(clipped, tmp_path, capfd):
    view = (0.6, 0.8, 0.0)
    ball = save(ball_picture(sunny(), np.array(view), 0.18), tmp_path / "ball.exr")
    options = ["--repair", "ball", "--repair-ball", str(ball), "--repair-view", "0.6,0.8,0"]
    more = ["--equirect", str(tmp_path / "whole.exr"), "--json"]
    assert run_command(["light", "--hdri", str(clipped), *options, *more]) == 0
    told = json.loads(capfd.readouterr().out.strip().splitlines()[-1])
    assert told["repair"]["method"] == "ball"
    assert told["repair"]["assumed"]
    assert told["lights"][0]["sun"]
    whole, _ = load_environment(tmp_path / "whole.exr")
    assert whole.pixels.max() > 1000


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--repair", "reading", "--hdri"], "two readings"),
        (["--repair", "ball", "--hdri"], "--repair-ball PICTURE"),
        (["--exposures", "1/60", "--hdri"], "belong to --brackets"),
        (["--brackets"], "two exposures"),
    ],
)
def test_what_is_missing_is_told(clipped, capfd, options, said):
    assert run_command(["light", *options, str(clipped)]) == 2
    assert said in capfd.readouterr().err
