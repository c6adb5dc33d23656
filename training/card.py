# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a model card from weights and the log of the run that made them.

    python -m training.card FOLDER --gpu "NVIDIA H200"

FOLDER holds ``weights.safetensors`` and ``log.jsonl``; the card is ``weights.md`` beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

_SHOWN = {
    "pa_mpjpe": "PA-MPJPE, mm",
    "pa_mpjpe raw": "PA-MPJPE of the emulated world landmarks, mm",
    "pa_mpjpe whole": "PA-MPJPE, whole body in the picture, mm",
    "pa_mpjpe whole raw": "the same of the emulated world landmarks, mm",
    "mpjpe": "MPJPE, mm",
    "angle": "joint angle error, degrees",
    "swing": "swing error, degrees",
    "twist": "twist error, degrees",
    "fingers": "finger joint error where the hand is seen, degrees",
    "up": "error of the vertical, degrees",
    "contact f1": "contact F1",
    "acceleration ratio": "acceleration over truth's",
    "face": "face vertex error, mm",
    "face at rest": "the same of a face that never moves, mm",
    "face lips": "vertex error of the lips, mm",
    "face lids": "vertex error of the eyelids, mm",
    "blink f1": "blink F1",
    "gaze": "gaze error, degrees",
    "light direction": "light direction error where light was given, degrees",
}

_TEXT = """# {name}

The fusion network of HoliRep: body, face, hands and environment of a span of frames in, a whole performance out.

| | |
|---|---|
| file | `weights.safetensors`, {megabytes:.1f} MB, half precision, {parameters:,} parameters |
| SHA-256 | `{sha256}` |
| licence | GPL-3.0-or-later |
| trained by | {commands} |
| on | one {gpu}; {minutes:.1f} minutes of it in these runs |
| begun from | {start} |

## Data
- Motion: clips of the CMU Graphics Lab Motion Capture Database, free for research and commercial use. The data used in
  this project was obtained from mocap.cs.cmu.edu. The database was created with funding from NSF EIA-0196217. The data
  itself is not distributed with the weights. {clips} clips were trained on; subject 006, Indian dance and one martial
  clip never were.
- Faces: ICT-FaceKit (light model), MIT licence, © 2020 USC Institute for Creative Technologies; its mean face at 478
  points is stored with the weights.
- Light: radiance maps of Poly Haven, CC0.
- Fingers, cameras, and what a tracker makes of them all are synthetic{drawn}.

## Figures
On synthetic observations with tracker-like noise; no real footage is in them.

| | trained on | held out |
|---|---|---|
{rows}

{closed}
## Limits
- Fingers were learnt from procedural hands, faces from a blend-shape model: what these cannot do, the network has not
  seen. tongueOut is never predicted; cheekPuff, jawForward and mouthDimple are guesses.
- Lying, climbing and acrobatics are rare in the motion, and so are children.
- Distance and focal length are ambiguous in one picture; give the lens or the performer's height where they are known.
"""


def _closed_loop(path: Path) -> str:
    """A table of what ``closed_loop.json`` says: rows of a clip set's name, method, PA-MPJPE and acceleration."""
    if not path.is_file():
        return ""
    rows = json.loads(path.read_text(encoding="utf-8"))
    head = "Rendered performers through the real tracker, never trained on: PA-MPJPE in mm, acceleration over truth\n"
    body = "\n".join(
        f"| {row['set']} | {row['method']} | {row['pa_mpjpe']:.1f} | {row['acceleration']:.2f} |" for row in rows
    )
    return f"{head}\n| clips | method | PA-MPJPE | acceleration |\n|---|---|---|---|\n{body}\n"


def _without_folders(arguments: str) -> str:
    """A command's words with files by their names alone."""
    return " ".join(word.rsplit("/", 1)[-1] if "/" in word else word for word in arguments.split())


def _by_run(lines: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The lines that tell a time, run by run; a run begins where the network's size is told."""
    runs: list[list[dict[str, Any]]] = []
    for line in lines:
        if "parameters" in line:
            runs.append([])
        elif "minutes" in line and runs:
            runs[-1].append(line)
    return [run for run in runs if run]


def _pairs(lines: list[dict[str, Any]]) -> int:
    """How many clips of the real tracker the runs had, each run by its last word."""
    runs: list[dict[str, int]] = [{}]
    for line in lines:
        if "parameters" in line:
            runs.append({})
        elif line.get("evaluate") in ("train pairs", "held-out pairs"):
            runs[-1][str(line["evaluate"])] = int(line["clips"])
    return sum(sum(run.values()) for run in runs)


def main(arguments: list[str]) -> int:
    """Writes the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gpu", required=True)
    parser.add_argument("--before", type=float, default=0.0, help="minutes of the runs that made the first weights")
    options = parser.parse_args(arguments)
    weights = options.folder / "weights.safetensors"
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in (options.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    runs = [line for line in lines if "parameters" in line]
    facts = runs[0]
    last = {str(line["evaluate"]): line for line in lines if "evaluate" in line}
    trained, held = last["train"], last["held out"]
    given = str(facts.get("arguments", ""))
    commands = [f"`python -m training.train {_without_folders(str(line.get('arguments', '')))}`" for line in runs]
    commands += [
        f"`python -m training.blend {line['first']} {line['second']} --share {line['blend']}`"
        for line in lines if "blend" in line
    ]  # fmt: skip
    pairs = _pairs(lines)
    drawn = (
        f",\n  but for {pairs} clips of 64 frames of drawn performers (MakeHuman community "
        "assets, CC0),\n  on which the real tracker was run" if pairs else ""
    )  # fmt: skip
    start = "earlier weights of its own" if "--start" in given else "random weights"
    if options.before:
        start += f", {options.before:.1f} minutes on the same kind of machine"
    minutes = sum(max(float(end["minutes"]) for end in part) for part in _by_run(lines))
    rows = "\n".join(
        f"| {text} | {trained[name]:.3g} | {held[name]:.3g} |" for name, text in _SHOWN.items() if name in held
    )
    text = _TEXT.format(
        name="Fusion network", megabytes=weights.stat().st_size / 1e6, parameters=int(facts["parameters"]),
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(), commands=", then ".join(commands),
        minutes=minutes, gpu=options.gpu, clips=facts["clips"], drawn=drawn,
        closed=_closed_loop(options.folder / "closed_loop.json"),
        start=start, rows=rows,
    )  # fmt: skip
    (options.folder / "weights.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
