# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy of the geometric solve on rendered performers of known truth, beside MediaPipe's own world landmarks.

    python benchmarks/geometric_accuracy.py FOLDER [FOLDER ...]

Each folder holds ``truth.npz`` (joints, rotations and camera of every frame) and ``observations.npz`` (what the
tracker found
in its pictures). Both methods are scored on the same frames: MPJPE about the middle of the hips and PA-MPJPE in mm over
shoulders, elbows, wrists, hips, knees and ankles; the angles of elbows and knees in degrees; for the solve also the
root's
error after its mean, joint rotations, focal length and camera pitch. These figures are on synthetic pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from holirep_blender.motion import rotations
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.skeleton import SIDES

Array = npt.NDArray[np.float64]

JOINTS = tuple(
    side + part for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot") for side in SIDES
)
LANDMARKS = (11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
HINGES = (("UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot"))


def mpjpe(found: Array, truth: Array) -> float:
    """Mean distance in mm of joints ``(T, 12, 3)`` after subtracting the middle of the hips."""
    a, b = found - found[:, 6:8].mean(1, keepdims=True), truth - truth[:, 6:8].mean(1, keepdims=True)
    return float(1000.0 * np.linalg.norm(a - b, axis=-1).mean())


def pa_mpjpe(found: Array, truth: Array) -> float:
    """The same after the best similarity of every frame."""
    a, b = found - found.mean(1, keepdims=True), truth - truth.mean(1, keepdims=True)
    u, s, vt = np.linalg.svd(np.swapaxes(b, 1, 2) @ a)
    sign = np.linalg.det(u @ vt)
    u[..., 2] *= sign[:, None]
    s[:, 2] *= sign
    scale = s.sum(1) / np.sum(a**2, axis=(1, 2))
    return float(1000.0 * np.linalg.norm(scale[:, None, None] * a @ np.swapaxes(u @ vt, 1, 2) - b, axis=-1).mean())


def hinge_error(found: Array, truth: Array) -> float:
    """Mean error in degrees of the angles of elbows and knees."""
    errors = []
    for chain in HINGES:
        for side in SIDES:
            rows = [JOINTS.index(side + part) for part in chain]
            angles = []
            for points in (found, truth):
                upper = rotations.normalized(points[:, rows[1]] - points[:, rows[0]])
                lower = rotations.normalized(points[:, rows[2]] - points[:, rows[1]])
                angles.append(np.arccos(np.clip(np.sum(upper * lower, axis=-1), -1.0, 1.0)))
            errors.append(np.degrees(np.abs(angles[0] - angles[1])).mean())
    return float(np.mean(errors))


def jitter(points: Array, fps: float) -> float:
    """Mean acceleration in m/s² of joints ``(T, 12, 3)``."""
    return float(np.linalg.norm(np.diff(points, 2, axis=0), axis=-1).mean() * fps**2)


def score(folder: Path) -> dict[str, object]:
    """Figures of one folder."""
    observations = Observations.load(folder / "observations.npz")
    with np.load(folder / "truth.npz", allow_pickle=False) as stored:
        truth = {name: stored[name] for name in stored.files}
    fps = float(truth["fps"])
    began = time.perf_counter()
    take = solve(observations, SolveOptions(fps=fps))
    seconds = time.perf_counter() - began
    names = [str(name) for name in truth["joint_names"]]
    rows = observations.body_confidence > 0.0
    joints = truth["joints"][:, [names.index(name) for name in JOINTS]].astype(float)[rows]
    camera = truth["world_from_camera"]
    solved = take.world_positions()[:, [take.joint_names.index(name) for name in JOINTS]][rows]
    # each in the axes of its own camera: neither method knows the world's heading
    in_camera = (joints - camera[:3, 3]) @ camera[:3, :3]
    assert take.camera is not None
    own = take.camera.world_from_camera[0]
    solved_in_camera = (solved - own[:3, 3]) @ own[:3, :3]
    raw = observations.body_world[:, LANDMARKS][rows]
    turn = camera[:3, :3].T @ truth["rotations"]
    solved_turn = own[:3, :3].T @ rotations.to_matrix(take.world_rotations())
    angles = {}
    for name in ("hips", "upperChest", "head", "leftUpperArm", "leftHand", "leftUpperLeg", "leftFoot"):
        difference = np.swapaxes(turn[:, names.index(name)], 1, 2) @ solved_turn[:, take.joint_names.index(name)]
        # the two skeletons rest in different poses: the constant part of the difference is theirs (chordal mean)
        u, _, vt = np.linalg.svd(difference[rows].sum(0))
        u[:, 2] *= np.linalg.det(u @ vt)
        angle = rotations.to_rotation_vector(rotations.from_matrix(difference[rows] @ (u @ vt).T))
        angles[name] = round(float(np.degrees(np.linalg.norm(angle, axis=-1)).mean()), 1)
    shift = solved_in_camera.mean(1) - in_camera.mean(1)
    up = camera[:3, :3].T @ np.array([0.0, 0.0, 1.0]), own[:3, :3].T @ np.array([0.0, 0.0, 1.0])
    projected = take.camera.project(take.world_positions())[:, [take.joint_names.index(name) for name in JOINTS]][rows]
    pixels = np.linalg.norm(projected - observations.body_image[:, LANDMARKS, :2][rows], axis=-1)
    stature = np.median(observations.person_box[:, 3] - observations.person_box[:, 1])
    return {
        "folder": folder.name,
        "frames": int(rows.sum()),
        "seconds": round(seconds, 2),
        "mpjpe_mm": {
            "solve": round(mpjpe(solved_in_camera, in_camera), 1),
            "mediapipe": round(mpjpe(raw, in_camera), 1),
        },
        "pa_mpjpe_mm": {
            "solve": round(pa_mpjpe(solved_in_camera, in_camera), 1),
            "mediapipe": round(pa_mpjpe(raw, in_camera), 1),
        },
        "hinge_degrees": {
            "solve": round(hinge_error(solved_in_camera, in_camera), 1),
            "mediapipe": round(hinge_error(raw, in_camera), 1),
        },
        "acceleration": {
            "solve": round(jitter(solved, fps), 1),
            "mediapipe": round(jitter(raw, fps), 1),
            "truth": round(jitter(joints, fps), 1),
        },
        "root_error_mm_after_mean": round(float(1000 * np.linalg.norm(shift - shift.mean(0), axis=-1).mean()), 1),
        "rotation_degrees": angles,
        "focal_ratio": round(float(take.camera.intrinsics[0, 0] / truth["K"][0, 0]), 3),
        "up_error_degrees": round(float(np.degrees(np.arccos(np.clip(up[0] @ up[1], -1.0, 1.0)))), 1),
        "reprojection_percent_of_stature": round(float(100.0 * np.median(pixels) / stature), 2),
    }


def main(arguments: list[str]) -> int:
    """Prints one JSON object per folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    for folder in parser.parse_args(arguments).folders:
        print(json.dumps(score(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
