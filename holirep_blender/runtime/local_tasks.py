# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that run beside the worker: they build, check and remove the runtime. Each runs in a thread of the host."""

from __future__ import annotations

import os
import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ..protocol.messages import Progress
from ..protocol.sentences import IF_AGAIN
from .faults import Cancelled, JobError, RuntimeFault
from .process import clean_environment, start_process, stop_group


class Console:
    """What a local task has to report with and to run programs with."""

    def __init__(self) -> None:
        self.progress: queue.SimpleQueue[Progress] = queue.SimpleQueue()
        self.warnings: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.lines: deque[str] = deque(maxlen=400)
        self._cancel = threading.Event()
        self._log: IO[str] | None = None

    def open_log(self, path: Path) -> None:
        """Keep everything in a file too, from the start."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._log = path.open("a", encoding="utf-8", errors="replace")

    def close_log(self) -> None:
        """Close the log file, if there is one."""
        if self._log is not None:
            self._log.close()
            self._log = None

    @property
    def log_hint(self) -> str:
        """A sentence that names the log file, to follow another one; empty where there is none."""
        return f" The log is {self._log.name}." if self._log is not None else ""

    def report(self, progress: Progress) -> None:
        """Say how far it is."""
        self.progress.put(progress)

    def warn(self, message: str) -> None:
        """Say something that the user should see although the task goes on."""
        self.log(f"Warning: {message}")
        self.warnings.put(message)

    def log(self, line: str) -> None:
        """Keep a line for the log."""
        self.lines.append(line)
        if self._log is not None:
            self._log.write(line + "\n")
            self._log.flush()

    def cancel(self) -> None:
        """Ask the task to end."""
        self._cancel.set()

    def check(self) -> None:
        """Raise `Cancelled` if the user cancelled."""
        if self._cancel.is_set():
            raise Cancelled

    def run(
        self,
        command: Sequence[str],
        on_line: Callable[[str], None] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[int, list[str]]:
        """Run a program to its end; returns its exit code and its last 200 lines, stdout and stderr together.

        Raises `Cancelled` once its whole group is gone when the user cancels, and OSError where it cannot be started.
        """
        self.check()
        self.log("$ " + " ".join(command))
        environment = clean_environment(os.environ) if environment is None else environment
        process = start_process(command, environment, stdin=False, merge=True)
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        reader = threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True)
        reader.start()
        last: deque[str] = deque(maxlen=200)
        try:
            ended = False
            while not ended:
                self.check()
                try:
                    line = lines.get(timeout=0.1)
                except queue.Empty:
                    continue
                if line is None:
                    ended = True
                    continue
                last.append(line)
                if not line.startswith("Progress "):
                    self.log(line)
                if on_line is not None:
                    on_line(line)
            while process.poll() is None:
                self.check()
                self._cancel.wait(0.05)
        finally:
            stop_group(process)
            reader.join(timeout=1.0)
            if process.stdout is not None:
                process.stdout.close()
        return process.returncode, list(last)


def _read_lines(stream: IO[bytes] | None, lines: queue.SimpleQueue[str | None]) -> None:
    assert stream is not None
    try:
        while line := stream.readline(8192):
            lines.put(line.decode("utf-8", "replace").rstrip())
    except (OSError, ValueError):
        pass  # closed after a cancel
    lines.put(None)


LocalFunction = Callable[[Mapping[str, Any], Console], Any]


class LocalTask:
    """A local function at work in its thread."""

    def __init__(self, function: LocalFunction, params: Mapping[str, Any]) -> None:
        self._console = Console()
        self.result: Any = None
        self.error: JobError | None = None
        self.outcome = "failed"
        self._thread = threading.Thread(target=self._run, args=(function, params), name="holirep-task", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread.is_alive()

    @property
    def log_lines(self) -> list[str]:
        """The end of its log."""
        return list(self._console.lines)

    def cancel(self) -> None:
        """Ask it to end; it does within two seconds."""
        self._console.cancel()

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join()

    def take_progress(self) -> list[Progress]:
        """What it reported since the last call."""
        return _drain(self._console.progress)

    def take_warnings(self) -> list[str]:
        """What it warned of since the last call."""
        return _drain(self._console.warnings)

    def _run(self, function: LocalFunction, params: Mapping[str, Any]) -> None:
        try:
            self.result = function(params, self._console)
            self.outcome = "done"
        except Cancelled:
            self.outcome = "cancelled"
        except RuntimeFault as fault:
            self.error = fault.error
        except Exception as error:
            self._console.log(traceback.format_exc())
            text = f"An internal error happened: {error}. {IF_AGAIN}{self._console.log_hint}"
            self.error = JobError("internal", text, traceback.format_exc())
        finally:
            self._console.close_log()


def _drain(source: queue.SimpleQueue[Any]) -> list[Any]:
    found = []
    while not source.empty():
        found.append(source.get())
    return found
