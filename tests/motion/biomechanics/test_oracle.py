# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent solver under the same limits: mink (differential inverse kinematics by quadratic programming).

Each motion of each joint of the left side and the middle is a hinge in a MuJoCo model, about the joint's axis and with
the table's hard range; mink turns it towards the asked orientation within that range. The engine gets the same pose as
a take of one frame. Compared is the joint's orientation: inside the limits, just beyond and far beyond them, on both
sides. Diagonal swings are hinges about the diagonal axis, whose range is the radius of the ellipse there.

The solver and its physics are among the checkout's requirements: without them this fails instead of being left out.
"""

from __future__ import annotations

import mink
import mujoco
import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.anatomical import axes_of
from holirep_blender.motion.biomechanics.engine import LimitOptions, limited
from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.biomechanics.swing import MOTIONS
from holirep_blender.motion.skeleton import JOINT_INDEX
from tests.motion.biomechanics.figures import posed

AGREEMENT = 0.1
"""Degrees: mink nears a limit by a share in each step and stops within hundredths of a degree of it."""

Hinge = tuple[str, np.ndarray, float, float]


def solved(hinges: list[Hinge], wanted: np.ndarray) -> np.ndarray:
    """Orientations ``(N, 4)`` that mink reaches for hinges (joint, axis, low, high degrees) asked to turn by
    ``wanted (N,)`` degrees; all bodies hang on the world, so one problem holds them all."""
    bodies = "".join(
        f'<body name="b{n}" pos="{n} 0 0"><joint name="j{n}" type="hinge" limited="true" '
        f'axis="{axis[0]:.9f} {axis[1]:.9f} {axis[2]:.9f}" range="{low:.9f} {high:.9f}"/>'
        '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/></body>'
        for n, (_, axis, low, high) in enumerate(hinges)
    )
    model = mujoco.MjModel.from_xml_string(
        f'<mujoco><compiler angle="degree"/><worldbody>{bodies}</worldbody></mujoco>'
    )
    configuration = mink.Configuration(model)
    tasks = []
    for number, (_, axis, _, _) in enumerate(hinges):
        task = mink.FrameTask(f"b{number}", "body", position_cost=0.0, orientation_cost=1.0)
        turn = rotations.from_axis_angle(axis, np.radians(wanted[number]))
        task.set_target(mink.SE3.from_rotation_and_translation(mink.SO3(turn), np.array([number, 0.0, 0.0])))
        tasks.append(task)
    limits = [mink.ConfigurationLimit(model, gain=0.9)]
    for _ in range(40):
        velocity = mink.solve_ik(configuration, tasks, 1.0, solver="daqp", damping=1e-9, limits=limits)
        configuration.integrate_inplace(velocity, 1.0)
    return np.array(
        [configuration.get_transform_frame_to_world(f"b{n}", "body").rotation().wxyz for n in range(len(hinges))]
    )


def ours(hinges: list[Hinge], wanted: np.ndarray, table: LimitTable) -> np.ndarray:
    """Orientations ``(N, 4)`` after the engine, each joint by itself."""
    result = []
    for (joint, axis, _, _), turn in zip(hinges, wanted):
        take = posed(**{joint: np.radians(turn) * axis})
        after, _ = limited(take, LimitOptions(table, joints=frozenset({joint})))
        result.append(after.local_rotations[0, JOINT_INDEX[joint]])
    return np.array(result)


def disagreement(hinges: list[Hinge], wanted: np.ndarray, table: LimitTable) -> np.ndarray:
    return np.degrees(rotations.angle_between(solved(hinges, wanted), ours(hinges, wanted, table)))


def motions(table: LimitTable) -> list[Hinge]:
    """Each motion as a hinge. The T-pose asks for no coupling; the table is one without the hamstrings' share."""
    return [
        (row.joint, axes_of(row.joint)[MOTIONS.index(row.motion)], *row.hard)
        for row in table.rows
        if not row.joint.startswith("right")
    ]


@pytest.mark.parametrize("asked", ["inside", "just beyond", "far beyond"])
@pytest.mark.parametrize("side", ["low", "high"])
def test_single_motions_agree(asked: str, side: str) -> None:
    table = LimitTable.load("athlete")
    hinges = motions(table)
    bounds = np.array([low if side == "low" else high for _, _, low, high in hinges])
    wanted = {"inside": 0.7 * bounds, "just beyond": 1.05 * bounds, "far beyond": bounds + 20.0 * np.sign(bounds)}[
        asked
    ]
    wanted = np.clip(wanted, -175.0, 175.0)
    worst = disagreement(hinges, wanted, table)
    print(f"{asked}, {side}: {len(hinges)} motions, worst disagreement with mink {worst.max():.4f} degrees")
    assert worst.max() < AGREEMENT, hinges[int(np.argmax(worst))][0]


@pytest.mark.parametrize("joint", ["leftUpperLeg", "leftUpperArm", "head", "leftHand", "leftFoot", "spine"])
def test_diagonal_swings_agree(joint: str) -> None:
    table = LimitTable.load("athlete")
    flexion, abduction, _ = axes_of(joint)
    first, second = table.hard(joint, "flexion"), table.hard(joint, "abduction")
    hinges: list[Hinge] = []
    wanted = []
    for angle in np.radians(np.arange(0.0, 360.0, 30.0)):
        cosine, sine = np.cos(angle), np.sin(angle)
        reach = [
            1.0 / np.hypot(c / abs(first[int(c > 0)]), s / abs(second[int(s > 0)]))
            for c, s in ((cosine, sine), (-cosine, -sine))
        ]
        hinges.append((joint, cosine * flexion + sine * abduction, -reach[1], reach[0]))
        wanted.append(min(reach[0] * 1.2, 170.0))
    assert disagreement(hinges, np.array(wanted), table).max() < AGREEMENT
