# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's own word on contacts: ranges in which a point touches, or is free, whatever was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .names import CONTACT_POINTS
from .record import Contacts

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ContactEdit:
    """One range of one point.

    Attributes
    ----------
    name : one of ``CONTACT_POINTS``.
    first, last : frames of the take, from 0, both included; what lies beyond the take is ignored.
    touching : whether the point touches in the range or is free.
    """

    name: str
    first: int
    last: int
    touching: bool

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown point or a range that ends before it begins."""
        if self.name not in CONTACT_POINTS:
            raise ValueError(f"There is no contact point '{self.name}'; choose one of: {', '.join(CONTACT_POINTS)}.")
        if self.last < self.first:
            raise ValueError(f"The contact range of {self.name} ends before it begins ({self.first} to {self.last}).")


def edited(contacts: Contacts, edits: Sequence[ContactEdit]) -> Contacts:
    """The contacts with the edits applied in their order; a later edit wins over an earlier one.

    An edited frame has confidence 1 or 0. A point that the contacts do not hold yet gets a column of its own.
    """
    names, confidence = list(contacts.names), contacts.confidence.copy()
    for edit in edits:
        if edit.name not in names:
            names.append(edit.name)
            confidence = np.concatenate([confidence, np.zeros((len(confidence), 1))], axis=1)
        confidence[max(edit.first, 0) : max(edit.last + 1, 0), names.index(edit.name)] = float(edit.touching)
    return Contacts(tuple(names), confidence)


def edited_frames(before: Contacts, after: Contacts) -> Mask:
    """The frames ``(T,)`` in which contacts differ from what they were; a point that is not there does not touch."""
    names = dict.fromkeys((*before.names, *after.names))
    differs = [before.column(name) != after.column(name) for name in names]
    return np.asarray(np.any([np.zeros(after.frame_count, dtype=bool), *differs], axis=0))
