# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock: which packages, in which versions, with which hashes, and how big they are."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LOCK_FOLDER = Path(__file__).resolve().parent / "lock"
PIP = LOCK_FOLDER / "pip.txt"
PACKAGES = LOCK_FOLDER / "packages.txt"
TORCH = LOCK_FOLDER / "torch.txt"
SIZES = LOCK_FOLDER / "sizes.json"


@dataclass(frozen=True)
class Sizes:
    """Megabytes (10^6 bytes) to fetch and to store, as measured; `device` is `cpu` or `cuda`."""

    device: str
    packages_download: float
    torch_download: float
    disk: float
    measured_on: str

    @property
    def download(self) -> float:
        """Everything to fetch."""
        return self.packages_download + self.torch_download


def sizes(device: str) -> Sizes:
    """The measured sizes for `cpu` or `cuda`."""
    values = json.loads(SIZES.read_text(encoding="utf-8"))
    build = values[device]
    return Sizes(device, values["packages_download"], build["torch_download"], build["disk"], values["measured_on"])


def lock_hash() -> str:
    """Changes with every change of the lock: a runtime with another one is out of date."""
    digest = hashlib.sha256()
    for path in (PACKAGES, TORCH):
        for line in path.read_text(encoding="utf-8").splitlines():
            digest.update(b"" if line.startswith("#") else line.encode() + b"\n")
    return digest.hexdigest()[:16]


@lru_cache(maxsize=1)
def pins() -> dict[str, set[str]]:
    """Package (lower case, dashes) to the versions that the lock allows, over all Pythons and systems."""
    found: dict[str, set[str]] = {}
    for path in (PACKAGES, TORCH):
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.M):
            found.setdefault(name.lower().replace("_", "-"), set()).add(version)
    return found


def constraints_text() -> str:
    """The lock as constraints: without hashes, which would be asked of PyTorch's packages too."""
    lines = PACKAGES.read_text(encoding="utf-8").splitlines()
    return "\n".join(line.rstrip("\\ ") for line in lines if re.match(r"[A-Za-z0-9]", line)) + "\n"


def consent_text(device: str, folder: Path) -> str:
    """What is going to happen, for the user to agree to before anything is fetched."""
    found = sizes(device)
    build = "with CUDA for the NVIDIA GPU" if device == "cuda" else "for the CPU"
    amount = "Up to" if device == "cuda" else "About"
    return (
        f"HoliRep will build its runtime in {folder}: a Python environment of its own with MediaPipe, OpenCV, "
        f"SciPy and PyTorch ({build}). {amount} {found.download / 1000:.1f} GB are fetched from your package index "
        f"and {found.disk / 1000:.1f} GB of disk are used. Nothing is installed into Blender or the system."
    )
