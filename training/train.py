# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the fusion network.

    python -m training.train --pack pack.npz --out FOLDER --minutes 8
    python -m training.train --pack pack.npz --out FOLDER --smoke          # a few tiny steps, on a CPU too
    python -m training.train --pack pack.npz --out FOLDER --resume FOLDER/state.pt

Writes ``log.jsonl`` (a line for each report), ``weights.safetensors`` (the averaged weights in half precision) and, for
going on later, ``state.pt``. With ``--start weights.safetensors`` training begins from weights alone.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from holirep_blender.inference.fusion.attention import MultiModalCrossAttention
from holirep_blender.inference.fusion.layers import Block
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork, NetworkSize
from holirep_blender.inference.fusion.observed import Observed

from .metrics import metrics
from .pack import read_pack
from .pairs import Pairs, chosen
from .pool import Pool
from .synthesis.chance import Chance
from .synthesis.scene import Stage
from .trainer import Trainer

TINY = NetworkSize(64, 64, 64, 1, 1, 1, 1, 1)
WITHOUT = ("face", "body", "hands", "environment")
EVALUATION_SEED = 20_000_003
PAIR_FIGURES = (
    "pa_mpjpe", "pa_mpjpe raw", "pa_mpjpe whole", "pa_mpjpe whole raw", "mpjpe", "mpjpe raw", "angle", "angle hips",
    "angle arms", "angle legs", "angle trunk", "twist", "up", "depth %", "stature %", "focal %", "acceleration error",
    "acceleration error raw", "acceleration ratio", "contact f1", "fingers",
)  # fmt: skip
WARM_UP, CAPTURE_AT = 300, 12
MOST_PAIRS = 384
REFRESH = 100
"""Steps after which newly drawn clips are taken in."""


def without(observed: Observed, modality: str) -> Observed:
    """The same observations without one modality, as if it had never been found."""
    changed = copy.copy(observed)
    zeros = {
        "face": ("face_valid", "skin_known", "neutral_known"),
        "body": ("body_valid",),
        "hands": ("hand_valid",),
        "environment": (
            "focal_known",
            "up_known",
            "height_known",
            "floor_known",
            "depth_known",
            "skin_known",
            "light_known",
        ),
    }[modality]
    for name in zeros:
        setattr(changed, name, torch.zeros_like(getattr(observed, name)))
    return changed


@torch.no_grad()
def evaluate(
    network: HolisticReplicationNetwork, stage: Stage, batches: int, size: int, frames: int, drop: str = ""
) -> dict[str, float]:
    """Mean figures over batches that are the same each time."""
    network.eval()
    chance = Chance(EVALUATION_SEED, stage.device)
    rows = []
    for _ in range(batches):
        observed, truth = stage.batch(chance, size, frames, vary=False)
        given = without(observed, drop) if drop else observed
        with torch.autocast(stage.device.type, dtype=torch.bfloat16, enabled=stage.device.type == "cuda"):
            found, read = network(given)
        rows.append(metrics(found, read, observed, truth, stage.faces))
    network.train()
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def real_pairs(path: Path, device: torch.device, train: bool) -> tuple[Optional[Pairs], Pairs]:
    """Pairs to train on, and every twelfth clip, which is kept for looking at; or all of them for that."""
    packed = read_pack(path)
    count = len(packed["size"])
    if not train:
        return None, Pairs(packed, device)
    kept = np.arange(count) % 12 == 11
    return Pairs(chosen(packed, ~kept), device), Pairs(chosen(packed, kept if kept.any() else ~kept), device)


@torch.no_grad()
def evaluate_pairs(network: HolisticReplicationNetwork, pairs: Pairs, stage: Stage, drop: str = "") -> dict[str, float]:
    """Figures of the body on clips of the real tracker."""
    network.eval()
    observed, truth = pairs.sample(Chance(EVALUATION_SEED, stage.device), min(len(pairs), MOST_PAIRS), vary=False)
    given = without(observed, drop) if drop else observed
    with torch.autocast(stage.device.type, dtype=torch.bfloat16, enabled=stage.device.type == "cuda"):
        found, read = network(given)
    network.train()
    figures = metrics(found, read, observed, truth, stage.faces)
    return {name: value for name, value in figures.items() if name in PAIR_FIGURES}


def report(log: Path, values: dict[str, object]) -> None:
    """A line in the log and on the screen."""
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(values) + "\n")
    words = [f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()]
    print(" | ".join(words), flush=True)


def save_weights(path: Path, network: nn.Module, size: NetworkSize, notes: dict[str, object]) -> None:
    """Half-precision weights with the network's size in the header."""
    tensors = {name: value.detach().half().cpu().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, str(path), metadata={"size": json.dumps(size.to_dict()), "notes": json.dumps(notes)})


def profiled(trainer: Trainer) -> str:
    """The kernels of three steps that take longest."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        for _ in range(3):
            trainer.step()
        torch.cuda.synchronize()
    return str(profile.key_averages().table(sort_by="self_cuda_time_total", row_limit=25, max_name_column_width=70))


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=0.0, help="train for this long; or give --steps")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--decay", type=float, default=0.02)
    parser.add_argument("--average", type=float, default=0.999)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=int, default=200)
    parser.add_argument("--evaluate", type=int, default=2000, help="steps between evaluations, 0 for none")
    parser.add_argument("--start", type=Path, help="weights to begin from")
    parser.add_argument("--resume", type=Path, help="state.pt to go on from")
    parser.add_argument("--state", type=Path, help="where to write state.pt; beside the log by default")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="compile the layers (a GPU with Triton)")
    parser.add_argument("--profile", action="store_true", help="print what the GPU spends its time on")
    parser.add_argument("--graph", action="store_true", help="replay whole steps as a CUDA graph")
    parser.add_argument("--no-cross-attention", action="store_true")
    parser.add_argument(
        "--pairs", type=Path, help="what the tracker saw of drawn performers; with --pool only looked at"
    )
    parser.add_argument("--pool", type=Path, help="a folder that rendering.crowds fills")
    parser.add_argument("--pool-clips", type=int, default=16384, help="how many of the newest clips are kept")
    parser.add_argument("--real-share", type=float, default=0.2, help="share of each batch that is of the real tracker")
    parser.add_argument("--smoke", action="store_true", help="tiny network, tiny batch, three steps")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.batch, options.frames, options.steps, options.report, options.evaluate = 2, 12, 3, 1, 2
    return options


def main(arguments: list[str]) -> int:
    """Trains and leaves weights, log and state."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    log, state_path = options.out / "log.jsonl", options.state or options.out / "state.pt"
    device = torch.device(options.device)
    torch.manual_seed(options.seed)
    pack = read_pack(options.pack)
    stage = Stage(pack, device, held_out=False)
    held = Stage(pack, device, held_out=True)
    size = TINY if options.smoke else NetworkSize()
    network = HolisticReplicationNetwork(size, cross_attention=not options.no_cross_attention).to(device)
    network.template.copy_(stage.faces.template)
    if options.start:
        start = {name: value.float() for name, value in load_file(str(options.start), device=str(device)).items()}
        if options.no_cross_attention:
            start = {name: value for name, value in start.items() if not name.startswith("crossing.")}
        network.load_state_dict(start)
    chance = Chance(options.seed, device)
    pairs, unseen = real_pairs(options.pairs, device, options.pool is None) if options.pairs else (None, None)
    pool = Pool(options.pool, stage, options.pool_clips, options.frames) if options.pool else None
    while pool is not None and not pool.refresh():
        time.sleep(1.0)
    pairs = pool or pairs
    real = max(1, round(options.real_share * options.batch))
    trainer = Trainer(
        network, stage, chance, options.batch, options.frames, options.decay, options.average, pairs, real
    )  # fmt: skip
    first = 0
    if options.resume:
        first = trainer.load_state(torch.load(options.resume, map_location=device, weights_only=True))
    if options.compile:
        for module in network.modules():
            if isinstance(module, (Block, MultiModalCrossAttention)):
                module.compile()
    count = sum(p.numel() for p in network.parameters())
    report(
        log,
        {
            "parameters": count,
            "half-precision MB": 2 * count / 1e6,
            "device": str(device),
            "torch": torch.__version__,
            "clips": int((~pack["held_out"]).sum()),
            "seed": options.seed,
            "arguments": " ".join(arguments),
            "quality": asdict(stage.quality),
        },
    )
    batches, rows = (1, 2) if options.smoke else (4, 256)

    def looked_at(step: int, minutes: float) -> None:
        for name, where in (("train", stage), ("held out", held)):
            report(
                log,
                {
                    "evaluate": name,
                    "step": step,
                    "minutes": minutes,
                    **evaluate(trainer.averaged, where, batches, rows, options.frames),
                },
            )

        for name, which in (("train pairs", pairs), ("held-out pairs", unseen)):
            if which is not None:
                figures = evaluate_pairs(trainer.averaged, which, stage)
                report(log, {"evaluate": name, "step": step, "clips": len(which), **figures})

    began, step = time.perf_counter(), first
    since, mark = 0, began
    while True:
        minutes = (time.perf_counter() - began) / 60.0
        progress = minutes / options.minutes if options.minutes else (step - first) / max(1, options.steps)
        if progress >= 1.0:
            break
        rate = options.rate * min(1.0, (step - first + 1) / (1 if options.smoke else WARM_UP))
        trainer.set_rate(rate * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * progress))))
        if options.graph and step - first == CAPTURE_AT:
            report(log, {"step": step, "captured": trainer.capture()})
            since, mark = 0, time.perf_counter()
            trainer.take_means(1)
        trainer.step()
        since, step = since + 1, step + 1
        if pool is not None and step % REFRESH == 0:
            pool.refresh()
        if step % options.report == 0:
            means = trainer.take_means(since)
            now = time.perf_counter()
            report(
                log,
                {
                    "step": step,
                    "minutes": (now - began) / 60,
                    "rate": rate,
                    "pool": len(pool) if pool is not None else 0,
                    "frames/s": options.batch * options.frames * since / (now - mark),
                    **means,
                },
            )
            since, mark = 0, now
        if options.evaluate and step % options.evaluate == 0:
            looked_at(step, minutes)
            save_weights(options.out / "weights.safetensors", trainer.averaged, size, {"step": step})
            mark = time.perf_counter()
    minutes = (time.perf_counter() - began) / 60.0
    if options.profile:
        print(profiled(trainer))
    if options.evaluate:
        looked_at(step, minutes)
        for modality in WITHOUT:
            figures = evaluate(trainer.averaged, held, 1, rows, options.frames, modality)
            report(log, {"evaluate": f"held out without {modality}", **figures})
    save_weights(
        options.out / "weights.safetensors",
        trainer.averaged,
        size,
        {"step": step, "minutes": minutes, "seed": options.seed, "arguments": [str(word) for word in arguments]},
    )
    torch.save(trainer.state(step), state_path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
