# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real tracker saw of rendered performers, solved: raw landmarks, geometric, the network alone, the whole.

    python -m training.closed_loop weights.safetensors FOLDER [FOLDER ...] --pack pack.npz

Each folder is one of :mod:`training.render_and_track`, or holds such folders. All methods get the same observations
and neither lens nor height. Figures, means over clips: PA-MPJPE and MPJPE over shoulders, elbows, wrists, hips, knees
and ankles, mm in the camera's axes; ``depth`` of it along the line of sight; ``head`` (nose, ears, eyes, mouth) and
``hands`` (knuckles) mm after the same alignment; ``angle`` of local rotations without hips, toes and fingers, and
``fingers`` where a hand was found, degrees; ``acceleration`` over the truth's; contact F1 to the frame, over all clips
together whose feet may be seen, by the contacts of the captured motion; ``root m`` the hips' distance from the truth in
the camera's space and ``path`` mm of it once depth's scale and place are taken out; ``jaw r``, ``blink r`` correlations
of coefficients with the truth's expression. These figures are on synthetic pictures.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from holirep_blender.inference.fusion.network import HolisticReplicationNetwork
from holirep_blender.inference.fusion.observed import from_observations
from holirep_blender.inference.fusion.solution import solve_fusion, take_of
from holirep_blender.inference.fusion.solving import start_of
from holirep_blender.inference.fusion.weights import load_network
from holirep_blender.inference.fusion.windows import predict
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.take import Take

from .captured import Captured
from .rendered_truth import Rendered, figures, means

_FIGURES = ("pa_mpjpe", "mpjpe", "depth", "head", "hands", "angle", "fingers", "acceleration", "contact f1", "root m",
            "path", "jaw r", "blink r")  # fmt: skip
_FEWEST = 10


def alone(network: HolisticReplicationNetwork, clip: Rendered) -> Take:
    """What the network alone says."""
    rows, template = clip.observations, network.template.double().numpy()
    said = predict(network, from_observations(rows))
    start = start_of(said, rows, template, fps=clip.fps)
    return take_of(said, rows, start.clip, start.contacts, options=SolveOptions(fps=clip.fps))


def score(network: HolisticReplicationNetwork, clip: Rendered) -> dict[str, dict[str, float]]:
    """Figures by method."""
    template = network.template.double().numpy()
    options = SolveOptions(fps=clip.fps)
    takes = {
        "geometric": solve(clip.observations, options),
        "network": alone(network, clip),
        "fusion": solve_fusion(network, clip.observations, options),
    }
    result = {"raw": figures(clip.raw(), clip, place=False)}
    for method, take in takes.items():
        result[method] = figures(clip.of(take, template), clip, place=True)
        assert take.camera is not None
        result[method]["focal"] = float(take.camera.intrinsics[0, 0]) / clip.focal
        vertical = [world[2, :3] for world in (take.camera.world_from_camera[0], clip.camera)]
        result[method]["up"] = float(np.degrees(np.arccos(np.clip(vertical[0] @ vertical[1], -1.0, 1.0))))
    return result


def _row(name: str, scores: list[dict[str, float]]) -> str:
    cells, middles = [], means(scores)
    for figure in (*_FIGURES, "up", "focal"):
        middle = middles.get(figure, float("nan"))
        cells.append(f"{middle:10.1f}" if abs(middle) >= 10.0 else f"{middle:10.2f}")
    return f"{name:12s}" + "".join(cells)


def table(every: list[tuple[str, dict[str, dict[str, float]]]]) -> str:
    """Means by method, of all clips and by the camera's kind; ``every`` is the kind and the figures of each clip."""
    lines = []
    for kind in ("all", "level", "high", "rolled", "upper"):
        chosen = [scores for of, scores in every if kind in ("all", of)]
        if not chosen:
            continue
        lines.append(f"\n{kind}, {len(chosen)} clips" + " " * 4)
        lines.append(" " * 12 + "".join(f"{name:>10s}" for name in ("PA-MPJPE", *_FIGURES[1:7], "accel", *_FIGURES[8:],
                                                                   "up", "focal")))  # fmt: skip
        lines += [_row(method, [scores[method] for scores in chosen]) for method in chosen[0]]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """A line for each clip, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pack", type=Path, required=True, help="the captured motion, for its contacts")
    parser.add_argument("--json", type=Path, help="a file for every clip's figures")
    options = parser.parse_args(arguments)
    network = load_network(options.weights)
    with np.load(options.pack, allow_pickle=False) as stored:
        captured = Captured(stored)
    folders = [path.parent for folder in options.folders for path in sorted(folder.rglob("observations.npz"))]
    every, stored = [], {}
    for folder in folders:
        clip = Rendered(folder, captured)
        if clip.found.sum() < _FEWEST:
            continue
        scores = score(network, clip)
        every.append((clip.kind, scores))
        stored[clip.name] = {"kind": clip.kind, **scores}
        short = "  ".join(f"{name} {values['pa_mpjpe']:.1f}" for name, values in scores.items())
        print(f"{clip.name} {clip.kind}: PA-MPJPE {short}", flush=True)
    print(table(every))
    if options.json:
        options.json.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
