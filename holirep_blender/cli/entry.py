# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command with the package from its own folder, whatever that is called and wherever it is.

``blender --background --factory-startup --python entry.py -- VERB …``, or ``python entry.py VERB …`` with the module
bpy. So it needs neither an enabled add-on nor preferences of the user.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

PACKAGE_NAME = "holirep_blender"


def load_package() -> None:
    """Makes the package importable under one fixed name, without what lies beside its folder."""
    folder = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        PACKAGE_NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no package in {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE_NAME] = module
    spec.loader.exec_module(module)


def main() -> int:
    """Runs the command and returns its exit code."""
    load_package()
    command = importlib.import_module(f"{PACKAGE_NAME}.__main__")
    words = sys.argv[sys.argv.index("--") + 1 :] if "--python" in sys.argv else sys.argv[1:]
    return int(command.main(words))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # as in __main__.py
