# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's entry point: `RUNTIME_PYTHON -I PACKAGE/inference/__main__.py VERB …`.

The extension's folder may have any name (Blender calls it `holirep`), and its parent holds other extensions. So the
package is loaded from its own folder under one fixed name, without that parent becoming importable.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

PACKAGE_NAME = "holirep_blender"
VERBS = {
    "serve": "inference.server",
    "diagnose": "inference.runtime_report",
    "comparison": "inference.comparison",
}


# The solves' matrices are small and many: OpenBLAS's threads cost up to ten times the work there, most of it waiting.
# PyTorch's own threads shall sleep while they wait: spinning, they take twice the work from whatever else runs.
# Libraries read both when they are loaded, so they stand before all that loads NumPy or PyTorch.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def load_package() -> None:
    """Make the package importable as `holirep_blender`, whatever its folder is called."""
    folder = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        PACKAGE_NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no package in {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE_NAME] = module
    spec.loader.exec_module(module)


def main(argv: list[str]) -> int:
    """Run a verb; returns the exit code."""
    if not argv or argv[0] not in VERBS:
        print(f"usage: __main__.py {{{'|'.join(VERBS)}}} …", file=sys.stderr)
        return 2
    load_package()
    verb = importlib.import_module(f"{PACKAGE_NAME}.{VERBS[argv[0]]}")
    return int(verb.main(argv[1:]) or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
