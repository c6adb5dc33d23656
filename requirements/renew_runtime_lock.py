# SPDX-License-Identifier: GPL-3.0-or-later
"""Renews the runtime's lock: `python requirements/renew_runtime_lock.py` (needs `uv`).

Change `WANTED`, run it, install a runtime from it, run the tests in it, measure `lock/sizes.json` anew, commit.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "holirep_blender" / "runtime" / "lock"
WANTED = """
mediapipe==0.10.21
numpy==1.26.4
opencv-python-headless==4.11.0.86
av<19
scipy
safetensors
pip
filelock
typing-extensions>=4.10.0
setuptools>=77.0.3
sympy>=1.13.3
networkx>=2.5.1
jinja2
fsspec>=0.8.5
"""
# What MediaPipe declares and never loads for tracking; the last line is replaced by the headless build.
LEFT_OUT = ("jax", "jaxlib", "sounddevice", "sentencepiece", "opencv-contrib-python")


def compiled() -> list[str]:
    """The lines of uv's lock for Python 3.9 and later on all systems, with hashes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wanted.in").write_text(WANTED)
        (folder / "overrides.txt").write_text("".join(f"{package} ; sys_platform == 'never'\n" for package in LEFT_OUT))
        options = ["--universal", "--python-version", "3.9", "--generate-hashes", "--no-annotate", "--no-header"]
        command = ["uv", "pip", "compile", "-q", *options, "--override", "overrides.txt", "wanted.in"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()


def main() -> None:
    """Write `packages.txt` and `pip.txt`, each under the comment that it begins with."""
    parts: dict[str, list[str]] = {"packages.txt": [], "pip.txt": []}
    part: list[str] | None = None
    for line in compiled():
        if re.match(r"[a-z]", line):
            part = None if "'never'" in line else parts["pip.txt" if line.startswith("pip==") else "packages.txt"]
        if part is not None:
            part.append(line)
    for name, lines in parts.items():
        comment = [line for line in (LOCK / name).read_text().splitlines() if line.startswith("#")]
        (LOCK / name).write_text("\n".join([*comment, *lines]) + "\n")


if __name__ == "__main__":
    main()
