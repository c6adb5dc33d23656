# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stage writes until all of it is whole, and how that is moved into place so that a crash loses nothing.

.blend files are written beside their place, because what they refer to is noted relative to it. A take is written by
the worker, whole or not at all, and notes its own name. All else goes into a folder of the stage's own.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from .digests import Digests
from .plan import Output, Plan, Stage
from .records import DONE, MOVING, Left, Record, record_path, spare_path, write_record
from .standing import left_now

BESIDE = "beside"
"""The role, in a record, of files that a command leaves beside its outputs, such as USD's textures."""
RESUMABLE = ("bake-shadows",)
"""Kinds whose command goes on with the files that an earlier run left."""
OLD_SECONDS = 5.0
"""Writing a note takes milliseconds."""


class Workplace:
    """The temporary files of one stage."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.plan = plan
        self.stage = stage
        self.folder = plan.state / "work" / stage.shot / stage.name

    def open(self) -> None:
        """Makes the folders and removes what a run that broke off has left. Raises OSError."""
        self.clear(keep=self.stage.kind in RESUMABLE)
        self.folder.mkdir(parents=True, exist_ok=True)
        for output in self.stage.outputs:
            (self.plan.output / output.path).parent.mkdir(parents=True, exist_ok=True)

    def clear(self, keep: bool = False) -> None:
        """Removes all temporary files; ``keep`` leaves the stage's own folder."""
        for note in (record_path(self.plan, self.stage), spare_path(self.plan, self.stage)):
            for left in note.parent.glob(f".{glob.escape(note.name)}.*.partial"):
                left.unlink(missing_ok=True)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
            for parent in (self.folder.parent, self.folder.parent.parent):
                with contextlib.suppress(OSError):
                    parent.rmdir()  # only where nobody else is in it
        for output in self.stage.outputs:
            place = self.plan.output / output.path
            pattern = f".{glob.escape(place.name)}.*.partial" if output.direct else None
            if place.suffix == ".blend":
                pattern = f".{glob.escape(place.stem)}.partial.blend*"  # Blender itself writes to a name that ends in @
            for left in place.parent.glob(pattern) if pattern else ():
                left.unlink(missing_ok=True)

    def path(self, output: Output) -> Path:
        """Where the command writes an output."""
        place = self.plan.output / output.path
        if output.direct:
            return place
        if place.suffix == ".blend":
            return place.with_name(f".{place.stem}.partial.blend")
        return self.folder / place.name

    def words(self) -> list[str]:
        """The command's words with the files of this machine."""
        places = {f"{{{item.role}}}": self.plan.path_of(item) for item in self.stage.inputs}
        places |= {f"{{{output.role}}}": self.path(output) for output in self.stage.outputs}
        return [os.path.normpath(places[word]) if word in places else word for word in self.stage.words]

    def named(self, answer: tuple[dict[str, Any], str]) -> tuple[dict[str, Any], str]:
        """A command's answer with the names that its files are going to have."""
        result, text = answer
        for output in self.stage.outputs:
            temporary, final = str(self.path(output)), str(self.plan.output / output.path)
            text = text.replace(temporary, final)
            result = {key: final if value == temporary else value for key, value in result.items()}
        return result, text

    def look(self, digests: Digests) -> tuple[Left, ...]:
        """What the command has written. Raises FileNotFoundError where something is missing or empty."""
        found = []
        for output in self.stage.results:
            path = self.path(output)
            full = any(path.iterdir()) if output.folder and path.is_dir() else path.is_file() and path.stat().st_size
            if not full:
                raise FileNotFoundError(f"{self.stage.id} ended without writing {output.path}")
            found.append(left_now(self.plan, output, digests, os.path.relpath(path, self.plan.output)))
        for path, name in self._rest():
            if path.stat().st_size:
                at = os.path.relpath(path, self.plan.output)
                found.append(left_now(self.plan, Output(BESIDE, name), digests, at))
        return tuple(found)

    def in_the_way(self, found: tuple[Left, ...], record: Record | None, digests: Digests) -> str:
        """A file that is where one beside the outputs is to be, holds something else and is not this stage's own."""
        own = {left.path: left.sha256 for left in (record.outputs if record is not None else ())}
        for left in found:
            if left.role == BESIDE and (self.plan.output / left.path).exists():
                there = left_now(self.plan, Output(BESIDE, left.path), digests).sha256
                if there not in (left.sha256, own.get(left.path)):
                    return left.path
        return ""

    def hand_over(self, record: Record) -> Record:
        """Notes that everything is whole, moves it into place and notes that it is done. Raises OSError."""
        write_record(self.plan, self.stage, replace(record, state=MOVING))
        for output in self.stage.outputs:
            self._move(output)
        self._move_rest()
        settled = tuple(self._settled(left) for left in record.outputs)
        done = replace(record, state=DONE, outputs=settled)
        write_record(self.plan, self.stage, done)
        self.clear()
        return done

    def go_on(self, record: Record, digests: Digests) -> bool:
        """Ends a move that was interrupted; False where not everything is there, and it must be done again."""
        by_role = {output.role: output for output in self.stage.outputs}
        for left in record.outputs:
            if left.role == BESIDE:
                output = Output(BESIDE, left.path)
                temporary = self.folder / os.path.relpath(self.plan.output / left.path, self._beside)
            elif left.role in by_role:
                output = by_role[left.role]
                temporary = self.path(output)
            else:
                return False
            if not any(self._is(output, left, digests, at) for at in (temporary, None)):
                return False
        self.hand_over(record)
        return True

    def _is(self, output: Output, left: Left, digests: Digests, at: Path | None) -> bool:
        try:
            name = "" if at is None else os.path.relpath(at, self.plan.output)
            return left_now(self.plan, output, digests, name).sha256 == left.sha256
        except OSError:
            return False

    def _move(self, output: Output) -> None:
        path, place = self.path(output), self.plan.output / output.path
        if output.direct or not path.exists():
            return
        if output.folder and place.exists():
            aside = self.folder / ".replaced"
            shutil.rmtree(aside, ignore_errors=True)
            os.replace(place, aside)  # a folder cannot be replaced in one step
        os.replace(path, place)

    def _move_rest(self) -> None:
        for path, name in self._rest():
            place = self.plan.output / name
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)

    @property
    def _beside(self) -> Path:
        return (self.plan.output / self.stage.results[0].path).parent

    def _rest(self) -> list[tuple[Path, str]]:
        """Files that belong to an output, such as textures: where they are, and their names below the output folder."""
        mine = {self.path(output) for output in self.stage.outputs}
        found = []
        for path in sorted(self.folder.rglob("*")) if self.folder.is_dir() else ():
            inside = path.relative_to(self.folder)
            if path.is_file() and not inside.parts[0].startswith(".") and self.folder / inside.parts[0] not in mine:
                place = os.path.relpath(self._beside / inside, self.plan.output)
                found.append((path, Path(place).as_posix()))
        return found

    def _settled(self, left: Left) -> Left:
        stat = (self.plan.output / left.path).stat()
        return replace(left, size=stat.st_size, mtime_ns=stat.st_mtime_ns) if left.size else left


def sweep(plan: Plan) -> None:
    """Removes what killed processes of earlier batches have left in the folder of notes: jobs, half-written notes.

    For whoever has the batch's lock. Other machines may be writing notes there: theirs are not old.
    """
    shutil.rmtree(plan.state / "jobs", ignore_errors=True)
    for left in [
        *plan.state.glob(".*.partial"),
        *plan.state.glob("records/*/.*.partial"),
        *plan.state.glob("spare/*/.*.partial"),
    ]:
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > OLD_SECONDS:
                left.unlink()
