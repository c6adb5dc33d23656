# SPDX-License-Identifier: GPL-3.0-or-later
"""Anatomical frames of a skeleton in its rest pose, found from joint positions alone.

Two skeletons can only be compared through something that both have. Bone axes, rolls and tails are a matter of each
rig's taste; where the joints are is not. So each joint of each skeleton gets the rotation that takes the *canonical*
frame of that joint (a T-pose facing −Y, left +X, up +Z) to its frame in the skeleton's own rest pose. That frame is
spanned by the limb's direction and by an anatomical axis: left-right for the torso, the hinge for elbows and knees,
the palm for hand and fingers, up for the feet.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..skeleton import FINGERS, JOINT_NAMES, JOINT_PARENTS, SIDES, finger_joints

Array = npt.NDArray[np.float64]
Positions = Mapping[str, Array]

TORSO: tuple[str, ...] = ("hips", "spine", "chest", "upperChest", "neck")
OWN_SHAPE: frozenset[str] = frozenset({"hips", "leftShoulder", "rightShoulder", "leftFoot", "rightFoot"})
"""Joints whose segment says more about a rig's build than about the pose: where a rigger put the pelvis pivot, how far
back the collar bone runs, how high the ankle is."""

_PARENT: dict[str, Optional[str]] = {
    name: (JOINT_NAMES[parent] if parent >= 0 else None) for name, parent in zip(JOINT_NAMES, JOINT_PARENTS)
}
_BENT_FROM, _BENT_TO = np.radians(5.0), np.radians(20.0)
"""Below the first angle a hinge's axis is taken from anatomy, above the second from the bend that is there."""


def next_joints(joint: str) -> tuple[str, ...]:
    """The joints that end ``joint``'s own segment, the best first; empty for leaves such as the head."""
    chain: list[str] = list(TORSO) + ["head"]
    if joint in TORSO:
        return tuple(chain[chain.index(joint) + 1 :])
    for side in SIDES:
        if joint == f"{side}Hand":
            return tuple(finger_joints(side, finger)[0] for finger in ("Middle", "Ring", "Index", "Little"))
        chains = [
            tuple(f"{side}{part}" for part in ("Shoulder", "UpperArm", "LowerArm", "Hand")),
            tuple(f"{side}{part}" for part in ("UpperLeg", "LowerLeg", "Foot", "Toes")),
        ] + [finger_joints(side, finger) for finger in FINGERS]
        for parts in chains:
            if joint in parts:
                return parts[parts.index(joint) + 1 :]
    return ()


def next_joint(joint: str, *available: Positions) -> Optional[str]:
    """The first of ``next_joints(joint)`` that every one of the skeletons has."""
    return next((name for name in next_joints(joint) if all(name in positions for positions in available)), None)


def canonical_axes(joint: str) -> tuple[Array, Array]:
    """Direction and anatomical axis ``(3,), (3,)`` of a joint in the canonical T-pose."""
    side = 1.0 if joint.startswith("left") else -1.0
    if "Leg" in joint:
        return np.array([0.0, 0.0, -1.0]), np.array([1.0, 0.0, 0.0])
    if "Foot" in joint or "Toes" in joint or "Eye" in joint or joint == "jaw":
        return np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    if joint in TORSO or joint == "head":
        return np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
    if "Thumb" in joint:
        return rotations.normalized([side, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    if "Arm" in joint:
        return np.array([side, 0.0, 0.0]), np.array([0.0, 0.0, -side])
    if "Shoulder" in joint:
        return np.array([side, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    return np.array([side, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])


def body_axes(positions: Positions) -> Array:
    """The performer's axes ``(3, 3)`` in the skeleton's own space; columns: left, back, up.

    Rest poses lean and crouch, spaces do not: the axes are snapped to the nearest axes of the space, unless the whole
    skeleton stands diagonally in it.
    """
    left = np.zeros(3)
    for pair in ("UpperLeg", "UpperArm", "Shoulder", "Foot", "Hand", "Eye"):
        if f"left{pair}" in positions and f"right{pair}" in positions:
            left = left + rotations.normalized(positions[f"left{pair}"] - positions[f"right{pair}"])
    up = np.zeros(3)
    ladder = [_middle(positions, "Foot"), _middle(positions, "UpperLeg"), _middle(positions, "UpperArm")]
    ladder += [positions.get(name) for name in ("hips", "neck", "head")]
    present = [point for point in ladder if point is not None]
    for low, high in zip(present, present[1:]):
        up = up + (high - low)
    if np.linalg.norm(left) < 1e-6 or np.linalg.norm(up) < 1e-9:
        return np.eye(3)
    raw = rotations.frame(left, up)  # columns: left, up, left x up = forward
    axes = np.stack([raw[:, 0], -raw[:, 2], raw[:, 1]], axis=1)
    snapped = np.zeros((3, 3))
    for column, row in ((0, int(np.argmax(np.abs(axes[:, 0])))), (2, int(np.argmax(np.abs(axes[:, 2]))))):
        snapped[row, column] = np.sign(axes[row, column])
    snapped[:, 1] = np.cross(snapped[:, 2], snapped[:, 0])
    aligned = bool(np.all(np.sum(snapped * axes, axis=0) > np.cos(np.radians(40.0))))
    return snapped if aligned else axes


def rest_rotations(
    positions: Positions, axes: Array, tips: Optional[Positions] = None, own_shape: bool = True
) -> dict[str, Array]:
    """Rotation of each joint from the canonical frame to its rest frame in the skeleton's space, quaternions ``(4,)``.

    Parameters
    ----------
    positions : rest position of each joint that the skeleton has, ``(3,)``, any unit.
    axes : (3, 3) as ``body_axes`` gives.
    tips : end points of leaf joints (finger tips, toe tips) where the skeleton knows them.
    own_shape : take the joints in ``OWN_SHAPE`` as upright, level and flat-footed at rest, however their pivots lie;
        otherwise their segments are compared like any other.
    """
    names = [joint for joint in JOINT_NAMES if joint in positions]
    ends = [joint for joint in names if tips and joint in tips]
    parts = [np.asarray(axes), *(positions[joint] for joint in names), *((tips or {})[joint] for joint in ends)]
    values = np.concatenate([np.asarray(part, dtype=np.float64).reshape(-1) for part in parts]).tobytes()
    kept = _rest_rotations(tuple(names), tuple(ends), values, own_shape)
    return {joint: turned.copy() for joint, turned in kept.items()}


@lru_cache(maxsize=32)
def _rest_rotations(names: tuple[str, ...], ends: tuple[str, ...], values: bytes, own_shape: bool) -> dict[str, Array]:
    """``rest_rotations`` of values in bytes: everything that looks at a skeleton asks for the same frames."""
    array = np.frombuffer(values, dtype=np.float64)
    axes, points = array[:9].reshape(3, 3), array[9:].reshape(-1, 3)
    positions, tips = dict(zip(names, points)), dict(zip(ends, points[len(names) :]))
    base = rotations.from_matrix(axes)
    up = axes[:, 2]
    # arms hang on the trunk as a whole: single spine bones follow the curve of the back, each rig in its own way
    trunk = from_frame("chest", _long_spine(positions, up), _lateral("chest", positions, base))
    result: dict[str, Array] = {}
    for joint in names:
        parent = _PARENT[joint]
        while parent is not None and parent not in result:
            parent = _PARENT[parent]
        inherited = result[parent] if parent is not None else base
        if "Shoulder" in joint or "UpperArm" in joint:
            inherited = trunk
        direction = _direction(joint, positions, tips, inherited)
        if own_shape and "Shoulder" in joint:
            result[joint] = inherited
        elif joint == "head":
            result[joint] = from_frame(joint, up, _lateral(joint, positions, base))
        elif "Eye" in joint or joint == "jaw":
            result[joint] = inherited
        elif "Foot" in joint or "Toes" in joint:
            flat = direction - np.dot(direction, up) * up
            level = np.linalg.norm(flat) > 0.2
            forward = flat if level and (own_shape or "Toes" in joint) else direction
            result[joint] = from_frame(joint, forward, up if level else -axes[:, 1])
        elif joint in TORSO:
            spine = _long_spine(positions, up) if own_shape and joint == "hips" else direction
            result[joint] = from_frame(joint, spine, _lateral(joint, positions, base))
        else:
            carried = _carried(joint, direction, inherited)
            secondary = _geometric_axis(joint, positions, rotations.rotate(carried, canonical_axes(joint)[1]))
            result[joint] = from_frame(joint, direction, secondary)
    return result


def leg_length(positions: Positions) -> float:
    """Mean length hip to ankle along the bones, in the skeleton's unit; 0 where the legs are not there."""
    lengths = []
    for side in SIDES:
        names = [f"{side}{part}" for part in ("UpperLeg", "LowerLeg", "Foot")]
        if all(name in positions for name in names):
            points = [positions[name] for name in names]
            lengths.append(np.linalg.norm(points[1] - points[0]) + np.linalg.norm(points[2] - points[1]))
    return float(np.mean(lengths)) if lengths else 0.0


def pelvis_centre(positions: Positions) -> Optional[Array]:
    """The point between the hip joints ``(3,)``, else the hips' pivot, else None."""
    middle = _middle(positions, "UpperLeg")
    return middle if middle is not None else positions.get("hips")


def _middle(positions: Positions, part: str) -> Optional[Array]:
    left, right = positions.get(f"left{part}"), positions.get(f"right{part}")
    return None if left is None or right is None else (left + right) / 2.0


def from_frame(joint: str, direction: Array, secondary: Array) -> Array:
    """Rotation ``(4,)`` from a joint's canonical frame to one along ``direction (3,)`` with ``secondary (3,)``."""
    canonical = rotations.frame(*canonical_axes(joint))
    return rotations.from_matrix(rotations.frame(direction, secondary) @ canonical.T)


def _carried(joint: str, direction: Array, inherited: Array) -> Array:
    """The parent's frame, swung the shortest way until the joint's canonical direction is ``direction``."""
    at_rest = rotations.rotate(inherited, canonical_axes(joint)[0])
    return rotations.multiply(rotations.between(at_rest, direction), inherited)


def _direction(joint: str, positions: Positions, tips: Positions, inherited: Array) -> Array:
    following = next_joint(joint, positions)
    if following is not None:
        return rotations.normalized(positions[following] - positions[joint])
    straight = rotations.rotate(inherited, canonical_axes(joint)[0])
    if joint in tips:
        tip = rotations.normalized(tips[joint] - positions[joint])
        limit = np.cos(np.radians(60.0))
        if float(np.dot(tip, straight)) > limit:
            return tip
    return straight


def _long_spine(positions: Positions, up: Array) -> Array:
    centre = pelvis_centre(positions)
    top = next((positions[name] for name in ("neck", "upperChest", "chest", "head") if name in positions), None)
    return up if centre is None or top is None else rotations.normalized(top - centre)


def _lateral(joint: str, positions: Positions, base: Array) -> Array:
    pairs = {"hips": ("UpperLeg",), "spine": ("UpperLeg", "UpperArm"), "head": ("Eye",)}.get(joint, ("UpperArm",))
    total = np.zeros(3)
    for pair in pairs:
        if f"left{pair}" in positions and f"right{pair}" in positions:
            total = total + rotations.normalized(positions[f"left{pair}"] - positions[f"right{pair}"])
    return total if np.linalg.norm(total) > 0.5 else rotations.rotate(base, np.array([1.0, 0.0, 0.0]))


def _geometric_axis(joint: str, positions: Positions, anatomical: Array) -> Array:
    """The hinge or palm axis that the joint positions show, else ``anatomical``."""
    side = "left" if joint.startswith("left") else "right"
    if "Arm" in joint or "Leg" in joint:
        limb = ("UpperArm", "LowerArm", "Hand") if "Arm" in joint else ("UpperLeg", "LowerLeg", "Foot")
        names = [f"{side}{part}" for part in limb]
        if not all(name in positions for name in names):
            return anatomical
        first = rotations.normalized(positions[names[1]] - positions[names[0]])
        second = rotations.normalized(positions[names[2]] - positions[names[1]])
        hinge = np.cross(first, second)
        bend = np.arctan2(np.linalg.norm(hinge), np.dot(first, second))
        hinge = rotations.normalized(hinge)
        weight = np.clip((bend - _BENT_FROM) / (_BENT_TO - _BENT_FROM), 0.0, 1.0)
        if np.dot(hinge, anatomical) < 0.0:  # modelled bent the wrong way
            hinge = -hinge
        return np.asarray(weight * hinge + (1.0 - weight) * anatomical)
    palm = _palm(side, positions)
    if palm is None:
        return anatomical
    across, normal = palm
    return normal if "Thumb" in joint else across


def _palm(side: str, positions: Positions) -> Optional[tuple[Array, Array]]:
    """Across the palm towards the index finger, and out of the back of the hand."""
    hand = positions.get(f"{side}Hand")
    knuckles = [
        positions[name] for name in (finger_joints(side, finger)[0] for finger in FINGERS[1:]) if name in positions
    ]
    if hand is None or len(knuckles) < 2:
        return None
    across = rotations.normalized(knuckles[0] - knuckles[-1])
    along = np.mean(knuckles, axis=0) - hand
    sign = 1.0 if side == "left" else -1.0
    normal = rotations.normalized(np.cross(across, along)) * sign
    return across, normal
