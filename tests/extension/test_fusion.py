# SPDX-License-Identifier: GPL-3.0-or-later
"""The method Fusion from the shot and the command line to the request, and confidence in the file and on screen."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from holirep_blender import cli
from holirep_blender.motion.arkit import ARKIT_NAMES
from holirep_blender.motion.confidence import part_of
from holirep_blender.operators.performance import Performance
from holirep_blender.operators.solve_again import SolveAgain
from holirep_blender.protocol.methods import DEFAULT_METHOD, METHODS
from holirep_blender.scene import contact_display
from holirep_blender.scene import shot as shots
from holirep_blender.scene.shot_take import apply_shot_take
from tests.extension.conftest import run_command
from tests.motion.geometric.performance import performance
from tests.motion.retargeting.clips import mocap_take
from tests.rigs.builders import build_rig


@pytest.fixture
def walk(shot, tmp_path):
    """A take of forty frames from frame 101 of its plate, as the shot's, with observations; saved by ``keep``."""
    seen = performance(frames=40)
    take = seen.take
    take.observations, take.frame_start, take.header = seen.observations, 101, {"method": "fusion"}
    take.save(tmp_path / "walk.npz")
    shot.take = str(tmp_path / "walk.npz")
    bpy.context.scene.render.fps = 30
    return take


def test_both_methods_are_offered_and_the_default_is_one_constant(shot):
    items = shot.bl_rna.properties["method"].enum_items
    assert {item.identifier.lower() for item in items} == set(METHODS)
    assert shot.method.lower() == DEFAULT_METHOD


def test_the_neutral_frame_is_asked_for_only_with_fusion(shot):
    shot.method, shot.use_neutral_frame, shot.neutral_frame = "FUSION", True, 112
    settings = shots.solve_settings(shot, None)
    assert (settings["method"], settings["neutral_frame"]) == ("fusion", 112)
    shot.use_neutral_frame = False
    assert shots.solve_settings(shot, None)["neutral_frame"] is None
    shot.method, shot.use_neutral_frame = "GEOMETRIC", True
    assert shots.solve_settings(shot, None)["neutral_frame"] is None


def test_the_frame_that_is_shown_becomes_the_neutral_one(shot, walk):
    scene = bpy.context.scene
    scene.frame_start = 11
    scene.frame_set(16)
    assert bpy.ops.holirep.set_neutral_frame() == {"FINISHED"}
    assert (shot.use_neutral_frame, shot.neutral_frame) == (True, 106)
    scene.frame_set(500)
    with pytest.raises(RuntimeError, match="no frame at frame 500"):
        bpy.ops.holirep.set_neutral_frame()
    assert shot.neutral_frame == 106
    shot.take = ""
    assert not bpy.ops.holirep.set_neutral_frame.poll()


def test_solve_again_asks_for_the_shots_method_and_ones_own_weights(shot, walk, tmp_path):
    shot.method = "FUSION"
    again = SolveAgain(bpy.context.scene, device="cpu", weights=tmp_path / "own.safetensors")
    params = again._params(None)
    assert (params["method"], params["device"]) == ("fusion", "cpu")
    assert params["weights"] == str(tmp_path / "own.safetensors")
    assert SolveAgain(bpy.context.scene)._params(None)["weights"] is None
    shot.plate = shot.take  # any file that is there
    assert Performance(bpy.context.scene)._params(None)["method"] == "fusion"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--method geometric --neutral-frame 5", 2, "--neutral-frame counts only with --method fusion"),
        ("--method geometric --weights w.safetensors", 2, "--weights counts only with --method fusion"),
        ("--method fusion --weights /nowhere/w.safetensors", 7, "no file of weights at /nowhere/w.safetensors"),
        ("--method guessing", 2, "invalid choice"),
    ],
)
def test_wrong_options_are_told_in_a_line(shot, walk, tmp_path, capfd, words, code, said):
    line = ["solve", "--take", shot.take, "--out", str(tmp_path / "out.npz"), *words.split()]
    assert cli.main(line, "holirep") == code
    assert said in capfd.readouterr().err
    assert not (tmp_path / "out.npz").exists()


def test_weights_that_are_not_there_are_told_before_anything_is_tracked(runtime, plate, tmp_path):
    weights = Path(cli.__file__).parents[1] / "inference" / "fusion" / "trained" / "fusion.safetensors"
    own = [] if not weights.is_file() else ["--weights", str(tmp_path / "own.safetensors")]
    (tmp_path / "own.safetensors").write_text("no weights")
    words = ["replicate", "--plate", plate, "--method", "fusion", "--out", tmp_path / "t.npz", *own]
    done = run_command(*words, HOLIREP_RUNTIME=str(runtime))
    assert done.returncode == (7 if own else 4), done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith("holirep: error: ")
    assert "weights" in line
    assert "Tracking" not in done.stderr
    assert not (tmp_path / "t.npz").exists()


def test_weak_ranges_are_kept_with_the_shot_and_shown_on_the_timeline(shot, shared_data, tmp_path):
    take = mocap_take(shared_data, "cmu_002_01")
    take.joint_confidence[:] = 1.0
    take.joint_confidence[10:31, [part_of(name) == "leftArm" for name in take.joint_names]] = 0.0
    take.blendshapes = np.zeros((take.frame_count, len(ARKIT_NAMES)))
    take.blendshape_confidence = np.ones_like(take.blendshapes)
    take.blendshape_confidence[:, ARKIT_NAMES.index("tongueOut")] = 0.0
    take.save(tmp_path / "take.npz")
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start = 30, 1
    shot.take, shot.character = str(tmp_path / "take.npz"), build_rig("unity")
    shot.refine.use_refine = False
    confidence = shot.confidence
    assert not confidence.revision
    apply_shot_take(bpy.context, scene, shot.character)
    assert confidence.never_seen == "tongueOut"
    arm = next(row for row in confidence.spans if row.part == "leftArm")
    assert (arm.first, arm.last) == pytest.approx((11.0, 31.0), abs=1e-2)
    assert arm.confidence < 0.5
    confidence.index = list(confidence.spans).index(arm)
    assert scene.frame_current == 11
    assert not contact_display.is_drawing("show_weak")
    confidence.show_weak = True
    assert contact_display.is_drawing("show_weak")
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not contact_display.is_drawing("show_weak"), "the new file does not ask for it"
