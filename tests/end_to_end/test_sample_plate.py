# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, as a user runs it: the woman walking in the foreground of the sample plate, not the man on the roof."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from holirep_blender.motion.skeleton import JOINT_INDEX
from holirep_blender.motion.take import Take

pytestmark = pytest.mark.slow

# Where her hips are, labelled by hand: plate frame, x in pixels. She comes from behind the tree and leaves at the left.
LABELLED_FRAMES = np.array([45, 61, 81, 101, 121, 141, 161, 181, 190])
LABELLED_X = np.array([1540, 1424, 1220, 1026, 822, 629, 424, 204, 110])

# MediaPipe's landmark of each joint that lies on it (hips and shoulders lie beside theirs).
LANDMARKS = {
    "leftUpperArm": 11, "rightUpperArm": 12, "leftLowerArm": 13, "rightLowerArm": 14, "leftHand": 15, "rightHand": 16,
    "leftUpperLeg": 23, "rightUpperLeg": 24, "leftLowerLeg": 25, "rightLowerLeg": 26, "leftFoot": 27, "rightFoot": 28,
}  # fmt: skip


@dataclass
class Performance:
    take: Take
    result: dict
    blend: Path
    take_path: Path


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a user does."""
    line = [sys.executable, "-m", "holirep_blender", *(str(word) for word in words)]
    return subprocess.run(line, capture_output=True, text=True, env=dict(os.environ), timeout=900)


@pytest.fixture(scope="session")
def performance(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Performance:
    plate = repository / "build" / "plates" / "demo.mp4"
    if not plate.is_file():
        pytest.skip("the sample plate is not here: run the tests with `make test`, which fetches it")
    folder = tmp_path_factory.mktemp("performance")
    stage = folder / "stage.blend"
    subprocess.run([sys.executable, "-m", "demo.stage", "--save", str(stage)], check=True, capture_output=True)
    take_path, blend = folder / "take.npz", folder / "applied.blend"
    done = command(
        "replicate", "--file", stage, "--plate", plate, "--out", take_path,
        "--character", "HoliRep Performer", "--save", blend, "--match-camera", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Performance(Take.load(take_path), json.loads(done.stdout.splitlines()[-1]), blend, take_path)


def test_the_woman_in_the_foreground_is_followed_in_every_frame_in_which_she_is_visible(performance):
    take = performance.take
    rows = np.arange(take.frame_start, take.frame_start + take.frame_count)
    visible = (rows >= LABELLED_FRAMES[0]) & (rows <= LABELLED_FRAMES[-1])
    assert visible.sum() == LABELLED_FRAMES[-1] - LABELLED_FRAMES[0] + 1
    observed = take.observations
    hips = observed.body_image[visible, 23:25].mean(axis=1)
    assert np.all(observed.body_confidence[visible] > 0.0)
    assert np.abs(hips[:, 0] - np.interp(rows[visible], LABELLED_FRAMES, LABELLED_X)).max() < 60.0
    assert np.all(hips[:, 1] > 600.0)


def test_nobody_is_followed_before_she_comes_and_after_she_left(performance):
    observed = performance.take.observations
    absent = (observed.frame_numbers <= 30) | (observed.frame_numbers >= 214)
    assert absent.any()
    assert np.all(observed.body_confidence[absent] == 0.0)


def test_the_solved_skeleton_lies_on_her_in_the_picture(performance):
    take = performance.take
    observed = take.observations
    picture = take.camera.project(take.world_positions())
    seen = observed.body_confidence > 0.0
    height = np.nanmedian(observed.person_box[seen, 3] - observed.person_box[seen, 1])
    joints = [JOINT_INDEX[name] for name in LANDMARKS]
    points = observed.body_image[:, list(LANDMARKS.values()), :2]
    distance = np.linalg.norm(picture[:, joints] - points, axis=-1)[seen]
    print(f"median distance {np.nanmedian(distance) / height:.2%} of her height, 90th percentile "
          f"{np.nanpercentile(distance, 90) / height:.2%}")  # fmt: skip
    assert np.nanmedian(distance) < 0.02 * height


def test_she_walks_upright_across_the_floor(performance):
    take = performance.take
    seen = np.flatnonzero(take.observations.body_confidence > 0.0)
    positions = take.world_positions()[seen]
    up = positions[:, JOINT_INDEX["head"]] - positions[:, JOINT_INDEX["hips"]]
    lean = np.degrees(np.arccos(up[:, 2] / np.linalg.norm(up, axis=-1)))
    assert np.median(lean) < 20.0
    feet = positions[:, [JOINT_INDEX["leftFoot"], JOINT_INDEX["rightFoot"]], 2]
    assert -0.1 < np.median(feet.min(axis=1)) < 0.2
    travel = positions[-1, 0] - positions[0, 0]
    assert travel[0] < -2.0, "she crosses the picture from right to left"
    assert np.linalg.norm(positions[:, 0, :2].max(axis=0) - positions[:, 0, :2].min(axis=0)) < 12.0


def test_the_saved_file_holds_keys_on_the_character_and_the_camera(performance):
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(performance.blend))
    character = bpy.data.objects["HoliRep Performer"]
    assert character.animation_data.action is not None
    scene = bpy.context.scene
    assert scene.camera is not None
    seen = np.flatnonzero(performance.take.observations.body_confidence > 0.0)
    row = int(seen[len(seen) // 2])
    fps = scene.render.fps / scene.render.fps_base
    frame = scene.frame_start + row / performance.take.fps * fps
    scene.frame_set(int(frame), subframe=frame - int(frame))
    posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get())
    hips = posed.matrix_world @ posed.pose.bones["hips"].head
    # feet that are held where they stand move the body by what the depth was wrong in these frames
    np.testing.assert_allclose(hips, performance.take.root_translation[row], atol=0.2)
