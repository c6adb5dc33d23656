# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs whose bones do not simply follow their parents: control rigs, whose helpers move by constraints and drivers.

Nothing is assumed about such a rig. Sample frames of the motion are posed and evaluated. Where a bone ends up turned
otherwise than it should, random poses tell which driven bone really carries it; what no single bone carries is solved
frame by frame against the evaluated pose. All that in a scene of its own, where the character's meshes and the rest of
the artist's scene need not be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Quaternion

from ..motion import rotations
from ..motion.retargeting import RetargetedMotion
from ..motion.retargeting.local_space import carried_basis

Array = npt.NDArray[np.float64]

EXACT = np.radians(0.05)
"""Errors below this are rounding of single precision matrices, not another parent."""
SETTLED = np.radians(1.0)
"""What a correction below this leaves, where it allows for the bones above, is of second order: below ``EXACT``."""
VISIBLE = np.radians(1.0)
_SAMPLES = 5
_PROBES = 6
_PASSES = 4
_FORESEEING_PASSES = 2
_TRIAL_PASSES = 8
_TRIAL_TURN = 0.05


def follow_constraints(
    context: bpy.types.Context, armature: bpy.types.Object, motion: RetargetedMotion
) -> tuple[Array, list[str]]:
    """The motion's basis rotations ``(T, B, 4)``, corrected for what the rig really does with them.

    The pose is put back as it was. Returns sentences for the user on bones that do not follow however they are keyed,
    such as bones at the end of an IK constraint.
    """
    basis = motion.rotations.copy()
    samples = np.unique(np.linspace(0, len(basis) - 1, _SAMPLES).astype(int))
    with _alone(context.scene, armature) as layer:
        # Blender leaves out objects that are switched off
        alive = armature.evaluated_get(layer.depsgraph).is_evaluated
        if not alive or armature.mode == "EDIT":
            return basis, [
                f"{armature.name} is not evaluated now: whether its constraints allow the motion is unknown."
            ]
        left = _follow(layer, armature, motion, basis, samples)
    stuck = [(name, error) for name, error in zip(motion.bone_names, left) if error > VISIBLE]
    if not stuck:
        return rotations.continuous(basis), []
    worst = max(stuck, key=lambda each: each[1])
    return rotations.continuous(basis), [
        f"{len(stuck)} bones do not follow their keys, {worst[0]} by {np.degrees(worst[1]):.0f}°: "
        "a constraint or driver holds them. Switch it off, or map another bone."
    ]


def _follow(
    layer: bpy.types.ViewLayer,
    armature: bpy.types.Object,
    motion: RetargetedMotion,
    basis: Array,
    samples: npt.NDArray[np.int_],
) -> Array:
    """Edits ``basis (T, B, 4)`` so that the bones go where they should; the errors that are left, ``(B,)`` radians."""
    with _posing(layer, armature, motion.bone_names) as pose:
        off = _errors(pose, basis, motion.pose_rotations, samples) > EXACT
        if off.any():
            rest = _solve_carriers(pose, motion, basis, np.flatnonzero(off))
            rest = _without_held(pose, motion, basis, rest, samples)
            if len(rest):
                _solve_frames(pose, motion, basis, rest)
        return _errors(pose, basis, motion.pose_rotations, samples)


class _Pose:
    """An armature under trial: sets basis rotations of the driven bones and reads back what became of them."""

    def __init__(self, layer: bpy.types.ViewLayer, armature: bpy.types.Object, names: Sequence[str]) -> None:
        self._layer, self._armature, self._names = layer, armature, names
        self._bones = [armature.pose.bones[name] for name in names]

    def evaluate(self, basis: Array) -> Array:
        """Rotations ``(B, 4)`` in armature space of the bones with basis rotations ``(B, 4)``."""
        for bone, turned in zip(self._bones, basis):
            _set_rotation(bone, turned)
        self._layer.update()
        evaluated = self._armature.evaluated_get(self._layer.depsgraph)
        matrices = np.array([evaluated.pose.bones[name].matrix for name in self._names], dtype=np.float64)
        axes = rotations.normalized(np.swapaxes(matrices[:, :3, :3], 1, 2)).swapaxes(1, 2)
        return rotations.from_matrix(axes)


@contextmanager
def _alone(scene: bpy.types.Scene, armature: bpy.types.Object) -> Iterator[bpy.types.ViewLayer]:
    """The layer of a scene that holds the armature only, at the same frame, and what the armature depends on."""
    alone = bpy.data.scenes.new(f"{armature.name} alone")
    try:
        alone.frame_float = scene.frame_float  # not by frame_set, which calls the handlers of other add-ons
        alone.collection.objects.link(armature)
        layer = alone.view_layers[0]
        layer.update()  # the first one evaluates the armature's animation, which must not come over a trial's pose
        yield layer
    finally:
        bpy.data.scenes.remove(alone)


@contextmanager
def _posing(layer: bpy.types.ViewLayer, armature: bpy.types.Object, names: Sequence[str]) -> Iterator[_Pose]:
    bones = [armature.pose.bones[name] for name in names]
    before = [
        (tuple(bone.rotation_quaternion), tuple(bone.rotation_euler), tuple(bone.rotation_axis_angle)) for bone in bones
    ]
    try:
        yield _Pose(layer, armature, names)
    finally:
        for bone, (quaternion, euler, axis_angle) in zip(bones, before):
            bone.rotation_quaternion, bone.rotation_euler = quaternion, euler
            bone.rotation_axis_angle = axis_angle
        layer.update()


def _set_rotation(bone: bpy.types.PoseBone, turned: Array) -> None:
    quaternion = Quaternion(turned.tolist())
    if bone.rotation_mode == "QUATERNION":
        bone.rotation_quaternion = quaternion
    elif bone.rotation_mode == "AXIS_ANGLE":
        axis, angle = quaternion.to_axis_angle()
        bone.rotation_axis_angle = (angle, *axis)
    else:
        bone.rotation_euler = quaternion.to_euler(bone.rotation_mode)


def _errors(pose: _Pose, basis: Array, wanted: Array, samples: npt.NDArray[np.int_]) -> Array:
    """The largest error of each bone over the sample frames, ``(B,)`` radians."""
    return np.max([rotations.angle_between(pose.evaluate(basis[frame]), wanted[frame]) for frame in samples], axis=0)


def _solve_carriers(
    pose: _Pose, motion: RetargetedMotion, basis: Array, bones: npt.NDArray[np.int_]
) -> npt.NDArray[np.int_]:
    """Finds by random poses which driven bone carries each of ``bones`` rigidly, and solves those; edits ``basis``.

    Returns the bones that no single bone carries.
    """
    unsolved = []
    random = np.random.default_rng(1)
    count = len(motion.bone_names)
    trials = rotations.from_rotation_vector(random.uniform(-0.5, 0.5, (_PROBES, count, 3)))
    reached = np.stack([pose.evaluate(trial) for trial in trials])
    spaces = rotations.multiply(reached, rotations.inverse(trials))
    for bone in bones:
        fixed = [(_spread(spaces[:, bone]), -1, spaces[0, bone])]
        for carrier in range(count):
            if carrier != bone:
                relative = rotations.multiply(rotations.inverse(reached[:, carrier]), spaces[:, bone])
                fixed.append((_spread(relative), carrier, relative[0]))
        spread, carrier, offset = min(fixed, key=lambda each: each[0])
        if spread < EXACT:
            basis[:, bone] = carried_basis(motion.pose_rotations, bone, carrier, offset)
        else:
            unsolved.append(bone)
    return np.array(unsolved, dtype=np.int_)


def _spread(turned: Array) -> float:
    return float(rotations.angle_between(turned, turned[:1]).max())


def _without_held(
    pose: _Pose,
    motion: RetargetedMotion,
    basis: Array,
    bones: npt.NDArray[np.int_],
    samples: npt.NDArray[np.int_],
) -> npt.NDArray[np.int_]:
    """The bones of ``bones`` that come nearer to where they should be when they are solved in a few frames.

    The others are held by something, or hang below what is: they keep their rotation against their parents, so that
    the fingers of a held hand stay the fingers of that hand; and no time is lost on them in every frame.
    """
    if not len(bones):
        return bones
    before = after = np.zeros(len(bones))
    for frame in samples[::2]:
        wanted, turned = motion.pose_rotations[frame], basis[frame].copy()
        before = np.maximum(before, rotations.angle_between(pose.evaluate(turned), wanted)[bones])
        after = np.maximum(after, _solve_frame(pose, turned, wanted, bones, _TRIAL_PASSES))
    return bones[after < np.maximum(EXACT, 0.5 * before)]


def _solve_frames(pose: _Pose, motion: RetargetedMotion, basis: Array, bones: npt.NDArray[np.int_]) -> None:
    """Solves ``bones`` in every frame against the evaluated pose, beginning with the frame before."""
    influence = _influence(pose, basis[0], bones)
    for frame, wanted in enumerate(motion.pose_rotations):
        if frame:
            basis[frame, bones] = basis[frame - 1, bones]
        _solve_frame(pose, basis[frame], wanted, bones, _PASSES, influence)


def _influence(pose: _Pose, basis: Array, bones: npt.NDArray[np.int_]) -> Array:
    """How far each of ``bones`` (rows) turns with each that is turned (columns), ``(N, N)``: 1 rigidly, 0 not."""
    before = pose.evaluate(basis)[bones]
    shares = np.eye(len(bones))
    for column, bone in enumerate(bones):
        trial = basis.copy()
        trial[bone] = rotations.multiply(basis[bone], rotations.from_rotation_vector(np.full(3, _TRIAL_TURN)))
        turns = rotations.to_rotation_vector(rotations.multiply(pose.evaluate(trial)[bones], rotations.inverse(before)))
        shares[:, column] = turns @ turns[column] / max(float(turns[column] @ turns[column]), _TRIAL_TURN**2)
    return shares


def _solve_frame(
    pose: _Pose,
    basis: Array,
    wanted: Array,
    bones: npt.NDArray[np.int_],
    passes: int,
    influence: Optional[Array] = None,
) -> Array:
    """Solves ``bones`` in one frame, edits its ``basis (B, 4)``; the errors before the last pass, radians.

    A pass puts each bone right in the space that it has. That turns with the bones above it; where ``influence`` tells
    how far, the first passes allow for it, and what a small correction leaves need not be evaluated again.
    """
    errors = np.zeros(len(bones))
    for number in range(passes):
        reached = pose.evaluate(basis)[bones]
        turns = rotations.to_rotation_vector(rotations.multiply(wanted[bones], rotations.inverse(reached)))
        errors = np.linalg.norm(turns, axis=-1)
        if errors.max() < EXACT:
            break
        allowing = influence is not None and number < _FORESEEING_PASSES
        if allowing:
            turns = np.linalg.pinv(influence) @ turns
        space = rotations.multiply(reached, rotations.inverse(basis[bones]))
        right = rotations.multiply(rotations.from_rotation_vector(turns), reached)
        basis[bones] = rotations.multiply(rotations.inverse(space), right)
        if allowing and errors.max() < SETTLED:
            break
    return errors
