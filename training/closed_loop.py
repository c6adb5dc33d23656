# SPDX-License-Identifier: GPL-3.0-or-later
"""The network on what the real tracker saw of rendered performers, beside the geometric solve and the raw landmarks.

    python -m training.closed_loop weights.safetensors FOLDER [FOLDER ...]

Each folder holds ``truth.npz`` (joints and camera) and ``observations.npz``. PA-MPJPE and MPJPE in mm over shoulders,
elbows, wrists, hips, knees and ankles in camera axes; acceleration in m/s². These figures are on synthetic pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from holirep_blender.inference.fusion.joints import rest_offsets
from holirep_blender.inference.fusion.observed import from_observations
from holirep_blender.inference.fusion.weights import load_network
from holirep_blender.inference.fusion.windows import predict
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.observations import Observations

from .losses import posed
from .metrics import LANDMARKS, TWELVE, aligned

Array = npt.NDArray[np.float64]
_NAMES = [
    side + part
    for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
    for side in ("left", "right")
]


def _figures(found: Array, truth: Array, fps: float) -> dict[str, float]:
    found = found - found[:, 6:8].mean(1, keepdims=True)
    truth = truth - truth[:, 6:8].mean(1, keepdims=True)
    distances = aligned(torch.as_tensor(found), torch.as_tensor(truth))
    rate = [np.linalg.norm(np.diff(side, 2, axis=0), axis=-1).mean() * fps**2 for side in (found, truth)]
    return {
        "pa_mpjpe": 1000 * float(distances.mean()),
        "mpjpe": 1000 * float(np.linalg.norm(found - truth, axis=-1).mean()),
        "acceleration": float(rate[0]),
        "acceleration truth": float(rate[1]),
    }


def score(weights: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Figures by method."""
    observations = Observations.load(folder / "observations.npz")
    with np.load(folder / "truth.npz", allow_pickle=False) as stored:
        truth = {name: stored[name] for name in stored.files}
    fps = float(truth["fps"])
    names = [str(name) for name in truth["joint_names"]]
    rows = observations.body_confidence > 0.0
    camera = truth["world_from_camera"]
    joints = truth["joints"][:, [names.index(name) for name in _NAMES]].astype(float)
    local = ((joints - camera[:3, 3]) @ camera[:3, :3])[rows]
    observed = from_observations(observations)
    said = predict(load_network(weights), observed)
    performance = said.performance
    pose = posed(
        performance.rotations,
        rest_offsets(performance.build),
        performance.up,
        said.place,
        said.focal,
        observed.image_size / 2,
    )
    ours = pose.camera[0, :, TWELVE].double().numpy()[rows]
    take = solve(observations, SolveOptions(fps=fps))
    assert take.camera is not None
    own = take.camera.world_from_camera[0]
    solved = take.world_positions()[:, [take.joint_names.index(name) for name in _NAMES]]
    solved = ((solved - own[:3, 3]) @ own[:3, :3])[rows]
    up = camera[:3, :3].T @ np.array([0.0, 0.0, 1.0])
    lean = np.degrees(np.arccos(np.clip(performance.up[0].numpy() @ up, -1, 1))).mean()
    result = {
        "fusion": _figures(ours, local, fps),
        "geometric": _figures(solved, local, fps),
        "raw": _figures(observations.body_world[:, LANDMARKS][rows], local, fps),
    }
    focal = float(said.focal[0]) / float(truth["K"][0, 0])
    result["fusion"].update(
        {
            "up": float(lean),
            "focal ratio": focal,
            "hips m": float(np.linalg.norm(said.place[0].numpy()[rows] - local[:, 6:8].mean(1), axis=-1).mean()),
        }
    )
    return result


def main(arguments: list[str]) -> int:
    """A line for each folder and method, then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folders", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    every = []
    for folder in options.folders:
        every.append(score(options.weights, folder))
        for method, figures in every[-1].items():
            print(
                folder.name, method, json.dumps({name: round(value, 2) for name, value in figures.items()}), flush=True
            )
    for method in every[0]:
        mean = {name: round(float(np.mean([row[method][name] for row in every])), 2) for name in every[0][method]}
        print("mean", method, json.dumps(mean))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
