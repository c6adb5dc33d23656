# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts and grounding on clips of motion capture, clean and with a tracker's kind of noise.

    python -m benchmarks.contacts [--data FOLDER] [--every N]

F1 of heels and balls, frame by frame with a tolerance of one frame, against several definitions of "stands" by speed
and height on the clean clip (``_contact_truth.py``). The noise is that of ``_tracker_noise.py``: on joints' positions,
put back on the skeleton, with and without the solver's usual smoothing, with gross errors, and on rotations.
Grounding: how far touching points move on from frame to frame, how deep the soles are, and how jerky the root is,
before and after. Clips of climbing and uneven ground are left out.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks._contact_truth import TRUTHS, f1, scores
from benchmarks._tracker_noise import shaken, smoothed, tracked
from holirep_blender.motion.contacts import Contacts, Floor, detect_contacts, estimate_floor, grounded
from holirep_blender.motion.contacts.grounding import residual
from holirep_blender.motion.contacts.names import SOLE_POINTS
from holirep_blender.motion.take import Take
from tests.motion.retargeting.clips import mocap_take

NOT_LEVEL = ("cmu_001_08", "cmu_001_14", "cmu_003_")
FAMILIES = ("cmu_001", "cmu_002", "cmu_005", "cmu_006", "cmu_indian", "cmu_martial", "cmu_salsa")
KINDS: dict[str, Callable[[Take, int], Take]] = {
    "clean": lambda take, seed: take,
    "positions": lambda take, seed: tracked(take, seed),
    "positions, smoothed": lambda take, seed: smoothed(tracked(take, seed)),
    "rotations": lambda take, seed: shaken(take, seed),
    "rotations, smoothed": lambda take, seed: smoothed(shaken(take, seed)),
    "positions, 4 % gross": lambda take, seed: tracked(take, seed, 0.04),
    "the same, smoothed": lambda take, seed: smoothed(tracked(take, seed, 0.04)),
}
WANTED = {"clean": 0.95}
WANTED_NOISY = 0.85
"""F1 wanted for the first definition of the truth."""


def clip_names(folder: Path) -> list[str]:
    """The clips on a level floor."""
    names = sorted(path.stem for path in (folder / "mocap").glob("*.bvh"))
    return [name for name in names if not name.startswith(NOT_LEVEL)]


def soles(contacts: Contacts) -> np.ndarray:
    """Whether the four points of the soles touch, ``(T, 4)``."""
    return np.stack([contacts.touching(name) for name in SOLE_POINTS], axis=1)


def jerk(take: Take) -> float:
    """99.9th percentile of the root's acceleration, m/s²."""
    steps = np.linalg.norm(np.diff(take.root_translation, 2, axis=0), axis=1) * take.fps**2
    return float(np.percentile(steps, 99.9)) if len(steps) else 0.0


def main() -> int:
    """Prints the figures; returns 1 where a wanted one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--every", type=int, default=1, help="only each N-th clip")
    arguments = parser.parse_args()
    if not (arguments.data / "mocap").is_dir():
        print(f"No clips in {arguments.data / 'mocap'}: nothing measured.")
        return 0
    names = clip_names(arguments.data)[:: arguments.every]
    takes = {name: mocap_take(arguments.data, name) for name in names}
    truths = {name: [truth.contacts(take) for truth in TRUTHS] for name, take in takes.items()}
    print(f"{len(names)} clips, {sum(take.frame_count for take in takes.values())} frames")
    for number, truth in enumerate(TRUTHS, start=1):
        share = np.concatenate([truths[name][number - 1] for name in names]).mean()
        print(f"truth {number}: {truth.name}: {share:.0%} of frames and points")
    missed = 0
    for kind, corrupted in KINDS.items():
        missed += _measure(kind, corrupted, takes, truths)
    return int(missed > 0)


def _measure(
    kind: str, corrupted: Callable[[Take, int], Take], takes: dict[str, Take], truths: dict[str, list[np.ndarray]]
) -> int:
    sums = np.zeros((len(TRUTHS), 4))
    points = np.zeros((4, 4))
    families = {family: np.zeros(4) for family in FAMILIES}
    single, slides, deep, jerks, seconds, frames = [], [], [], [], 0.0, 0
    for name, clean in takes.items():
        take = corrupted(clean, zlib.crc32(name.encode()))
        floor = estimate_floor(take)
        started = time.perf_counter()
        contacts = detect_contacts(take, floor)
        seconds, frames = seconds + time.perf_counter() - started, frames + take.frame_count
        found = soles(contacts)
        counts = [np.array(scores(found, truth)) for truth in truths[name]]
        sums += counts
        single.append(f1(counts[0]))
        points += [scores(found[:, [row]], truths[name][0][:, [row]]) for row in range(4)]
        families[next(family for family in FAMILIES if name.startswith(family))] += counts[0]
        moved = grounded(take, contacts, floor)
        before, after = residual(take, contacts, floor), residual(moved, contacts, floor)
        slides.append((before.slide[np.isfinite(before.slide)], after.slide[np.isfinite(after.slide)]))
        deep.append((_depth(take, floor), _depth(moved, floor)))
        jerks.append((jerk(take), jerk(moved)))
    wanted = WANTED.get(kind, WANTED_NOISY)
    value = f1(sums[0])
    print(f"\n{kind}: F1 by truth " + "  ".join(f"{number}: {f1(row):.3f}" for number, row in enumerate(sums, start=1)))
    print(
        f"  truth 1: wanted {wanted:.2f} {'met' if value >= wanted else 'MISSED'}; "
        f"a clip's mean {np.mean(single):.3f}, "
        f"median {np.median(single):.3f}, worst {np.min(single):.3f}; "
        + ", ".join(f"{name} {f1(row):.3f}" for name, row in zip(SOLE_POINTS, points))
    )
    print("  " + ", ".join(f"{family} {f1(row):.3f}" for family, row in families.items() if row.any()))
    slide = [1000.0 * np.concatenate(column) for column in zip(*slides)]
    depth, sharp = 1000.0 * np.array(deep), np.array(jerks)
    print(
        f"  grounding: touching points move {slide[0].mean():.2f} -> {slide[1].mean():.2f} mm a frame "
        f"(median {np.median(slide[0]):.2f} -> {np.median(slide[1]):.2f}); deepest sole, mean over clips "
        f"{depth[:, 0].mean():.1f} -> {depth[:, 1].mean():.2f} mm; root's acceleration (99.9 %), mean over clips "
        f"{sharp[:, 0].mean():.2f} -> {sharp[:, 1].mean():.2f} m/s², not above 1.01 of before in "
        f"{(sharp[:, 1] <= 1.01 * sharp[:, 0]).mean():.0%} of clips"
    )
    print(f"  detection: {1e6 * seconds / frames:.0f} ms per 1,000 frames")
    return int(value < wanted)


def _depth(take: Take, floor: Floor) -> float:
    return residual(take, Contacts.none(take.frame_count), floor).depth


if __name__ == "__main__":
    sys.exit(main())
