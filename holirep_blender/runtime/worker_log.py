# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's log file: what its libraries say, what on its stdout was no message, and how it ended."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

NAME = "worker.log"
BACKUP = "worker.1.log"
LIMIT_BYTES = 1_000_000
"""From this size on the file becomes the backup, and the older backup is gone."""
LINE_CHARACTERS = 2000


class WorkerLog:
    """Appends lines to `worker.log` in a folder. To be called from any thread.

    The file is opened anew for each line, so that several Blenders can share it and its folder can always be
    deleted; a log that cannot be written never disturbs a job.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()

    def write(self, pid: int, text: str) -> None:
        """Add what the worker with that process id said or did; several lines where the text has several."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        lines = [f"{stamp} [{pid}] {_printable(line)}\n" for line in text.splitlines()]
        with self._lock, contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_file() and self.path.stat().st_size >= LIMIT_BYTES:
                os.replace(self.path, self.path.with_name(BACKUP))
            with self.path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write("".join(lines))

    def hint(self) -> str:
        """A sentence that names the file, to follow another one; empty where nothing could be written."""
        return f" The worker's log is {self.path}." if self.path.is_file() else ""


def last_lines(folder: Path, count: int) -> list[str]:
    """The end of the log in a folder; empty where there is none."""
    try:
        with (folder / NAME).open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - count * LINE_CHARACTERS))
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return lines[-count:]


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in line[:LINE_CHARACTERS])
