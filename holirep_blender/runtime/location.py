# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the runtime is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..protocol.sentences import PRESS_INSTALL
from .faults import RuntimeFault
from .process import environment_python

ENVIRONMENT_VARIABLE = "HOLIREP_RUNTIME"


@dataclass(frozen=True)
class RuntimeLocation:
    """A runtime's folder, its interpreter, and who chose it: `preference`, `environment`, `checkout` or `user`."""

    folder: Path
    python: Path
    source: str

    @property
    def exists(self) -> bool:
        """Whether there is an interpreter."""
        return self.python.is_file()


def find_runtime(
    *, preference: str, environ: Mapping[str, str], package: Path, user_folder: Path | None
) -> RuntimeLocation:
    """The runtime to use or to install; it need not exist yet.

    In order: the preference; the environment variable `HOLIREP_RUNTIME`; `.runtime` beside the package in a source
    checkout; `runtime` in the extension's user folder. Preference and variable may name an environment's folder or
    its interpreter. Raises RuntimeFault where there is no folder at all.
    """
    for source, value in (
        ("preference", preference.strip()),
        ("environment", environ.get(ENVIRONMENT_VARIABLE, "").strip()),
    ):
        if value:
            return _at(Path(value).expanduser(), source)
    checkout = package.resolve().parent
    if (checkout / "pyproject.toml").is_file():
        return _at(checkout / ".runtime", "checkout")
    if user_folder is None:
        raise RuntimeFault("setting", "There is no folder for the runtime. Set the runtime path in the preferences.")
    return _at(user_folder / "runtime", "user")


def _at(path: Path, source: str) -> RuntimeLocation:
    path = path.absolute()
    if path.is_file():
        folder = path.parent.parent if path.parent.name in ("bin", "Scripts") else path.parent
        return RuntimeLocation(folder, path, source)
    return RuntimeLocation(path, environment_python(path), source)


def require_python(location: RuntimeLocation) -> Path:
    """The runtime's interpreter; raises RuntimeFault with the way out where there is none."""
    if location.exists:
        return location.python
    if location.source in ("preference", "environment"):
        where = "the preferences" if location.source == "preference" else ENVIRONMENT_VARIABLE
        text = f"There is no Python in the runtime that {where} names: {location.folder}. Correct the path or clear it."
        raise RuntimeFault("runtime", text)
    raise RuntimeFault("runtime", f"The runtime is not installed. {PRESS_INSTALL}")
