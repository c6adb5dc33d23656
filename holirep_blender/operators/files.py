# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files so that no half-written one is ever seen under its name."""

from __future__ import annotations

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text beside ``path`` and renames it there. Raises OSError; then an older file is untouched."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
