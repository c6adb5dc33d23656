# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoke test in several releases of Blender as the module bpy: python -m tests.extension.blender_matrix.

Each release gets a virtual environment of its own under ``.venvs``, made at the first run and kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .build import REPOSITORY, build

RELEASES = {"4.2": ("4.2.23", "3.11"), "4.5": ("4.5.15", "3.11"), "5.2": ("5.2.3", "3.13")}
"""Release to the version of bpy and the Python that it is built for."""


def find_python(version: str) -> str | None:
    """A Python of that version that really runs; version managers put names on the path that do not."""
    found = [shutil.which(f"python{version}")]
    found += sorted(str(path) for path in (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for python in filter(None, found):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True)
        if done.returncode == 0 and done.stdout.strip() == version:
            return python
    return None


def environment(release: str) -> Path | None:
    """The interpreter of a release's environment; None where its Python is not on this machine."""
    bpy_version, python_version = RELEASES[release]
    folder = REPOSITORY / ".venvs" / release
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        python = find_python(python_version)
        if python is None:
            return None
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(interpreter), "-m", "pip", "install", "-q", f"bpy=={bpy_version}"], check=True)
    return interpreter


def smoke(interpreter: Path, archive: Path) -> subprocess.CompletedProcess[str]:
    """Runs the smoke test in a clean profile."""
    with tempfile.TemporaryDirectory(prefix="holirep-smoke-") as profile:
        (Path(profile) / "config").mkdir()
        script = Path(__file__).with_name("smoke.py")
        variables = {**os.environ, "BLENDER_USER_RESOURCES": profile}
        variables.pop("HOLIREP_RUNTIME", None)
        return subprocess.run(
            [str(interpreter), str(script), str(archive)], capture_output=True, text=True, env=variables, timeout=300
        )


def main() -> int:
    """Runs all releases and returns how many failed."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="holirep-zip-") as folder:
        archive = build(Path(folder))
        for release, (_, python_version) in RELEASES.items():
            interpreter = environment(release)
            if interpreter is None:
                print(f"{release}: skipped, no Python {python_version} on this machine")
                continue
            done = smoke(interpreter, archive)
            lines = (done.stdout + done.stderr).strip().splitlines()
            passed = done.returncode == 0 and any(line.startswith("smoke: ok") for line in lines)
            failed += not passed
            print(f"{release}: {next((line for line in lines if line.startswith('smoke: ok')), 'FAILED')}")
            if not passed:
                print("\n".join(lines[-30:]))
    return failed


if __name__ == "__main__":
    sys.exit(main())
