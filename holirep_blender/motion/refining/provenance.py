# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb made of a motion, noted with it, so that the same verb run again leaves it alone.

Most of refining leaves what it made alone by itself. A range does not: where it joins what must stay, a little of a
change remains to be done, and each run would do a little of it. Nor does a strength below 1, which each time goes a
part of what is left of the way. Who runs the same again on an unchanged motion wants neither.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ..take import Take
from .options import RefineOptions

HEADER = "refined"
"""Where a take's header holds the note."""


def settings_of(verb: str, options: RefineOptions) -> dict[str, Any]:
    """A verb and all that it was told, as JSON knows it."""
    told = asdict(options)
    told["joints"] = None if options.joints is None else sorted(options.joints)
    return {"verb": verb, **json.loads(json.dumps(told))}


def noted(take: Take, verb: str, options: RefineOptions) -> Take:
    """The take with the note that this verb made it as it is."""
    note = {**settings_of(verb, options), "print": fingerprint(take)}
    return replace(take, header={**take.header, HEADER: note})


def made_by(take: Take, verb: str, options: RefineOptions) -> bool:
    """Whether the motion is still exactly what this verb made of it when it was told the same."""
    note = take.header.get(HEADER)
    if not isinstance(note, dict):
        return False
    return note == {**settings_of(verb, options), "print": fingerprint(take)}


def fingerprint(take: Take) -> str:
    """A number for a motion and its rest pose: another motion has another."""
    digest = hashlib.sha1(usedforsecurity=False)
    for values in (take.local_rotations, take.root_translation, take.rest_offsets, np.array([take.fps])):
        digest.update(np.ascontiguousarray(values, dtype=np.float32).tobytes())
    return digest.hexdigest()
