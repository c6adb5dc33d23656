# SPDX-License-Identifier: GPL-3.0-or-later
"""What files hold, as SHA-256. A file is read once: after that its size, time and inode tell that it is the same."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Optional

from .plates import plate_files
from .whole_files import write_whole

_CHUNK = 1 << 20
_SETTLED_SECONDS = 2.0
"""A file that was changed this short ago may be changed again within the same tick of its file system's clock."""


class Digests:
    """The digests of files, kept in ``store`` between runs; without it only while this object lives."""

    def __init__(self, store: Optional[Path] = None) -> None:
        self._store = store
        self._known: dict[str, list[Any]] = {}
        self._changed = False
        if store is not None:
            with contextlib.suppress(OSError, ValueError):  # none yet, or damaged: all is read again
                loaded = json.loads(store.read_text(encoding="utf-8"))
                self._known = loaded if isinstance(loaded, dict) else {}

    def of(self, path: Path) -> str:
        """The digest of a file, or of a sequence: names and sizes of its pictures, and the first and the last one.

        Raises OSError where nothing is there.
        """
        if path.is_file():
            return self.of_file(path)
        return self.of_files(plate_files(path), path)

    def of_file(self, path: Path) -> str:
        """The digest of one file. Raises OSError."""
        name = os.fspath(path)
        stat = os.stat(name)
        fact = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        known = self._known.get(name)
        if known is not None and known[:3] == fact:
            return str(known[3])
        digest = hashlib.sha256()
        with open(name, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        text = digest.hexdigest()
        if time.time() - stat.st_mtime > _SETTLED_SECONDS:
            self._known[name] = [*fact, text]
            self._changed = True
        return text

    def of_plate(self, path: Path) -> str:
        """The digest of a movie or of a sequence, however the list names it. Raises OSError."""
        files = plate_files(path)
        return self.of_file(files[0]) if len(files) == 1 else self.of_files(files, path)

    def of_folder(self, path: Path) -> str:
        """The digest of a folder's names and sizes, all levels deep. Raises OSError."""
        if not path.is_dir():
            raise FileNotFoundError(path)
        files = sorted(file for file in path.rglob("*") if file.is_file())
        table = "".join(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\n" for file in files)
        return hashlib.sha256(table.encode()).hexdigest()

    def of_files(self, files: list[Path], path: Path) -> str:
        """The digest of a sequence. Raises OSError where there is none."""
        if not files:
            raise FileNotFoundError(path)
        table = "".join(f"{file.name}\0{file.stat().st_size}\n" for file in files)
        ends = self.of_file(files[0]) + self.of_file(files[-1])
        return hashlib.sha256((table + ends).encode()).hexdigest()

    def save(self) -> None:
        """Keeps what was found out for the next run; a store that cannot be written only costs time then."""
        if self._store is not None and self._changed:
            with contextlib.suppress(OSError):
                write_whole(self._store, json.dumps(self._known))
            self._changed = False
