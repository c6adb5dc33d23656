# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing keys: whole curves with ``foreach_set`` against ``keyframe_insert``, in one run, with the same values.

Seconds of the wall clock; the short runs are the best of several, because a busy machine only ever adds to them.

``python -m benchmarks.keyframes [--frames 1000] [--long 10000] [--json FILE]`` with a Python that has ``bpy``. Exits
with 1 where the targets are missed: 200 times faster at 1,000 frames × 60 bones, and 10,000 × 60 in under 1.5 s.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import bpy
import numpy as np

from holirep_blender.scene import blender_versions
from holirep_blender.scene.actions import Channel, Rollback, put_in_place, write_action

BONES = 60
RATIO, LONG_SECONDS = 200.0, 1.5


def armature() -> bpy.types.Object:
    """A chain of 60 bones."""
    bpy.ops.wm.read_homefile(use_empty=True)
    data = bpy.data.armatures.new("Chain")
    made = bpy.data.objects.new("Chain", data)
    bpy.context.scene.collection.objects.link(made)
    bpy.context.view_layer.objects.active = made
    bpy.ops.object.mode_set(mode="EDIT")
    for number in range(BONES):
        bone = data.edit_bones.new(f"bone {number}")
        bone.head, bone.tail = (0, 0, number), (0, 0, number + 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    return made


def motion(frames: int) -> np.ndarray:
    """Unit quaternions ``(frames, 60, 4)``."""
    clock = np.linspace(0, frames / 30.0, frames)[:, None, None] * np.linspace(0.5, 2.0, BONES)[None, :, None]
    angles = 0.4 * np.sin(clock + np.arange(3))
    half = np.concatenate([np.ones((frames, BONES, 1)), 0.5 * angles], axis=-1)
    return half / np.linalg.norm(half, axis=-1, keepdims=True)


def write_whole(rig: bpy.types.Object, values: np.ndarray) -> float:
    """Seconds that HoliRep takes."""
    begin = time.perf_counter()
    channels = [
        Channel(f'pose.bones["bone {number}"].rotation_quaternion', f"bone {number}", values[:, number])
        for number in range(BONES)
    ]
    with Rollback() as rollback:
        action = write_action(rig, "Whole", "pose", np.arange(1, len(values) + 1), channels, rollback)
        put_in_place(rig, action, to_nla=False, keep_previous_on_nla=False, rollback=rollback)()
    return time.perf_counter() - begin


def write_one_by_one(rig: bpy.types.Object, values: np.ndarray) -> float:
    """Seconds that the plain way takes."""
    begin = time.perf_counter()
    bones = [rig.pose.bones[f"bone {number}"] for number in range(BONES)]
    for frame, row in enumerate(values, start=1):
        for bone, quaternion in zip(bones, row):
            bone.rotation_quaternion = quaternion
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    return time.perf_counter() - begin


def sampled(rig: bpy.types.Object) -> np.ndarray:
    """Values of all curves at some frames, to show that both ways wrote the same."""
    curves = blender_versions.fcurves_of(rig.animation_data.action, rig)
    ordered = sorted(curves, key=lambda curve: (curve.data_path, curve.array_index))
    return np.array([[curve.evaluate(frame) for frame in (1, 57, 311.0)] for curve in ordered])


def main() -> int:
    """Runs both ways and prints seconds and ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--long", type=int, default=10000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    values = motion(options.frames)
    whole = min(write_whole(armature(), values) for _ in range(7))
    rig = armature()
    write_whole(rig, values)
    ours = sampled(rig)
    rig = armature()
    plain = write_one_by_one(rig, values)
    same = bool(np.allclose(ours, sampled(rig), atol=1e-6))
    long = min(write_whole(armature(), motion(options.long)) for _ in range(3))
    result = {
        "frames": options.frames,
        "bones": BONES,
        "keyframe_insert_seconds": round(plain, 3),
        "holirep_seconds": round(whole, 4),
        "ratio": round(plain / whole, 1),
        "same_values": same,
        "long_frames": options.long,
        "long_seconds": round(long, 3),
        "blender": bpy.app.version_string,
    }
    speeds = f"keyframe_insert {plain:.2f} s, HoliRep {whole:.3f} s: {plain / whole:.0f} x"
    print(f"{options.frames} frames x {BONES} bones: {speeds}")
    print(f"{options.long} frames x {BONES} bones: HoliRep {long:.2f} s; same values: {same}")
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2))
    return 0 if same and plain / whole >= RATIO and long < LONG_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
