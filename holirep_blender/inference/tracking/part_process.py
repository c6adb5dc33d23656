# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that tracks a part of a plate; started by `processes.py` as a file of its own, with nothing on its path.

Reads one JSON line with the plate, then one per task; answers `{"done": frames}` while it works and
`{"finished": true}` or `{"error": text, "kind": …}` at the end of each.  Ends when its standard input closes.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, Dict

PACKAGE = "holirep_blender"


def load_package() -> None:
    """Makes the package importable under its own name, whatever its folder is called."""
    folder = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is not the package’s folder")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def main() -> None:
    """Serves tasks until standard input closes."""
    # Libraries that print to standard output must not disturb the messages: they get standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests: queue.Queue[Dict[str, Any]] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            requests.put(json.loads(line))
        os._exit(0)  # our parent is gone or wants us gone

    threading.Thread(target=read, daemon=True).start()

    def answer(message: Dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    load_package()
    errors = importlib.import_module(PACKAGE + ".inference.errors")
    try:
        tasks = importlib.import_module(PACKAGE + ".inference.tracking.tasks")
        tasks.serve(requests.get, answer)
    except errors.UserError as error:
        answer({"error": str(error), "kind": error.kind})
    except Exception:
        answer({"error": traceback.format_exc(), "kind": "internal"})


if __name__ == "__main__":
    main()
