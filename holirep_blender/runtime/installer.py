# SPDX-License-Identifier: GPL-3.0-or-later
"""Building, repairing and removing the runtime, as jobs. Each step can be cancelled, and done again to continue."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..protocol.messages import Progress
from ..protocol.sentences import PRESS_INSTALL, PRESS_REPAIR
from .faults import RuntimeFault
from .folder_lock import folder_lock
from .installer_output import InstallProgress
from .local_tasks import Console
from .lockfile import PACKAGES, PIP, TORCH, constraints_text, lock_hash, sizes
from .process import clean_environment, environment_python
from .pythons import FoundPython, choose_python, probe_python
from .state import LOG, MARKER, Marker, clear_folder, damaged_packages, read_marker, remove_runtime_folder
from .tools import InstallTool, PipTool, UvTool, choose_tool, expected_build, find_uv, python_from_uv

STAGES = ("Checking", "Creating the environment", "Installing packages", "Installing PyTorch", "Verifying")
STAGE_STARTS = (0.0, 0.01, 0.05, 0.35, 0.93)
WORKER_SCRIPT = Path(__file__).resolve().parents[1] / "inference" / "__main__.py"
SYSTEMS = {("linux", "x86_64"), ("win32", "amd64"), ("darwin", "arm64"), ("darwin", "x86_64")}


class _Build:
    """One run of the installer."""

    def __init__(self, params: Mapping[str, Any], console: Console) -> None:
        self.folder = Path(str(params["folder"])).expanduser().absolute()
        self.wheels = Path(str(params["wheels"])).expanduser().absolute() if params.get("wheels") else None
        self.choice = str(params.get("python") or "")
        self.tool_name = str(params.get("tool") or "auto")
        self.device = str(params.get("device") or "auto")
        self.console = console

    def say(self, stage: int, text: str | None = None, inner: float = 0.0, left: float | None = None) -> None:
        """Report a stage, and how far it is inside."""
        begin = STAGE_STARTS[stage]
        end = (*STAGE_STARTS, 1.0)[stage + 1]
        fraction = begin + (end - begin) * inner
        self.console.report(
            Progress(text or STAGES[stage], stage, len(STAGES), seconds_left=left, fraction=round(fraction, 4))
        )

    def stage_report(self, stage: int) -> Callable[[str, float, float | None], None]:
        """A reporter for one stage."""
        return lambda text, inner, left: self.say(stage, text, inner, left)

    def check(self) -> None:
        """What would fail later is better said now."""
        self.say(0)
        machine = platform.machine().lower()
        system = "linux" if sys.platform.startswith("linux") else sys.platform
        if (system, machine) not in SYSTEMS:
            text = f"MediaPipe has no build for {platform.system()} on {platform.machine()}: there can be no runtime."
            raise RuntimeFault("python", text)
        if self.wheels is not None and not any(self.wheels.glob("*.whl")):
            raise RuntimeFault(
                "setting", f"There are no wheels in {self.wheels}. Choose the folder with the .whl files."
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / LOG).open("a").close()
        except OSError as error:
            text = f"HoliRep cannot write into {self.folder} ({error.strerror}). Choose another folder for the runtime."
            raise RuntimeFault("permission", text, str(error)) from error
        build = expected_build(self.device, self.tool_name)
        needed = sizes(build).disk * 1.05e6
        present = sum(
            file.stat().st_size for file in self.folder.rglob("*") if file.is_file() and not file.is_symlink()
        )
        free = shutil.disk_usage(self.folder).free
        if free + present < needed:
            text = (
                f"The runtime needs {needed / 1e9:.1f} GB, but {self.folder} has only {free / 1e9:.1f} GB free. "
                "Free some space, or choose a folder on another disk."
            )
            # Which build a package index of the user's own gives, pip tells only while it installs: with one for the
            # CPU there may be enough space after all.
            if free + present < sizes("cpu").disk * 1.05e6 or self._build_is_certain():
                raise RuntimeFault("disk", text)
            self.console.warn(text)

    def _build_is_certain(self) -> bool:
        return self.tool_name != "pip" and self.wheels is None and find_uv() is not None

    def install(self) -> dict[str, Any]:
        """All steps, leaving out what is done already."""
        python = self._python()
        tool = choose_tool(self.tool_name, python, self.folder, self.wheels, self.console)
        if isinstance(tool, UvTool):
            tool.device = self.device
        previous = read_marker(self.folder)
        self.say(1)
        created = previous is not None and previous.state != "creating" and previous.python == str(python.path)
        if created and probe_python(environment_python(self.folder)) is not None:
            self.console.log("The environment exists already; continuing.")
        else:
            Marker("creating", lock_hash(), tool.name, str(python.path)).write(self.folder)
            clear_folder(self.folder, keep=(MARKER, LOG))
            tool.create(self.console)
        Marker("building", lock_hash(), tool.name, str(python.path)).write(self.folder)
        for info in damaged_packages(self.folder):
            # Without its record a package counts as not installed, so the next step installs it anew.
            self.console.log(f"Damaged: {info.name}")
            shutil.rmtree(info)
        self._install_packages(tool)
        self._install_torch(tool)
        report = self.verify(4)
        Marker("ready", lock_hash(), tool.name, str(python.path)).write(self.folder)
        self.say(4, "Done", 1.0)
        return {"folder": str(self.folder), "tool": tool.name, "python": report["python"], "report": report}

    def _python(self) -> FoundPython:
        marker = read_marker(self.folder)
        uv = find_uv() if self.tool_name in ("auto", "uv") and self.wheels is None else None
        if not self.choice and marker is not None and Path(marker.python).is_file():
            found = probe_python(Path(marker.python))
            if found is not None and found.problem is None:
                return found
        try:
            return choose_python(self.choice, os.environ, Path.home())
        except RuntimeFault:
            if self.choice or uv is None:
                raise
        return choose_python(str(python_from_uv(uv, self.console)), os.environ, Path.home())

    def _install_packages(self, tool: InstallTool) -> None:
        self.say(2)
        if isinstance(tool, PipTool):
            tool.install(["--require-hashes", "--no-deps", "-r", str(PIP)], self.console, None)
        progress = InstallProgress(sizes("cpu").packages_download, 28, self.stage_report(2))
        tool.install(["--require-hashes", "--no-deps", "-r", str(PACKAGES)], self.console, progress)

    def _install_torch(self, tool: InstallTool) -> None:
        self.say(3)
        constraints = self.folder / "constraints.txt"
        constraints.write_text(constraints_text(), encoding="utf-8")
        progress = InstallProgress(
            sizes(expected_build(self.device, self.tool_name)).torch_download, 10, self.stage_report(3)
        )
        tool.install_torch(["-r", str(TORCH), "-c", str(constraints)], self.console, progress)

    def verify(self, stage: int) -> dict[str, Any]:
        """Run the runtime: load every library and every model once. Raises RuntimeFault naming what does not work."""
        self.say(stage, "Verifying")
        return verify_environment(environment_python(self.folder), self.console)


def verify_environment(python: Path, console: Console) -> dict[str, Any]:
    """The worker's own report from a runtime; raises RuntimeFault naming what does not work."""
    command = [str(python), "-I", "-X", "utf8", str(WORKER_SCRIPT), "diagnose"]
    try:
        code, lines = console.run(command, environment=clean_environment(os.environ, MPLBACKEND="Agg"))
    except OSError as error:
        raise RuntimeFault(
            "runtime", f"The runtime's Python cannot be started: {python} ({error.strerror})."
        ) from error
    report = next((json.loads(line) for line in reversed(lines) if line.startswith('{"protocol"')), None)
    if code != 0 or report is None:
        reason = next((line for line in reversed(lines) if line.strip()), f"exit code {code}")
        text = f"The runtime does not work: {reason.strip()}. {PRESS_REPAIR}"
        raise RuntimeFault("runtime", text, "\n".join(lines))
    failed = [check for check in report["checks"] if not check["ok"]]
    if failed:
        names = "; ".join(f"{check['name']} ({check['detail']})" for check in failed)
        text = f"These parts of the runtime do not work: {names}. {PRESS_REPAIR}"
        raise RuntimeFault("runtime", text, "\n".join(lines))
    return dict(report)


def install_runtime(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Build the runtime, or continue, update or repair one.

    `params`: `folder`; optionally `python` (a path or command), `wheels` (a folder: nothing is fetched), `tool`
    (`auto`, `pip` or `uv`) and `device` (with `cpu`, uv takes no CUDA build). A folder with an environment that
    HoliRep did not make is verified and left as it is.
    """
    build = _Build(params, console)
    if read_marker(build.folder) is None and build.folder.is_dir() and any(build.folder.iterdir()):
        if environment_python(build.folder).is_file():
            console.warn(f"HoliRep did not make the environment in {build.folder}: it is only checked, never changed.")
            return {"folder": str(build.folder), "tool": "none", "report": build.verify(4)}
        if [entry.name for entry in build.folder.iterdir()] != [LOG]:
            text = f"{build.folder} holds other files. Choose an empty folder, or one that does not exist yet."
            raise RuntimeFault("setting", text)
    build.check()
    with folder_lock(build.folder):
        console.open_log(build.folder / LOG)
        return build.install()


def repair_runtime(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """As `install_runtime`, for a runtime that exists: damaged and missing packages are installed anew."""
    folder = Path(str(params["folder"])).expanduser().absolute()
    if not folder.is_dir():
        raise RuntimeFault("runtime", f"There is no runtime in {folder} to repair. {PRESS_INSTALL}")
    return install_runtime(params, console)


def remove_runtime(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Delete the runtime in `folder`, if HoliRep made it."""
    folder = Path(str(params["folder"])).expanduser().absolute()
    console.report(Progress("Removing the runtime"))
    remove_runtime_folder(folder)
    return {"folder": str(folder)}
