# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the small network that tells which soles stand.

    python -m training.footing --clips FOLDER --held-out FOLDER2 --out RUN
    python -m training.footing --clips FOLDER --held-out FOLDER2 --out RUN --smoke

Both folders are written by ``training.footing_clips``. Prints contact F1, to the frame, on each held-out file and on
clips trained on: of the fusion network alone, and of the small network on its word and on the solved clip. Writes
``footing.safetensors`` and ``footing.jsonl``. Takes ten seconds on a GPU and half an hour on one core.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from safetensors.torch import save_file

from holirep_blender.inference.fusion.footing import CHANNELS, GROUPS, FootingNetwork

from .metrics import f1
from .train import report

Tensor = torch.Tensor

_UNTOLD = {"said": 0.25, "shown": 0.15, "seen": 0.15}
"""How often a group of readings is not told."""
_DOUBT, _HIGHER, _OFF, _JITTER = 0.6, 0.12, 0.2, 0.1
"""What is added to what the fusion network said, to a foot's heights, to all readings for a whole clip, and for each
frame: the fusion network is surer of motion that it was trained on than of other motion, and clips are few.
"""
_MISSED = 0.2
"""How much worse a missed contact is than an invented one: puts what is best for F1 at even odds."""


class Clips:
    """What footing_clips wrote, on a device."""

    def __init__(self, paths: list[Path], device: torch.device) -> None:
        stored = [dict(np.load(path)) for path in paths]

        def joined(name: str) -> Tensor:
            return torch.as_tensor(np.concatenate([one[name] for one in stored]), device=device)

        self.readings, self.contacts = joined("readings"), joined("contacts")
        self.counted, self.was = joined("counted"), joined("was")

    def __len__(self) -> int:
        return len(self.counted)

    def sample(self, batch: int, chance: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Readings ``(B, T, CHANNELS)`` of some feet, their contacts ``(B, T, 2)`` and frames counted ``(B, T)``."""
        device = self.counted.device

        def random(*size: int) -> Tensor:
            return torch.rand(*size, generator=chance, device=device)

        clip = (random(batch) * len(self)).long()
        foot, solved = (random(batch) < 0.5).long(), (random(batch) < 0.6).long()
        readings = self.readings[clip, solved, foot].float()
        contacts = self.contacts[clip].float().unflatten(-1, (2, 2))[torch.arange(batch, device=device), :, foot]

        def noise(*size: int) -> Tensor:
            return torch.randn(*size, generator=chance, device=device)

        said = slice(*GROUPS["said"])
        readings[..., said] = readings[..., said] * (0.5 + 0.6 * random(batch, 1, 1)) + _DOUBT * noise(batch, 1, 4)
        readings[..., :2] += _HIGHER * noise(batch, 1, 1)
        for name, share in _UNTOLD.items():
            readings[..., slice(*GROUPS[name])] *= (random(batch, 1, 1) >= share).float()
        readings += _OFF * noise(batch, 1, CHANNELS) + _JITTER * noise(*readings.shape)
        return readings, contacts, self.counted[clip].float()


@torch.no_grad()
def figures(network: FootingNetwork, clips: Clips, most: int = 1024) -> dict[str, float]:
    """Contact F1 of the fusion network and of this one."""
    network.eval()
    rows = slice(0, most)
    counted = clips.counted[rows]
    truth = clips.contacts[rows][counted]
    result = {"fusion network": f1(clips.was[rows][counted], truth)}
    for number, name in enumerate(("before the solve", "after the solve")):
        readings = clips.readings[rows, number].float()
        both = [network(readings[:, foot]) > 0.0 for foot in (0, 1)]
        result[name] = f1(torch.cat(both, -1)[counted], truth)
    network.train()
    return result


def main(arguments: list[str]) -> int:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--smoke", action="store_true", help="three steps")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.steps, options.batch = 3, 4
    options.out.mkdir(parents=True, exist_ok=True)
    device, log = torch.device(options.device), options.out / "footing.jsonl"
    torch.manual_seed(options.seed)
    chance = torch.Generator(device).manual_seed(options.seed)
    clips = Clips(sorted(options.clips.glob("*.npz")), device)
    held = {path.stem: Clips([path], device) for path in sorted(options.held_out.glob("*.npz"))}
    network = FootingNetwork().to(device)
    optimizer = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=0.05)
    mean = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98), use_buffers=True
    )
    began = time.monotonic()
    real = sum(len(Clips([path], device)) for path in options.clips.glob("*.npz") if not path.stem.startswith("made"))
    report(log, {"clips": len(clips), "real": real, "channels": CHANNELS, "arguments": " ".join(arguments)})
    for step in range(options.steps):
        share = 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * step / options.steps))
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1.0, (step + 1) / 100) * share
        readings, contacts, counted = clips.sample(options.batch, chance)
        surprise = functional.binary_cross_entropy_with_logits(network(readings), contacts, reduction="none")
        loss = (surprise * (1.0 + _MISSED * contacts) * counted[..., None]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean.update_parameters(network)
        if (step + 1) % max(1, options.steps // 6) == 0:
            seen = {name: figures(mean.module, one) for name, one in {"trained on": clips, **held}.items()}
            report(log, {"step": step + 1, "minutes": (time.monotonic() - began) / 60.0, "loss": loss.item(), **{
                f"{name}, {which}": value for name, one in seen.items() for which, value in one.items()
            }})  # fmt: skip
    tensors = {name: value.half().cpu().contiguous() for name, value in mean.module.state_dict().items()}
    save_file(tensors, str(options.out / "footing.safetensors"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
