# SPDX-License-Identifier: GPL-3.0-or-later
"""The armature of the demo character: the 55 VRM 1.0 humanoid bones."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector as BlenderVector

from . import proportions as body
from .proportions import Vector

MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class BoneSpec:
    """A bone at rest: ends in metres; `z_axis` is where its Z points, so that flexing is a turn about its X."""

    name: str
    parent: str | None
    head: Vector
    tail: Vector
    z_axis: Vector
    connected: bool = False
    deform: bool = True


def _centre_bones() -> list[BoneSpec]:
    forward = np.array([0.0, -1.0, 0.0])
    down = np.array([0.0, 0.0, -1.0])
    at = {
        "hips": (0.0, 0.012, 0.935),
        "spine": (0.0, 0.012, 1.025),
        "chest": (0.0, 0.010, 1.130),
        "upperChest": (0.0, 0.018, 1.255),
        "neck": (0.0, 0.026, 1.415),
        "head": (0.0, 0.008, 1.515),
    }
    points = {name: np.array(point) for name, point in at.items()}
    names = list(points)
    bones = []
    for index, name in enumerate(names):
        tail = points[names[index + 1]] if name != "head" else np.array([0.0, 0.008, body.STATURE])
        parent = names[index - 1] if index else None
        bones.append(BoneSpec(name, parent, points[name], tail, forward, connected=index > 0))
    chin = np.array([0.0, -0.080, 1.500])
    # The shape keys carry the jaw, so its bone moves no vertices: both together would open the mouth twice.
    bones.append(BoneSpec("jaw", "head", body.JAW_HINGE, chin, down, deform=False))
    return bones


def _left_bones() -> list[BoneSpec]:
    forward = np.array([0.0, -1.0, 0.0])
    up = np.array([0.0, 0.0, 1.0])
    palm = body.PALM_AXIS
    eye = body.EYE_CENTRE
    bones = [
        BoneSpec("leftEye", "head", eye, eye + forward * 0.03, up),
        BoneSpec("leftUpperLeg", "hips", body.HIP, body.KNEE, forward),
        BoneSpec("leftLowerLeg", "leftUpperLeg", body.KNEE, body.ANKLE, forward, connected=True),
        BoneSpec("leftFoot", "leftLowerLeg", body.ANKLE, body.BALL, up, connected=True),
        BoneSpec("leftToes", "leftFoot", body.BALL, body.TOE, up, connected=True),
        BoneSpec("leftShoulder", "upperChest", np.array([0.022, -0.004, 1.392]), body.SHOULDER, forward),
        BoneSpec("leftUpperArm", "leftShoulder", body.SHOULDER, body.ELBOW, forward, connected=True),
        BoneSpec("leftLowerArm", "leftUpperArm", body.ELBOW, body.WRIST, forward, connected=True),
        BoneSpec("leftHand", "leftLowerArm", body.WRIST, body.hand_point(0.080, 0.003, -0.003), palm, connected=True),
    ]
    thumb_bend = body.hand_point(0, 0.4, 1.0) - body.hand_point(0.7, 0, 0)
    parent = "leftHand"
    for index, part in enumerate(("Metacarpal", "Proximal", "Distal")):
        name = f"leftThumb{part}"
        bones.append(BoneSpec(name, parent, body.THUMB[index], body.THUMB[index + 1], thumb_bend, connected=index > 0))
        parent = name
    for finger in body.FINGERS:
        points = body.finger_joints(finger)
        parent = "leftHand"
        for index, part in enumerate(("Proximal", "Intermediate", "Distal")):
            name = f"left{finger}{part}"
            bones.append(BoneSpec(name, parent, points[index], points[index + 1], palm, connected=index > 0))
            parent = name
    return bones


def mirrored_name(name: str) -> str:
    """The name of the bone on the other side; centre bones keep theirs."""
    if name.startswith("left"):
        return "right" + name[4:]
    if name.startswith("right"):
        return "left" + name[5:]
    return name


def bone_specs() -> list[BoneSpec]:
    """All bones, parents before children."""
    left = _left_bones()
    right = [
        BoneSpec(
            mirrored_name(b.name),
            mirrored_name(b.parent or ""),
            b.head * MIRROR,
            b.tail * MIRROR,
            b.z_axis * MIRROR,
            b.connected,
            b.deform,
        )
        for b in left
    ]
    return _centre_bones() + left + right


def _sort_into_collections(armature: bpy.types.Armature) -> None:
    """Bone collections, so that an animator can hide what is not being worked on."""
    groups = {name: armature.collections.new(name) for name in ("Body", "Fingers", "Face")}
    for bone in armature.bones:
        if bone.name in ("leftEye", "rightEye", "jaw"):
            group = "Face"
        else:
            group = "Fingers" if any(f in bone.name for f in ("Thumb", *body.FINGERS)) else "Body"
        groups[group].assign(bone)


def build_armature(context: bpy.types.Context, name: str) -> bpy.types.Object:
    """A new armature object with the bones of `bone_specs`, linked to the context's collection, at the origin.

    It becomes the active object and the only selected one, as with Blender's own Add menu.
    """
    if context.object is not None and context.object.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for other in context.view_layer.objects.selected:
        other.select_set(False)
    armature = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, armature)
    context.collection.objects.link(rig)
    context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        for spec in bone_specs():
            bone = armature.edit_bones.new(spec.name)
            bone.head, bone.tail = spec.head.tolist(), spec.tail.tolist()
            bone.align_roll(BlenderVector(spec.z_axis.tolist()))
            if spec.parent:
                bone.parent = armature.edit_bones[spec.parent]
                bone.use_connect = spec.connected
            bone.use_deform = spec.deform
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
    _sort_into_collections(armature)
    for pose_bone in rig.pose.bones:
        pose_bone.rotation_mode = "QUATERNION"
    rig.select_set(True)
    armature.display_type = "STICK"
    rig.show_in_front = True
    return rig
