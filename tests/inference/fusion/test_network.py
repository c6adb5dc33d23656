# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's shapes, its indifference to what is missing, and clips of any length."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from holirep_blender.inference.fusion.features import head_pose  # noqa: E402
from holirep_blender.inference.fusion.joints import BUILD_SIZE, SOLVED, SOLVED_INDEX, rest_offsets  # noqa: E402
from holirep_blender.inference.fusion.kinematics import forward_kinematics  # noqa: E402
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork, NetworkSize  # noqa: E402
from holirep_blender.inference.fusion.observed import from_observations  # noqa: E402
from holirep_blender.inference.fusion.rotations import (  # noqa: E402
    angle_between,
    compose,
    from_six,
    from_vector,
    gravity_view,
    to_six,
)  # fmt: skip
from holirep_blender.inference.fusion.solution import solve_fusion  # noqa: E402
from holirep_blender.inference.fusion.windows import predict  # noqa: E402
from holirep_blender.motion.geometric import SolveOptions  # noqa: E402
from holirep_blender.motion.observations import Observations  # noqa: E402
from holirep_blender.motion.skeleton import JOINT_INDEX, t_pose_offsets  # noqa: E402

TINY = NetworkSize(32, 32, 32, 1, 1, 1, 1, 1)


def observations(count: int, seed: int = 1) -> Observations:
    random = np.random.default_rng(seed)
    rows = Observations.empty(count, (640, 480))
    rows.times, rows.frame_numbers = np.arange(count) / 30.0, np.arange(count) + 1.0
    rows.body_image = random.uniform(100, 400, (count, 33, 3))
    rows.body_world = random.normal(0, 0.3, (count, 33, 3))
    rows.body_visibility, rows.body_confidence = np.ones((count, 33)), np.ones(count)
    rows.face_image, rows.face_confidence = random.uniform(200, 260, (count, 478, 3)), np.ones(count)
    return rows


@pytest.fixture
def network():
    torch.manual_seed(3)
    made = HolisticReplicationNetwork(TINY)
    made.template.normal_()
    return made.eval()


def test_six_numbers_are_a_rotation_and_back():
    matrices = from_vector(torch.randn(50, 3))
    assert torch.allclose(from_six(to_six(matrices) * 3.0), matrices, atol=1e-5)
    assert torch.allclose(angle_between(from_vector(torch.tensor([0.3, 0.0, 0.0])), torch.eye(3)), torch.tensor(0.3))


def test_a_level_camera_sees_a_facing_performer_as_at_rest():
    turn = gravity_view(torch.tensor([0.0, -1.0, 0.0]))
    # the performer faces -Y, which is towards the camera: against its Z
    assert torch.allclose(turn @ torch.tensor([0.0, -1.0, 0.0]), torch.tensor([0.0, 0.0, -1.0]), atol=1e-6)
    assert torch.allclose(turn @ torch.tensor([1.0, 0.0, 0.0]), torch.tensor([1.0, 0.0, 0.0]), atol=1e-6)


def test_the_mean_build_is_the_reference_skeleton_and_ratios_keep_the_stature():
    offsets = rest_offsets(torch.zeros(1, BUILD_SIZE))[0].numpy()
    expected = t_pose_offsets(1.7)[[JOINT_INDEX[name] for name in SOLVED]]
    assert np.allclose(offsets, expected, atol=2e-3)
    build = torch.zeros(1, BUILD_SIZE)
    build[0, 0], build[0, 8] = math.log(1.9 / 1.7), 0.1
    tall = rest_offsets(build)[0].numpy()
    trunk = sum(tall[SOLVED_INDEX[name], 2] for name in ("spine", "chest", "upperChest", "neck", "head"))
    assert tall[0, 2] + trunk + 0.1 * 1.9 * np.exp(0.0) == pytest.approx(1.9, abs=0.01)


def test_forward_kinematics_agrees_with_the_take():
    from holirep_blender.motion import rotations
    from holirep_blender.motion.take import Take

    local = from_vector(torch.randn(1, 4, len(SOLVED), 3) * 0.5)
    offsets = rest_offsets(torch.randn(1, BUILD_SIZE) * 0.05)
    _, placed = forward_kinematics(local, offsets)
    from holirep_blender.inference.fusion.joints import SOLVED_PARENTS

    take = Take(fps=30.0, frame_start=1, local_rotations=rotations.from_matrix(local[0].double().numpy()),
                root_translation=np.zeros((4, 3)), rest_offsets=offsets[0].double().numpy(), joint_names=SOLVED,
                parents=SOLVED_PARENTS)  # fmt: skip
    assert np.allclose(placed[0].numpy(), take.world_positions(), atol=1e-5)


def test_the_head_pose_is_found_again():
    template = torch.randn(478, 3)
    turn = from_vector(torch.randn(20, 3))
    points = (template @ turn.transpose(-1, -2)) * 7.0 + torch.randn(20, 1, 3)
    rotation, scale, freed = head_pose(points, template)
    assert torch.rad2deg(angle_between(rotation, turn)).max() < 0.1
    assert torch.allclose(scale, torch.full((20,), 7.0), rtol=1e-4)
    assert torch.allclose(freed, template.expand(20, -1, -1), atol=1e-3)


def test_nothing_leaks_from_what_was_not_found(network):
    rows = observations(12)
    rows.body_image[4], rows.body_world[4], rows.body_confidence[4] = np.nan, np.nan, 0.0
    rows.face_confidence[:] = 0.0
    observed = from_observations(rows)
    with torch.no_grad():
        said = network(observed)[0]
        observed.face_image = observed.face_image + 1000.0
        observed.left = None
        observed.body_world[0, 4] = 55.0
        observed.height = torch.tensor([9.0])
        again = network(observed)[0]
    for field in fields(said):
        assert torch.isfinite(getattr(said, field.name)).all(), field.name
        assert torch.allclose(getattr(said, field.name), getattr(again, field.name), atol=1e-5), field.name


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 200])
def test_clips_of_any_length(network, count):
    said = predict(network, from_observations(observations(count)), batch=3)
    assert said.performance.rotations.shape == (1, count, 52, 3, 3)
    assert said.place.shape == (1, count, 3)
    turned = compose(said.performance.rotations, said.performance.rotations.transpose(-1, -2))
    assert torch.allclose(turned, torch.eye(3).expand_as(turned), atol=1e-4)


def test_windows_join_without_a_seam(network):
    rows = observations(1)
    still = Observations.empty(150, (640, 480))
    still.times = np.arange(150) / 30.0
    for name in ("body_image", "body_world", "body_visibility", "body_confidence", "face_image", "face_confidence"):
        setattr(still, name, np.repeat(getattr(rows, name), 150, axis=0))
    said = predict(network, from_observations(still))
    step = angle_between(said.performance.rotations[0, 1:], said.performance.rotations[0, :-1])
    assert torch.rad2deg(step).max() < 1.0


def test_a_take_comes_out_with_the_floor_at_zero(network):
    take = solve_fusion(network, observations(40), SolveOptions(fps=30.0))
    assert take.frame_count == 40
    assert take.camera is not None
    assert np.all(take.blendshape_confidence[:, -1] == 0.0), "tongueOut is not seen"
    assert np.allclose(take.root_translation[0, :2], 0.0)
