# SPDX-License-Identifier: GPL-3.0-or-later
"""What the small network of the feet reads, of clips whose contacts are known: the fusion network's word and the solve.

    python -m training.footing_clips --pack pack.npz --out FOLDER --seed 1 --minutes 3        # made-up clips
    python -m training.footing_clips --pack pack.npz --out FOLDER --held-out --clips 96       # the same, held out
    python -m training.footing_clips --pack pack.npz --out FOLDER --pairs pairs.npz           # drawn performers
    python -m training.footing_clips --pack pack.npz --out FOLDER --rendered CLIPS            # rendered performers

Writes ``FOLDER/NAME.npz`` again and again as it grows: ``readings (N, 2, 2, 64, CHANNELS)`` of the network's word and
of the solved clip, left and right foot; ``contacts (N, 64, 4)``; ``counted (N, 64)``; ``was (N, 64, 4)`` what the
fusion network alone said. Several processes with other seeds may fill one folder; each takes one core.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Iterator

import numpy as np
import numpy.typing as npt
import torch

from holirep_blender.inference.fusion.footing import readings_of
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork
from holirep_blender.inference.fusion.observed import Observed, from_observations
from holirep_blender.inference.fusion.solving import evidence_of, solved, start_of
from holirep_blender.inference.fusion.weights import find_weights, load_trained
from holirep_blender.inference.fusion.windows import predict
from holirep_blender.motion.observations import Observations

from .canonical import contacts_of
from .captured import Captured
from .emulated import observations_of, telling_nothing
from .pack import read_pack
from .pairs import Pairs
from .rendered_truth import Rendered
from .synthesis.chance import Chance, Clock
from .synthesis.motion import sole_points
from .synthesis.scene import Stage, Truth

Mask = npt.NDArray[np.bool_]

FRAMES = 64
_BATCH, _FPS = 16, 30.0
_FEWEST_SEEN = 0.5
"""Share of its frames in which somebody must be seen."""


def read(network: HolisticReplicationNetwork, rows: Observations, fps: float) -> tuple[npt.NDArray[np.float32], Mask]:
    """Readings ``(2, 2, T, CHANNELS)`` before and after the solve, and which soles the network alone says stand."""
    said = predict(network, from_observations(rows))
    start = start_of(said, rows, network.template.double().cpu().numpy(), fps=fps)
    clip = solved(start, evidence_of(rows, rows.image_size / 2.0))
    both = np.stack([readings_of(said, start, one, rows) for one in (start.clip, clip)])
    return both.astype(np.float32), start.contacts > 0.5


def made_up(stage: Stage, seed: int, frames: int, vary: bool) -> Iterator[tuple[Observations, Mask]]:
    """Clips through the emulated tracker, without end: what was seen and which soles stand ``(T, 4)``.

    Who moves otherwise than was captured stands where the motion shows it.
    """
    chance = Chance(seed, stage.device)
    clock = Clock(torch.arange(frames) / _FPS, _FPS)
    while True:
        moving = stage.moving(chance, _BATCH, clock, vary=vary)
        if vary:
            places = sole_points(moving.turned, moving.placed, moving.build).double().numpy()
            again = torch.as_tensor(np.stack([contacts_of(points, _FPS) for points in places]))
            moving.contacts = torch.cat([again, moving.contacts[..., 4:]], -1)
        observed, truth = stage.seen(chance, moving, clock)
        yield from _level(telling_nothing(observed), truth)


def _level(observed: Observed, truth: Truth) -> Iterator[tuple[Observations, Mask]]:
    for row in range(len(truth.flat)):
        rows = observations_of(observed, row, _FPS)
        if truth.flat[row] > 0 and (rows.body_confidence > 0).mean() > _FEWEST_SEEN:
            yield rows, truth.contacts[row, :, :4].numpy() > 0.5


def drawn(path: Path) -> Iterator[tuple[Observations, Mask]]:
    """The clips of a file of ``training.pairs``."""
    pairs = Pairs(read_pack(path), torch.device("cpu"))
    yield from _level(*pairs.sample(Chance(1, pairs.device), len(pairs), vary=False))


def rendered(folder: Path, captured: Captured) -> Iterator[tuple[Observations, Mask]]:
    """Rendered performers whose feet may be seen and have a floor."""
    for path in sorted(folder.rglob("observations.npz")):
        clip = Rendered(path.parent, captured)
        stands = clip.points.contacts
        if stands is not None and clip.found.mean() > _FEWEST_SEEN and clip.kind != "upper":
            yield clip.observations, stands


def padded(values: npt.NDArray[np.generic], axis: int) -> npt.NDArray[np.generic]:
    """The first :data:`FRAMES` along an axis; what is missing is False or the last frame."""
    values = values.take(range(min(FRAMES, values.shape[axis])), axis)
    widths = [(0, 0)] * values.ndim
    widths[axis] = (0, FRAMES - values.shape[axis])
    return np.pad(values, widths) if values.dtype == bool else np.pad(values, widths, mode="edge")


def main(arguments: list[str]) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--clips", type=int, default=10**9)
    parser.add_argument("--held-out", action="store_true", help="clips never trained on, unvaried")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--rendered", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    network = load_trained(find_weights()).network
    pack = read_pack(options.pack)
    if options.pairs:
        clips, name = drawn(options.pairs), options.pairs.stem
    elif options.rendered:
        clips, name = rendered(options.rendered, Captured(pack)), options.rendered.name
    else:
        stage = Stage(pack, torch.device("cpu"), held_out=options.held_out)
        clips = made_up(stage, options.seed, FRAMES, not options.held_out)
        name = f"{'held' if options.held_out else 'made'}_{options.seed}"
    options.out.mkdir(parents=True, exist_ok=True)
    began, last = time.monotonic(), time.monotonic()
    kept: dict[str, list[npt.NDArray[np.generic]]] = {"readings": [], "contacts": [], "counted": [], "was": []}
    for rows, stands in clips:
        readings, was = read(network, rows, _FPS)
        seen = rows.body_confidence > 0.0
        for key, values, axis in (
            ("readings", readings.astype(np.float16), 2), ("contacts", stands, 0), ("counted", seen, 0), ("was", was, 0)
        ):  # fmt: skip
            kept[key].append(padded(values, axis))
        now = time.monotonic()
        if len(kept["was"]) >= options.clips or now - began > 60.0 * options.minutes:
            break
        if now - last > 20.0:
            _write(options.out / f"{name}.npz", kept)
            last = now
    _write(options.out / f"{name}.npz", kept)
    print(f"{name}: {len(kept['was'])} clips in {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _write(path: Path, kept: dict[str, list[npt.NDArray[np.generic]]]) -> None:
    temporary = path.with_name(path.stem + ".part")
    with temporary.open("wb") as stream:
        np.savez_compressed(stream, **{name: np.stack(values) for name, values in kept.items()})
    os.replace(temporary, path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
