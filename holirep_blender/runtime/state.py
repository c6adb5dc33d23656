# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a runtime's folder: HoliRep's own marker, and the packages that are really there."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .faults import RuntimeFault
from .lockfile import lock_hash, pins
from .process import environment_python

MARKER = "holirep-runtime.json"
LOG = "install.log"
SCHEMA = 1


@dataclass(frozen=True)
class Marker:
    """Written into every runtime that HoliRep makes, before anything else; without it nothing is changed or deleted."""

    state: str
    """`creating` (the environment itself is not whole), `building` or `ready`."""
    lock: str
    tool: str
    python: str
    schema: int = SCHEMA
    made_by: str = "HoliRep"

    def write(self, folder: Path) -> None:
        """Put it into the folder, whole or not at all."""
        partial = folder / (MARKER + ".partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        partial.replace(folder / MARKER)


def read_marker(folder: Path) -> Marker | None:
    """The folder's marker; None where there is none or it is not ours."""
    try:
        values: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        if values.get("made_by") != "HoliRep":
            return None
        return Marker(str(values["state"]), str(values["lock"]), str(values["tool"]), str(values["python"]))
    except (OSError, ValueError, KeyError, AttributeError):
        return None


@dataclass(frozen=True)
class RuntimeStatus:
    """`state`: `absent`, `unfinished`, `ready`, `outdated` (made for another lock), `damaged` (packages are missing or
    of another version), or `foreign` (an environment that HoliRep did not make, used as it is).
    """

    state: str
    folder: Path
    packages: dict[str, str]
    missing: list[str]
    other_versions: list[str]

    @property
    def summary(self) -> str:
        """One line for the user."""
        install = "Press Install Runtime, or run 'runtime install'"
        repair = "Press Repair Runtime, or run 'runtime install --repair'"
        texts = {
            "absent": f"Not installed. {install}.",
            "unfinished": f"The installation is not finished. {install} to continue it.",
            "ready": "Ready.",
            "outdated": f"Made for another version of HoliRep. {install} to update it.",
            "damaged": f"Damaged ({', '.join(self.missing + self.other_versions)}). {repair}.",
            "foreign": "An environment of your own; HoliRep uses it and never changes it.",
        }
        text = texts[self.state]
        if self.state == "foreign" and self.missing:
            text += f" It lacks: {', '.join(self.missing)}."
        return text


def runtime_status(folder: Path) -> RuntimeStatus:
    """Look at a runtime without running anything; takes milliseconds."""
    marker = read_marker(folder)
    packages = installed_packages(folder)
    missing = sorted(name for name in _needed() if name not in packages)
    others = sorted(f"{name} {version}" for name, version in packages.items() if not _pinned(name, version))
    if marker is None:
        state = "foreign" if environment_python(folder).is_file() else "absent"
    elif marker.state != "ready":
        state = "unfinished"
    elif marker.lock != lock_hash():
        state = "outdated"
    elif missing or others or not environment_python(folder).is_file():
        state = "damaged"
    else:
        state = "ready"
    return RuntimeStatus(state, folder, packages, missing, others)


def _needed() -> set[str]:
    # What the lock pins for some Pythons only (backports) need not be there.
    tracking = {"mediapipe", "matplotlib", "protobuf", "torch", "safetensors"}
    return tracking | {"numpy", "opencv-python-headless", "scipy", "av"}


def _pinned(name: str, version: str) -> bool:
    allowed = pins().get(name)
    return allowed is None or name == "pip" or version.split("+")[0] in allowed


def site_folders(folder: Path) -> Iterator[Path]:
    """The environment's site-packages."""
    yield from folder.glob("lib/python3.*/site-packages")
    if (folder / "Lib" / "site-packages").is_dir() and not (folder / "lib" / "python3").exists():
        yield folder / "Lib" / "site-packages"


def installed_packages(folder: Path) -> dict[str, str]:
    """Package (lower case, dashes) to version, from the folder alone."""
    found = {}
    for site in site_folders(folder):
        for info in site.glob("*.dist-info"):
            match = re.match(r"(.+)-([^-]+)\.dist-info$", info.name)
            if match and (info / "METADATA").is_file():
                found[match.group(1).lower().replace("_", "-")] = match.group(2)
    if "opencv-contrib-python" in found or "opencv-python" in found:
        found.setdefault("opencv-python-headless", found.get("opencv-contrib-python") or found["opencv-python"])
    return found


def damaged_packages(folder: Path) -> list[Path]:
    """The `.dist-info` folders whose packages miss files, or have files of another size than was installed."""
    damaged = []
    for site in site_folders(folder):
        for info in site.glob("*.dist-info"):
            try:
                with (info / "RECORD").open(encoding="utf-8", newline="") as stream:
                    complete = all(_as_recorded(site, row) for row in csv.reader(stream) if row)
            except OSError:
                complete = False
            if not complete:
                damaged.append(info)
    return damaged


def _as_recorded(site: Path, row: list[str]) -> bool:
    name, size = row[0], row[2] if len(row) > 2 else ""
    if name.endswith(".pyc"):
        return True
    try:
        actual = (site / name).stat().st_size
    except OSError:
        return False
    return not size or actual == int(size)


def remove_runtime_folder(folder: Path) -> None:
    """Delete a runtime that HoliRep made. Raises RuntimeFault for any other folder, and where something is in use."""
    if not folder.exists():
        raise RuntimeFault("setting", f"There is no runtime in {folder}.")
    marker = read_marker(folder)
    if marker is None or folder.is_symlink():
        text = f"HoliRep did not make {folder}, so it does not delete it. Delete it yourself if it is not needed."
        raise RuntimeFault("setting", text)
    Marker("building", marker.lock, marker.tool, marker.python).write(folder)
    try:
        clear_folder(folder, keep=(MARKER,))
        (folder / MARKER).unlink()
        folder.rmdir()
    except OSError as error:
        text = (
            f"Not everything in {folder} could be deleted ({error.strerror}). Close other Blenders, then remove again."
        )
        raise RuntimeFault("permission", text, str(error)) from error


def clear_folder(folder: Path, keep: tuple[str, ...]) -> None:
    """Delete everything in a folder but the files named; links are deleted, never followed."""
    for entry in folder.iterdir():
        if entry.name in keep:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
