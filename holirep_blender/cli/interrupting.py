# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C while Blender renders: Python would not hear of it before the frame is done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable

import bpy

if TYPE_CHECKING:
    from .errors import CommandError


class Interrupting:
    """While the block lasts, Ctrl-C or SIGTERM ends the process at once, with one line on stderr and the JSON object.

    For work whose files are complete or not there at any time, and that changes nothing else.
    """

    def __init__(self, error: Callable[[], CommandError], as_json: bool) -> None:
        self._error = error
        self._as_json = as_json
        self._ends: tuple[int, int] | None = None
        self._before = -1
        self._handler: Any = signal.SIG_DFL

    def __enter__(self) -> Interrupting:
        """Starts the thread that waits for the signal."""
        if threading.current_thread() is threading.main_thread():
            self._ends = os.pipe()
            os.set_blocking(self._ends[1], False)
            self._handler = signal.signal(signal.SIGTERM, _heard)
            self._before = signal.set_wakeup_fd(self._ends[1], warn_on_full_buffer=False)
            threading.Thread(target=self._wait, args=(self._ends[0],), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends the thread."""
        if self._ends is not None:
            signal.set_wakeup_fd(self._before)
            signal.signal(signal.SIGTERM, signal.SIG_DFL if self._handler is None else self._handler)
            os.write(self._ends[1], b"\0")

    def _wait(self, end: int) -> None:
        number = os.read(end, 1)
        if not number or number[0] not in (signal.SIGINT, signal.SIGTERM):
            return
        error = self._error()
        print(f"holirep: error: {error}", file=sys.stderr, flush=True)
        if self._as_json:
            print(json.dumps({"ok": False, "exit_code": error.code, "error": str(error)}), flush=True)
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
        os._exit(error.code)


def _heard(_number: int, _frame: object) -> None:
    """The thread does it: this would only be called when the frame is done."""
