# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every benchmark: python -m benchmarks [NAME …]. Those that need the worker's packages run in its Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
WORKER_PACKAGES = ("import cv2", "import mediapipe", "import torch")


def python_for(script: Path) -> str:
    """The interpreter whose packages a benchmark imports."""
    text = script.read_text()
    if not any(line.strip().startswith(WORKER_PACKAGES) for line in text.splitlines()):
        return sys.executable
    runtime = Path(os.environ.get("HOLIREP_RUNTIME", FOLDER.parent / ".runtime"))
    return str(runtime / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def main() -> int:
    """Runs the named benchmarks, or all; returns how many failed."""
    names = sys.argv[1:]
    scripts = [s for s in sorted(FOLDER.glob("[!_]*.py")) if not names or s.stem in names]
    failed = 0
    for script in scripts:
        print(f"\n== {script.stem}", flush=True)
        code = subprocess.run([python_for(script), "-m", f"benchmarks.{script.stem}"], cwd=FOLDER.parent).returncode
        failed += code != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
