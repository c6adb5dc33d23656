# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens in a batch, told three ways: JSON lines for pipelines, a log for people, a table in a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Optional

Event = dict[str, Any]
Listener = Callable[[Event], None]
_SHOWN_STATES = {"done": "done", "failed": "FAILED", "waiting": "waits", "cancelled": "cancelled", "held": "held back"}


def event(name: str, **facts: Any) -> Event:
    """An event with its time (UTC, seconds since 1970)."""
    return {"event": name, "time": round(time.time(), 3), **facts}


class JsonLines:
    """A listener that writes each event as one line."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __call__(self, happened: Event) -> None:
        """Writes it at once, so that a pipeline can follow."""
        self._stream.write(json.dumps(happened) + "\n")
        self._stream.flush()


class Log:
    """A listener that writes a line for each stage, and one for each shot, with the time of day."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __call__(self, happened: Event) -> None:
        """Writes what people want to read."""
        text = sentence(happened)
        if text:
            self._stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
            self._stream.flush()


def counted(number: int, noun: str) -> str:
    """``1 shot``, ``2 shots``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentence(happened: Event) -> str:
    """An event in words; empty for what only pipelines want to know."""
    kind, name = happened["event"], f"{happened.get('shot', '')}/{happened.get('stage', '')}"
    if kind == "stage_started":
        again = f" (try {happened['attempt']})" if happened["attempt"] > 1 else ""
        return f"{name} started{again}"
    if kind == "stage_finished":
        state = _SHOWN_STATES.get(happened["state"], happened["state"])
        more = f": {happened['message']}" if happened.get("message") else f" in {happened['seconds']:.1f} s"
        return f"{name} {state}{more}"
    if kind == "stage_retry":
        return f"{name} broke down and is tried again in {happened['delay']:.0f} s: {happened['message']}"
    if kind == "shot_finished":
        return f"{happened['shot']} {'complete' if happened['state'] == 'done' else happened['state'].upper()}"
    if kind == "batch_started":
        stages, shots = counted(happened["stages"], "stage"), counted(happened["shots"], "shot")
        return f"{happened['todo']} of {stages} to do in {shots}"
    if kind == "batch_finished":
        done = counted(happened["done"], "stage")
        return f"{happened['state']}: {done} done, {happened['failed']} failed, {happened['left']} left"
    return ""


class Table:
    """A listener that shows in a terminal what runs, and above it what has ended; elsewhere only the latter."""

    SECONDS = 0.2

    def __init__(self, stream: Optional[IO[str]] = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._running: dict[str, tuple[float, str]] = {}
        self._lines = 0
        self._counts = (0, 0)
        self._last = 0.0

    def __call__(self, happened: Event) -> None:
        """Shows it."""
        name = f"{happened.get('shot', '')}/{happened.get('stage', '')}"
        kind = happened["event"]
        if kind == "batch_started":
            self._counts = (0, happened["todo"])
        elif kind == "stage_started":
            self._running[name] = (time.monotonic(), "starts")
        elif kind == "stage_progress" and name in self._running:
            self._running[name] = (self._running[name][0], happened["text"])
        elif kind in ("stage_finished", "stage_retry"):
            self._running.pop(name, None)
            if kind == "stage_finished":
                self._counts = (self._counts[0] + 1, self._counts[1])
        text = sentence(happened)
        if not self._terminal:
            if text:
                print(text, file=self._stream, flush=True)
            return
        shown = text if kind not in ("stage_started",) else ""
        if shown or time.monotonic() - self._last > self.SECONDS:
            self._draw(shown)

    def _draw(self, above: str) -> None:
        self._last = time.monotonic()
        lines = [f"{self._counts[0]} of {counted(self._counts[1], 'stage')}"] if self._running else []
        for name, (since, text) in self._running.items():
            lines.append(f"  {name:<32.32} {self._last - since:6.0f} s  {text:.60}")
        back = f"\x1b[{self._lines}F" if self._lines else ""
        self._stream.write(back + "\x1b[J" + (above + "\n" if above else "") + "".join(f"{line}\n" for line in lines))
        self._stream.flush()
        self._lines = len(lines)


def open_events(target: str) -> tuple[JsonLines, Optional[IO[str]]]:
    """The listener for ``--events``: a file that is appended to, or ``-`` for stdout. Raises OSError."""
    if target == "-":
        return JsonLines(sys.stdout), None
    stream = Path(target).open("a", encoding="utf-8")  # noqa: SIM115 (the batch closes it)
    return JsonLines(stream), stream
