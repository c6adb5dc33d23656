# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong outside the host, in words for the user."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from ..protocol.sentences import IF_AGAIN, NO_SPACE, OUT_OF_MEMORY, missing_package


@dataclass(frozen=True)
class JobError:
    """One sentence or two for the user, and the rest for the log.

    `kind`: `plate`, `runtime`, `memory`, `disk`, `worker` (it died or hung), `network`, `python`, `permission`,
    `setting` or `internal`.
    """

    kind: str
    message: str
    details: str = ""

    def __str__(self) -> str:
        return self.message


class RuntimeFault(Exception):
    """A failure that the user can read and act on."""

    def __init__(self, kind: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.error = JobError(kind, message, details)


class Cancelled(Exception):
    """The user cancelled."""


_SIGNALS = {
    "SIGKILL": "The system killed the worker, most likely because the memory ran out. Close other programs, or use a "
    "shorter frame range or a smaller plate, then run again.",
    "SIGSEGV": "The worker crashed (segmentation fault) in one of its libraries. Run again; if it happens again, "
    "repair the runtime.",
    "SIGBUS": f"The worker crashed (bus error): the disk or the memory may be full. {IF_AGAIN}",
    "SIGILL": "The worker crashed (illegal instruction): a library in the runtime does not run on this processor. "
    "Repair the runtime, or use a runtime built for this machine.",
    "SIGABRT": f"A library in the worker gave up (abort). {IF_AGAIN}",
    "SIGTERM": "Another program ended the worker. Run again.",
    "SIGXFSZ": "A file grew beyond the limit that the system sets. " + NO_SPACE,
}

_WINDOWS_EXITS = {
    0xC0000005: _SIGNALS["SIGSEGV"],
    0xC00000FD: _SIGNALS["SIGSEGV"],
    0xC000001D: _SIGNALS["SIGILL"],
    0xC0000017: OUT_OF_MEMORY,
    0xC000012D: OUT_OF_MEMORY,
    0xC0000409: _SIGNALS["SIGABRT"],
    0xC0000135: "The worker could not start: Windows does not find a library that the runtime needs. Install the "
    "Microsoft Visual C++ Redistributable, then repair the runtime.",
}


_SHORT_OF_MEMORY = re.compile(
    r"bad_alloc|MemoryError|[Cc]annot allocate memory|failed to map segment|pthread_create failed"
    # what is left of several threads that meet std::bad_alloc at once
    r"|terminate called recursively"
)


def explain_exit(code: int, stderr: Sequence[str]) -> JobError:
    """Why the worker is gone, from its exit code (Popen's: negative for a signal) and the end of its stderr."""
    details = "\n".join(stderr)
    recent = "\n".join(stderr[-60:])
    missing = re.search(r"No module named '([\w.]+)'", recent)
    library = re.search(r"ImportError: ([\w.+-]+\.so[\w.]*): cannot open shared object file", recent)
    short_of_memory = _SHORT_OF_MEMORY.search(recent)
    if -256 < code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        text = _SIGNALS.get(name, f"The worker was stopped by {name}. {IF_AGAIN}")
        kind = "memory" if name == "SIGKILL" else "disk" if name == "SIGXFSZ" else "worker"
        if name in {"SIGABRT", "SIGSEGV"} and short_of_memory:
            kind, text = "memory", OUT_OF_MEMORY
        return JobError(kind, text, details)
    if code & 0xFFFFFFFF in _WINDOWS_EXITS:
        text = _WINDOWS_EXITS[code & 0xFFFFFFFF]
        return JobError("memory" if text == OUT_OF_MEMORY else "worker", text, details)
    if missing:
        return JobError("runtime", missing_package(missing.group(1).split(".")[0]), details)
    if library:
        text = f"The runtime needs the system library {library.group(1)}. Install it with the system's package manager."
        return JobError("runtime", text, details)
    if short_of_memory:
        return JobError("memory", OUT_OF_MEMORY, details)
    if "No space left on device" in recent:
        return JobError("disk", NO_SPACE, details)
    return JobError("worker", f"The worker ended unexpectedly (exit code {code}). {IF_AGAIN}", details)
