# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes that can be stopped together with all their own children, on every platform."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE_SECONDS = 1.0
"""Between asking a group to end and killing it: half of the two seconds within which a cancel must have worked."""

if sys.platform == "win32":
    NO_WINDOW = subprocess.CREATE_NO_WINDOW
else:
    NO_WINDOW = 0
"""Keeps Windows from opening a console for each program that Blender starts."""

_LEFT_OUT = ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def clean_environment(environ: Mapping[str, str], **extra: str) -> dict[str, str]:
    """The host's environment without what belongs to its own Python.

    Blender ships a Python of its own and studios set PYTHONPATH for it; in another Python either would load packages
    built for the wrong version.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("PYTHON") and name not in _LEFT_OUT}
    kept.update(extra)
    return kept


def start_process(
    command: Sequence[str], environment: Mapping[str, str], *, stdin: bool, merge: bool = False
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, with binary pipes. `merge` sends its stderr into its stdout.

    Raises OSError where the program cannot be started.
    """
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | NO_WINDOW
        session = False
    else:
        flags, session = 0, True
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merge else subprocess.PIPE,
        env=dict(environment),
        start_new_session=session,
        creationflags=flags,
    )


def _signal_group(process: subprocess.Popen[bytes], force: bool) -> None:
    if sys.platform == "win32":
        if process.poll() is None:
            # Windows has no signal that a console-less tree would heed: taskkill ends the tree in one go.
            subprocess.run(
                ["taskkill", "/F", "/T", "/PID", str(process.pid)],
                capture_output=True,
                check=False,
                creationflags=NO_WINDOW,
            )
        return
    # Either error says that nobody of the group is left (macOS says EPERM when only zombies are).
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL if force else signal.SIGTERM)


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is None:
        return True
    if sys.platform == "win32":
        return False
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def stop_group(process: subprocess.Popen[bytes], grace: float = GRACE_SECONDS) -> None:
    """End a process and all its children, and reap it. Blocks for `grace` seconds at most, then kills."""
    _signal_group(process, force=False)
    deadline = time.monotonic() + grace
    while _group_lives(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    _signal_group(process, force=True)
    # One in an uninterruptible system call outlasts this; the kernel ends it as soon as the call returns.
    deadline = time.monotonic() + GRACE_SECONDS
    while _group_lives(process) and time.monotonic() < deadline:
        time.sleep(0.01)


def stop_group_soon(process: subprocess.Popen[bytes]) -> threading.Thread:
    """`stop_group` in a thread, for callers that must not block."""
    thread = threading.Thread(target=stop_group, args=(process,), name="holirep-stop", daemon=True)
    thread.start()
    return thread


def environment_python(environment: Path) -> Path:
    """The interpreter of a virtual or conda environment; the file need not exist."""
    if sys.platform == "win32":
        script = environment / "Scripts" / "python.exe"
        return script if script.is_file() else environment / "python.exe"
    return environment / "bin" / "python"
