# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the weights of a run into the package: the file, its card, its hash in the table, its entry among the licences.

    python -m training.publish RUN --pack pack.npz [--eight-bit]

RUN holds ``weights.safetensors`` and its card ``weights.md`` (``training.card``). How coefficients move the face's
points is taken from the pack where the weights do not hold it yet. Prints size and hash.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from holirep_blender.inference.fusion import weights

LICENCES = weights.FOLDER.parents[2] / "licences.toml"
NAME = "HoliRep fusion network"
MOTION = (
    "motion of the CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu, created with funding from NSF "
    "EIA-0196217)"
)
FACES = "ICT-FaceKit (MIT, © 2020 USC Institute for Creative Technologies)"
_LARGEST = 40e6
_POINTS = 478


def publish(run: Path, pack: Path, *, eight_bit: bool) -> Path:
    """Writes all four; returns the file of weights. Raises ValueError where it is larger than the package allows."""
    with safe_open(str(run / "weights.safetensors"), framework="pt") as stored:
        metadata = stored.metadata()
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    if "face_basis" not in tensors:
        with np.load(pack, allow_pickle=False) as packed:
            moves = packed["face_expressions"]
        whole = np.zeros((len(moves), _POINTS, 3), np.float16)
        whole[:, : moves.shape[1]] = moves
        tensors["face_basis"] = torch.as_tensor(whole)
    if eight_bit:
        tensors = weights.quantised(weights.restored(tensors))
    size = sum(values.numel() * values.element_size() for values in tensors.values())
    if size > _LARGEST:
        raise ValueError(f"the weights take {size / 1e6:.1f} MB, more than {_LARGEST / 1e6:.0f}: use --eight-bit")
    target = weights.FOLDER / weights.FILE
    save_file({name: values.contiguous() for name, values in tensors.items()}, str(target), metadata=metadata)
    target.chmod(0o644)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    table(weights.FILE, digest)
    card = (run / "weights.md").read_text(encoding="utf-8")
    stored_as = "eight bits a row" if eight_bit else "half precision"
    size = target.stat().st_size
    told = f"| file | `{weights.FILE}`, {size / 1e6:.1f} MB, {stored_as}"
    card = re.sub(r"\| file \| `[^`]*`, [0-9.]+ MB, [^,|]*", told, card)
    card = re.sub(r"(\| SHA-256 \| )`[0-9a-f]*`", rf"\1`{digest}`", card)
    target.with_suffix(".md").write_text(card, encoding="utf-8")
    enter(NAME, f"{MOTION}, {FACES} and radiance maps of Poly Haven (CC0); the data are not distributed", digest)
    return target


def table(name: str, digest: str) -> None:
    """Notes the SHA-256 of a file of weights."""
    known = {**weights.published_sha256(), name: digest} if weights.TABLE.is_file() else {name: digest}
    weights.TABLE.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def enter(name: str, source: str, digest: str) -> None:
    """The licence entry, in place of an older one."""
    entry = (
        f'[[licence]]\nname = "{name}"\nlicence = "GPL-3.0-or-later"\nsource = "this package; trained on {source}"\n'
        f'sha256 = "{digest}"\n'
    )
    text = LICENCES.read_text(encoding="utf-8")
    old = re.search(rf'\[\[licence\]\]\nname = "{name}"\n.*?\n(?=\n\[\[|\Z)', text, re.S)
    if old is not None:
        text = text[: old.start()] + entry + text[old.end() :]
    else:
        after = text.index("[[licence]]", text.index("[[licence]]") + 1)
        text = text[:after] + entry + "\n" + text[after:]
    LICENCES.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--eight-bit", action="store_true", help="matrices in eight bits, half the size")
    options = parser.parse_args(arguments)
    target = publish(options.run, options.pack, eight_bit=options.eight_bit)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {weights.published_sha256()[weights.FILE]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
