# SPDX-License-Identifier: GPL-3.0-or-later
"""Anatomical rotations: every joint against the one before it, whatever the skeleton's rest pose.

The anatomical frame of a joint comes from joint positions alone (``motion/retargeting/anatomy.py``), so the identity
means the canonical T-pose (``skeleton.t_pose_offsets``) on every skeleton: an A-pose, a crouch or a clip's first frame
as rest pose give the same angles for the same posture. A joint's rotation is expressed in its own basis: its length,
the axis of flexion and the axis of abduction, so that the parts of the quaternion are the parts of the motion.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting.anatomy import TORSO, body_axes, rest_rotations
from ..skeleton import FINGERS, JOINT_INDEX, JOINT_NAMES, JOINT_PARENTS, SIDES, finger_joints, t_pose_offsets
from ..take import Take

Array = npt.NDArray[np.float64]

UNLIMITED: frozenset[str] = frozenset({"hips", "leftEye", "rightEye", "jaw"})
"""Joints that are left alone: the hips carry the whole body's turn, eyes and jaw belong to the face."""
LIMITED_JOINTS: tuple[str, ...] = tuple(name for name in JOINT_NAMES if name not in UNLIMITED)


def axes_of(joint: str) -> tuple[Array, Array, Array]:
    """Axes of positive flexion, abduction and rotation ``(3,)`` of a joint in the canonical T-pose (right-hand rule).

    Signs follow ISB and AAOS: flexion, abduction and internal rotation are positive. In words, for the left side:
    hip: flexion lifts the thigh forward, abduction outward, rotation turns the knee inward. Knee and elbow: flexion
    bends; the knee's abduction is valgus, its rotation turns the toes inward; the forearm's rotation is pronation.
    Foot: flexion is dorsiflexion, abduction turns the toes outward, rotation is inversion. Toes: flexion curls.
    Spine, neck and head: flexion bows forward, abduction bends and rotation turns towards the left.
    Collar bone: flexion is protraction, abduction elevation, rotation turns backward over the top. Upper arm, from
    the T-pose: flexion brings it forward (horizontal flexion), abduction lifts it, rotation is internal. Hand:
    flexion towards the palm, abduction is radial deviation, rotation is pronation. Fingers: flexion curls, abduction
    of the ring and little finger is towards the little side, of the others towards the thumb. Thumb: flexion goes
    across the palm, abduction out of the palm's plane towards the palm's side. The right side is the mirror image.
    """
    axes = _left_axes("left" + joint[5:] if joint.startswith("right") else joint)
    if joint.startswith("right"):
        # rotation axes are axial vectors: a mirror keeps the part along its normal and turns the rest around
        axes = axes * np.array([1.0, -1.0, -1.0])
    return axes[0], axes[1], axes[2]


def _left_axes(joint: str) -> Array:
    part = joint[4:] if joint.startswith("left") else joint
    half = np.sqrt(0.5)
    table = {
        "UpperLeg": ((-1, 0, 0), (0, -1, 0), (0, 0, -1)),
        "LowerLeg": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
        "Foot": ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
        "Toes": ((1, 0, 0), (0, 0, 1), (0, 1, 0)),
        "Shoulder": ((0, 0, -1), (0, -1, 0), (-1, 0, 0)),
        "UpperArm": ((0, 0, -1), (0, -1, 0), (1, 0, 0)),
        "LowerArm": ((0, 0, -1), (0, -1, 0), (1, 0, 0)),
        "Hand": ((0, 1, 0), (0, 0, -1), (1, 0, 0)),
    }
    if part in table:
        return np.array(table[part], dtype=np.float64)
    if part.startswith("Thumb"):
        return np.array([(0, 0, 1), (half, half, 0), (half, -half, 0)])
    if part.startswith(FINGERS):
        outwards = 1.0 if part.startswith(("Ring", "Little")) else -1.0
        return np.array([(0, 1, 0), (0, 0, outwards), (1, 0, 0)])
    return np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1)], dtype=np.float64)


@dataclass(frozen=True)
class AnatomicalJoint:
    """A joint of a take that has anatomical motions.

    Attributes
    ----------
    name : VRM name. column : its index in the take.
    reference : name of the nearest joint above it that has a VRM name, "" where there is none.
    between : columns of the joints between the two, from the reference downwards; they are carried along.
    into : (4, 4) from the local quaternion (after what is between) to the joint quaternion; orthogonal.
    basis : quaternion (4,) from the joint's basis (rotation, flexion, third axis) to canonical axes.
    mirror : +1 or -1, sign of the abduction axis against the third axis.
    """

    name: str
    column: int
    reference: str
    between: tuple[int, ...]
    into: Array
    basis: Array
    mirror: float

    @property
    def length(self) -> Array:
        """The joint's own length ``(3,)`` in canonical axes."""
        return rotations.rotate(self.basis, np.array([1.0, 0.0, 0.0]))


def rest_positions(names: Sequence[str], offsets: Array, parents: Sequence[int]) -> dict[str, Array]:
    """Rest position ``(3,)`` in metres of each joint that has a VRM name."""
    positions = np.zeros((len(names), 3))
    for joint, parent in enumerate(parents):
        positions[joint] = offsets[joint] + (positions[parent] if parent >= 0 else 0.0)
    return {name: position for name, position in zip(names, positions) if name in JOINT_INDEX}


@lru_cache(maxsize=1)
def _canonical_frames() -> dict[str, Array]:
    """The frames that are found in the canonical T-pose itself: nearly, but for its curved neck not quite, identity."""
    return _frames(rest_positions(JOINT_NAMES, t_pose_offsets(), JOINT_PARENTS))


def _frames(positions: dict[str, Array]) -> dict[str, Array]:
    """Anatomical frames of a rest pose.

    The single bones of the spine and the neck take the direction of the whole back: where each of them points is how
    a rig was built, not how its figure stands (two pivots can lie 45 degrees off and mean a straight back).
    """
    axes = body_axes(positions)
    frames = rest_rotations(positions, axes=axes, own_shape=True)
    if "hips" in frames:
        back = rotations.rotate(frames["hips"], np.array([0.0, 0.0, 1.0]))
        for joint in TORSO[1:]:
            if joint in frames:
                # swing only: how far the shoulders are turned against the pelvis stays
                now = rotations.rotate(frames[joint], np.array([0.0, 0.0, 1.0]))
                frames[joint] = rotations.multiply(rotations.between(now, back), frames[joint])
    for side in SIDES:
        for finger in FINGERS[1:]:
            _unspread(frames, side, finger)
    return frames


def _unspread(frames: dict[str, Array], side: str, finger: str) -> None:
    """Takes a finger's spread at rest for the hand's build: palms fan out, each rig's in its own way."""
    names = [name for name in finger_joints(side, finger) if name in frames]
    if not names or f"{side}Hand" not in frames:
        return
    along = np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
    inward = rotations.rotate(rotations.inverse(frames[f"{side}Hand"]), rotations.rotate(frames[names[0]], along))
    # about the palm's normal, which is vertical in the canonical T-pose
    spread = np.arctan2(inward[1] * along[0], inward[0] * along[0])
    palm = rotations.multiply(frames[f"{side}Hand"], rotations.from_axis_angle([0.0, 0.0, -1.0], spread))
    turn = rotations.multiply(palm, rotations.inverse(frames[f"{side}Hand"]))
    for name in names:
        frames[name] = rotations.multiply(turn, frames[name])


def anatomical_joints(
    take: Take, hinges: Optional[Mapping[str, float]] = None, only: Optional[Collection[str]] = None
) -> list[AnatomicalJoint]:
    """The joints of a take that have limits, parents first; joints that it lacks are not there.

    ``only`` names the joints that are wanted.
    ``hinges`` maps a side to how far its elbow's hinge is turned about the upper arm, in radians (``hinges.py``).
    """
    return list(
        _joints(
            tuple(take.joint_names),
            tuple(take.parents),
            np.ascontiguousarray(take.rest_offsets, dtype=np.float64).tobytes(),
            tuple(sorted((hinges or {}).items())),
            None if only is None else frozenset(only),
        )
    )


@lru_cache(maxsize=32)
def _joints(
    names: tuple[str, ...],
    parents: tuple[int, ...],
    offsets: bytes,
    hinges: tuple[tuple[str, float], ...],
    only: Optional[frozenset[str]],
) -> tuple[AnatomicalJoint, ...]:
    """``anatomical_joints`` of a rest pose, kept: limits on a short stretch of frames are looked at again and again."""
    positions = rest_positions(names, np.frombuffer(offsets).reshape(-1, 3), parents)
    frames = _neutral_frames(positions)
    for side, turn in hinges:
        about = rotations.from_axis_angle([-1.0, 0.0, 0.0], np.asarray(turn))
        for part in ("UpperArm", "LowerArm"):
            if side + part in frames:
                frames[side + part] = rotations.multiply(frames[side + part], about)
    result = []
    for column, name in enumerate(names):
        if name not in JOINT_INDEX or name in UNLIMITED or (only is not None and name not in only):
            continue
        between, parent = [], parents[column]
        while parent >= 0 and names[parent] not in frames:
            between.append(parent)
            parent = parents[parent]
        if parent < 0:
            continue
        reference = names[parent]
        basis, mirror = _basis(name)
        # joint quaternion = basis^-1 reference_frame^-1 local frame basis: both sides are constant
        before = rotations.inverse(rotations.multiply(frames[reference], basis))
        into = left_product(before) @ right_product(rotations.multiply(frames[name], basis))
        result.append(AnatomicalJoint(name, column, reference, tuple(reversed(between)), into, basis, mirror))
    return tuple(result)


def _neutral_frames(positions: dict[str, Array]) -> dict[str, Array]:
    """Frames that are the identity where the canonical T-pose is the rest pose."""
    frames = _frames(positions)
    for name, canonical in _canonical_frames().items():
        if name in frames:
            share = 1.0 - _shown_hinge(positions, name)
            neutral = rotations.slerp(rotations.identity(), canonical, np.asarray(share))
            frames[name] = rotations.multiply(frames[name], rotations.inverse(neutral))
    return frames


def _shown_hinge(positions: dict[str, Array], joint: str) -> float:
    """How far an arm's rest pose itself shows the elbow's hinge, 0 to 1, as ``rest_rotations`` counts it.

    A straight arm gets its hinge from the trunk, whose back leans in the canonical T-pose; a bent one does not.
    """
    side = "left" if joint.startswith("left") else "right"
    names = [f"{side}{part}" for part in ("UpperArm", "LowerArm", "Hand")]
    if joint not in names[:2] or not all(name in positions for name in names):
        return 0.0
    first = rotations.normalized(positions[names[1]] - positions[names[0]])
    second = rotations.normalized(positions[names[2]] - positions[names[1]])
    bend = np.arccos(np.clip(np.dot(first, second), -1.0, 1.0))
    return float(np.clip((bend - np.radians(5.0)) / np.radians(15.0), 0.0, 1.0))


def _basis(joint: str) -> tuple[Array, float]:
    flexion, abduction, rotation = axes_of(joint)
    third = np.cross(rotation, flexion)
    return rotations.from_matrix(np.stack([rotation, flexion, third], axis=1)), float(np.sign(third @ abduction))


def left_product(q: Array) -> Array:
    """Matrix ``(4, 4)`` of ``p -> q * p``."""
    w, x, y, z = q
    return np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]])


def right_product(q: Array) -> Array:
    """Matrix ``(4, 4)`` of ``p -> p * q``."""
    w, x, y, z = q
    return np.array([[w, -x, -y, -z], [x, w, z, -y], [y, -z, w, x], [z, y, -x, w]])


def joint_quaternions(take: Take, joints: Sequence[AnatomicalJoint]) -> Array:
    """``(N, T, 4)`` unit quaternions of the joints in their own bases: w, rotation, flexion, third axis."""
    result = np.empty((len(joints), take.frame_count, 4))
    for number, joint in enumerate(joints):
        local = take.local_rotations[:, joint.column]
        above = carried(take, joint)
        if above is not None:
            local = rotations.multiply(above, local)
        np.matmul(local, joint.into.T, out=result[number])
    length = np.sqrt(np.einsum("ntk,ntk->nt", result, result))[..., None]
    return np.asarray(result / np.where(length < 1e-9, 1.0, length))


def with_joint_quaternions(take: Take, changed: Sequence[tuple[AnatomicalJoint, Array]]) -> Array:
    """Local rotations ``(T, J, 4)`` of the take with the joints' quaternions ``(T, 4)`` replaced; others stay exact."""
    local = take.local_rotations.copy()
    for joint, quaternions in changed:
        turned = quaternions @ joint.into
        above = carried(take, joint)
        if above is not None:
            turned = rotations.multiply(rotations.inverse(above), turned)
        # the two signs of a quaternion are one rotation, but keys that jump between them are not one curve
        local[:, joint.column] = rotations.continuous(turned)
    return local


def carried(take: Take, joint: AnatomicalJoint) -> Optional[Array]:
    """How the joints between a joint and its reference are turned ``(T, 4)``; None where there are none."""
    if not joint.between:
        return None
    result = take.local_rotations[:, joint.between[0]]
    for column in joint.between[1:]:
        result = rotations.multiply(result, take.local_rotations[:, column])
    return result
