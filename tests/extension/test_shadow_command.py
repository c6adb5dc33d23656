# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb bake-shadows, the operators and the job: what they print, write, refuse, and leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import bmesh
import bpy
import numpy as np
import pytest

from holirep_blender import cli
from holirep_blender.lighting.multilayer_exr import read_exr
from holirep_blender.operators import session
from holirep_blender.operators.shadow_job import ShadowJob
from tests.extension.conftest import REPOSITORY, run_command
from tests.rigs.builders import build_rig
from tests.scene.shadow_stage import file_state, stage


@pytest.fixture
def staged(registered, tmp_path):
    """The stage as a file."""
    stage(bpy.context.scene)
    path = tmp_path / "stage.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


QUICK = ("--samples", "1", "--device", "cpu", "--resolution", "50")


def test_passes_from_the_command_line(staged, tmp_path):
    out = tmp_path / "out"
    words = ("bake-shadows", "--file", staged, "--out", out, "--range", "1-2", *QUICK, "--json")
    done = run_command(*words)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["ok"]
    assert answer["rendered"] == [1, 2]
    assert answer["files"] == [str(out / "shadow.0001.exr"), str(out / "shadow.0002.exr")]
    assert "Shadow.Multiply_Sun" in answer["passes"]
    assert read_exr(out / "shadow.0001.exr")["Shadow.Multiply.R"].shape == (16, 24)
    assert sorted(os.listdir(out)) == ["shadow.0001.exr", "shadow.0002.exr"]
    again = json.loads(run_command(*words).stdout.splitlines()[-1])
    assert (again["rendered"], again["skipped"], again["changed"]) == ([], [1, 2], {})


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name a folder for the passes with --out"),
        (("--out", "OUT", "--catchers", "Nobody"), 2, "no object named 'Nobody'"),
        (("--out", "OUT", "--catchers", "Sun"), 2, "Sun cannot catch shadows"),
        (("--out", "OUT", "--scene", "Other"), 2, "no scene named 'Other'; its scenes are: Scene"),
        (("--out", "OUT", "--name", "a/b"), 2, "without a folder"),
        (("--out", "OUT", "--samples", "0"), 2, "must be a whole number from 1"),
        (("--out", "FILE"), 7, "could not be written"),
        (("--onto", "Plane"), 2, "with --onto name --out"),
        (("--onto", "Sun", "--out", "OUT"), 2, "Sun is no mesh"),
    ],
)
def test_what_is_refused(staged, tmp_path, capsys, words, code, said):
    (tmp_path / "file").write_text("")
    places = {"OUT": str(tmp_path / "out"), "FILE": str(tmp_path / "file")}
    line = ["bake-shadows", "--file", str(staged), *(places.get(word, word) for word in words)]
    assert cli.main(line, "holirep") == code
    assert said in capsys.readouterr().err


def test_ctrl_c_in_the_middle_of_a_frame(staged, tmp_path):
    out = tmp_path / "out"
    line = [sys.executable, "-m", "holirep_blender", "bake-shadows", "--file", str(staged), "--out", str(out), "--json"]
    line += ["--samples", "65536", "--device", "cpu", "--resolution", "400", "--progress-lines"]
    scratch = {**os.environ, "TMPDIR": str(tmp_path / "scratch")}
    (tmp_path / "scratch").mkdir()
    running = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=scratch)
    assert running.stdout is not None
    while not running.stdout.readline().startswith("Progress"):
        assert running.poll() is None
    time.sleep(1.0)
    running.send_signal(signal.SIGINT)
    rest = running.stdout.read()
    assert running.wait(timeout=20) == 130
    assert json.loads(rest.splitlines()[-1])["error"].startswith("cancelled; finished frames are kept")
    assert os.listdir(out) == []
    assert os.listdir(tmp_path / "scratch") == []


def test_vertex_colours_are_saved_with_the_file(staged, tmp_path):
    saved = tmp_path / "baked.blend"
    words = ["bake-shadows", "--file", str(staged), "--onto", "Plane", "--kind", "occlusion", "--save", str(saved)]
    assert cli.main([*words, "--samples", "2", "--device", "cpu"], "holirep") == 0
    bpy.ops.wm.open_mainfile(filepath=str(saved))
    assert "HoliRep occlusion" in bpy.data.objects["Plane"].data.color_attributes


def wait(job_of):
    """Runs a job of the interface to its end, as the timer would, and tells its outcome."""
    job_of.start()
    jobs = session.job_list()
    job = jobs.wait(jobs.jobs[-1])
    (waiting,) = session.current().ending.values()
    assert waiting[0] is job
    waiting[1](job)
    session.current().ending.clear()
    return job, session.current().outcome


def test_the_job_bakes_a_copy_and_leaves_the_open_file_alone(staged, tmp_path):
    scene = bpy.context.scene
    shadow = scene.holirep.shadow
    shadow.out, shadow.samples, shadow.resolution, shadow.device = str(tmp_path / "out"), 1, 50, "cpu"
    shadow.use_range, shadow.first, shadow.last = True, 2, 2
    scene.objects["Sun"].data.energy = 5.0  # not saved: what is open counts
    before = file_state()
    job, outcome = wait(ShadowJob(scene))
    assert job.state == "done", job.error
    assert file_state() == before
    assert outcome.message == shadow.summary == "Rendered 1 frame"
    assert shadow.baked == str(tmp_path / "out")
    assert bpy.data.filepath == str(staged)
    shadow.device, shadow.again = "cuda", True
    if not bpy.context.preferences.addons["cycles"].preferences.get_devices_for_type("CUDA"):
        job, outcome = wait(ShadowJob(scene))
        assert (job.state, outcome.level) == ("failed", "ERROR")
        assert outcome.message == "Cycles finds no CUDA device on this computer. Use cpu"
    assert bpy.ops.holirep.compose_shadows() == {"FINISHED"}
    shadow.out = "//beside"
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.scene.holirep.shadow.out = "//beside"
    with pytest.raises(ValueError, match="not saved yet"):
        ShadowJob(bpy.context.scene)


def test_a_ground_is_added_at_the_floor(registered):
    stage(bpy.context.scene, ground=False)
    assert bpy.ops.holirep.add_shadow_ground() == {"FINISHED"}
    ground = bpy.data.objects["HoliRep Ground"]
    assert ground.is_shadow_catcher
    assert ground.location.z == pytest.approx(0.0, abs=1e-6)


@pytest.fixture
def standing(registered):
    """A rig that stands in two shoes, lit from above and from all around."""
    scene = stage(bpy.context.scene)
    bpy.data.objects.remove(scene.objects["Ball"])
    rig = build_rig("vrm")
    scene.holirep.character = rig
    shoes = []
    for side in ("left", "right"):
        ankle = rig.matrix_world @ rig.pose.bones[scene_bone(rig, f"{side}Foot")].head
        bpy.ops.mesh.primitive_cube_add(size=1.0, location=(ankle.x, ankle.y - 0.06, 0.04))
        shoe = bpy.context.object
        shoe.scale = (0.1, 0.28, 0.08)
        fine = bmesh.new()
        fine.from_mesh(shoe.data)
        bmesh.ops.subdivide_edges(fine, edges=fine.edges[:], cuts=7, use_grid_fill=True)
        fine.to_mesh(shoe.data)
        fine.free()
        shoes.append(shoe)
        for point in ("Heel", "Toes"):
            row = scene.holirep.refine.contact_spans.add()
            row.point, row.first, row.last, row.planted = f"{side}{point}", 1, 2, False
    scene.camera.location, scene.camera.rotation_euler = (0, -1.6, 0.9), (1.1, 0, 0)
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    bpy.context.view_layer.update()
    return scene, rig, shoes


def scene_bone(rig, joint):
    from holirep_blender.motion.rigs import find_rig_map
    from holirep_blender.scene.characters import read_rig

    return find_rig_map(read_rig(rig)).bones[joint]


def test_contact_shadows_of_standing_and_of_floating_feet(standing, tmp_path):
    from holirep_blender.scene.shadow_bake import ShadowOptions, bake_shadows

    scene, rig, shoes = standing
    options = ShadowOptions(out=tmp_path, frames=(1, 1), samples=8, device="cpu")
    stands = bake_shadows(scene, options).contacts
    assert stands.checked == 4, stands.rows()
    assert not stands.failing, stands.rows()
    assert abs(stands.median_gap) < 0.002
    assert stands.median_darkness < 0.2
    skipped = bake_shadows(scene, options)
    assert skipped.skipped == [1], "finished frames are looked at too"
    np.testing.assert_allclose(skipped.contacts.median_darkness, stands.median_darkness, atol=2e-3)
    for each in (rig, *shoes):
        each.location.z += 0.12
    bpy.context.view_layer.update()
    floats = bake_shadows(scene, options).contacts
    assert len(floats.failing) == 4, floats.rows()
    assert "the ground is too low: feet stand 12 cm above it" in floats.failing[0].cause
    for each, lower in ((rig, 0.12), (shoes[0], 0.12), (shoes[1], 0.07)):
        each.location.z -= lower
    bpy.context.view_layer.update()
    half = bake_shadows(scene, options).contacts
    assert {each.point for each in half.failing} == {"rightHeel", "rightToes"}
    assert "the foot floats 5 cm" in half.failing[0].cause
