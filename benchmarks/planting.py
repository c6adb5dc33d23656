# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of motion capture on characters of other proportions: how feet hold, with and without planting.

Everything is measured on the rig's bones, by forward kinematics of the keys that would be written: heel and ball are
points of the foot's and the toes' bones, found from the rest pose here, ankle and ball joints are the bones' heads.
Contacts are those found on the performer; within limits (``--limits``) those that a character can hold, and how many it
gave up is told. A point may move 1 mm a frame (at 30 frames a second) and sink 2 mm into the
floor. Joint angular acceleration is that of the keys, its 99.9th percentile after planting over that before.

``python -m benchmarks.planting [--data FOLDER] [--every N] [--clips NAME …] [--limits PRESET] [--json FILE]``.
FOLDER has ``mocap/*.bvh``. Exits with 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits, limited
from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.bvh import BvhError
from holirep_blender.motion.contacts import ContactEdit, Contacts, detect_contacts, edited, estimate_floor
from holirep_blender.motion.planting import (
    PlantMemo,
    PlantOptions,
    character_floor,
    character_take,
    planted,
    to_motion,
)
from holirep_blender.motion.retargeting import retarget
from holirep_blender.motion.take import Take
from tests.motion.planting.characters import CHARACTERS, character
from tests.motion.planting.measures import angular_acceleration, foot_measures, hinge_flexion, thigh_twists
from tests.motion.retargeting.clips import mocap_take

SLIDE_MM, SINK_MM = 1.0, 2.0
CALM = 1.0 + 1e-6
"""Times the 99.9th percentile of angular acceleration before that it may be afterwards, in every clip."""
AIR_MM = 2.0
"""How far under the floor a foot may be that does not touch."""
BEYOND_DEG = 0.01
"""Degrees by which a joint of a leg may be beyond its hard limits."""
WHOLE_SECONDS, EDIT_SECONDS = 3.0, 0.3


def clip_row(take: Take, contacts: Contacts, floor, name: str, limits) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """One clip on one character."""
    rig, rig_map = character(name)
    motion = retarget(take, rig, rig_map)
    made = character_take(motion, rig, rig_map, fps=take.fps)
    ground = character_floor(made, take, floor)
    begin = time.perf_counter()
    # as refining does: within limits first, then planted, within limits still
    start = made.take if limits is None else limited(made.take, limits)[0]
    held = planted(start, contacts, PlantOptions(floor=ground, limits=limits), source=take)
    seconds = time.perf_counter() - begin
    after = to_motion(made, held.take, motion)
    old, new = foot_measures(rig, motion, contacts, ground), foot_measures(rig, after, held.contacts, ground)
    accelerations = [angular_acceleration(_of_bones(each, after.bone_names), take.fps) for each in (motion, after)]
    return {
        "frames": take.frame_count,
        "contacts": old.count,
        "slide_before_mm": old.slide_max,
        "slide_before_p99_mm": old.slide_p99,
        "slide_mm": new.slide_max,
        "slide_p99_mm": new.slide_p99,
        "over_1_mm": new.over(SLIDE_MM),
        "gave_up": old.count - new.count,
        "sink_before_mm": old.sink_max,
        "sink_mm": new.sink_max,
        "air_before_mm": old.air_max,
        "air_mm": new.air_max,
        "acceleration_before": float(np.percentile(accelerations[0], 99.9)),
        "acceleration": float(np.percentile(accelerations[1], 99.9)),
        "flexion_before_deg": hinge_flexion(rig, motion),
        "flexion_deg": hinge_flexion(rig, after),
        "twist_deg": thigh_twists(motion, after),
        "pelvis": pelvis_ratio(motion, after),
        "beyond_deg": 0.0 if limits is None else beyond_limits(held.take, limits),
        "seconds": seconds,
    }


def beyond_limits(take: Take, limits: LimitOptions) -> float:
    """The most degrees by which a joint of a leg is beyond its hard limits."""
    found = [one for one in check_limits(take, limits) if one.joint.endswith(("Leg", "Foot", "Toes"))]
    return max((abs(one.value - one.bound) for one in found), default=0.0)


def _of_bones(motion, names) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Rotations ``(T, B, 4)`` of these bones; those that the motion does not turn are still."""
    result = np.tile([1.0, 0.0, 0.0, 0.0], (len(motion.rotations), len(names), 1))
    for column, name in enumerate(motion.bone_names):
        result[:, names.index(name)] = motion.rotations[:, column]
    return result


def pelvis_ratio(before, after) -> float:  # type: ignore[no-untyped-def]
    """The 99.9th percentile of the pelvis's acceleration over that before."""
    values = [
        np.percentile(np.linalg.norm(np.diff(each.pose_locations, 2, axis=0), axis=-1), 99.9)
        for each in (before, after)
    ]
    return float(values[1] / max(values[0], 1e-9))


def timing(take: Take, contacts: Contacts, floor, limits) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Seconds for 1,000 frames on a character; the best of three, because a busy machine only ever adds."""
    count = 1000
    part = replace(
        take,
        local_rotations=take.local_rotations[:count],
        root_translation=take.root_translation[:count],
        **{name: np.zeros((0, 0)) for name in ("joint_confidence", "blendshapes", "blendshape_confidence", "contacts")},
    )
    marks = Contacts(contacts.names, contacts.confidence[:count])
    rig, rig_map = character("short-legged")
    motion = retarget(part, rig, rig_map)
    whole, edit = [], []
    for _ in range(3):
        memo = PlantMemo()
        begin = time.perf_counter()
        made = character_take(motion, rig, rig_map, fps=part.fps)
        options = PlantOptions(floor=character_floor(made, part, floor), limits=limits)
        start = made.take if limits is None else limited(made.take, limits)[0]
        to_motion(made, planted(start, marks, options, source=part, memo=memo).take, motion)
        whole.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        changed = edited(marks, [ContactEdit("leftHeel", 100, 130, True), ContactEdit("leftToes", 100, 130, True)])
        to_motion(made, planted(start, changed, options, source=part, memo=memo).take, motion)
        edit.append(time.perf_counter() - begin)
    return {"frames": part.frame_count, "whole_seconds": min(whole), "edit_seconds": min(edit)}


def main() -> int:
    """Runs the clips and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("HOLIREP_SHARED_DATA", "../shared/data")))
    parser.add_argument("--every", type=int, default=1, help="take each N-th clip only")
    parser.add_argument("--clips", nargs="*", default=[])
    parser.add_argument("--limits", default="", help="also within human limits: a preset's name")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = options.clips or [path.stem for path in sorted((options.data / "mocap").glob("*.bvh"))][:: options.every]
    if not names:
        print(f"No clips in {options.data / 'mocap'}: name the folder with --data.")
        return 0
    limits = None
    if options.limits:
        limits = LimitOptions(LimitTable.load(options.limits))
    rows: dict[str, dict[str, dict[str, float]]] = {name: {} for name in CHARACTERS}
    longest = None
    for clip in names:
        try:
            take = mocap_take(options.data, clip)
        except (BvhError, KeyError, ValueError) as error:
            print(f"{clip}: left out ({error})")
            continue
        floor = estimate_floor(take)
        contacts = detect_contacts(take, floor)
        if longest is None or take.frame_count > longest[0].frame_count:
            longest = (take, contacts, floor)
        for name in CHARACTERS:
            rows[name][clip] = row = clip_row(take, contacts, floor, name, limits)
            print(f"{clip:15s} {name:12s} {line(row)}", flush=True)
    assert longest is not None
    speed = timing(*longest, limits)
    missed = summary(rows, speed)
    if options.json is not None:
        options.json.write_text(json.dumps({"clips": rows, "timing": speed}, indent=2))
    return 1 if missed else 0


def line(row: dict[str, float]) -> str:
    """A clip's figures in words."""
    let_go = 100.0 * row["gave_up"] / max(row["contacts"], 1)
    return (
        f"{row['contacts']:5.0f} points: slide {row['slide_before_mm']:6.1f} -> {row['slide_mm']:5.2f} mm "
        f"(p99 {row['slide_before_p99_mm']:5.1f} -> {row['slide_p99_mm']:5.3f}), "
        f"sink {row['sink_before_mm']:5.1f} -> {row['sink_mm']:4.2f} mm, "
        f"free under the floor {row['air_before_mm']:5.1f} -> {row['air_mm']:4.1f}, "
        f"let go {row['gave_up']:.0f} ({let_go:.1f} %), "
        f"acceleration x {row['acceleration'] / row['acceleration_before']:.2f}, "
        f"knee {row['flexion_before_deg']:.1f} -> {row['flexion_deg']:.1f}°, thigh {row['twist_deg']:.0f}°, "
        f"pelvis x {row['pelvis']:.1f}, beyond limits {row['beyond_deg']:.3f}°, {row['seconds']:.2f} s"
    )


def summary(rows: dict[str, dict[str, dict[str, float]]], speed: dict[str, float]) -> list[str]:
    """Prints each character's worst and gives the targets that were missed."""
    missed = []
    for name, clips in rows.items():
        table = list(clips.values())
        ratios = np.array([row["acceleration"] / row["acceleration_before"] for row in table])
        total = sum(row["contacts"] for row in table)
        over, gave_up = (sum(row[key] for row in table) for key in ("over_1_mm", "gave_up"))
        keys = ("slide_before_mm", "slide_mm", "sink_before_mm", "sink_mm", "air_before_mm", "air_mm")
        worst = {key: max(row[key] for row in table) for key in keys}
        knee = min(row["flexion_deg"] for row in table)
        beyond = max(row["beyond_deg"] for row in table)
        print(
            f"\n{name}: {len(table)} clips, {total:.0f} touching points: "
            f"slide at most {worst['slide_before_mm']:.1f} -> {worst['slide_mm']:.3f} mm, {over:.0f} over 1 mm, "
            f"{gave_up:.0f} let go ({100.0 * gave_up / max(total, 1):.2f} %); "
            f"sink at most {worst['sink_before_mm']:.1f} -> {worst['sink_mm']:.3f} mm, "
            f"free points under the floor at most {worst['air_before_mm']:.1f} -> {worst['air_mm']:.2f} mm, "
            f"over {AIR_MM:.0f} mm in {sum(row['air_mm'] > AIR_MM for row in table)} clips; "
            f"beyond limits {beyond:.4f}°; "
            f"knee at least {knee:.2f}°; acceleration x {np.median(ratios):.3f} (median of clips), "
            f"x {ratios.max():.2f} (worst), above {CALM} in {np.sum(ratios > CALM)}"
        )
        if over or worst["sink_mm"] > SINK_MM:
            missed.append(f"{name}: feet move")
        if knee < 0.0:
            missed.append(f"{name}: a knee bends backwards")
        if ratios.max() > CALM:
            missed.append(f"{name}: pops")
        if max(row["air_mm"] for row in table) > AIR_MM:
            missed.append(f"{name}: a foot in the air is under the floor")
        if beyond > BEYOND_DEG:
            missed.append(f"{name}: a joint is beyond its limits")
    print(
        f"\n{speed['frames']} frames: whole {speed['whole_seconds']:.3f} s, after an edit {speed['edit_seconds']:.3f} s"
    )
    if speed["whole_seconds"] > WHOLE_SECONDS or speed["edit_seconds"] > EDIT_SECONDS:
        missed.append("time")
    print("missed: " + "; ".join(missed) if missed else "all targets met")
    return missed


if __name__ == "__main__":
    sys.exit(main())
