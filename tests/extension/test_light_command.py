# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb light: what it prints, writes and refuses."""

from __future__ import annotations

import json
from functools import partial

import bpy
import numpy as np
import pytest

from holirep_blender import cli
from holirep_blender.lighting.ball import ball_normals, ball_pictures
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene import light_report
from holirep_blender.scene.environment_source import EnvironmentSource
from holirep_blender.scene.environments import load_environment, write_environment
from holirep_blender.scene.light_matching import match_source
from holirep_blender.scene.light_report import write_report
from holirep_blender.scene.light_trial import try_rig
from holirep_blender.scene.lit_state import camera_axes, lights_of_rig, rig_now
from holirep_blender.scene.pictures import picture_pixels, shown, write_png
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
    assert cli.main(["light", "--hdri", str(hdri), "--no-renders", "--report", str(folder)], "holirep") == 0
    assert "1 lamp with the sun" in capsys.readouterr().out
    rows = json.loads((folder / "light.json").read_text())
    assert rows["energy_closure"] < 1e-6
    (lamp,) = rows["sheet"]
    assert (lamp["azimuth"], lamp["elevation"]) == pytest.approx((20.0, 50.0), abs=0.1)
    assert lamp["strength"] == pytest.approx(4.0, rel=0.005)
    page = (folder / "index.html").read_text()
    assert "1 Sun</td><td>20.0°</td><td>50.0°</td><td>4 W/m²</td>" in page
    assert page.count("data:image/png;base64,") == 1
    picture = picture_pixels(folder / "environment.png")
    assert picture.shape[1] >= 1024
    row, column = (round((0.5 - 50 / 180) * picture.shape[0]), round((0.5 - 20 / 360) * picture.shape[1]))
    near = picture[row - 20 : row + 20, column - 20 : column + 20, :3]
    assert ((near[..., 0] > 0.9) & (near[..., 2] < 0.1)).any(), "the sun has a yellow ring"
    (tmp_path / "file").write_text("")
    words = ["light", "--hdri", str(hdri), "--no-renders", "--report", str(tmp_path / "file")]
    assert cli.main(words, "holirep") == 7


@pytest.mark.slow
def test_the_report_renders_rig_and_environment(hdri, tmp_path, monkeypatch):
    """Errors of the rig are about those of a second seed, and what was rendered in is gone."""
    monkeypatch.setattr(light_report, "try_rig", partial(try_rig, size=100))  # a quarter of the time
    before = len(bpy.data.scenes), len(bpy.data.worlds), len(bpy.data.objects)
    page = write_report(match_source(EnvironmentSource((hdri,))), tmp_path, load_environment(hdri)[0], samples=16)
    facts = json.loads((tmp_path / "light.json").read_text())["rendered"]
    for name, ball in facts["balls"].items():
        # a mirror shows the sun's edge: pixels in the map, round as a lamp
        edge = 0.006 if name == "mirror" else 0.002
        assert ball["rmse"] < 1.5 * ball["noise_rmse"] + edge
        assert ball["angle"] < 2.0 * ball["noise_angle"] + 0.2
    assert facts["shadow"]["error"] < 1.5 * facts["shadow"]["noise"]
    assert page.read_text().count("data:image/png;base64,") == 3
    assert f"{facts['shadow']['error']:.4f}" in page.read_text()
    assert (len(bpy.data.scenes), len(bpy.data.worlds), len(bpy.data.objects)) == before


def test_matching_a_files_rig_to_a_picture(hdri, tmp_path, capsys):
    """A ball drawn as the rig lights it, half as bright: the balance is a half, in the file too."""
    scene = bpy.context.scene
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location, camera.rotation_euler = (0, -6, 1), (np.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.holirep.light.hdri = str(hdri)
    bpy.ops.holirep.match_lighting()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "rig.blend"))
    box, size = (20.0, 10.0, 60.0, 50.0), (80, 60)
    drawn = np.zeros((size[1], size[0], 4))
    rows, columns, normals = ball_normals(box, size, *camera_axes(scene, size, "a test"))
    now = rig_now(scene, lights_of_rig(scene))
    each = ball_pictures(normals, now.directions, now.irradiances, now.angles, now.residual, now.turn, 0.18)
    drawn[rows, columns, :3] = 0.5 * each.sum(axis=0)
    write_png(shown(drawn), tmp_path / "ball.png")
    words = ["--match-plate", tmp_path / "ball.png", "--ball", "20,10,60,50", "--balance", "--json"]
    words = [str(word) for word in ["light", "--file", tmp_path / "rig.blend", *words]]
    assert cli.main([*words, "--save", str(tmp_path / "matched.blend")], "holirep") == 0
    plate = json.loads(capsys.readouterr().out.splitlines()[-1])["plate"]
    np.testing.assert_allclose(plate["balance"], 0.5, rtol=0.02)
    assert plate["after"] < 0.02 < 0.5 < plate["before"]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "matched.blend"))
    np.testing.assert_allclose(bpy.context.scene.holirep.light.balance, 0.5, rtol=0.02)
    assert bpy.data.lights["Sun"].energy == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "--hdri"),
        (["--match-plate", "p.png", "--hdri", "SUNNY"], 2, "one of --region, --ball and --chart"),
        (["--match-plate", "p.png", "--hdri", "SUNNY", "--chart"], 7, "no picture at"),
        (["--match-plate", "p.png", "--region", "1,2,3", "--hdri", "SUNNY"], 2, "4 numbers"),
        (["--match-plate", "p.png", "--chart"], 2, "--file with a light rig"),
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
