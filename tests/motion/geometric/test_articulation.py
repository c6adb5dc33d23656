# SPDX-License-Identifier: GPL-3.0-or-later
"""Derivatives of the articulated figure against finite differences, and the batched solver against numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.geometric.articulation import Pose, exponential, logarithm
from holirep_blender.motion.geometric.figures import body_figure, body_posture
from holirep_blender.motion.geometric.refinement import Normal, Pull, State, minimise, solved_definite
from holirep_blender.motion.geometric.terms import Places
from holirep_blender.motion.skeleton import t_pose_offsets


@pytest.fixture
def posed():
    figure = body_figure(t_pose_offsets())
    generator = np.random.default_rng(5)
    pose = figure.rest(4)
    pose = Pose(
        exponential(generator.normal(0.0, 0.4, pose.local.shape[:2] + (3,))),
        generator.uniform(-0.8, 0.8, pose.angles.shape),
        generator.normal(size=(4, 3)),
    )
    return figure, figure.with_hinges(pose)


def test_point_derivatives_are_those_of_finite_differences(posed):
    figure, pose = posed
    turned, placed = figure.forward(pose)
    joints = np.array([figure.index[name] for name in ("head", "leftHand", "rightToes", "leftLowerArm")])
    offsets = np.random.default_rng(6).normal(0.0, 0.1, (4, 3))
    points = figure.points(turned, placed, joints, offsets)
    axes = figure.freedom_axes(pose, turned)
    analytic = figure.point_derivatives(axes, placed, points, joints, np.arange(figure.columns))
    step = 1e-6
    for column in range(figure.columns):
        move = np.zeros((4, figure.columns))
        move[:, column] = step
        moved = figure.moved(pose, turned, move)
        numeric = (figure.points(*figure.forward(moved), joints, offsets) - points) / step
        np.testing.assert_allclose(np.swapaxes(analytic[..., column], 1, 2), numeric, atol=1e-4)


def test_groups_hold_every_point_and_pair_once_and_leave_out_no_derivative(posed):
    figure, pose = posed
    turned, placed = figure.forward(pose)
    names = ("head", "leftHand", "leftLowerArm", "rightHand", "rightToes", "leftUpperArm", "rightUpperArm", "hips")
    joints = np.array([figure.index[name] for name in names])
    pairs = np.array([(2, 1), (5, 2), (5, 6), (7, 0), (4, 7), (1, 3)])
    offsets = np.random.default_rng(8).normal(0.0, 0.1, (len(names), 3))
    points = figure.points(turned, placed, joints, offsets)
    axes = figure.freedom_axes(pose, turned)
    whole = figure.point_derivatives(axes, placed, points, joints, np.arange(figure.columns))
    groups = figure.groups(joints, pairs)
    assert sorted(point for group in groups for point in group.points[: group.own]) == list(range(len(names)))
    assert sorted(pair for group in groups for pair in group.pairs) == list(range(len(pairs)))
    assert max(len(group.columns) for group in groups) < figure.columns
    for group in groups:
        assert np.array_equal(group.points[group.ends], pairs[group.pairs])
        part = figure.point_derivatives(axes, placed, points[:, group.points], joints[group.points], group.columns)
        np.testing.assert_allclose(part, whole[:, :, group.points][..., group.columns], atol=1e-5)
        rest = np.setdiff1d(np.arange(figure.columns), group.columns)
        assert not whole[:, :, group.points][..., rest].any()


def test_the_cost_alone_is_that_of_the_equations(posed):
    figure, pose = posed
    turned, placed = figure.forward(pose)
    joints = np.array([figure.index[name] for name in ("leftToes", "rightToes")])
    places = Places(joints, np.zeros((2, 3)), np.zeros((4, 2, 3)), np.full((4, 2, 3), 5.0), floor=0.5)
    still = Pull(figure.rest(4), np.ones(len(figure.names)), np.ones(len(figure.hinge_axes)), np.eye(3))
    state = State(figure, pose, turned, placed, figure.freedom_axes(pose, turned))
    costs = []
    for complete in (True, False):
        normal = Normal.zero(4, figure.columns, complete)
        for term in (places, still, body_posture(figure)):
            term(state, normal)
        costs.append(normal.cost)
    np.testing.assert_array_equal(costs[0], costs[1])


def test_rotation_derivatives_are_those_of_finite_differences(posed):
    figure, pose = posed
    turned, _ = figure.forward(pose)
    joints = np.array([figure.index[name] for name in ("head", "leftHand", "rightFoot")])
    analytic = figure.rotation_derivatives(figure.freedom_axes(pose, turned), joints, np.arange(figure.columns))
    step = 1e-6
    for column in range(figure.columns):
        move = np.zeros((4, figure.columns))
        move[:, column] = step
        moved, _ = figure.forward(figure.moved(pose, turned, move))
        numeric = logarithm(moved[:, joints] @ np.swapaxes(turned[:, joints], -1, -2)) / step
        np.testing.assert_allclose(np.swapaxes(analytic[..., column], 1, 2), numeric, atol=1e-4)


def test_solved_definite_agrees_with_lapack():
    generator = np.random.default_rng(7)
    roots = generator.normal(size=(6, 40, 23))
    matrices = np.swapaxes(roots, 1, 2) @ roots
    vectors = generator.normal(size=(6, 23))
    expected = np.linalg.solve(matrices, vectors[..., None])[..., 0]
    np.testing.assert_allclose(solved_definite(matrices, vectors), expected, rtol=1e-8, atol=1e-10)


def test_minimise_reaches_points_that_the_figure_can_reach(posed):
    figure, pose = posed
    goal = figure.with_hinges(Pose(pose.local, np.clip(pose.angles, 0.0, 0.8), pose.root))
    joints = np.arange(len(figure.names))
    offsets = np.zeros((len(joints), 3))
    _, targets = figure.forward(goal)
    places = Places(joints, offsets, targets, np.full(targets.shape, 100.0), floor=-10.0)
    still = Pull(figure.rest(4), np.full(len(joints), 1e-4), np.full(len(figure.hinge_axes), 1e-4), np.zeros((3, 3)))
    found, cost = minimise(figure, figure.rest(4), [places, still], 40)
    _, placed = figure.forward(found)
    assert np.linalg.norm(placed - targets, axis=-1).max() < 2e-3
    assert np.all(cost < 1.0)


def test_frames_are_solved_alike_in_any_block(posed):
    figure, pose = posed
    many = Pose(np.tile(pose.local, (80, 1, 1, 1)), np.tile(pose.angles, (80, 1)), np.tile(pose.root, (80, 1)))
    joints = np.array([figure.index["head"], figure.index["leftHand"]])
    offsets, targets = np.zeros((2, 3)), np.zeros((320, 2, 3))
    places = Places(joints, offsets, targets, np.full(targets.shape, 5.0), floor=-10.0)
    still = Pull(many, np.ones(len(figure.names)), np.ones(len(figure.hinge_axes)), np.eye(3))
    found, _ = minimise(figure, many, [places, still], 3)
    np.testing.assert_allclose(found.root[:4], found.root[316:], atol=1e-9)
    np.testing.assert_allclose(found.local[:4], found.local[316:], atol=1e-9)


def test_knees_and_elbows_bend_one_way(posed):
    figure, _ = posed
    posture = body_posture(figure)
    knee = figure.first_hinge[figure.index["leftLowerLeg"]]
    left = figure.first_hinge[figure.index["leftLowerArm"]]
    right = figure.first_hinge[figure.index["rightLowerArm"]]
    pose = figure.rest(1)
    pose.angles[:, [knee, left, right]] = 1.0, -1.0, 1.0
    _, placed = figure.forward(figure.with_hinges(pose))
    at = {name: placed[0, row] for name, row in figure.index.items()}
    assert at["leftFoot"][1] > at["leftLowerLeg"][1] + 0.1
    assert at["leftHand"][1] < at["leftLowerArm"][1] - 0.1
    assert at["rightHand"][1] < at["rightLowerArm"][1] - 0.1
    assert posture.hinge_low[knee] >= 0.0
    assert posture.hinge_high[left] <= 0.0 <= posture.hinge_low[right]
