# SPDX-License-Identifier: GPL-3.0-or-later
"""Some frames of a clip by themselves, as they are or as far as they have been solved."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Optional

import numpy as np

from ..contacts.record import Contacts
from ..take import Take
from .attempts import Standing, Start
from .feet import FootPath
from .ledger import Ledger
from .pose import Pose
from .rests import Rest
from .stances import Phases

_MARGIN = 1.2
"""Seconds around what an edit changed in which hands, limits and the floor may change more."""
_WORTH = 0.8
"""Share of the frames from which all are kept."""


def part_of(take: Take, first: int, end: int) -> Take:
    """The motion of the frames from ``first`` to before ``end``, without faces, contacts and what was seen."""
    return Take(
        take.fps,
        take.frame_start + first,
        take.local_rotations[first:end],
        take.root_translation[first:end],
        take.rest_offsets,
        take.joint_names,
        take.parents,
        header=take.header,
    )


def contacts_of_part(contacts: Contacts, first: int, end: int) -> Contacts:
    """The contacts of the frames from ``first`` to before ``end``."""
    return replace(contacts, confidence=contacts.confidence[first:end])


def narrowed(standing: Standing, ledger: Optional[Ledger]) -> Standing:
    """Legs that stand in a part of a clip, without the frames in which they stand as before; the part's ends follow.

    That is for answers that are needed at once: hands, limits and the floor, which come last, look no further. Should
    they change more, that is seen where the part is joined.
    """
    part = None if ledger is None else ledger.part
    changed = None if ledger is None else ledger.changed()
    if part is None or changed is None or not part.at_once:
        return standing
    margin = round(_MARGIN * standing.start.take.fps)
    first, end = max(part.first, changed[0] - margin), min(part.end, changed[1] + margin)
    if end - first > _WORTH * (part.end - part.first):
        return standing
    result: Standing = _of_rows(standing, first - part.first, end - part.first)
    part.first, part.end = first, end
    return result


def _of_rows(value: Any, first: int, end: int) -> Any:
    """What there is of the frames from ``first`` to before ``end``."""
    if isinstance(value, Take):
        return part_of(value, first, end)
    if isinstance(value, np.ndarray):
        return value[first:end]
    if isinstance(value, (Standing, Start, Pose, FootPath, Phases, Rest, Contacts)):
        return replace(value, **{each.name: _of_rows(getattr(value, each.name), first, end) for each in fields(value)})
    if isinstance(value, (list, tuple)):
        return type(value)(_of_rows(each, first, end) for each in value)
    if isinstance(value, dict):
        return {name: _of_rows(each, first, end) for name, each in value.items()}
    return value
