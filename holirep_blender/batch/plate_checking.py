# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether plates hold the frames that shots ask for, before any work is started.

Image sequences are known by their files' names. Movies are looked into by ``Look``, which may leave some out: what is
not known beforehand is told by the stage itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .plan import Plan, Stage
from .plates import is_sequence, numbers_of
from .problems import Problem
from .records import DONE, read_record
from .shot_list import ShotList

Frames = Optional[tuple[int, int]]
"""A range of a plate, both included; None for all of it."""


@dataclass(frozen=True)
class Seen:
    """What was found out of a movie: its first and last frame, or why the range cannot be read."""

    frames: Frames = None
    message: str = ""


Look = Callable[[Sequence[tuple[Path, Frames]]], Mapping[tuple[Path, Frames], Seen]]
"""Looks into movies; what it has not found out is not in its answer."""


def check_plates(shot_list: ShotList, plan: Plan, look: Look) -> list[Problem]:
    """Ranges outside their plates, plates that have gaps there, and movies that cannot be read."""
    places = {shot.name: shot for shot in shot_list.shots}
    problems: list[Problem] = []
    movies: list[tuple[Stage, Path, Frames]] = []
    for stage in plan.stages:
        item = next((one for one in stage.inputs if one.role == "plate"), None)
        if item is None or stage.kind != "replicate":
            continue
        path, frames = plan.path_of(item), stage.recipe.get("range")
        wrong = _outside(stage, frames)
        if wrong:
            problems.append(places[stage.shot].at("person").problem(wrong))
        record = read_record(plan, stage)
        if record is not None and record.state == DONE:
            continue
        if is_sequence(path):
            wrong = _sequence(path, frames)
            if wrong:
                problems.append(places[stage.shot].at("range", "plate").problem(wrong))
        elif path.is_file():
            movies.append((stage, path, frames))
    seen = _movies([(path, frames) for _stage, path, frames in movies], look) if movies else {}
    for stage, path, frames in movies:
        if seen.get((path, frames)):
            problems.append(places[stage.shot].at("range", "plate").problem(seen[path, frames]))
    return problems


def _outside(stage: Stage, frames: Frames) -> str:
    """A person who is pointed at in a frame that is not replicated."""
    _, _, frame = str(stage.recipe.get("person", "")).partition("@")
    if frame and frames is not None and not frames[0] <= int(frame) <= frames[1]:
        return f"frame {frame} is outside the range {frames[0]}-{frames[1]}: point at the person in a frame of it"
    return ""


def _sequence(path: Path, frames: Frames) -> str:
    try:
        sequences = numbers_of(path)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    if len(sequences) > 1:
        names = ", ".join(f"{head}####{tail}" for head, tail in list(sequences)[:4])
        return f"{path} holds several sequences ({names}): name one picture of the one that is meant"
    numbers = next(iter(sequences.values()), set())
    if not numbers:
        return ""  # told as a plate that is not there
    first, last = frames or (min(numbers), max(numbers))
    if first < min(numbers) or last > max(numbers):
        return _range_text(path, (first, last), (min(numbers), max(numbers)))
    missing = [number for number in range(first, last + 1) if number not in numbers]
    some = ", ".join(str(number) for number in missing[:5]) + (" and more" if len(missing) > 5 else "")
    return f"{path.name} lacks the frames {some}: add them, or choose a range without the gap" if missing else ""


def _movies(wanted: Sequence[tuple[Path, Frames]], look: Look) -> dict[tuple[Path, Frames], str]:
    """What is wrong with each; each file is looked into once, and again where not all of it can be read."""
    real = {path: path.resolve() for path, _frames in wanted}
    whole = look(list(dict.fromkeys((file, None) for file in real.values())))
    broken = {file for (file, _), seen in whole.items() if seen.message}
    parts = list(dict.fromkeys((real[path], frames) for path, frames in wanted if frames and real[path] in broken))
    seen_parts = look(parts) if parts else {}
    found: dict[tuple[Path, Frames], str] = {}
    for path, frames in wanted:
        file = real[path]
        seen = seen_parts.get((file, frames)) if frames and file in broken else whole.get((file, None))
        if seen is None:
            continue
        if seen.message:
            found[path, frames] = seen.message
        elif frames and seen.frames and not seen.frames[0] <= frames[0] <= frames[1] <= seen.frames[1]:
            found[path, frames] = _range_text(path, frames, seen.frames)
    return found


def _range_text(path: Path, frames: tuple[int, int], valid: tuple[int, int]) -> str:
    asked = f"the range {frames[0]}-{frames[1]} is outside the plate {path.name}"
    return f"{asked}, which has the frames {valid[0]}-{valid[1]}"
