# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the small networks of the second reading into the package: file, card, hash in the table, licence entry.

    python -m training.publish_second RUN

RUN holds ``footing.safetensors`` and ``footing.jsonl`` of ``training.footing``, ``lids.safetensors`` and ``lids.jsonl``
of ``training.lids``; the figures of the card are the last of both logs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from holirep_blender.inference.fusion import second_reading, weights

from .publish import FACES, MOTION, enter, table

NAME = "HoliRep second reading"
_PARTS = {"feet": "footing", "lids": "lids"}
_CARD = """# {name}

Two small networks that read once more what the fusion network said: which soles stand, and how far eyes are shut.

| | |
|---|---|
| file | `{file}`, {megabytes:.2f} MB, half precision, {parameters:,} parameters |
| SHA-256 | `{digest}` |
| licence | GPL-3.0-or-later |
| beside | the published weights of the fusion network, which stay as they are |
| trained by | {commands} |

## Data
- Motion: clips of the CMU Graphics Lab Motion Capture Database, free for research and commercial use. The data used in
  this project was obtained from mocap.cs.cmu.edu. The database was created with funding from NSF EIA-0196217. The data
  itself is not distributed with the weights. Subject 006, Indian dance and one martial clip were never trained on.
- Faces: ICT-FaceKit (light model), MIT licence, © 2020 USC Institute for Creative Technologies.
- What the tracker makes of them is emulated, but for {real} clips of 64 frames of drawn and rendered performers
  (MakeHuman community assets, CC0), on which the real tracker was run.

## Figures
F1 to the frame, of each sole and each eye, on clips of 64 frames. Emulated tracker: nothing but the points is known for
contacts, feet out of the picture are counted too; the neutral face is known for three faces in five. Rendered: through
the real tracker. "After the solve" is the solve of the time of training.

| contact F1 | fusion network | with the feet's network before the solve | after the solve |
|---|---|---|---|
{contacts}

| blink F1 | fusion network | with the lids' network |
|---|---|---|
{blinks}

## Limits
- Feet: where the floor is not level, and for children, nothing is known. Slow dances from high cameras are read worst.
- Lids: half-closed eyes that never open nor shut are told by their look alone, and are most of the errors.
"""


def _log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def card(run: Path, digest: str, size: int, parameters: int) -> str:
    """The card of a run's two logs."""
    feet, lids = (_log(run / f"{part}.jsonl") for part in _PARTS.values())
    last = feet[-1]
    sets = list(dict.fromkeys(name.split(", ")[0] for name in last if ", " in name))
    contacts = [
        f"| {one} | " + " | ".join(f"{last[f'{one}, {which}']:.3f}" for which in (
            "fusion network", "before the solve", "after the solve"
        )) + " |" for one in sets
    ]  # fmt: skip
    seen = {row["evaluate"]: row for row in lids if "evaluate" in row}
    blinks = [
        f"| {one} | {row['fusion network, blink f1']:.3f} | {row['lids, blink f1']:.3f} |" for one, row in seen.items()
    ]
    commands = ", then ".join(
        f"`python -m training.{part} {row['arguments']}`"
        for part, log in (("footing", feet), ("lids", lids))
        for row in log
        if "arguments" in row
    )
    return _CARD.format(
        name="Second reading", file=second_reading.FILE, megabytes=size / 1e6, parameters=parameters,
        digest=digest, commands=commands, real=feet[0]["real"], contacts="\n".join(contacts), blinks="\n".join(blinks),
    )  # fmt: skip


def publish(run: Path) -> Path:
    """Writes all four; returns the file of weights."""
    tensors = {
        f"{part}.{name}": values.half().contiguous()
        for part, stem in _PARTS.items()
        for name, values in load_file(str(run / f"{stem}.safetensors")).items()
    }
    target = weights.FOLDER / second_reading.FILE
    save_file(tensors, str(target))
    target.chmod(0o644)
    content = target.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    table(second_reading.FILE, digest)
    told = card(run, digest, len(content), sum(values.numel() for values in tensors.values()))
    target.with_suffix(".md").write_text(told, encoding="utf-8")
    enter(NAME, f"{MOTION} and {FACES}; the data are not distributed", digest)
    return target


def main(arguments: list[str]) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    target = publish(parser.parse_args(arguments).run)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB, {weights.published_sha256()[target.name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
