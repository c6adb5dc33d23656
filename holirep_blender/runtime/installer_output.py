# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what pip and uv print: how far they are, and why they failed in words for the user."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from ..protocol.sentences import NO_SPACE
from .faults import JobError

_NETWORK = (
    r"name resolution|NameResolutionError|NewConnectionError|Failed to establish a new connection|ConnectTimeout|"
    r"Max retries exceeded|ReadTimeout|Read timed out|Connection (refused|reset|aborted)|dns error|"
    r"error sending request|Failed to fetch|Network is unreachable|ProtocolError|IncompleteRead|operation timed out"
)

_CAUSES: tuple[tuple[str, str, str], ...] = (
    (r"No space left on device|ENOSPC|not enough space|disk full|os error 28\b", "disk", NO_SPACE),
    (
        r"DO NOT MATCH THE HASHES|Hash mismatch|hash mismatch",
        "network",
        "A package from your package index is not the file that HoliRep was tested with (its checksum differs), so it "
        "was not installed. Try again; if you use a mirror, it must serve unchanged files.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|SSLError|UnknownIssuer",
        "network",
        "The package index's certificate is not trusted on this computer. Behind a company proxy, set pip's 'cert' "
        "option to the company's certificate, then install again.",
    ),
    (
        r"ProxyError|407 Proxy|Tunnel connection failed",
        "network",
        "The network proxy refused the connection. Set pip's 'proxy' option or HTTPS_PROXY, then install again.",
    ),
    (
        r"\b(401|403) (Client )?(Error|Unauthorized|Forbidden)",
        "network",
        "The package index refused access. Check the user name and password in pip's configuration.",
    ),
    (
        _NETWORK,
        "network",
        "The package index cannot be reached. Check the network connection, then install again: it continues where it "
        "stopped. Without a network, choose a folder of wheels.",
    ),
    (
        r"ensurepip is not available|No module named '?(ensurepip|venv)|ensurepip.*non-zero exit",
        "python",
        "This Python cannot make environments: its venv module is not complete. On Debian and Ubuntu install the "
        "package python3-venv, or choose another Python in the preferences.",
    ),
    (
        r"Permission denied|PermissionError|Access is denied|WinError 5\b|EACCES|Read-only file system",
        "permission",
        "No permission to write into the runtime's folder. Choose another folder, or change its permissions.",
    ),
    (
        r"WinError 32\b|being used by another process",
        "permission",
        "A file of the runtime is in use. Close other Blenders, then install again.",
    ),
    (
        r"WinError 206|File name too long|filename or extension is too long",
        "setting",
        "The path of the runtime's folder is too long. Choose a shorter one, near the root of a drive.",
    ),
)


def explain_installer(lines: Sequence[str], tool: str, offline: bool) -> JobError:
    """Why pip, uv or venv failed, from what it printed."""
    text = "\n".join(lines)
    missing = re.search(r"No matching distribution found for ([^\s(]+)", text) or re.search(
        r"[Bb]ecause (?:there (?:is|are) no versions? of )?([A-Za-z0-9_.-]+(?:==\S+)?) (?:was|were) not found", text
    )
    if offline and (missing or "No solution found" in text):
        name = missing.group(1) if missing else "a package"
        message = (
            f"The folder of wheels lacks {name}, or has it for another Python or system. Fill it with 'pip download' "
            "for this Python and system as the manual says, then install again."
        )
        return JobError("setting", message, text)
    for pattern, kind, message in _CAUSES:
        if re.search(pattern, text):
            return JobError(kind, message, text)
    if missing:
        message = (
            f"Your package index cannot be reached, or has no {missing.group(1)} for this Python and system. "
            "Check the network and pip's configuration, then install again: it continues where it stopped."
        )
        return JobError("network", message, text)
    last = next((line for line in reversed(lines) if line.strip() and not line.startswith("WARNING")), "no message")
    return JobError("internal", f"{tool} failed: {last.strip()}. The whole log is in the runtime's folder.", text)


class InstallProgress:
    """Turns the lines of one pip or uv run into a fraction of that run, 0 to 1."""

    def __init__(self, megabytes: float, packages: int, report: Callable[[str, float, float | None], None]) -> None:
        self._bytes = megabytes * 1e6
        self._packages = packages
        self._report = report
        self._start = time.monotonic()
        self._finished = 0.0
        self._file = 0.0
        self._seen = 0
        self._name = "packages"
        self._last = 0.0

    def __call__(self, line: str) -> None:
        """One line of output."""
        text = line.strip()
        amount = re.match(r"Progress (\d+) of (\d+)", text)
        if amount:
            self._file = float(amount.group(1))
            if time.monotonic() - self._last >= 0.1 or self._file >= float(amount.group(2)):
                self._tell(f"Downloading {self._name}")
            return
        begun = re.match(r"(?:Collecting|Processing|Downloading|Using cached) +(?:\S*/)?([A-Za-z0-9_.]+)", text)
        if begun:
            self._finished += self._file
            self._file = 0.0
            self._name = begun.group(1).split("-")[0]
            self._seen += not text.startswith(("Downloading ", "Using cached")) or " (" not in text
            self._tell(f"Downloading {self._name}")
        elif text.startswith(("Installing collected packages", "Prepared ")):
            self._report("Installing packages", 0.75, None)

    def _tell(self, stage: str) -> None:
        self._last = time.monotonic()
        fetched = self._finished + self._file
        by_bytes = min(fetched / self._bytes, 1.0) if self._bytes else 0.0
        by_count = min(self._seen / self._packages, 1.0) if self._packages else 0.0
        elapsed = self._last - self._start
        left = (self._bytes - fetched) * elapsed / fetched if fetched > 5e6 and fetched < self._bytes else None
        self._report(stage, 0.7 * max(by_bytes, by_count), left)
