# SPDX-License-Identifier: GPL-3.0-or-later
"""The method Fusion beside Geometric beside the tracker's raw world landmarks: same frames, same run.

    python -m benchmarks fusion
    RUNTIME_PYTHON -m benchmarks.fusion [--weights FILE] [--rendered FOLDER …] [--clips N] [--long]

Held-out motion through the emulated tracker; rendered performers through the real one (folders that
``training.render_and_track`` wrote); real faces; what each modality is worth; speed and memory. All but the footage are
synthetic figures. Needs the developers' data beside the checkout (``../shared/data``) for the first three.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import torch

from holirep_blender.inference.errors import UserError
from holirep_blender.inference.fusion.features import features
from holirep_blender.inference.fusion.method import Fusion
from holirep_blender.inference.fusion.observed import from_observations
from holirep_blender.inference.fusion.windows import predict
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.observations import Observations

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data"
PACK = REPOSITORY / "build" / "fusion_pack.npz"
RENDERED = REPOSITORY / "build" / "rendered"
TARGETS = {
    "PA-MPJPE mm": 38.0, "angle °": 12.0, "twist °": 20.0, "contact F1": 0.9, "face mm": 1.0, "blink F1": 0.95,
    "fingers °": 12.0,
}  # fmt: skip
"""What Fusion shall reach on held-out synthetic clips, and each 35 % better than Geometric."""
_MORE_IS_BETTER = ("F1", "correlation")
_FRAMES = 96


def show(title: str, columns: Dict[str, Dict[str, float]], targets: Optional[Dict[str, float]] = None) -> None:
    """One table: a row for each figure, a column for each method, Fusion's share of Geometric's, the target."""
    print(f"\n{title}")
    methods = list(columns)
    print("  " + "".ljust(28) + "".join(name.rjust(12) for name in methods) + "  F/G".rjust(8) + "  target".rjust(10))
    for name in dict.fromkeys(name for figures in columns.values() for name in figures):
        values = [columns[method].get(name, float("nan")) for method in methods]
        line = "  " + name.ljust(28) + "".join(("–" if np.isnan(v) else f"{v:.3g}").rjust(12) for v in values)
        ours, theirs = (columns.get(method, {}).get(name, float("nan")) for method in ("Fusion", "Geometric"))
        line += ("" if np.isnan(ours / theirs) else f"{ours / theirs:.2f}").rjust(8) if theirs else "".rjust(8)
        goal = (targets or {}).get(name)
        if goal is not None:
            met = ours >= goal if any(word in name for word in _MORE_IS_BETTER) else ours <= goal
            line += f"{goal:g} {_met(met)}".rjust(14)
        print(line, flush=True)


def pack() -> Optional[Dict[str, Any]]:
    """What the synthetic clips are made of; packed anew where it is not in ``build`` yet. None without the data."""
    if not PACK.is_file():
        if not (DATA / "mocap").is_dir():
            return None
        from training.pack import main as packed

        PACK.parent.mkdir(exist_ok=True)
        packed([
            "--mocap", str(DATA / "mocap"), "--face", str(DATA / "face"), "--hdri", str(DATA / "hdri"), "--out",
            str(PACK),
        ])  # fmt: skip
    with np.load(PACK, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def rendered(
    folders: List[Path], methods: Dict[str, Callable[[Observations], Any]], template: Any, data: Dict[str, Any]
) -> None:
    """Rendered performers of known truth through the real tracker; ``data`` is the pack of what they were to do."""
    from training.captured import Captured
    from training.rendered_truth import Rendered, figures
    from training.rendered_truth import means as over_clips

    found = [folder for folder in folders if (folder / "truth.npz").is_file()]
    if not found:
        print(f"\nRendered performers: skipped, there are none in {RENDERED} (training.render_and_track makes them)")
        return
    rows: Dict[str, List[Dict[str, float]]] = {name: [] for name in (*methods, "raw")}
    captured = Captured(data)
    for folder in found:
        clip = Rendered(folder, captured)
        rows["raw"].append(figures(clip.raw(), clip, False))
        for name, run in methods.items():
            rows[name].append(figures(clip.of(run(clip.observations), template), clip, True))
    means = {method: over_clips(each) for method, each in rows.items()}
    ratio = means["Fusion"]["pa_mpjpe"] / means["raw"]["pa_mpjpe"]
    show(f"Rendered performers through the real tracker ({len(found)} clips)", means)
    print(f"  PA-MPJPE is {ratio:.2f} × that of the raw world landmarks (target 0.5: {_met(ratio <= 0.5)})")


def ablations(stage: Any, fusion: Fusion, clips: int) -> None:
    """What the network's word loses without a modality; a face without its body must show it too."""
    from training.metrics import metrics
    from training.synthesis.chance import Chance
    from training.train import without

    names = (
        "pa_mpjpe",
        "angle",
        "up",
        "face",
        "face lips",
        "gaze",
        "fingers",
        "contact f1",
        "depth %",
        "light direction",
    )
    observed, truth = stage.batch(Chance(7002, torch.device("cpu")), clips, 64, vary=False)
    columns: Dict[str, Dict[str, float]] = {}
    network = fusion.trained.network
    for title, drop in (("whole", ""), ("no face", "face"), ("no environ.", "environment"), ("no body", "body")):
        with torch.no_grad():
            said, read = network(without(observed, drop) if drop else observed)
        # judged by what was really seen, whatever the network was shown
        read = features(observed, network.template) if drop == "body" else read
        values = metrics(said, read, observed, truth, stage.faces)
        columns[title] = {name: values[name] for name in names}
    crossing, network.crossing = network.crossing, None
    try:
        with torch.no_grad():
            said, read = network(observed)
        values = metrics(said, read, observed, truth, stage.faces)
        columns["no crossing"] = {name: values[name] for name in names}
    finally:
        network.crossing = crossing
    show("What each part is worth (the network alone; 'no crossing' is cut out, not trained so)", columns)


def speed(fusion: Fusion, rows: Observations) -> None:
    """Frames a second of the network alone on this processor, and of the whole method."""
    long = repeated(rows, 1000)
    observed = from_observations(long)
    predict(fusion.trained.network, from_observations(repeated(rows, 128)))
    cores = torch.get_num_threads()
    began, used = time.perf_counter(), time.process_time()
    predict(fusion.trained.network, observed)
    wall, cpu = len(long) / (time.perf_counter() - began), len(long) / (time.process_time() - used)
    print(
        f"\nSpeed: the network alone {wall:.0f} frames/s here and now, {cpu:.0f} for each second of a core: "
        f"{cpu * cores:.0f} on {cores} quiet cores (target 300: {_met(cpu * cores >= 300)})"
    )
    began, used = time.perf_counter(), time.process_time()
    fusion.solve(long, 30.0, 1, lambda done: None)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    print(
        f"The whole method {len(long) / wall:.0f} frames/s here and now, {1000 * cpu / len(long):.1f} ms of CPU a frame"
    )


def repeated(rows: Observations, count: int) -> Observations:
    """Observations of ``count`` frames: the given ones forwards and backwards, again and again."""
    order = np.concatenate([np.arange(len(rows)), np.arange(len(rows))[::-1]])
    index = np.resize(order, count)
    values = {
        name: getattr(rows, name)[index] for name in Observations.empty(1, (1, 1)).to_arrays() if name != "image_size"
    }
    values["times"], values["frame_numbers"] = np.arange(count) / 30.0, np.arange(count) + 1.0
    return Observations(image_size=rows.image_size, **values)


def memory(weights: Optional[Path]) -> None:
    """Peak memory of a take of 10,000 frames, in a process of its own."""
    words = [
        sys.executable,
        "-m",
        "benchmarks.fusion",
        "--ten-thousand",
        *(["--weights", str(weights)] if weights else []),
    ]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True)
    print("\n" + (done.stdout.strip() or f"10,000 frames: failed: {done.stderr.strip().splitlines()[-1:]}"))


def ten_thousand(fusion: Fusion, rows: Observations) -> None:
    """The job of :func:`memory`."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    began = time.process_time()
    fusion.solve(repeated(rows, 10_000), 30.0, 1, lambda done: None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    cpu = time.process_time() - began
    print(
        f"10,000 frames: {peak:.2f} GB at most ({before:.2f} GB before), {cpu:.0f} s of CPU (2 GB: {_met(peak < 2.0)})"
    )


def main(arguments: List[str]) -> int:
    """Prints the tables that can be made here, and why the others cannot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="a file of weights; HoliRep's own if not given")
    parser.add_argument("--rendered", type=Path, nargs="*", help="folders of rendered performers")
    parser.add_argument("--clips", type=int, default=12, help="synthetic clips")
    parser.add_argument("--long", action="store_true", help="also the memory of 10,000 frames")
    parser.add_argument("--ten-thousand", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        fusion = Fusion(SolveOptions(), "cpu", options.weights, None, print)
    except UserError as error:
        print(f"skipped: {error}")
        return 0
    data = pack()
    if data is None:
        print(f"skipped: the developers' data are not here ({DATA})")
        return 0
    from training.emulated import observations_of
    from training.synthesis.scene import Stage

    from ._fusion_faces import faces
    from ._fusion_synthetic import FPS, clips, synthetic

    stage = Stage(data, torch.device("cpu"), held_out=True)
    if options.ten_thousand:
        ten_thousand(fusion, observations_of(clips(stage, 7003, 1, _FRAMES)[0], 0, FPS))
        return 0
    methods: Dict[str, Callable[[Observations], Any]] = {
        "Fusion": lambda rows: fusion.solve(rows, _fps(rows), 1, lambda done: None),
        "Geometric": lambda rows: solve(rows, SolveOptions(fps=_fps(rows))),
    }
    print(f"weights {fusion.weights.path.name}, {fusion.weights.sha256[:12]}")
    show("Held-out motion through the emulated tracker", synthetic(stage, methods, options.clips, _FRAMES), TARGETS)
    folders = options.rendered if options.rendered is not None else sorted(RENDERED.glob("*"))
    rendered(folders, methods, fusion.trained.network.template.double().numpy(), data)
    faces(DATA / "video", fusion)
    ablations(stage, fusion, options.clips)
    speed(fusion, observations_of(clips(stage, 7003, 1, _FRAMES)[0], 0, FPS))
    if options.long:
        memory(options.weights)
    return 0


def _met(reached: bool) -> str:
    return "met" if reached else "NOT MET"


def _fps(rows: Observations) -> float:
    return 1.0 / float(np.median(np.diff(rows.times)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
