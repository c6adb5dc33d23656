# SPDX-License-Identifier: GPL-3.0-or-later
"""Solving real signers: nothing jumps when a hand is lost and found, and the body stays believable out of sight."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking import track
from holirep_blender.motion import rotations
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.skeleton import FINGERS, JOINT_INDEX, SIDES, finger_joints

pytestmark = pytest.mark.slow

BORDER_REACH = 2
"""Frames to each side of a loss or a find that count as its border."""


@pytest.fixture(scope="module")
def signer(shared_data):
    """A signer whose hands cross and are lost: observations and take."""
    plate = open_plate(shared_data / "video" / "asl_walk.mkv")
    rows = track(plate, processes=1)
    return rows, solve(rows, SolveOptions(fps=plate.fps))


def at_borders(confidence: np.ndarray) -> np.ndarray:
    """Which steps between frames ``(T - 1,)`` lie near a loss or a find."""
    seen = confidence > 0.0
    result = np.zeros(len(seen) - 1, bool)
    for step in np.flatnonzero(seen[1:] != seen[:-1]):
        result[max(0, step - BORDER_REACH) : step + BORDER_REACH + 1] = True
    return result


@pytest.mark.parametrize("side", SIDES)
def test_fingers_do_not_jump_when_a_hand_is_lost_or_found(signer, side):
    rows, take = signer
    confidence = getattr(rows, f"{side}_hand_confidence")
    joints = [JOINT_INDEX[name] for finger in FINGERS for name in finger_joints(side, finger)]
    local = take.local_rotations[:, joints]
    steps = np.degrees(rotations.angle_between(local[1:], local[:-1])).max(axis=1)
    borders = at_borders(confidence)
    assert borders.any(), "this clip was chosen because hands are lost in it"
    assert steps[borders].max() < 15.0


@pytest.mark.parametrize("side", SIDES)
def test_made_losses_do_not_make_the_fingers_jump_either(signer, side):
    rows, _ = signer
    broken = rows.part(slice(0, len(rows)))
    lost = (np.arange(len(rows)) % 30) >= 20
    for name in (f"{side}_hand_image", f"{side}_hand_world"):
        values = getattr(broken, name).copy()
        values[lost] = np.nan
        setattr(broken, name, values)
    confidence = np.where(lost, 0.0, getattr(broken, f"{side}_hand_confidence"))
    setattr(broken, f"{side}_hand_confidence", confidence)
    take = solve(broken, SolveOptions(fps=30.0))
    joints = [JOINT_INDEX[name] for finger in FINGERS for name in finger_joints(side, finger)]
    local = take.local_rotations[:, joints]
    steps = np.degrees(rotations.angle_between(local[1:], local[:-1])).max(axis=1)
    assert steps[at_borders(confidence)].max() < 15.0


def test_coefficients_do_not_jump_when_the_face_is_lost_or_found(signer):
    rows, whole = signer
    broken = rows.part(slice(0, len(rows)))
    lost = (np.arange(len(rows)) // 15) % 2 == 1
    broken.face_image, broken.face_confidence = broken.face_image.copy(), broken.face_confidence.copy()
    broken.face_image[lost], broken.face_confidence[lost] = np.nan, 0.0
    take = solve(broken, SolveOptions(fps=30.0))
    borders = at_borders(broken.face_confidence)
    own = np.abs(np.diff(whole.blendshapes, axis=0))[borders].max()
    assert np.abs(np.diff(take.blendshapes, axis=0))[borders].max() < max(0.25, own)


def test_a_performer_whose_legs_are_out_of_the_picture_stands_on_the_floor(signer):
    _, take = signer
    places = take.world_positions()
    feet = places[:, [JOINT_INDEX["leftFoot"], JOINT_INDEX["rightFoot"]]]
    assert np.abs(feet[..., 2]).max() < 0.25
    assert np.linalg.norm(np.diff(feet, axis=0), axis=-1).max() < 0.03
    head = places[:, JOINT_INDEX["head"], 2]
    assert head.min() > 1.0
    assert take.joint_confidence[:, JOINT_INDEX["leftFoot"]].max() < 0.3


def test_elbows_and_wrists_lie_on_the_signer(signer):
    rows, take = signer
    pixels = take.camera.project(take.world_positions())
    misses = []
    for side, landmarks in zip(SIDES, ((13, 15), (14, 16))):
        for part, landmark in zip(("LowerArm", "Hand"), landmarks):
            clear = rows.body_visibility[:, landmark] > 0.7
            distance = pixels[:, JOINT_INDEX[side + part]] - rows.body_image[:, landmark, :2]
            misses.append(np.linalg.norm(distance, axis=-1)[clear])
    assert np.median(np.concatenate(misses)) < 8.0
