# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's side of the protocol: one request at a time in the main thread, heartbeats from another."""

from __future__ import annotations

import errno
import importlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO, Callable

from ..protocol.messages import (
    INVALID_REQUEST,
    JOB_FAILED,
    METHOD_NOT_FOUND,
    Progress,
    ProtocolError,
    decode,
    encode,
)
from ..protocol.sentences import IF_AGAIN, NO_SPACE, OUT_OF_MEMORY, PRESS_REPAIR, missing_package

HEARTBEAT_SECONDS = 1.0
MEMORY_PROBE_BYTES = 256 * 1024 * 1024
"""About what decoding and tracking a plate in high definition needs on top."""

METHODS = {
    "hello": ("runtime_report", "hello"),
    "diagnose": ("runtime_report", "diagnose"),
    "inspect_plate": ("plate_requests", "inspect_plate"),
    "find_people": ("plate_requests", "find_people"),
    "replicate": ("replicate", "replicate"),
    "solve": ("solve_again", "solve_again"),
    "clean_plate": ("clean_plate", "clean_plate"),
}
"""Method to the module and function that answers it. Modules are loaded on first use: `hello` needs no library."""


class Connection:
    """The protocol's own pair of streams, out of the reach of libraries that print."""

    def __init__(self) -> None:
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        # Libraries in C++ print to descriptor 1 whatever sys.stdout is; and no child may read our requests.
        os.dup2(2, 1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        sys.stdout = sys.stderr
        self._lock = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        """Write one message; the worker ends if nobody reads any more."""
        data = memoryview(encode(message))
        try:
            with self._lock:
                while data:
                    data = data[self._out.write(data) :]
        except OSError:
            end_everything()

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def read_requests(self, requests: queue.Queue[dict[str, Any]]) -> None:
        """Queue every request until the host is gone; then end this process and its children."""
        for line in self._in:
            try:
                requests.put(decode(line))
            except ProtocolError as error:
                self.send({"id": None, "error": {"code": INVALID_REQUEST, "message": f"Not a request: {error}"}})
        end_everything()

    def beat(self) -> None:
        """A heartbeat each second for ever."""
        wait = threading.Event()
        while True:
            self.notify("heartbeat", {})
            wait.wait(HEARTBEAT_SECONDS)


class Reporter:
    """How a method tells the host about its progress. Callable with a `Progress`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, progress: Progress) -> None:
        """Report progress."""
        self._connection.notify("progress", progress.to_json())

    def warn(self, message: str) -> None:
        """Tell the user something although the job goes on."""
        self._connection.notify("warning", {"message": message})


def end_everything() -> None:
    """The host is gone or wants us gone: leave no child and no temporary file."""
    temporary = Path(tempfile.gettempdir())
    if temporary.name.startswith("holirep-worker-"):
        shutil.rmtree(temporary, ignore_errors=True)
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(os.getpid())], check=False, capture_output=True)
    elif os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def describe_failure(error: BaseException) -> dict[str, Any]:
    """The JSON-RPC error object for an exception: a message for the user, `data.kind`, and the traceback."""
    kind, message = _kind_and_message(error)
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {"code": JOB_FAILED, "message": message, "data": {"kind": kind, "traceback": trace}}


def _kind_and_message(error: BaseException) -> tuple[str, str]:
    from .errors import UserError

    text = str(error)
    if isinstance(error, UserError):
        # FFmpeg only says that it cannot read on: where memory is short, that is the reason, not the plate.
        return ("memory", OUT_OF_MEMORY) if error.kind == "plate" and _memory_is_short() else (error.kind, text)
    if isinstance(error, MemoryError) or re.search(
        r"out of memory|Insufficient memory|bad_alloc|failed to map segment|Cannot allocate memory|start new thread",
        text,
        re.I,
    ):
        return "memory", OUT_OF_MEMORY
    if isinstance(error, SystemError) and _memory_is_short():
        # Libraries that find no memory may fail without saying so.
        return "memory", OUT_OF_MEMORY
    if isinstance(error, ModuleNotFoundError):
        return "runtime", missing_package((error.name or text).split(".")[0])
    if isinstance(error, ImportError):
        return "runtime", f"A package of the runtime cannot be loaded: {text}. {PRESS_REPAIR}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "disk", NO_SPACE
    if isinstance(error, PermissionError):
        return (
            "disk",
            f"No permission to use {error.filename or 'a file'}. Choose another folder, or change its permissions.",
        )
    if isinstance(error, OSError) and error.filename:
        return "disk", f"{error.strerror}: {error.filename}"
    return "internal", f"An internal error happened: {text or type(error).__name__}. {IF_AGAIN}"


def _memory_is_short() -> bool:
    try:
        bytearray(MEMORY_PROBE_BYTES)
    except MemoryError:
        return True
    return False


def answer(request: dict[str, Any], report: Reporter) -> dict[str, Any]:
    """The reply to a request, `{"result": …}` or `{"error": …}`."""
    method = request.get("method")
    if method not in METHODS:
        return {
            "error": {
                "code": METHOD_NOT_FOUND,
                "message": f"The worker knows no '{method}'.",
                "data": {"kind": "internal"},
            }
        }
    module_name, function_name = METHODS[method]
    try:
        module = importlib.import_module(f".{module_name}", __package__)
        function: Callable[..., Any] = getattr(module, function_name)
        return {"result": function(request.get("params") or {}, report)}
    except Exception as error:
        failure = describe_failure(error)
        print(failure["data"]["traceback"], file=sys.stderr)
        return {"error": failure}


def main(argv: list[str]) -> int:
    """Serve until `shutdown`, the end of stdin, or a signal."""
    connection = Connection()
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=connection.beat, name="heartbeat", daemon=True).start()
    threading.Thread(target=connection.read_requests, args=(requests,), name="requests", daemon=True).start()
    report = Reporter(connection)
    while True:
        request = requests.get()
        if request.get("method") == "shutdown":
            connection.send({"id": request.get("id"), "result": {}})
            end_everything()
        reply = answer(request, report)
        connection.send({"id": request.get("id"), **reply})
