# SPDX-License-Identifier: GPL-3.0-or-later
"""What the batch layer costs, how two jobs scale, and how long lists take to plan.

    python -m benchmarks.batch [--shots 1000] [--stages 4] [--take TAKE.npz]

*Planning*: a list of so many shots is read, checked and planned, new and with all of it done; the second is the whole
command, from its start to its end. *Overhead*: the processor time of the process that runs a batch, from the end of
planning to its end, over that of the Blenders that it started, for stages as short as there are. *Scaling*: stages that
use one core, one after the other and two at once, in the same run. Only the last needs a machine on which two cores are
idle; the others count processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from holirep_blender.batch.checking import BlendFacts, check_files
from holirep_blender.batch.digests import Digests
from holirep_blender.batch.launching import blender_words
from holirep_blender.batch.plan import Plan
from holirep_blender.batch.planning import make_plan
from holirep_blender.batch.reading import read_list
from holirep_blender.batch.records import STARTED, Record
from holirep_blender.batch.runner import Policy, Runner
from holirep_blender.batch.standing import Keys, standings
from holirep_blender.batch.workplace import Workplace

REPOSITORY = Path(__file__).resolve().parents[1]
PLAN_LIMIT, DONE_LIMIT, OVERHEAD_LIMIT, SCALING_LIMIT = 2.0, 5.0, 0.02, 1.6
_DEFAULTS = """
[defaults]
template = "template.blend"
character = "Hero"
do = ["replicate", "apply", "render-preview", "export"]
"""


def a_long_list(folder: Path, count: int) -> Path:
    """A list of so many shots, each with a plate of its own."""
    (folder / "plates").mkdir()
    text = _DEFAULTS
    for number in range(count):
        name = f"sh{number:04d}"
        (folder / "plates" / f"{name}.mov").write_bytes(name.encode() * 100)
        text += f'[[shots]]\nname = "{name}"\nplate = "plates/{name}.mov"\nrange = [1, 100]\n'
    path = folder / "long.toml"
    path.write_text(text, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-c", "import bpy, sys; o = bpy.data.objects[0]; o.name = 'Hero';"
         "bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])", str(folder / "template.blend")],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return path


def finish(plan: Plan) -> None:
    """Leaves of each stage what it would leave, with its record."""
    digests = Digests()
    keys = Keys(plan, digests)
    for stage in plan.stages:
        place = Workplace(plan, stage)
        place.open()
        for output in stage.results:
            place.path(output).write_bytes(stage.id.encode())
        place.hand_over(Record(STARTED, keys.of(stage), outputs=place.look(digests)))


def planning(folder: Path, count: int) -> bool:
    """Prints how long planning takes; whether that is within the limits."""
    path = a_long_list(folder, count)
    begun = time.monotonic()
    shots = read_list(path)
    plan = make_plan(shots)
    problems = check_files(shots, plan, lambda _file: BlendFacts(objects=frozenset({"Hero"})))
    standings(plan)
    new = time.monotonic() - begun
    assert not problems, problems[0]
    finish(plan)
    old = time.time() - 10.0
    for file in (folder / "plates").iterdir():
        os.utime(file, (old, old))  # settled, as plates are
    line = [sys.executable, "-m", "holirep_blender", "batch", str(path), "--json", "--quiet"]
    subprocess.run(line, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)  # reads the plates once
    begun = time.monotonic()
    done = subprocess.run(line, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    whole = time.monotonic() - begun
    assert json.loads(done.stdout.splitlines()[-1])["run_now"] == 0
    print(f"{count} shots, {len(plan.stages)} stages: planned in {new:.2f} s (limit {PLAN_LIMIT:g})")
    print(f"the same, all up to date: the whole command in {whole:.2f} s (limit {DONE_LIMIT:g})")
    return new < PLAN_LIMIT and whole < DONE_LIMIT


def run(plan: Plan, jobs: int) -> tuple[float, float, float]:
    """Runs a plan from nothing: seconds, processor seconds of this process, and of the Blenders."""
    shutil.rmtree(plan.output, ignore_errors=True)
    plan.state.mkdir(parents=True)
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    begun = time.monotonic()
    words = blender_words(sys.executable, "")
    outcome = Runner(plan, standings(plan), words, Policy(jobs=jobs), {}, lambda _happened: None).run()
    seconds = time.monotonic() - begun
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    assert set(outcome.states.values()) == {"done"}, outcome
    mine, theirs = (b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True))
    return seconds, mine, theirs


def running(folder: Path, count: int, take: Path) -> bool:
    """Prints overhead and scaling on exports of a take to BVH, which use one core."""
    rows = "".join(f'[[shots]]\nname = "s{number}"\ntake = "{take}"\n' for number in range(count))
    path = folder / "short.toml"
    path.write_text(f'[defaults]\ndo = ["export"]\nexport = ["bvh"]\n{rows}', encoding="utf-8")
    plan = make_plan(read_list(path))
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    run(plan, 2)  # what all read is in memory then
    one, mine, theirs = run(plan, 1)
    two, _, _ = run(plan, 2)
    share = mine / theirs
    print(f"overhead: {mine:.3f} s of {theirs:.1f} s of work: {100 * share:.2f} % (limit {100 * OVERHEAD_LIMIT:g} %)")
    print(f"{count} stages one after the other {one:.1f} s, two at once {two:.1f} s: {one / two:.2f} × as much done")
    load = os.getloadavg()[0]
    print(f"(load {load:.1f}: {SCALING_LIMIT:g} × is asked for where two cores are idle)")
    return share < OVERHEAD_LIMIT


def main() -> int:
    """Runs all; the exit code is 1 where a limit that does not depend on other programs is missed."""
    parser = argparse.ArgumentParser(prog="benchmarks.batch")
    parser.add_argument("--shots", type=int, default=1000, help="of the long list; 0 leaves planning out")
    parser.add_argument("--stages", type=int, default=6)
    parser.add_argument("--take", type=Path, required=True, help="a long one, such as 2,000 frames")
    options = parser.parse_args()
    good = True
    if options.shots:
        with tempfile.TemporaryDirectory(prefix="holirep-batch-") as name:
            good = planning(Path(name), options.shots)
    with tempfile.TemporaryDirectory(prefix="holirep-batch-") as name:
        good = running(Path(name), options.stages, options.take.resolve()) and good
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
