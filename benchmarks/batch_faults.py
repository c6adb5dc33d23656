# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a batch that is disturbed at random always ends with the same files.

    python -m benchmarks.batch_faults [--faults 30] [--seed 1] [--plate PLATE …] [--environment HDR …]

One undisturbed run makes the reference. Then the same list is run into the same folder, emptied, again and again: at
random moments the batch's process, a Blender or a worker's process is killed (SIGKILL), a file that it wrote or noted
is pulled away, or a file that it reads is gone for a while; the batch is started again after each fault until it ends
by itself. A fault for which there is nothing left to disturb is kept for the next run. At the end of each run takes,
BVH and glTF must be byte-identical to the reference, all other outputs there and as their stages left them, nothing
temporary left, no process alive, and no stage done twice but those whose own files were pulled away. A batch that fails
although nothing disturbed it, or that does not end, counts as well. The exit code is 1 where any of that fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import bpy  # noqa: F401  Blender's other modules can be imported only after it; the rigs' builders need one
import numpy as np

from benchmarks._faults import KINDS, Fault, disturb, processes
from tests.batch.character_file import CHARACTER, write_character
from tests.rigs.builders import true_bones

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "build" / "plates" / "demo.mp4"
STABLE = (".npz", ".bvh", ".glb")
"""Endings of files that are the same byte for byte however often they are made."""
LONGEST = 1800.0
"""Seconds after which a batch that has not ended counts as stalled."""
_LIST = """
[defaults]
do = {do}
export = ["bvh", "glb"]
retries = 3
[defaults.apply]
set_range = true
[defaults.render-preview]
size = [160, 90]
step = 4
format = "png"
[defaults.quality]
temporal_coherence = 0
cross_modal_consistency = 0
environmental_integration = 0
lighting_realism = 0
overall = 0
[defaults.bake-shadows]
samples = 1
resolution = 5
frames = [1, 2]
"""
_SHOT = """
[[shots]]
name = "shot{number:02d}"
plate = "{plate}"
range = [{first}, {last}]
bring_in = "{bring_in}"
character_file = "{file}"
character = "{character}"
"""
SMALL = "Small Performer"
"""The other character: the demo's, 0.6 times as large, with the names of Mixamo's bones."""
DO = ("replicate", "apply", "render-preview", "export")
DO_WITH_LIGHT = ("replicate", "apply", "light", "bake-shadows", "render-preview", "quality", "export")


@dataclass
class Course:
    """How one run of the list went: its faults, and what was wrong while it ran."""

    faults: list[Fault] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Trial:
    """A list in a folder, and the command that runs it."""

    def __init__(
        self, folder: Path, plates: list[Path], environments: list[Path], command: list[str], package: Path
    ) -> None:
        self.folder = folder
        self.output = folder / "shots_output"
        self.first = folder / "first"
        self._command = command
        self._package = package
        characters = {"hero.blend": CHARACTER, "small.blend": SMALL}
        write_character(folder / "hero.blend", command[0], package)
        mixamo = true_bones("mixamo")
        write_character(folder / "small.blend", command[0], package, name=SMALL, scale=0.6, bones=mixamo)
        self.inputs = [folder / file for file in characters]
        do = DO_WITH_LIGHT if environments else DO
        text = _LIST.format(do=json.dumps(do))
        for number, plate in enumerate(plates):
            facts = {"first": 10 + number, "last": 18 + 2 * number, "bring_in": ("link", "append")[number // 2 % 2]}
            file, character = list(characters.items())[number % 2]
            facts.update(file=file, character=character)
            text += _SHOT.format(number=number, plate=self._linked(plate), **facts)
            if environments:
                text += f'environment = "{self._linked(environments[number % len(environments)])}"\n'
        (folder / "shots.toml").write_text(text, encoding="utf-8")

    def _linked(self, file: Path) -> str:
        """A link to a file in the trial's folder, which can be pulled away."""
        link = self.folder / file.name
        if link not in self.inputs:
            link.symlink_to(file)
            self.inputs.append(link)
        return link.name

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the batch."""
        with (self.folder / "console.log").open("ab") as log:
            return subprocess.Popen(
                [*self._command, "batch", str(self.folder / "shots.toml"), "--jobs", "2", "--quiet"],
                cwd=self._package, stdout=log, stderr=log,
            )  # fmt: skip

    def plan(self) -> dict[str, str]:
        """Which stages are not done, and why."""
        line = [*self._command, "batch", str(self.folder / "shots.toml"), "--dry-run", "--json"]
        done = subprocess.run(line, cwd=self._package, capture_output=True, text=True)
        answer = json.loads(done.stdout.splitlines()[-1])
        self.makers = {name: row["id"] for row in answer["plan"] for name in row["outputs"]}
        return {row["id"]: row["state"] for row in answer["plan"] if row["state"] != "done"}

    def outputs(self) -> dict[str, str]:
        """The digests of all files that are to be the same, by name; of others the name alone."""
        found = {}
        for file in sorted(self.output.rglob("*")):
            name = file.relative_to(self.output).as_posix()
            if file.is_file() and not name.startswith((".holirep/", "summary.")):
                found[name] = hashlib.sha256(file.read_bytes()).hexdigest() if file.suffix in STABLE else ""
        return found

    def temporary(self) -> list[str]:
        """What must not be left: partial files, stages' own folders, jobs and locks."""
        state = self.output / ".holirep"
        names = [file for file in self.output.rglob("*") if "partial" in file.name or file.name.startswith(".holirep-")]
        names += [file for part in ("work", "jobs", "locks") for file in (state / part).rglob("*") if file.is_file()]
        return [file.relative_to(self.output).as_posix() for file in names]

    def again(self) -> Counter[str]:
        """How often each stage was done more than once, by the events."""
        lines = (self.output / ".holirep" / "events.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        done = [row for row in rows if row["event"] == "stage_finished" and row["state"] == "done"]
        count = Counter(f"{row['shot']}/{row['stage']}" for row in done if not row.get("skipped"))
        return Counter({name: times - 1 for name, times in count.items() if times > 1})

    def maker(self, file: str) -> str:
        """The stage that left a file: by its own name or its folder's; what lies beside others are USD's textures."""
        names = [file, *(parent.as_posix() for parent in Path(file).parents)]
        return next((self.makers[name] for name in names if name in self.makers), f"{Path(file).parts[0]}/export.usd")


def disturbed(trial: Trial, chance: random.Random, bag: list[str], most: int, reach: float) -> Course:
    """Runs the batch, with at most so many faults out of the bag, until it ends by itself."""
    course = Course()
    batch, begun, calm = trial.start(), time.monotonic(), True
    kind, moment = chance.choice(bag), begun + chance.uniform(0.3, reach)
    while True:
        now = time.monotonic()
        code = batch.poll()
        open_faults = bag and len(course.faults) < most
        if code == 0 and not (open_faults and "output" in bag and chance.random() < 0.5):
            return course
        if code is None and now - begun > LONGEST:
            batch.kill()
            course.wrong.append(f"a batch did not end within {LONGEST:g} s")
            return course
        if code is not None and code > 0 and calm:
            course.wrong.append(f"a batch that nothing disturbed ended with {code}")
            return course
        fault = None
        if code == 0:
            fault = disturb("output", batch, trial.output, trial.inputs, chance)
        elif code is None and open_faults and now > moment:
            fault = disturb(kind, batch, trial.output, trial.inputs, chance)
        if fault is not None:
            calm = False
            bag.remove(fault.kind)
            course.faults.append(fault)
            print(f"  {fault.text}", flush=True)
            if bag:
                kind, moment = chance.choice(bag), time.monotonic() + chance.uniform(0.3, reach)
        if code is not None:
            batch, begun, calm = trial.start(), time.monotonic(), fault is None
        time.sleep(0.05)


def verdict(trial: Trial, reference: dict[str, str], course: Course) -> list[str]:
    """What is not as it must be."""
    wrong = list(course.wrong)
    left = trial.plan()
    wrong += [f"{name} is {state}" for name, state in left.items()]
    wrong += [f"left behind: {name}" for name in trial.temporary()]
    alive = [line for _pid, _parent, line in processes() if str(trial.folder) in line and "benchmarks" not in line]
    wrong += [f"still alive: {line}" for line in alive]
    found = trial.outputs()
    wrong += [f"missing: {name}" for name in reference.keys() - found.keys()]
    wrong += [f"not in the reference: {name}" for name in found.keys() - reference.keys()]
    for name in sorted(reference.keys() & found.keys()):
        if reference[name] != found[name]:
            wrong.append(f"not the same: {name} {difference(trial.first / name, trial.output / name)}")
    allowed = Counter(trial.maker(fault.file) for fault in course.faults if fault.kind == "output")
    wrong += [f"{name} was done {times} times too often" for name, times in (trial.again() - allowed).items()]
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
    parser.add_argument("--plate", type=Path, action="append", help="a shot of it each; the sample plate twice else")
    parser.add_argument("--environment", type=Path, action="append", help="also light, shadows and quality, with these")
    parser.add_argument("--python", default=sys.executable, help="a Python with the module bpy")
    parser.add_argument("--package", type=Path, default=REPOSITORY, help="the folder that holds holirep_blender")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    plates = [plate.resolve() for plate in options.plate or [SAMPLE, SAMPLE]]
    environments = [path.resolve() for path in options.environment or []]
    command = [options.python, "-m", "holirep_blender"]
    bag = [KINDS[number % len(KINDS)] for number in range(options.faults)]
    did: Counter[str] = Counter()
    runs = failures = 0
    with tempfile.TemporaryDirectory(prefix="holirep-faults-") as name:
        trial = Trial(Path(name), plates, environments, command, options.package)
        begun = time.monotonic()
        if trial.start().wait() != 0:
            print((trial.folder / "console.log").read_text())
            return 1
        seconds = time.monotonic() - begun
        reference = trial.outputs()
        shutil.copytree(trial.output, trial.first)
        print(f"reference: {len(plates)} shots, {len(reference)} files, {seconds:.0f} s", flush=True)
        while bag:
            shutil.rmtree(trial.output)
            course = disturbed(trial, chance, bag, options.each, max(2.0, 1.5 * seconds / options.each))
            wrong = verdict(trial, reference, course)
            runs += 1
            failures += bool(wrong)
            kinds = Counter(fault.kind for fault in course.faults)
            did += kinds
            print(f"{dict(kinds)}: {'; '.join(wrong) or 'the same complete results'}", flush=True)
            if wrong:
                kept = Path(tempfile.mkdtemp(prefix="holirep-faults-kept-"))
                shutil.copytree(trial.folder, kept, symlinks=True, dirs_exist_ok=True)
                print(f"  kept in {kept}", flush=True)
    print(f"{sum(did.values())} faults {dict(did)} in {runs} runs, {failures} of which ended otherwise")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
