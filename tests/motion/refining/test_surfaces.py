# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands on a table: held where the artist asks for them to be looked for, and left alone else."""

from __future__ import annotations

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Contacts, contact_points
from holirep_blender.motion.refining.options import RefineOptions
from holirep_blender.motion.refining.verbs import planted_take
from holirep_blender.motion.skeleton import JOINT_INDEX
from tests.motion.contacts.postures import standing, turn


def test_a_hand_on_a_table_is_held_where_it_is_asked_for():
    take = standing(90)
    take.local_rotations[:, JOINT_INDEX["leftUpperArm"]] = turn([0, 1, 0], 60.0)
    take.local_rotations[:, JOINT_INDEX["leftLowerArm"]] = turn([0, 0, 1], -80.0)
    feet = Contacts(("leftHeel", "leftToes"), np.ones((90, 2)))
    for one in (take, feet.to_take(take)):  # a take that was solved has contacts of its own, but none of hands
        moves = []
        for surfaces in (False, True):
            options = RefineOptions(limits=0.0, surfaces=surfaces)
            held, report = planted_take(one, options)
            points = contact_points(held)
            palm = points.world(held)[:, points.index("leftHand")]
            moves.append(1000.0 * np.linalg.norm(np.diff(palm, axis=0), axis=-1).max())
            assert report.contacts.touching("leftHand").all() == surfaces
            still = rotations.angle_between(held.local_rotations, one.local_rotations)
            assert still[:, JOINT_INDEX["rightUpperArm"]].max() < 1e-6
        print(f"the palm moves {moves[0]:.2f} -> {moves[1]:.4f} mm a frame")
        assert moves[0] > 0.5
        assert moves[1] < 0.2
