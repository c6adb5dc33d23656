# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a batch that is disturbed at random always ends with the same files.

    python -m benchmarks.batch_faults [--faults 30] [--seed 1] [--plate PLATE …] [--python PYTHON] [--package FOLDER]

One undisturbed run makes the reference. Then the same list is run into the same folder, emptied, again and again: at a
random moment the batch's process, a Blender, or a worker's process is killed (SIGKILL), or a finished file is pulled
away; the batch is started again after each fault until it ends by itself. Then takes must be byte-identical to the
reference, all other outputs there, nothing temporary left, and no stage done twice that had been finished and whose
files were still there. The exit code is 1 where any of that fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.batch.character_file import CHARACTER, write_character

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "build" / "plates" / "demo.mp4"
KINDS = ("batch", "blender", "worker", "file")
PATIENCE = 100
"""How often, 20 times a second, it is looked whether there is such a process before another fault is tried."""
_LIST = """
[defaults]
character_file = "hero.blend"
character = "{character}"
do = ["replicate", "apply", "render-preview", "export"]
export = ["bvh", "glb"]
retries = 3
[defaults.apply]
set_range = true
[defaults.render-preview]
size = [160, 90]
step = 4
format = "png"
"""
_SHOT = """
[[shots]]
name = "shot{number:02d}"
plate = "{plate}"
range = [{first}, {last}]
bring_in = "{bring_in}"
"""


class Trial:
    """A list in a folder, and the command that runs it."""

    def __init__(self, folder: Path, plates: list[Path], command: list[str], package: Path) -> None:
        self.folder = folder
        self.output = folder / "shots_output"
        self.first = folder / "first"
        self._command = command
        self._package = package
        write_character(folder / "hero.blend", command[0], package)
        text = _LIST.format(character=CHARACTER)
        for number, plate in enumerate(plates):
            facts = {"first": 10 + number, "last": 18 + 2 * number, "bring_in": ("link", "append")[number % 2]}
            text += _SHOT.format(number=number, plate=plate, **facts)
        (folder / "shots.toml").write_text(text, encoding="utf-8")

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the batch."""
        line = [*self._command, "batch", str(self.folder / "shots.toml"), "--jobs", "2", "--quiet"]
        log = (self.folder / "console.log").open("ab")
        return subprocess.Popen(line, cwd=self._package, stdout=log, stderr=log)

    def outputs(self) -> dict[str, str]:
        """The digests of all files that are to be the same, by name; of others the name alone."""
        found = {}
        for file in sorted(self.output.rglob("*")):
            name = file.relative_to(self.output).as_posix()
            if file.is_file() and not name.startswith((".holirep/", "summary.")):
                same = file.suffix in (".npz", ".bvh")
                found[name] = hashlib.sha256(file.read_bytes()).hexdigest() if same else ""
        return found

    def temporary(self) -> list[str]:
        """What must not be left: partial files, stages' own folders, jobs and locks."""
        state = self.output / ".holirep"
        names = [file for file in self.output.rglob("*") if "partial" in file.name or file.name.startswith(".holirep-")]
        names += [file for part in ("work", "jobs", "locks") for file in (state / part).rglob("*") if file.is_file()]
        return [file.relative_to(self.output).as_posix() for file in names]

    def finished(self) -> Counter[str]:
        """How often each stage was finished, by the events."""
        lines = (self.output / ".holirep" / "events.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        done = [row for row in rows if row["event"] == "stage_finished" and row["state"] == "done"]
        return Counter(f"{row['shot']}/{row['stage']}" for row in done)


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


def below(root: int) -> list[tuple[int, str]]:
    """All processes that descend from one."""
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


def disturb(kind: str, batch: subprocess.Popen[bytes], trial: Trial, chance: random.Random) -> str:
    """Does one fault; says what, or nothing where there was nothing to disturb."""
    if kind == "file":
        files = [trial.output / name for name in trial.outputs()]
        if not files:
            return ""
        file = chance.choice(files)
        file.unlink(missing_ok=True)
        return f"pulled away {file.relative_to(trial.output)}"
    if kind == "batch":
        batch.send_signal(signal.SIGKILL)
        return "killed the batch"
    mine = [(pid, line) for pid, line in below(batch.pid) if ("inference" in line) == (kind == "worker")]
    if not mine:
        return ""
    pid, _line = chance.choice(mine)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return ""
    return f"killed a {kind}"


def disturbed(trial: Trial, chance: random.Random, faults: int) -> tuple[Counter[str], list[str]]:
    """Runs the batch until it ends by itself after so many faults; what was done, and files that were pulled away."""
    did: Counter[str] = Counter()
    pulled: list[str] = []
    batch = trial.start()
    deadline = time.monotonic() + chance.uniform(0.5, 9.0)
    kind, patience = chance.choice(KINDS), PATIENCE
    while True:
        code = batch.poll()
        if code is not None:
            if code == 0 and faults <= 0:
                return did, pulled
            batch = trial.start()
            deadline = time.monotonic() + chance.uniform(0.5, 9.0)
        if faults > 0 and time.monotonic() > deadline:
            text = disturb(kind, batch, trial, chance)
            patience -= 1
            if text:
                did[kind] += 1
                faults -= 1
                pulled += [text] if kind == "file" else []
                print(f"  {text}", flush=True)
                deadline = time.monotonic() + chance.uniform(0.5, 9.0)
            if text or not patience:
                kind, patience = chance.choice(KINDS), PATIENCE
        time.sleep(0.05)


def verdict(trial: Trial, reference: dict[str, str], pulled: list[str]) -> list[str]:
    """What is not as it must be."""
    wrong = [f"left behind: {name}" for name in trial.temporary()]
    found = trial.outputs()
    wrong += [f"missing: {name}" for name in reference.keys() - found.keys()]
    wrong += [f"not in the reference: {name}" for name in found.keys() - reference.keys()]
    for name in sorted(reference.keys() & found.keys()):
        if reference[name] != found[name]:
            wrong.append(f"not the same: {name} {difference(trial.first / name, trial.output / name)}")
    again = sum(count - 1 for count in trial.finished().values())
    if again > len(pulled):
        wrong.append(f"{again} finished stages were done again, for {len(pulled)} files that were pulled away")
    return wrong


def difference(first: Path, second: Path) -> str:
    """Which arrays and members of the header of two takes differ; empty for other files."""
    if first.suffix != ".npz":
        return ""
    one, two = (dict(np.load(path)) for path in (first, second))
    headers = [json.loads(bytes(arrays.pop("header")).decode()) for arrays in (one, two)]
    names = [name for name in one if not np.array_equal(one[name], two[name], equal_nan=one[name].dtype.kind == "f")]
    facts = {
        key: [header.get(key) for header in headers] for key in headers[0] if headers[0][key] != headers[1].get(key)
    }
    return f"in {names} and {facts}"


def main() -> int:
    """Runs the trials; see the module's text."""
    parser = argparse.ArgumentParser(prog="benchmarks.batch_faults")
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--each", type=int, default=5, help="faults in one run of the list")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plate", type=Path, action="append")
    parser.add_argument("--python", default=sys.executable, help="a Python with the module bpy")
    parser.add_argument("--package", type=Path, default=REPOSITORY, help="the folder that holds holirep_blender")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    plates = [plate.resolve() for plate in options.plate or [SAMPLE, SAMPLE]]
    command = [options.python, "-m", "holirep_blender"]
    failures = 0
    with tempfile.TemporaryDirectory(prefix="holirep-faults-") as name:
        trial = Trial(Path(name), plates, command, options.package)
        begun = time.monotonic()
        if trial.start().wait() != 0:
            print((trial.folder / "console.log").read_text())
            return 1
        reference = trial.outputs()
        shutil.copytree(trial.output, trial.first)
        print(f"reference: {len(reference)} files, {time.monotonic() - begun:.0f} s", flush=True)
        left = options.faults
        while left > 0:
            shutil.rmtree(trial.output)
            count = min(options.each, left)
            did, pulled = disturbed(trial, chance, count)
            left -= count
            wrong = verdict(trial, reference, pulled)
            failures += bool(wrong)
            print(f"{dict(did)}: {'; '.join(wrong) or 'the same complete results'}", flush=True)
        if failures:
            print((trial.folder / "console.log").read_text()[-4000:])
    print(f"{options.faults} faults, {failures} runs that ended otherwise")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
