# SPDX-License-Identifier: GPL-3.0-or-later
"""Two locks: one for a batch on its machine, which the system lets go of, and one for a stage, for all machines.

Network file systems do not all pass on the system's locks, so a stage's is a file that only one can create. It tells
who has it and is touched again and again; one that was not touched for long, or whose process is gone, counts for
nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..runtime.faults import RuntimeFault
from ..runtime.folder_lock import folder_lock
from .plan import Plan, Stage

BEAT_SECONDS = 10.0
STALE_SECONDS = 600.0
"""Long, because a Blender that renders one heavy frame gives no other thread a turn."""


class Busy(Exception):
    """Somebody else is at it; the message says who."""


@contextmanager
def batch_lock(plan: Plan) -> Iterator[None]:
    """Hold the output folder against other batches of this machine. Raises Busy."""
    plan.state.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(folder_lock(plan.state / "batch"))
        except RuntimeFault as error:
            raise Busy(f"Another batch is writing into {plan.output}. Wait until it is done, or cancel it") from error
        yield


@contextmanager
def stage_lock(plan: Plan, stage: Stage) -> Iterator[None]:
    """Hold a stage against everybody. Raises Busy."""
    path = plan.state / "locks" / stage.shot / f"{stage.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "begun": _begun(os.getpid())})
    _take(path, mine, stage.id)
    end = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, end), name="holirep-lock", daemon=True)
    beat.start()
    try:
        yield
    finally:
        end.set()
        beat.join()
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8") == mine:
                path.unlink()


def _take(path: Path, mine: str, name: str) -> None:
    for _attempt in range(3):
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except FileExistsError:
            stale = _text(path)
            owner = _owner(path)
            if owner is not None:
                raise Busy(f"{name} is being done by another process ({owner})") from None
            _remove_stale(path, stale, name)
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(mine)
        return
    raise Busy(f"{name} is being done by another process")


def _remove_stale(path: Path, stale: str, name: str) -> None:
    """Removes a lock that nobody has; raises Busy where somebody took it meanwhile."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.stale")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return
    if _text(aside) != stale:  # another one was quicker, and this is its own
        with contextlib.suppress(OSError):
            os.link(aside, path)
        aside.unlink(missing_ok=True)
        raise Busy(f"{name} is being done by another process")
    aside.unlink(missing_ok=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _owner(path: Path) -> str | None:
    """Who has a lock; None where nobody has it any more."""
    try:
        age = _clock(path.parent) - path.stat().st_mtime
        values = json.loads(path.read_text(encoding="utf-8"))
        host, pid, begun = str(values["host"]), int(values["pid"]), values["begun"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        # Whoever is creating it has not written its name yet, or died before.
        return "unknown" if _recent(path) else None
    if age > STALE_SECONDS:
        return None
    if host == socket.gethostname() and (not _lives(pid) or _begun(pid) != begun):
        return None
    return f"process {pid} on {host}"


def _recent(path: Path) -> bool:
    try:
        return _clock(path.parent) - path.stat().st_mtime < BEAT_SECONDS
    except OSError:
        return False


def _clock(folder: Path) -> float:
    """The time by the clock of the folder's file system, which may be another machine's."""
    probe = folder / f".clock.{os.getpid()}.{threading.get_ident()}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _beat(path: Path, end: threading.Event) -> None:
    while not end.wait(BEAT_SECONDS):
        with contextlib.suppress(OSError):
            os.utime(path)


def _lives(pid: int) -> bool:
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _begun(pid: int) -> str:
    """What tells a process from a later one with the same number; empty where the system does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
