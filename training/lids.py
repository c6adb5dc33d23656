# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the small network that tells how far eyes are shut.

    python -m training.lids --pack pack.npz --out RUN --minutes 2
    python -m training.lids --pack pack.npz --out RUN --smoke

Faces are made up as for the fusion network, whose published weights say their word on each batch and stay as they are.
Prints blink F1, to the frame and eye, of the fusion network and of this one on clips trained on and held out. Writes
``lids.safetensors`` and ``lids.jsonl``.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as functional
from safetensors.torch import load_file, save_file

from holirep_blender.inference.fusion.decoder import Performance
from holirep_blender.inference.fusion.lid_reading import SHUT, LidNetwork, readings_of, shut_eyes
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork
from holirep_blender.inference.fusion.observed import Observed
from holirep_blender.inference.fusion.weights import find_weights, load_trained

from .metrics import f1
from .pack import read_pack
from .synthesis.chance import Chance
from .synthesis.scene import Stage, Truth
from .train import EVALUATION_SEED, report

Tensor = torch.Tensor

_SHARP = 14.0
"""How sharply shut and open are told apart, per unit of the coefficient."""


def word(network: HolisticReplicationNetwork, observed: Observed) -> Performance:
    """What the fusion network says, as it does in use."""
    device = network.template.device.type
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
        return network(observed)[0].map(lambda value: value.float())


@torch.no_grad()
def figures(
    lids: LidNetwork, network: HolisticReplicationNetwork, stage: Stage, batches: int, size: int, frames: int
) -> dict[str, float]:
    """Blink F1 before and after, and the mean error of both coefficients where a face is seen."""
    lids.eval()
    chance, rows = Chance(EVALUATION_SEED, stage.device), []
    for _ in range(batches):
        observed, truth = stage.batch(chance, size, frames, vary=False)
        said = word(network, observed)
        seen = observed.face_valid > 0
        read = shut_eyes(lids, observed, said, network.template)
        rows.append([each.coefficients[..., SHUT][seen] for each in (said, read, truth)])
    lids.train()
    before, after, real = (torch.cat(column) for column in zip(*rows))
    result = {"faces": float(len(real))}
    for name, found in (("fusion network", before), ("lids", after)):
        result[f"{name}, blink f1"] = f1(found > 0.5, real > 0.5)
        result[f"{name}, error"] = float((found - real).abs().mean())
    return result


def loss(found: Tensor, truth: Tensor, seen: Tensor) -> Tensor:
    """Both eyes ``(2, B, T)``: the coefficient's error, and on which side of a half it lies."""
    side = functional.binary_cross_entropy_with_logits(
        _SHARP * (found - 0.5), (truth > 0.5).float(), reduction="none"
    )  # fmt: skip
    return (((found - truth).abs() + 0.5 * side) * seen).sum() / seen.sum().clamp_min(1.0)


def training_batch(
    stage: Stage, chance: Chance, network: HolisticReplicationNetwork, size: int, frames: int
) -> tuple[Tensor, Truth, Observed]:  # fmt: skip
    """Readings of the left and the right eye, the truth, and what was seen."""
    observed, truth = stage.batch(chance, size, frames, vary=True)
    with torch.no_grad():
        return readings_of(observed, word(network, observed), network.template), truth, observed


def main(arguments: list[str]) -> int:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--start", type=Path, help="weights to begin from")
    parser.add_argument("--smoke", action="store_true", help="three small steps")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.batch, options.frames = 4, 24
    options.out.mkdir(parents=True, exist_ok=True)
    device, log = torch.device(options.device), options.out / "lids.jsonl"
    torch.manual_seed(options.seed)
    pack = read_pack(options.pack)
    stages = {name: Stage(pack, device, held_out=name == "held out") for name in ("trained on", "held out")}
    network = load_trained(find_weights(), device).network
    lids = LidNetwork().to(device)
    if options.start:
        lids.load_state_dict({name: value.float() for name, value in load_file(str(options.start)).items()})
    mean = copy.deepcopy(lids)
    optimizer = torch.optim.AdamW(lids.parameters(), options.rate, weight_decay=0.02)
    chance, began, step, told = Chance(options.seed, device), time.monotonic(), 0, 0
    report(log, {"parameters": sum(p.numel() for p in lids.parameters()), "arguments": " ".join(arguments)})
    while True:
        minutes = (time.monotonic() - began) / 60.0
        share = step / 3 if options.smoke else minutes / options.minutes
        if share >= told / 4 or share >= 1.0:
            told += 1
            sizes = (1, options.batch) if options.smoke else (8, 256)
            for name, stage in stages.items():
                seen = figures(mean, network, stage, *sizes, options.frames)
                report(log, {"evaluate": name, "step": step, "minutes": minutes, **seen})
        if share >= 1.0:
            break
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1.0, (step + 1) / 50) * (0.02 + 0.49 * (1.0 + math.cos(math.pi * share)))
        readings, truth, observed = training_batch(
            stages["trained on"], chance, network, options.batch, options.frames
        )  # fmt: skip
        found = torch.stack([lids(readings[0]), lids(readings[1])])
        wrong = loss(found, truth.coefficients[..., SHUT].movedim(-1, 0), observed.face_valid)
        optimizer.zero_grad()
        wrong.backward()
        torch.nn.utils.clip_grad_norm_(lids.parameters(), 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            keep = min(0.995, step / (step + 10.0))
            for average, value in zip(mean.parameters(), lids.parameters()):
                average.lerp_(value, 1.0 - keep)
    save_file({name: value.half().cpu().contiguous() for name, value in mean.state_dict().items()},
              str(options.out / "lids.safetensors"))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
