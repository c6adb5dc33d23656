# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults for a batch that runs: processes that are killed, and files that are pulled away."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KINDS = ("batch", "blender", "worker", "output", "note", "input")
"""What a fault is about: the batch's process, one Blender, one worker's process, a finished or half-written file, what
the batch has noted, or a file that it reads, which comes back after a while."""
_STATE = ".holirep"
_KEPT = ("events.jsonl", ".lock", ".replaced")
"""What is not pulled away: the evidence of what was done, and locks, without which nobody promises anything."""


@dataclass(frozen=True)
class Fault:
    """What was done: ``file`` is the output or note that was pulled away, relative to the output folder."""

    kind: str
    text: str
    file: str = ""


def disturb(
    kind: str, batch: subprocess.Popen[bytes], output: Path, inputs: list[Path], chance: random.Random
) -> Fault | None:
    """Does one fault of a kind; None where there is nothing of that kind to disturb now."""
    if kind == "batch":
        if batch.poll() is not None:
            return None
        batch.send_signal(signal.SIGKILL)
        return Fault(kind, "killed the batch")
    if kind in ("output", "note"):
        return _pull(kind, output, chance)
    if kind == "input":
        return _hide(chance.choice(inputs), chance)
    mine = [(pid, line) for pid, line in below(batch.pid) if ("inference" in line) == (kind == "worker")]
    if not mine:
        return None
    pid, line = chance.choice(mine)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return None
    stage = " (" + "/".join(Path(line.split(" --job ")[1].split(" ")[0]).parts[-2:]) + ")" if " --job " in line else ""
    return Fault(kind, f"killed a {kind}{stage}")


def _pull(kind: str, output: Path, chance: random.Random) -> Fault | None:
    """Removes a file of the results, half-written ones among them, or of the notes."""
    names = [file.relative_to(output) for file in output.rglob("*") if file.is_file()]
    mine = [name for name in sorted(names) if ((name.parts[0] == _STATE) == (kind == "note"))]
    mine = [name for name in mine if not name.name.endswith(_KEPT) and not name.name.startswith(".clock")]
    if not mine:
        return None
    name = chance.choice(mine)
    try:
        (output / name).unlink()
    except FileNotFoundError:
        return None
    return Fault(kind, f"pulled away {name}", name.as_posix())


def _hide(file: Path, chance: random.Random) -> Fault:
    """Takes a file that the batch reads away for a while."""
    aside = file.with_name(f"{file.name}.away")
    file.rename(aside)
    time.sleep(chance.uniform(0.5, 4.0))
    aside.rename(file)
    return Fault("input", f"took {file.name} away for a while")


def below(root: int) -> list[tuple[int, str]]:
    """All processes that descend from one, with their command lines."""
    table = list(processes())
    found: list[tuple[int, str]] = []
    wanted = {root}
    while wanted:
        parent = wanted.pop()
        for pid, above, line in table:
            if above == parent:
                found.append((pid, line))
                wanted.add(pid)
    return found


def processes() -> Iterator[tuple[int, int, str]]:
    """Process, parent and command line of everything that runs (Linux)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except (OSError, IndexError):
                continue
            yield int(entry.name), parent, line
