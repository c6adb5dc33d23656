# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch that was started from the interface: another Blender does it, and its events say how far it is."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from .. import preferences
from ..batch.events import counted
from ..runtime.location import ENVIRONMENT_VARIABLE
from . import session

_log = logging.getLogger(__name__)
TICK_SECONDS = 0.5


@dataclass
class BatchRun:
    """What is known of a batch: it never blocks, everything comes from the events that the other Blender writes."""

    list_file: Path
    process: subprocess.Popen[bytes]
    folder: tempfile.TemporaryDirectory[str]
    read: int = 0
    todo: int = 0
    ended: int = 0
    output: str = ""
    running: dict[str, str] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    cancelled: bool = False
    code: int | None = None
    message: str = ""

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self.code is None

    @property
    def fraction(self) -> float:
        """The share of stages that have ended, and of those that run as far as they tell."""
        return (self.ended + sum(self.shares.values())) / self.todo if self.todo else 0.0

    @property
    def events(self) -> Path:
        """The file that the other Blender writes its events to."""
        return Path(self.folder.name) / "events.jsonl"

    def look(self) -> bool:
        """Reads what is new; returns whether there was anything."""
        code = self.process.poll()
        lines = self._new_lines()
        for line in lines:
            with contextlib.suppress(ValueError, KeyError):
                self._take(json.loads(line))
        if code is not None and self.active:
            self.code = code
            self._end()
            return True
        return bool(lines)

    def _new_lines(self) -> list[bytes]:
        try:
            with self.events.open("rb") as stream:
                stream.seek(self.read)
                data = stream.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self.read += len(whole)
        return whole.splitlines()

    def _take(self, happened: dict[str, Any]) -> None:
        kind, name = happened["event"], f"{happened.get('shot', '')}/{happened.get('stage', '')}"
        if kind == "batch_started":
            self.todo, self.output = happened["todo"], happened["output"]
        elif kind == "stage_started":
            self.running[name] = "starts"
        elif kind == "stage_progress":
            self.running[name] = happened["text"]
            self.shares[name] = happened["fraction"] or 0.0
        elif kind in ("stage_finished", "stage_retry"):
            self.running.pop(name, None)
            self.shares.pop(name, None)
            self.ended += kind == "stage_finished"
            if happened.get("state") == "failed":
                self.failures.append(f"{name}: {happened.get('message', '')}")

    def _end(self) -> None:
        self.running.clear()
        self.shares.clear()
        text = (Path(self.folder.name) / "console.log").read_text(encoding="utf-8", errors="replace")
        answer = next((line for line in reversed(text.splitlines()) if line.startswith("{")), "{}")
        with contextlib.suppress(ValueError):
            found = json.loads(answer)
            self.message = (
                found.get("error", "") or f"The batch is complete: {counted(found.get('done', 0), 'stage')} done"
            )
            self.failures += [_problem(one) for one in found.get("problems", [])]
            self.output = self.output or str(Path(found["summary"]).parent) if "summary" in found else self.output
        if not self.message:
            self.message = f"The batch ended without an answer (exit code {self.code})"
        level = "INFO" if self.code == 0 or self.cancelled else "ERROR"
        session.report(level, "The batch was cancelled" if self.cancelled else self.message, self.failures[:20])
        self.folder.cleanup()


def _problem(one: dict[str, Any]) -> str:
    line = f"Line {one['line']}: " if one.get("line") else ""
    return f"{line}{one.get('key', '')}: {one.get('message', '')}"


_run: BatchRun | None = None


def current() -> BatchRun | None:
    """The batch that runs or ran last."""
    return _run


def start(list_file: Path, jobs: int, stop_on_error: bool) -> None:
    """Starts a Blender that runs the list. Raises OSError where it cannot be started."""
    global _run
    from ..batch.launching import blender_words

    package = preferences.__package__ or ""
    words = blender_words(bpy.app.binary_path or sys.executable, package if bpy.app.binary_path else "")
    folder = tempfile.TemporaryDirectory(prefix="holirep-batch-", ignore_cleanup_errors=True)
    line = [*words, "batch", str(list_file), "--json", "--quiet", "--jobs", str(jobs)]
    line += ["--events", str(Path(folder.name) / "events.jsonl")]
    line += ["--stop-on-error"] if stop_on_error else []
    settings = preferences.settings()
    line += ["--device", settings.device] if settings.device != "auto" else []
    with (Path(folder.name) / "console.log").open("wb") as console:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=_environment(settings.runtime_path),
            start_new_session=sys.platform != "win32",
        )
    _run = BatchRun(list_file, process, folder)
    if not bpy.app.background:
        bpy.app.timers.register(_tick, first_interval=TICK_SECONDS, persistent=True)
    session.redraw()


def _environment(runtime: str) -> dict[str, str]:
    """The other Blender starts with factory settings: the runtime of the preferences goes with it."""
    return {**os.environ, ENVIRONMENT_VARIABLE: runtime} if runtime else dict(os.environ)


def cancel() -> None:
    """Asks the batch to end; it ends its stages first. What is finished stays."""
    if _run is not None and _run.active:
        _run.cancelled = True
        _run.process.terminate()


def stop() -> None:
    """With this Blender ends the batch that it started; the list goes on where it was when it is run again."""
    global _run
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _run is not None and _run.active:
        _run.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            _run.process.wait(timeout=5.0)
    _run = None


def _tick() -> float | None:
    if _run is None:
        return None
    try:
        if _run.look():
            session.redraw()
    except Exception as error:  # a timer that raises would be dropped without a word
        _log.exception("looking at the batch failed")
        session.report("ERROR", f"The batch goes on, but cannot be watched any more: {error}")
        return None
    return TICK_SECONDS if _run.active else None
