# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's end of the worker: starts it, talks to it, notices when it dies or hangs, stops it.

Reader threads only fill queues; everything else happens in `poll`, which never blocks.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Union

from ..protocol.messages import MAX_LINE_BYTES, ProtocolError, decode, encode
from ..protocol.sentences import IF_AGAIN, PRESS_REPAIR
from .faults import JobError, explain_exit
from .process import clean_environment, start_process, stop_group, stop_group_soon
from .worker_log import WorkerLog

GARBAGE_LIMIT = 20
"""Lines on stdout that are no message before the worker counts as broken."""

STDERR_LINES = 400


@dataclass
class Patience:
    """How long to wait before something counts as hanging, in seconds. It may be changed at any time."""

    start: float = 120.0
    """From the start to the first word; a cold disk and a virus scanner are slow."""
    heartbeat: float = 30.0
    """Without a heartbeat: the process itself hangs."""
    end: float = 5.0
    """From the end of its output to its end: until then there is no exit code to tell why."""
    stall: float = 300.0
    """With heartbeats but without progress while a job runs: the stage hangs."""


@dataclass(frozen=True)
class Reply:
    """The answer to a request: `result`, or `error` as the JSON-RPC error object."""

    request_id: int
    result: Any
    error: dict[str, Any] | None


@dataclass(frozen=True)
class Note:
    """A notification."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Death:
    """The worker is gone, or was given up on."""

    error: JobError


Message = Union[Reply, Note, Death]


class WorkerClient:
    """One worker process. Raises OSError from the constructor where it cannot be started."""

    def __init__(
        self, python: Path, script: Path, patience: Patience | None = None, log: WorkerLog | None = None
    ) -> None:
        self.python = python
        self._log = log
        self.patience = patience or Patience()
        self.temporary_folder = Path(tempfile.mkdtemp(prefix="holirep-worker-"))
        folder = str(self.temporary_folder)
        # Its own folder for temporary files, so that nothing stays behind when it is killed.
        environment = clean_environment(os.environ, TMPDIR=folder, TEMP=folder, TMP=folder, MPLBACKEND="Agg")
        try:
            command = [str(python), "-I", "-X", "utf8", str(script), "serve"]
            self._process = start_process(command, environment, stdin=True)
        except OSError:
            shutil.rmtree(self.temporary_folder, ignore_errors=True)
            raise
        now = time.monotonic()
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._garbage: deque[str] = deque(maxlen=GARBAGE_LIMIT)
        self._garbage_count = 0
        self._last_id = 0
        self._last_poll = now
        self._last_heard = now
        self._last_progress = now
        self._spoken = False
        self._stdout_ended = False
        self._death: JobError | None = None
        self._stopping: threading.Thread | None = None
        self._note(f"started: {python}")
        self._threads = [
            threading.Thread(target=self._read_stdout, name="holirep-worker-stdout", daemon=True),
            threading.Thread(target=self._read_stderr, name="holirep-worker-stderr", daemon=True),
            threading.Thread(target=self._write_stdin, name="holirep-worker-stdin", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """It was stopped, and its whole group has ended."""
        return self._stopping is not None and not self._stopping.is_alive()

    @property
    def ready(self) -> bool:
        """It has said something and is not known to be dead."""
        return self._spoken and self._death is None

    @property
    def stderr_lines(self) -> list[str]:
        """The end of what it wrote to stderr, and what on its stdout was no message."""
        return [*self._stderr, *(f"[stdout] {line}" for line in self._garbage)]

    def request(self, method: str, params: dict[str, Any]) -> int:
        """Send a request; its number comes back in the `Reply`."""
        self._last_id += 1
        self._last_progress = time.monotonic()
        self._outgoing.put(encode({"id": self._last_id, "method": method, "params": params}))
        return self._last_id

    def poll(self, busy: bool) -> list[Message]:
        """What arrived since the last call. `busy`: a job is running, so progress is expected. Never blocks."""
        messages: list[Message] = []
        if self._death is not None:
            return messages
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                break
            if line is None:
                self._stdout_ended = True
                continue
            message = self._understand(line)
            if message is not None:
                messages.append(message)
        error = self._look_for_death(busy)
        if error is not None:
            self._death = error
            self._note(f"gave up: {error.message}" if self._process.poll() is None else f"ended: {error.message}")
            self.stop()
            messages.append(Death(error))
        return messages

    def stop(self) -> None:
        """End the process group within two seconds, without blocking."""
        if self._stopping is None:
            self._outgoing.put(None)
            self._stopping = stop_group_soon(self._process)

    def close(self) -> None:
        """End the process group and clean up after it. Blocks until it is gone."""
        if self._stopping is None:
            self._outgoing.put(None)
            stop_group(self._process)
        else:
            self._stopping.join()
        for thread in self._threads:
            thread.join(timeout=1.0)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    pipe.close()
        shutil.rmtree(self.temporary_folder, ignore_errors=True)

    def _understand(self, line: bytes) -> Message | None:
        try:
            message = decode(line)
            if "method" in message:
                params = message.get("params") or {}
                if not isinstance(params, dict):
                    raise ProtocolError("params are no object")
                self._spoken = True
                if message["method"] != "heartbeat":
                    self._last_progress = time.monotonic()
                return Note(str(message["method"]), params)
            if "id" in message and ("result" in message or isinstance(message.get("error"), dict)):
                self._spoken = True
                return Reply(int(message["id"] or 0), message.get("result"), message.get("error"))
            raise ProtocolError("neither a request nor an answer")
        except (ProtocolError, TypeError, ValueError):
            self._garbage_count += 1
            self._garbage.append(line[:500].decode("utf-8", "replace").rstrip())
            if self._garbage_count <= GARBAGE_LIMIT:
                self._note(f"[stdout] {self._garbage[-1]}")
            return None

    def _note(self, text: str) -> None:
        if self._log is not None:
            self._log.write(self.pid, text)

    def _look_for_death(self, busy: bool) -> JobError | None:
        now = time.monotonic()
        # After the host itself slept or was stopped, the readers get one tick to catch up before anything is judged.
        caught_up = now - self._last_poll < 5.0
        self._last_poll = now
        log = "\n".join(self.stderr_lines)
        code = self._process.poll()
        if code is not None and (self._stdout_ended or not self._threads[0].is_alive()) and self._lines.empty():
            self._threads[1].join(timeout=0.2)
            return explain_exit(code, self.stderr_lines)
        if self._garbage_count > GARBAGE_LIMIT:
            text = (
                "The worker says things that HoliRep does not understand. Its Python may be wrapped by another "
                f"program, or the runtime may be damaged. {PRESS_REPAIR}"
            )
            return JobError("worker", text, log)
        if code is None and self._stdout_ended and now - self._last_heard > self.patience.end:
            return JobError("worker", f"The worker closed its output. {IF_AGAIN}", log)
        if not caught_up:
            return None
        silence = now - self._last_heard
        if not self._spoken:
            if silence > self.patience.start:
                text = f"The worker did not answer within {self.patience.start:.0f} seconds. Run Doctor to see why."
                return JobError("worker", text, log)
        elif silence > self.patience.heartbeat:
            text = f"The worker hangs: no sign of life for {silence:.0f} seconds. It was stopped; run again."
            return JobError("worker", text, log)
        elif busy and now - self._last_progress > self.patience.stall:
            text = (
                f"The worker is alive but made no progress for {now - self._last_progress:.0f} seconds. It was "
                "stopped; run again, with a shorter frame range if it happens again."
            )
            return JobError("worker", text, log)
        return None

    def _read_stdout(self) -> None:
        stream: IO[bytes] | None = self._process.stdout
        assert stream is not None
        try:
            while line := stream.readline(MAX_LINE_BYTES):
                self._last_heard = time.monotonic()
                self._lines.put(line)
        except (OSError, ValueError):
            pass  # the pipe was closed under us by `close`
        self._lines.put(None)

    def _read_stderr(self) -> None:
        stream: IO[bytes] | None = self._process.stderr
        assert stream is not None
        try:
            while line := stream.readline(8192):
                self._stderr.append(line.decode("utf-8", "replace").rstrip())
                self._note(self._stderr[-1])
        except (OSError, ValueError):
            pass  # as above

    def _write_stdin(self) -> None:
        stream: IO[bytes] | None = self._process.stdin
        assert stream is not None
        try:
            while (data := self._outgoing.get()) is not None:
                stream.write(data)
                stream.flush()
            stream.close()
        except (OSError, ValueError):
            pass  # the worker is gone; `poll` says why
