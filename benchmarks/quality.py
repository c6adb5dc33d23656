# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether quality scores measure what they say: graded corruption of clips of known truth, and of a real take.

    python -m benchmarks.quality [--data FOLDER] [--takes FILE ...] [--clips N] [--half tuned|unseen|both|none]

FOLDER has ``mocap/*.bvh``. Each corruption names the scores that measure it and the measure that is meant first: over
its amounts these and the overall score must fall (Spearman rank correlation of at most -0.95 in every clip). All other
scores must not move by 0.1, except those whose subject the corruption changes as well, which are printed in brackets.
Exits with 1 where a demand is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks._quality_clips import Clip, clip, keyed_face, motions
from benchmarks._quality_corruptions import BODY, CORRUPTIONS, CROSS, FACE, LIGHT, SPACE, TIME, Corruption
from benchmarks._quality_lights import LightTruth
from holirep_blender.motion.contacts import Contacts
from holirep_blender.motion.take import Take
from holirep_blender.quality.assessment import assess
from holirep_blender.quality.evidence import Evidence
from holirep_blender.quality.results import DEFAULT_GATES, OVERALL

Array = npt.NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo_output" / "take.npz"
_METHOD = "fusion"
"""What `make demo` solves with: a take that an older one left behind has its errors, not today's."""
SCORES = (BODY, FACE, LIGHT, TIME, CROSS, SPACE, OVERALL)
_SHORT = ("body", "face", "light", "time", "cross", "space", "overall")
_CORRELATION, _CHANGE = 0.95, 0.1
_SHORTEST = 150


def scores_of(evidence: Evidence, measure: str) -> Array:
    """The scores in the order of :data:`SCORES`, then that of a measure; NaN where there is none."""
    quality = assess(evidence)
    values = [quality.scores[name].value for name in SCORES] + [quality.measures[measure].score]
    return np.array([np.nan if value is None else value for value in values])


def rank_correlation(first: Array, second: Array) -> float:
    """Spearman's: Pearson's of ranks, equal values sharing theirs; 0 where one side does not change."""
    ranks = []
    for values in (first, second):
        _, inverse, counts = np.unique(np.round(values, 9), return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks.append((ends - (counts - 1) / 2.0)[inverse.reshape(-1)])
    if min(np.ptp(ranks[0]), np.ptp(ranks[1])) == 0.0:
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def judged(corruption: Corruption, clips: list[Clip], clean: Array) -> tuple[Array, Array]:
    """Rank correlation of each clip's scores with the amount, and their largest change: ``(clips, scores)`` each.

    The last correlation is that of the measure that is meant first.
    """
    correlations, changes = [], []
    amounts = np.array([0.0, *corruption.amounts])
    for one, base in zip(clips, clean):
        table = np.array(
            [np.append(base, np.nan)]
            + [
                scores_of(corruption.make(one.evidence, one.light, amount), corruption.measure)
                for amount in amounts[1:]
            ]
        )
        table[0, -1] = scores_of(one.evidence, corruption.measure)[-1]
        correlations.append([rank_correlation(amounts, column) for column in table.T])
        change = np.abs(table[:, :-1] - base)
        # a score that is gone has changed, one that never was has not
        changes.append(np.where(np.isnan(change), np.isfinite(base), change).max(axis=0))
    return np.array(correlations), np.array(changes)


def matrix(title: str, clips: list[Clip], truth: bool, only: list[str]) -> bool:
    """Prints the matrix of corruptions and scores; whether all demands are met."""
    start = time.process_time()
    clean = np.array([scores_of(one.evidence, "jitter")[:-1] for one in clips])
    met = True
    print(f"\n{title}: {len(clips)} clips, {', '.join(one.name for one in clips)}")
    print("  " + "".ljust(20) + "".join(name.rjust(9) for name in (*_SHORT, "measure")))
    for word, row in (("clean, mean", clean.mean(0)), ("clean, least", clean.min(0))):
        print("  " + word.ljust(20) + "".join(f"{value:9.3f}" for value in row))
    if truth:
        gates = np.array([DEFAULT_GATES.get(name, 0.0) for name in SCORES])
        low = clean < gates
        for row, column in np.argwhere(low):
            print(f"  MISSED: clean {clips[row].name} has {_SHORT[column]} {clean[row, column]:.3f}")
        met = not low.any()
    print("  correlation with the amount (least of all clips) where it is the score's own; else largest change;"
          " in brackets: touched")  # fmt: skip
    known = np.isfinite(clean).all(axis=0)
    able = [
        {name: measure.score is not None for name, measure in assess(one.evidence).measures.items()} for one in clips
    ]
    for corruption in (each for each in CORRUPTIONS if not only or each.name in only):
        judges = [measured[corruption.measure] for measured in able]
        # the first of its own scores is its subject: of a face that was never seen nothing is asked
        if not any(judges) or not known[SCORES.index(corruption.own[0])]:
            print(f"  {corruption.name:20s} not measured: {corruption.measure}")
            continue
        chosen = [one for one, can in zip(clips, judges) if can]
        correlations, changes = judged(corruption, chosen, clean[judges])
        cells = []
        for column, name in enumerate(SCORES):
            correlation, change = -correlations[:, column].max(), float(changes[:, column].max())
            if not known[column]:
                good = True
                cells.append("-")
            elif name in corruption.own or name == OVERALL:
                good = correlation >= _CORRELATION
                cells.append(f"{-correlation:.2f}" + ("" if good else "!"))
            elif name in corruption.touched:
                good, word = True, f"({change:.2f})"
                cells.append(word)
            else:
                good = change < _CHANGE
                cells.append(f"{change:.2f}" + ("" if good else "!"))
            met = met and good
        lowest = float(correlations[:, -1].max())
        # a take as it was solved has errors of its own, which a corruption may first make up for
        good = -lowest >= _CORRELATION or not truth
        met = met and good
        cells.append(f"{lowest:.2f}" + ("" if good else "!") + f" {corruption.measure}")
        print(
            "  " + corruption.name.ljust(20) + "".join(cell.rjust(9) for cell in cells[:-1]) + "  " + cells[-1],
            flush=True,
        )
    print(f"  {time.process_time() - start:.0f} s of processor time")
    return met


def main() -> int:
    """Prints the matrices; 1 where a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder that holds mocap")
    parser.add_argument("--takes", type=Path, nargs="*", default=[DEMO], help="real takes")
    parser.add_argument("--clips", type=int, default=4, help="clips of each half")
    parser.add_argument("--half", choices=("tuned", "unseen", "both", "none"), default="both")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="corruptions, by name; all if left out")
    options = parser.parse_args()
    if not (options.data / "mocap").is_dir():
        print(f"skipped: there is no recorded motion here ({options.data / 'mocap'})")
        return 0
    found = [row for row in motions(options.data / "mocap", ROOT / "build" / "quality_motions.npz")
             if len(row.local) >= _SHORTEST]  # fmt: skip
    met = True
    for first, half in ((0, "tuned"), (1, "unseen")):
        if options.half in (half, "both"):
            chosen = found[first::2]
            chosen = [chosen[round(at)] for at in np.linspace(0, len(chosen) - 1, options.clips)]
            clips = [clip(row, seed, LightTruth.of(seed)) for seed, row in enumerate(chosen, 100 * first)]
            met = matrix(f"Recorded motion, {half} half", clips, True, options.only) and met
    for path in options.takes:
        if not path.is_file():
            print(f"\nskipped: there is no take {path}" + (": run `make demo`" if path == DEMO else ""))
            continue
        take, light = Take.load(path), LightTruth.of(7)
        method = str(take.header.get("method", "an unknown one"))
        if path == DEMO and method != _METHOD:
            print(f"\nskipped: {path} was solved by the method {method}, not by {_METHOD}: run `make demo` again")
            continue
        contacts = Contacts.from_take(take)
        evidence = Evidence(
            take, replace(take, observations=None), contacts if contacts.any() else None, None,
            light.evidence(take.frame_count), keyed_face(take),
        )  # fmt: skip
        met = matrix("A real take as it was solved", [Clip(path.stem, evidence, light)], False, options.only) and met
    print("\nall demands met" if met else "\nNOT ALL DEMANDS MET (marked with !)")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
