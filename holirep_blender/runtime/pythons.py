# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding a Python that the runtime can be built with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .faults import RuntimeFault
from .process import NO_WINDOW, clean_environment, environment_python

MINORS = (11, 12, 10, 9)
"""The minor versions of Python 3 that MediaPipe 0.10.21 has builds for, best first: 3.9 gets an older PyTorch."""

GET_PYTHON = (
    "Install Python 3.11 from python.org or with your system's package manager (or install uv, which brings its own), "
    "or point to one in the preferences."
)

_PROBE = """
import importlib.util, json, platform, struct, sys
print(json.dumps({
    "version": list(sys.version_info[:3]), "bits": struct.calcsize("P") * 8, "executable": sys.executable,
    "implementation": platform.python_implementation(), "machine": platform.machine(),
    "venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
}))
"""


@dataclass(frozen=True)
class FoundPython:
    """An interpreter that was run and answered."""

    path: Path
    version: tuple[int, int, int]
    bits: int
    implementation: str
    machine: str
    has_venv: bool

    @property
    def problem(self) -> str | None:
        """Why the runtime cannot be built with it, or None."""
        version = ".".join(map(str, self.version))
        if self.implementation != "CPython":
            return f"it is {self.implementation}, not CPython"
        if self.version[0] != 3 or self.version[1] not in MINORS:
            return f"it is Python {version}; the runtime needs 3.9 to 3.12"
        if self.bits != 64:
            return f"it is a {self.bits}-bit Python; the runtime needs 64 bits"
        return None


def probe_python(path: Path, timeout: float = 20.0) -> FoundPython | None:
    """Run an interpreter and ask what it is; None where it does not run or is no Python 3."""
    try:
        done = subprocess.run(
            [str(path), "-I", "-c", _PROBE],
            capture_output=True,
            timeout=timeout,
            check=False,
            env=clean_environment(os.environ),
            stdin=subprocess.DEVNULL,
            creationflags=NO_WINDOW,
        )
        said = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    major, minor, micro = said["version"]
    # A version manager's shim is no interpreter: what it starts is.
    real = Path(said["executable"]) if said["executable"] else path
    return FoundPython(
        real, (major, minor, micro), said["bits"], said["implementation"], said["machine"], bool(said["venv"])
    )


def candidates(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Where a Python may be, best first; nothing is run and not all exist."""
    search = environ.get("PATH", "")
    for minor in MINORS:
        for name in (f"python3.{minor}", f"python3.{minor}.exe"):
            found = shutil.which(name, path=search)
            if found:
                yield Path(found)
    for name in ("python3", "python"):
        found = shutil.which(name, path=search)
        if found:
            yield Path(found)
    if sys.platform == "win32":
        yield from _windows_candidates(environ, search)
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    roots = [
        (Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", "3.{}*"),
        (Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python"), "cpython-3.{}*"),
        (Path(environ.get("APPDATA") or home) / "uv" / "python", "cpython-3.{}*"),
        (home / ".asdf" / "installs" / "python", "3.{}*"),
        (data / "mise" / "installs" / "python", "3.{}*"),
        (Path("/opt/homebrew/opt"), "python@3.{}"),
        (Path("/usr/local/opt"), "python@3.{}"),
        (Path("/Library/Frameworks/Python.framework/Versions"), "3.{}"),
        *((home / name / "envs", "*") for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge")),
    ]
    for minor in MINORS:
        for root, pattern in roots:
            for folder in sorted(root.glob(pattern.format(minor)), reverse=True) if root.is_dir() else ():
                yield folder / "bin" / f"python3.{minor}"
                yield environment_python(folder)
        for place in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"):
            yield Path(place) / f"python3.{minor}"
    for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge"):
        yield environment_python(home / name)


def _windows_candidates(environ: Mapping[str, str], search: str) -> Iterator[Path]:
    launcher = shutil.which("py", path=search)
    if launcher and sys.platform == "win32":
        for minor in MINORS:
            done = subprocess.run(
                [launcher, f"-3.{minor}", "-c", "import sys; print(sys.executable)"],
                capture_output=True,
                text=True,
                timeout=20.0,
                check=False,
                creationflags=NO_WINDOW,
            )
            if done.returncode == 0 and done.stdout.strip():
                yield Path(done.stdout.strip())
    for base in (environ.get("LOCALAPPDATA", ""), environ.get("PROGRAMFILES", "")):
        for minor in MINORS if base else ():
            yield Path(base) / "Programs" / "Python" / f"Python3{minor}" / "python.exe"
            yield Path(base) / f"Python3{minor}" / "python.exe"


def find_pythons(environ: Mapping[str, str], home: Path, limit: int = 8) -> list[FoundPython]:
    """Suitable interpreters, best first, each of them run; at most `limit`."""
    found: list[FoundPython] = []
    seen: set[Path] = set()
    for path in candidates(environ, home):
        if not path.is_file():
            continue
        # The file name stays in the key: a version manager's shims are all links to one script.
        key = path.resolve().parent / path.name
        if key in seen:
            continue
        seen.add(key)
        answer = probe_python(path)
        if answer is not None and answer.problem is None:
            found.append(answer)
        if len(found) >= limit:
            break
    return sorted(found, key=lambda python: (not python.has_venv, MINORS.index(python.version[1])))


def choose_python(choice: str, environ: Mapping[str, str], home: Path) -> FoundPython:
    """The interpreter the user chose (a file, an environment's folder or a command), else the best that is found.

    Raises RuntimeFault where the choice cannot be used, and where nothing is found.
    """
    if choice.strip():
        return _chosen(choice.strip(), environ)
    found = find_pythons(environ, home, limit=1)
    if not found:
        raise RuntimeFault("python", f"No Python 3.9 to 3.12 was found on this computer. {GET_PYTHON}")
    return found[0]


def _chosen(choice: str, environ: Mapping[str, str]) -> FoundPython:
    path = Path(choice).expanduser()
    if path.is_dir():
        path = environment_python(path)
    elif not path.is_file():
        on_path = shutil.which(choice, path=environ.get("PATH", ""))
        path = Path(on_path) if on_path else path
    if not path.is_file():
        raise RuntimeFault("python", f"The chosen Python does not exist: {choice}. {GET_PYTHON}")
    answer = probe_python(path)
    if answer is None:
        raise RuntimeFault("python", f"The chosen Python does not run: {path}. {GET_PYTHON}")
    if answer.problem is not None:
        raise RuntimeFault(
            "python", f"The chosen Python cannot be used, because {answer.problem}: {path}. {GET_PYTHON}"
        )
    return answer
