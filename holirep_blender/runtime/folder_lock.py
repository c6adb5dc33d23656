# SPDX-License-Identifier: GPL-3.0-or-later
"""One process at a time in a folder: two Blenders must not build one runtime at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .faults import RuntimeFault


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the folder; the system lets go of it when the process ends. Raises RuntimeFault where another one has it."""
    with (folder.parent / f".{folder.name}.lock").open("a+b") as stream:
        try:
            if sys.platform == "win32":
                import msvcrt

                stream.seek(0)
                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            text = f"Another Blender is working on the runtime in {folder}. Wait until it is done."
            raise RuntimeFault("setting", text) from error
        yield
