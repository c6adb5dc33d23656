# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders by a Blender of its own, on a copy of the file, so that the artist goes on working meanwhile."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..protocol.messages import Progress
from ..protocol.sentences import IF_AGAIN
from .faults import RuntimeFault
from .local_tasks import Console

_KINDS = {2: "setting", 5: "setting", 7: "disk"}
"""Exit codes of the command that the user can do something about, and the kind of error that each is."""


def bake_shadows(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Runs the verb ``bake-shadows`` and returns its JSON object, as ``_run`` does."""
    return _run(params, console, "Baking shadows")


def light_report(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Runs the verb ``light`` with ``--report`` and returns its JSON object, as ``_run`` does."""
    return _run(params, console, "Writing the light report")


def _run(params: Mapping[str, Any], console: Console, stage: str) -> dict[str, Any]:
    """Runs a verb and returns its JSON object.

    ``params``: ``command`` is the whole line, with ``--json`` and ``--progress-lines``; ``scratch`` a folder that holds
    the copy of the file, where all temporary files go, and which is removed at the end. Raises RuntimeFault with the
    command's own sentence, and Cancelled.
    """
    scratch = Path(params["scratch"])
    console.report(Progress(stage, fraction=0.0))
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))}
    try:
        code, lines = console.run(params["command"], lambda line: _hear(line, console, stage), environment)
    except OSError as error:
        raise RuntimeFault("internal", f"Blender could not be started again for this: {error.strerror}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    answer = _answer(lines)
    if answer is None:
        text = f"The Blender that was started for this ended unexpectedly (exit code {code}). {IF_AGAIN}"
        raise RuntimeFault("internal", text, "\n".join(lines[-20:]))
    if not answer.get("ok"):
        raise RuntimeFault(_KINDS.get(code, "internal"), str(answer.get("error", "")), "\n".join(lines[-20:]))
    for warning in answer.get("warnings", ()):
        console.warn(str(warning))
    return answer


def _hear(line: str, console: Console, stage: str) -> None:
    if not line.startswith("Progress "):
        return
    try:
        said = json.loads(line[len("Progress ") :])
    except ValueError:
        return
    frame, left = said.get("frame"), said.get("seconds_left")
    count = max(int(said["count"]), 1)
    fraction = int(said["done"]) / count
    shown = count if frame is not None else None
    console.report(Progress(stage, frame=frame, frame_count=shown, seconds_left=left, fraction=fraction))


def _answer(lines: Sequence[str]) -> dict[str, Any] | None:
    for line in reversed(lines):
        if line.startswith('{"ok"') or (line.startswith("{") and '"ok"' in line):
            try:
                found = json.loads(line)
            except ValueError:
                continue
            return found if isinstance(found, dict) else None
    return None
