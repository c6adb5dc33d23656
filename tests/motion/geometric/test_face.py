# SPDX-License-Identifier: GPL-3.0-or-later
"""Head, gaze and coefficients on MediaPipe's own mesh moved in known ways."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from holirep_blender.motion.geometric.camera import WORLD_FROM_LEVEL_CAMERA
from holirep_blender.motion.geometric.expressions import coefficient_confidence, solve_expressions
from holirep_blender.motion.geometric.gaze import EYES, solve_gaze
from holirep_blender.motion.geometric.head import solve_face

FPS, FRAMES, FOCAL = 30.0, 60, 1500.0
CENTRE = np.array([640.0, 360.0])
# left eye lid points of both lids, in MediaPipe's numbering
UPPER = {0: (386, 385, 387, 384, 398, 388, 466), 1: (159, 158, 160, 157, 173, 161, 246)}
LOWER = {0: (374, 380, 373), 1: (145, 153, 144)}


@pytest.fixture(scope="module")
def neutral(shared_data) -> np.ndarray:
    """(478, 3) centimetres, x to the performer's left, y back, z up; irises in the middle of the eyes."""
    rows = [
        line.split()[1:4]
        for line in (shared_data / "face/canonical_face_model.obj").read_text().splitlines()
        if line.startswith("v ")
    ]
    mesh = np.array(rows, float)[:, [0, 2, 1]] * [1.0, -1.0, 1.0]
    irises = np.zeros((10, 3))
    for outer, inner, _, _, iris in EYES:
        irises[iris - 468 : iris - 463] = (mesh[outer] + mesh[inner]) / 2.0
    return np.concatenate([mesh, irises])


def seen(points: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Face points ``(T, 478, 3)`` of a head turned by world rotations ``(T, 3, 3)``, as the tracker gives them."""
    world = points @ np.swapaxes(turns, 1, 2)
    local = world @ WORLD_FROM_LEVEL_CAMERA
    return local * 12.0 + np.array([640.0, 360.0, 0.0])


def solved(points: np.ndarray, turns: np.ndarray | None = None):
    if turns is None:
        turns = np.repeat(np.eye(3)[None], len(points), 0)
    return solve_face(seen(points, turns), np.ones(len(points)), FOCAL, CENTRE, np.arange(len(points)) / FPS, FPS)


def clip(neutral: np.ndarray) -> np.ndarray:
    return np.repeat(neutral[None], FRAMES, 0)


def coefficients(points: np.ndarray, turns: np.ndarray | None = None) -> dict[str, np.ndarray]:
    face = solved(points, turns)
    values = solve_expressions(face, solve_gaze(face, FPS))
    assert values.min() >= 0.0
    assert values.max() <= 1.0
    return {name: values[:, ARKIT_INDEX[name]] for name in ARKIT_NAMES}


def turning() -> np.ndarray:
    times = np.arange(FRAMES) / FPS
    angles = np.stack([0.35 * np.sin(4 * times), 0.1 * np.sin(3 * times), 0.6 * np.sin(2.5 * times)], axis=-1)
    return rotations.to_matrix(rotations.from_rotation_vector(angles))


def test_the_head_turns_as_it_did(neutral):
    turns = turning()
    face = solved(clip(neutral), turns)
    # the constant part is where "level" is; the motion must agree closely
    difference = rotations.from_matrix(np.swapaxes(turns, 1, 2) @ face.rotation)
    level = np.degrees(rotations.angle_between(difference, rotations.identity()))
    assert np.degrees(rotations.angle_between(difference, difference[:1])).max() < 2.5
    assert level.max() < 12.0


def test_a_neutral_face_that_turns_has_no_expression(neutral):
    values = coefficients(clip(neutral), turning())
    assert {name: float(v.max()) for name, v in values.items() if v.max() > 0.05} == {}


@pytest.mark.parametrize("side", [0, 1])
def test_a_blink_of_one_eye_is_that_eye_s(neutral, side):
    points = clip(neutral)
    closing = np.zeros(FRAMES)
    closing[30:36] = [0.4, 0.9, 1.0, 1.0, 0.7, 0.3]
    _, _, upper, lower, _ = EYES[side]
    for top, bottom in zip(upper, lower):
        points[:, top] += (points[:, bottom] - points[:, top]) * (0.9 * closing)[:, None]
    values = coefficients(points)
    own, other = ("eyeBlinkLeft", "eyeBlinkRight") if side == 0 else ("eyeBlinkRight", "eyeBlinkLeft")
    assert values[own][32] > 0.85
    assert values[own][[10, 50]].max() < 0.05
    assert values[other].max() < 0.1


def test_an_opened_jaw_is_seen_and_lips_that_stay_together_are_mouth_close(neutral):
    opened = np.clip(np.sin(np.arange(FRAMES) / 8.0), 0.0, 1.0)
    points = clip(neutral)
    chin = neutral[:, 2] < neutral[14, 2] + 0.01
    points[:, chin, 2] -= (2.6 * opened)[:, None]
    values = coefficients(points)
    assert values["jawOpen"].max() > 0.7
    assert np.corrcoef(values["jawOpen"], opened)[0, 1] > 0.95
    assert values["mouthClose"].max() < 0.2


@pytest.mark.parametrize(("name", "other", "corner"), [("Left", "Right", 291), ("Right", "Left", 61)])
def test_a_smile_of_one_side_is_that_side_s(neutral, name, other, corner):
    points = clip(neutral)
    near = np.exp(-np.sum((neutral - neutral[corner]) ** 2, axis=1) / 1.5)
    lift = np.clip(1.2 * np.sin((np.arange(FRAMES) - 22) / 5.0), 0.0, 1.0) * (np.abs(np.arange(FRAMES) - 30) < 9)
    outwards = 1.0 if name == "Left" else -1.0
    points += lift[:, None, None] * near[:, None] * np.array([0.6 * outwards, 0.0, 1.0])
    values = coefficients(points)
    assert values[f"mouthSmile{name}"].max() > 0.6
    assert values[f"mouthSmile{other}"].max() < 0.3
    assert values[f"mouthFrown{name}"].max() < 0.2


def test_raised_brows_are_brows_up(neutral):
    points = clip(neutral)
    lift = np.clip(1.2 * np.sin((np.arange(FRAMES) - 22) / 5.0), 0.0, 1.0) * (np.abs(np.arange(FRAMES) - 30) < 9)
    brows = [336, 285, 107, 55, 300, 276, 70, 46, 334, 282, 105, 52]
    points[:, brows, 2] += 0.7 * lift[:, None]
    values = coefficients(points)
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        assert values[name].max() > 0.6
    assert values["browDownLeft"].max() < 0.2


def test_eyes_that_look_to_the_performers_left(neutral):
    points = clip(neutral)
    shift = 0.5 * np.sin(np.arange(FRAMES) / 7.0)
    for *_, iris in EYES:
        points[:, iris : iris + 5, 0] += shift[:, None]
    face = solved(points)
    gaze = solve_gaze(face, FPS)
    assert np.corrcoef(gaze.yaw[:, 0], shift)[0, 1] > 0.98
    assert 10.0 < np.degrees(gaze.yaw[:, 0].max()) < 35.0
    assert np.degrees(np.abs(gaze.pitch).max()) < 3.0
    # a left turn brings the gaze from -Y towards +X
    looked = rotations.rotate(gaze.rotations()[np.argmax(shift), 0], np.array([0.0, -1.0, 0.0]))
    assert looked[0] > 0.15
    values = solve_expressions(face, gaze)
    at = int(np.argmax(shift))
    assert values[at, ARKIT_INDEX["eyeLookOutLeft"]] > 0.3
    assert values[at, ARKIT_INDEX["eyeLookInRight"]] > 0.3
    assert values[at, ARKIT_INDEX["eyeLookInLeft"]] == 0.0


def test_what_cannot_be_seen_is_zero_without_confidence(neutral):
    values = coefficients(clip(neutral), turning())
    for name in ("tongueOut", "cheekPuff", "jawForward", "mouthDimpleLeft", "mouthDimpleRight"):
        assert coefficient_confidence(name) == 0.0
        assert np.all(values[name] == 0.0)
    assert all(0.0 <= coefficient_confidence(name) <= 1.0 for name in ARKIT_NAMES)


def test_a_clip_without_a_face_is_neutral():
    face = solve_face(np.full((5, 478, 3), np.nan), np.zeros(5), FOCAL, CENTRE, np.arange(5) / FPS, FPS)
    assert not solve_expressions(face, solve_gaze(face, FPS)).any()
