# SPDX-License-Identifier: GPL-3.0-or-later
"""Many small matrices on one thread: OpenBLAS, which most builds of numpy carry, wakes its threads even for 8 x 8.

For matrices of some tens of rows that takes five times as long as solving them, and keeps the other cores busy. Where
numpy has no OpenBLAS of its own there is nothing to do.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

import numpy as np

_NAMES = (
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
)


@lru_cache(maxsize=1)
def _openblas() -> Optional[tuple[Any, Any]]:
    """How to ask for and to set the number of threads of numpy's own OpenBLAS; None where it has none."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")) if folder.is_dir() else []:
            try:
                library = ctypes.CDLL(str(path))
            except OSError:
                continue
            for get, put in _NAMES:
                for prefix in ("", "scipy_"):
                    if hasattr(library, prefix + get) and hasattr(library, prefix + put):
                        return getattr(library, prefix + get), getattr(library, prefix + put)
    return None


@contextmanager
def one_thread() -> Iterator[None]:
    """While it lasts numpy's linear algebra runs on the caller's thread alone."""
    found = _openblas()
    before = 1 if found is None else int(found[0]())
    if found is None or before <= 1:
        yield
        return
    found[1](1)
    try:
        yield
    finally:
        found[1](before)
