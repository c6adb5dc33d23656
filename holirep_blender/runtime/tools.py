# SPDX-License-Identifier: GPL-3.0-or-later
"""The two programs that can fill an environment, pip and uv, behind one interface."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from .faults import RuntimeFault
from .installer_output import explain_installer
from .local_tasks import Console
from .process import clean_environment, environment_python
from .pythons import FoundPython

OnLine = Callable[[str], None]


class InstallTool(ABC):
    """Makes an environment in a folder and installs packages into it."""

    name = ""

    def __init__(self, python: FoundPython, folder: Path, wheels: Path | None) -> None:
        self.python = python
        self.folder = folder
        self.wheels = wheels

    @abstractmethod
    def create(self, console: Console) -> None:
        """Make the environment. Raises RuntimeFault."""

    @abstractmethod
    def install(self, arguments: Sequence[str], console: Console, on_line: OnLine | None) -> None:
        """Install what the arguments name. Raises RuntimeFault."""

    @abstractmethod
    def install_torch(self, arguments: Sequence[str], console: Console, on_line: OnLine | None) -> None:
        """The same for PyTorch, whose build depends on the machine. Raises RuntimeFault."""

    def _run(
        self, command: Sequence[str], environment: dict[str, str], console: Console, on_line: OnLine | None
    ) -> None:
        try:
            code, lines = console.run(command, on_line, environment)
        except OSError as error:
            raise RuntimeFault("python", f"{command[0]} cannot be started ({error.strerror}).", str(error)) from error
        if code != 0:
            error_found = explain_installer(lines, self.name, self.wheels is not None)
            raise RuntimeFault(error_found.kind, error_found.message, error_found.details)


class PipTool(InstallTool):
    """`venv` and `pip` of the chosen Python; they obey pip's configuration files and variables by themselves."""

    name = "pip"

    def create(self, console: Console) -> None:
        """Make the environment with `venv`."""
        self._run([str(self.python.path), "-I", "-m", "venv", str(self.folder)], self._environment(), console, None)

    def install(self, arguments: Sequence[str], console: Console, on_line: OnLine | None) -> None:
        """Install with the environment's own pip."""
        command = [str(environment_python(self.folder)), "-I", "-m", "pip", "install", "--only-binary", ":all:"]
        if on_line is not None:
            command += ["--progress-bar", "raw"]
        if self.wheels is not None:
            command += ["--no-index", "--find-links", str(self.wheels)]
        self._run([*command, *arguments], self._environment(), console, on_line)

    def install_torch(self, arguments: Sequence[str], console: Console, on_line: OnLine | None) -> None:
        """The index decides which build it is."""
        self.install(arguments, console, on_line)

    def _environment(self) -> dict[str, str]:
        # Unknown PIP_* names are ignored by a pip that is too old for them.
        extra = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_RESUME_RETRIES": "5"}
        environment = clean_environment(os.environ, **extra)
        if self.wheels is not None:
            environment = {name: value for name, value in environment.items() if not name.startswith("PIP_FIND_LINKS")}
            environment["PIP_CONFIG_FILE"] = os.devnull
        return environment


class UvTool(InstallTool):
    """`uv`, told what pip's configuration says, with PyTorch's build chosen for the machine's GPU."""

    name = "uv"

    def __init__(
        self, uv: str, python: FoundPython, folder: Path, wheels: Path | None, settings: dict[str, str]
    ) -> None:
        super().__init__(python, folder, wheels)
        self._uv = uv
        self.device = "auto"
        self._settings = settings

    def create(self, console: Console) -> None:
        """Make the environment with `uv venv`; the folder already holds our marker and log."""
        command = [
            self._uv,
            "venv",
            "--allow-existing",
            "--no-project",
            "--python",
            str(self.python.path),
            str(self.folder),
        ]
        self._run(command, self._environment(), console, None)

    def install(self, arguments: Sequence[str], console: Console, on_line: OnLine | None) -> None:
        """Install with `uv pip`."""
        command = [self._uv, "pip", "install", "--python", str(environment_python(self.folder)), "--no-build"]
        if self.wheels is not None:
            command += ["--no-index", "--find-links", str(self.wheels)]
        self._run([*command, *arguments], self._environment(), console, on_line)

    def install_torch(self, arguments: Sequence[str], console: Console, on_line: OnLine | None) -> None:
        """The build for this machine from PyTorch's own index; where that cannot be had, the configured index's."""
        if self.wheels is not None:
            self.install(arguments, console, on_line)
            return
        backend = "cpu" if self.device == "cpu" else "auto"
        try:
            self.install([f"--torch-backend={backend}", *arguments], console, on_line)
        except RuntimeFault as fault:
            if fault.error.kind != "network":
                raise
            console.warn(
                "uv could not get PyTorch from PyTorch's own index, so your package index's build is installed; it may "
                "not support the GPU. Doctor says what it supports."
            )
            self.install(arguments, console, on_line)

    def _environment(self) -> dict[str, str]:
        environment = clean_environment(os.environ, **self._settings)
        environment.update(UV_NO_PROGRESS="1", UV_NO_CONFIG="1") if self.wheels is not None else None
        return environment


def choose_tool(wanted: str, python: FoundPython, folder: Path, wheels: Path | None, console: Console) -> InstallTool:
    """`pip`, `uv`, or for `auto` uv where the user has it. Raises RuntimeFault where the wanted one is not there."""
    if wanted not in ("auto", "pip", "uv"):
        raise RuntimeFault("setting", f"There is no install tool '{wanted}'; choose auto, pip or uv.")
    uv = find_uv() if wanted in ("auto", "uv") else None
    if uv is not None:
        return UvTool(uv, python, folder, wheels, uv_settings(python, console))
    if wanted == "uv":
        raise RuntimeFault("setting", "uv was not found on this computer. Install it, or choose pip.")
    if not python.has_venv:
        error = explain_installer(["No module named venv"], "venv", False)
        raise RuntimeFault(error.kind, f"{error.message} The Python is {python.path}.")
    return PipTool(python, folder, wheels)


def expected_build(device: str, tool: str = "auto") -> str:
    """The build of PyTorch to expect, `cpu` or `cuda`.

    `device` is the preference (`auto`, `cpu` or `cuda:N`), `tool` is `auto`, `pip` or `uv`. uv chooses by the GPU;
    with pip it is what the package index has, and for Linux PyPI has only the CUDA build.
    """
    if sys.platform == "darwin":
        return "cpu"
    if tool == "pip" or find_uv() is None:
        return "cuda" if sys.platform.startswith("linux") else "cpu"
    return "cuda" if device != "cpu" and shutil.which("nvidia-smi") else "cpu"


def python_from_uv(uv: str, console: Console) -> Path:
    """Have uv fetch a Python of its own, for computers without a suitable one. Raises RuntimeFault."""
    for command in ([uv, "python", "install", "3.11"], [uv, "python", "find", "--managed-python", "3.11"]):
        code, lines = console.run(command)
        if code != 0:
            error = explain_installer(lines, "uv", False)
            raise RuntimeFault(error.kind, f"uv could not get a Python 3.11. {error.message}", error.details)
    return Path(lines[-1].strip())


def find_uv() -> str | None:
    """The uv program on the PATH or where its installer puts it."""
    places = [Path.home() / ".local" / "bin", Path.home() / ".cargo" / "bin"]
    return shutil.which("uv") or shutil.which("uv", path=os.pathsep.join(map(str, places)))


def uv_settings(python: FoundPython, console: Console) -> dict[str, str]:
    """Pip's configuration as uv's environment variables; the user's own `UV_*` variables win."""
    code, lines = console.run([str(python.path), "-I", "-m", "pip", "config", "list"])
    values = pip_settings(lines) if code == 0 else {}
    settings: dict[str, str] = {}
    if values.get("index-url"):
        settings["UV_DEFAULT_INDEX"] = values["index-url"]
    if values.get("extra-index-url"):
        settings["UV_INDEX"] = " ".join(shlex.split(values["extra-index-url"]))
        # pip takes the best version of all its indexes; uv would stop at the first index that has the package.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if values.get("find-links"):
        settings["UV_FIND_LINKS"] = ",".join(shlex.split(values["find-links"]))
    if values.get("cert"):
        settings["SSL_CERT_FILE"] = values["cert"]
    return {name: value for name, value in settings.items() if name not in os.environ}


def pip_settings(lines: Sequence[str]) -> dict[str, str]:
    """Option to value from what `pip config list` prints; variables win over `install` sections over global ones."""
    ranked: dict[str, tuple[int, str]] = {}
    for line in lines:
        match = re.match(r"(:env:|install|global)\.([a-z-]+)='(.*)'$", line.strip())
        if match:
            rank = ("global", "install", ":env:").index(match.group(1))
            if rank >= ranked.get(match.group(2), (-1, ""))[0]:
                ranked[match.group(2)] = (rank, match.group(3).replace("\\n", " "))
    return {name: value for name, (_, value) in ranked.items()}
