# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command: reads the line, does the verb, prints the result, returns the exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any, Callable, Sequence

from . import (
    application,
    batch_verb,
    clean_plate_verb,
    environment,
    light_verb,
    motion_verbs,
    quality_verb,
    render_preview_verb,
    shadow_verb,
)
from .errors import CANCELLED, INTERNAL, OK, WORKER, CommandError
from .parser import build_parser
from .progress import failure_line

VERBS: dict[str, Callable[[Any], tuple[dict[str, Any], str]]] = {
    "replicate": application.replicate,
    "solve": application.solve,
    "apply": application.apply,
    "clamp": motion_verbs.clamp,
    "plant": motion_verbs.plant,
    "check": motion_verbs.check,
    "export": application.export,
    "light": light_verb.light,
    "quality": quality_verb.quality,
    "render-preview": render_preview_verb.render_preview,
    "batch": batch_verb.batch,
    "bake-shadows": shadow_verb.bake_shadows,
    "clean-plate": clean_plate_verb.clean_plate,
    "doctor": environment.doctor,
    "runtime": environment.runtime,
}
"""Verb to a function that returns the JSON object and the text for people."""


def run_command(argv: Sequence[str]) -> int:
    """The command of ``blender -c holirep``."""
    code = main(argv, "blender -c holirep")
    # Blender itself says good-bye on stdout; the JSON object is to stay the last line there.
    sys.stdout.flush()
    os.dup2(2, 1)
    return code


def main(argv: Sequence[str], prog: str) -> int:
    """Runs one command and returns its exit code; never raises."""
    previous = signal.signal(signal.SIGINT, _interrupted)  # Blender's own handler would not reach Python
    as_json = "--json" in argv
    try:
        options = build_parser(prog).parse_args(list(argv))
        result, text = VERBS[options.verb](options)
        print(json.dumps({"ok": True, **result}) if as_json else text, flush=True)
        return OK
    except CommandError as error:
        return _fail(error, as_json)
    except KeyboardInterrupt:
        return _fail(CommandError(CANCELLED, "cancelled; nothing was changed"), as_json)
    except SystemExit as done:  # --help
        return int(done.code or 0)
    except Exception as error:
        return _fail(CommandError(INTERNAL, f"internal error: {error}", traceback.format_exc()), as_json)
    finally:
        # None stands for a handler in C, Blender's own, which Python cannot put back; the process is about to end.
        signal.signal(signal.SIGINT, signal.SIG_DFL if previous is None else previous)


def _fail(error: CommandError, as_json: bool) -> int:
    """One line on stderr, the details before it only where HoliRep or its worker broke down."""
    message = " ".join(str(error).split()).replace(": Error: ", ": ")  # as Blender's own messages begin
    if error.text and not as_json:
        print(error.text, flush=True)
    if error.code in (INTERNAL, WORKER) and error.details:
        print(error.details.rstrip(), file=sys.stderr)
    failure_line(message)
    if as_json:
        answer = {**error.findings, "ok": False, "exit_code": error.code, "error": message}
        print(json.dumps(answer), flush=True)
    return error.code


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
