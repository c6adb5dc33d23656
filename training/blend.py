# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights between those of two runs, of which the second began from the first.

    python -m training.blend FIRST SECOND --share 0.5 --out FOLDER

A run on few real clips learns them by heart; halfway back to the weights it began from, it errs less on new ones than
either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). FIRST and SECOND are folders of runs;
``share`` is SECOND's. FOLDER gets ``weights.safetensors`` and both logs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def blended(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """Tensor by tensor, in half precision. Raises ValueError where the networks differ."""
    if {name: value.shape for name, value in first.items()} != {name: value.shape for name, value in second.items()}:
        raise ValueError("these are weights of different networks")
    return {name: torch.lerp(first[name].float(), second[name].float(), share).half() for name in first}


def main(arguments: list[str]) -> int:
    """Writes the blend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    paths = [folder / "weights.safetensors" for folder in (options.first, options.second)]
    with safe_open(str(paths[1]), framework="pt") as stored:
        size = stored.metadata()["size"]
    options.out.mkdir(parents=True, exist_ok=True)
    tensors = blended(load_file(str(paths[0])), load_file(str(paths[1])), options.share)
    save_file(tensors, str(options.out / "weights.safetensors"), metadata={"size": size})
    lines = [(folder / "log.jsonl").read_text(encoding="utf-8") for folder in (options.first, options.second)]
    told = json.dumps({"blend": options.share, "first": options.first.name, "second": options.second.name})
    (options.out / "log.jsonl").write_text("".join(lines) + told + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
