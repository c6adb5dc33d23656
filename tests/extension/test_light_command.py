# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb light: what it prints, writes and refuses."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from holirep_blender import cli
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene.environments import load_environment, write_environment
from tests.extension.conftest import run_command
from tests.lighting.maps import direction, flux, paint_disk, sky


@pytest.fixture
def hdri(registered, tmp_path):
    path = tmp_path / "sunny.exr"
    write_environment(checked_map(paint_disk(sky(256), direction(20, 50), 1.0, [4.0, 3.5, 2.5])), path)
    return path


def test_lamps_residual_and_file(hdri, tmp_path):
    rest, saved = tmp_path / "rest.exr", tmp_path / "lit.blend"
    done = run_command("light", "--hdri", hdri, "--json", "--residual", rest, "--save", saved)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    (lamp,) = answer["lights"]
    np.testing.assert_allclose(lamp["direction"], direction(20, 50), atol=1e-3)
    np.testing.assert_allclose(lamp["irradiance"], [4.0, 3.5, 2.5], rtol=0.005)
    assert np.degrees(lamp["angle"]) == pytest.approx(1.0, rel=0.1)
    assert answer["clipped"] is False
    whole, left = load_environment(hdri)[0].pixels, load_environment(rest)[0].pixels
    assert left.shape == whole.shape
    assert np.abs(flux(left) + lamp["irradiance"] - flux(whole)).max() < 1e-6 * flux(whole).min()
    bpy.ops.wm.open_mainfile(filepath=str(saved))
    assert bpy.data.objects[lamp["object"]].data.type == "SUN"
    assert bpy.context.scene.world.name == "sunny Residual"
    assert bpy.data.images["sunny Residual"].packed_file is not None


def test_the_report_tells_what_was_found(hdri, tmp_path, capsys):
    folder = tmp_path / "new" / "report"
    assert cli.main(["light", "--hdri", str(hdri), "--report", str(folder)], "holirep") == 0
    assert "1 lamp with the sun" in capsys.readouterr().out
    rows = json.loads((folder / "light.json").read_text())
    assert rows["energy_closure"] < 1e-6
    page = (folder / "index.html").read_text()
    assert "<td>Sun</td><td>20.0°</td><td>50.0°</td>" in page
    assert (folder / "environment.png").stat().st_size > 1000
    (tmp_path / "file").write_text("")
    assert cli.main(["light", "--hdri", str(hdri), "--report", str(tmp_path / "file")], "holirep") == 7


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "--hdri"),
        (["--hdri", "no.exr"], 7, "no environment at"),
        (["--hdri", "SUNNY", "--residual", "rest.png"], 2, "rest.exr"),
        (["--hdri", "SUNNY", "--save", "a.txt"], 2, "a.blend"),
        (["--hdri", "SUNNY", "--lamps", "-1"], 2, "whole number"),
        (["--hdri", "SUNNY", "--residual", "no/folder/rest.exr"], 7, "does not exist"),
        (["--hdri", __file__], 2, "use an HDR or EXR file"),
    ],
)
def test_what_it_refuses(hdri, capfd, words, code, said):
    assert cli.main(["light", *(str(hdri) if word == "SUNNY" else word for word in words)], "holirep") == code
    assert said in capfd.readouterr().err.splitlines()[-1]
