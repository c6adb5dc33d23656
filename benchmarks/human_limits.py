# SPDX-License-Identifier: GPL-3.0-or-later
"""Human limits: speed against Blender's own constraints frame by frame, and what they do to motion capture.

*Speed*: 10,000 frames of 52 joints, lively and noisy, against the plain way in Blender: a Limit Rotation constraint
with the same ranges on each of 52 bones, the scene evaluated frame by frame and the results read back. Constraints
clamp Euler angles; they are the plain way, not the same result. Seconds are the best of several runs; the target is
held against the time of the one core that is used, because other programs add to the wall clock's.
*Motion capture* (where the clips are): all clips with the preset for dancers and athletes, then some of them corrupted
by noise and by swapped sides, with every preset; mean change, peak speeds of wrists and ankles, angles left beyond hard
limits, change by a second run, and the 99.9th percentile of joint angular acceleration against that before.

``python -m benchmarks.human_limits [--frames 10000] [--plain-frames 150] [--data FOLDER] [--json FILE]`` with a Python
that has ``bpy``. Exits with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import bpy
import numpy as np

from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits, limited
from holirep_blender.motion.biomechanics.limit_table import PRESETS, LimitTable
from holirep_blender.motion.skeleton import JOINT_NAMES, JOINT_PARENTS
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.figures import lively_take, noisy, random_take, swapped, without
from tests.motion.biomechanics.measures import UPSIDE_DOWN, Figures, mean_change, measured, raw_change
from tests.motion.biomechanics.mocap import standing_takes

SECONDS, FACE = 1.0, {"leftEye", "rightEye", "jaw"}
CLIPS = Path(__file__).resolve().parents[2] / "shared" / "data"


def plain_seconds_a_frame(take: Take, table: LimitTable, frames: int) -> tuple[float, float]:
    """The plain way: constraints on bones, evaluated frame by frame; and with the result keyed, as a script would."""
    bpy.ops.wm.read_homefile(use_empty=True)
    data = bpy.data.armatures.new("Figure")
    figure = bpy.data.objects.new("Figure", data)
    bpy.context.scene.collection.objects.link(figure)
    bpy.context.view_layer.objects.active = figure
    bpy.ops.object.mode_set(mode="EDIT")
    heads: dict[str, np.ndarray] = {}
    for index, (name, parent) in enumerate(zip(take.joint_names, take.parents)):
        heads[name] = take.rest_offsets[index] + (heads[take.joint_names[parent]] if parent >= 0 else 0.0)
        bone = data.edit_bones.new(name)
        bone.head, bone.tail = heads[name], heads[name] + np.array([0.0, 0.0, 0.05])
        bone.parent = data.edit_bones[take.joint_names[parent]] if parent >= 0 else None
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in figure.pose.bones:
        bone.rotation_mode = "QUATERNION"
        if not table.motions(bone.name):
            continue
        constraint = bone.constraints.new("LIMIT_ROTATION")
        constraint.owner_space = "LOCAL"
        for axis, motion in zip("xyz", ("flexion", "rotation", "abduction")):
            low, high = np.radians(table.hard(bone.name, motion))
            setattr(constraint, f"use_limit_{axis}", True)
            setattr(constraint, f"min_{axis}", low)
            setattr(constraint, f"max_{axis}", high)
    bones = [figure.pose.bones[name] for name in take.joint_names]
    found = []
    for keyed in (False, True):
        begin = time.perf_counter()
        for frame in range(frames):
            for bone, quaternion in zip(bones, take.local_rotations[frame]):
                bone.rotation_quaternion = quaternion
            bpy.context.view_layer.update()
            for bone in bones:
                turned = bone.matrix.to_quaternion()
                if keyed:
                    bone.rotation_quaternion = turned
                    bone.keyframe_insert("rotation_quaternion", frame=frame + 1)
        found.append((time.perf_counter() - begin) / frames)
    return found[0], found[1]


def speed(frames: int, plain_frames: int) -> dict[str, float]:
    """Seconds of both ways and their ratio."""
    table = LimitTable.load()
    options = LimitOptions(table)
    take = without(lively_take(frames, noise=0.1), FACE)
    assert len(take.joint_names) == len(JOINT_NAMES) - 3 == len(JOINT_PARENTS) - 3
    seconds, left = {}, 0
    for name, one in (("lively", take), ("random", without(random_take(frames), FACE))):
        best = processor = np.inf
        for _ in range(5):
            begin, spent = time.perf_counter(), time.process_time()
            after, found = limited(one, options)
            best = min(best, time.perf_counter() - begin)
            processor = min(processor, time.process_time() - spent)
        seconds[name], seconds[f"{name}, processor"] = best, processor
        left += len(check_limits(after, options))
        size = f"{frames} frames x {len(one.joint_names)} joints, {name}"
        print(f"{size}: {best:.2f} s ({processor:.2f} s of one core), {len(found)} violations")
    for preset in PRESETS:
        others = LimitOptions(LimitTable.load(preset))
        left += sum(len(check_limits(limited(random_take(1000, seed), others)[0], others)) for seed in range(3))
    begin = time.perf_counter()
    limited(after, options)
    seconds["nothing to do"] = time.perf_counter() - begin
    plain, keyed = plain_seconds_a_frame(take, table, plain_frames)
    ratio, keyed_ratio = plain * frames / seconds["lively"], keyed * frames / seconds["lively"]
    print(f"the same with nothing to do: {seconds['nothing to do']:.2f} s; left beyond hard limits: {left}")
    print(f"Limit Rotation constraints, frame by frame: {plain * 1000:.2f} ms a frame; HoliRep is {ratio:.1f} x faster")
    print(f"  and with each result keyed: {keyed * 1000:.2f} ms a frame, {keyed_ratio:.0f} x (HoliRep without keys)")
    return {**seconds, "plain_ms_a_frame": plain * 1000.0, "ratio": ratio, "keyed_ratio": keyed_ratio, "left": left}


def capture(data: Path) -> dict[str, object]:
    """Figures of the clips, clean and corrupted."""
    takes = standing_takes(data)
    options = LimitOptions(LimitTable.load("athlete"))
    rows = {name: measured(take, options) for name, take in takes.items()}
    counted = {name: row for name, row in rows.items() if name not in UPSIDE_DOWN}
    everywhere, moving = mean_change(list(counted.values()))
    speeds = {f"{name} {end}": ratio for name, row in rows.items() for end, ratio in row.speeds.items()}
    over = {name: round(ratio, 3) for name, ratio in speeds.items() if abs(ratio - 1.0) > 0.03}
    frames, jumped = sum(row.frames for row in rows.values()), sum(row.broken_frames for row in rows.values())
    print(f"{len(rows)} clean clips, {frames} frames, of which {jumped} lie around a jump of the capture")
    print(
        f"  mean change {everywhere:.3f} degrees over all joints, {moving:.3f} of moving ones (without {UPSIDE_DOWN})"
    )
    print(f"  peak speeds of wrists and ankles changed by more than 3 %: {len(over)} of {len(speeds)}: {over}")
    raw, each = raw_change(list(rows.values())), np.array([row.raw_change for row in rows.values()])
    print(f"  raw, with the frames around jumps and {UPSIDE_DOWN}: {raw:.3f} degrees over all joints")
    shares = ", ".join(f"{share} % {np.percentile(each, share):.2f}" for share in (25, 50, 75, 90, 95, 100))
    print(f"  raw, clip by clip: {shares}; above 0.2: {np.count_nonzero(each > 0.2)} of {len(each)}")
    _print_common(list(rows.values()))
    worst = sorted(rows, key=lambda name: -rows[name].raw_change)[:8]
    print("  most changed: " + ", ".join(f"{name} {rows[name].raw_change:.2f}" for name in worst))
    result: dict[str, object] = {
        "mean_change": everywhere,
        "mean_change_of_moving": moving,
        "raw_change": raw,
        "speeds_over": over,
    }
    some = list(takes)[::4]
    good = raw < 0.2 and not over and _holds(list(rows.values()), 1.002)
    for preset in PRESETS:
        options = LimitOptions(LimitTable.load(preset))
        for title, corrupt in (
            ("white noise of 15 degrees", lambda take, seed: noisy(take, 15.0, seed)),
            ("drifting noise of 20 degrees", lambda take, seed: noisy(take, 20.0, seed, memory=0.93)),
            ("sides swapped", swapped),
        ):
            found = [measured(corrupt(takes[name], seed), options) for seed, name in enumerate(some)]
            print(f"{len(some)} clips, {title}, {preset}")
            _print_common(found)
            good = good and _holds(found, 1.002)
    return {**result, "good": good}


def _holds(rows: list[Figures], acceleration: float) -> bool:
    return all(row.beyond_hard == 0 and row.second_change < 1e-6 and row.acceleration < acceleration for row in rows)


def _print_common(rows: list[Figures]) -> None:
    ratios = [row.acceleration for row in rows]
    print(
        f"  left beyond hard limits: {sum(row.beyond_hard for row in rows)}; a second run changes "
        f"{max(row.second_change for row in rows):.1e} degrees; acceleration (99.9th percentile) after / before: "
        f"median {np.median(ratios):.3f}, worst clip {max(ratios):.4f}"
    )


def main() -> int:
    """Runs both parts and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=10000)
    parser.add_argument("--plain-frames", type=int, default=150)
    parser.add_argument("--data", type=Path, default=CLIPS, help="folder that holds mocap/*.bvh")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    times = speed(options.frames, options.plain_frames)
    good = max(times["lively, processor"], times["random, processor"]) < SECONDS and times["left"] == 0
    result: dict[str, object] = {"speed": times}
    if (options.data / "mocap").is_dir():
        result["capture"] = capture(options.data)
        good = good and bool(result["capture"]["good"])  # type: ignore[index]
    else:
        print(f"no clips in {options.data}: only speed was measured")
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=2))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
