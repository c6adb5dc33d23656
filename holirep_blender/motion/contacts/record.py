# SPDX-License-Identifier: GPL-3.0-or-later
"""When which point of the body touches something: the record that all that plants, edits and shows contacts shares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..take import Take

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

TOUCHING = 0.5
"""From this confidence on a point counts as touching."""


@dataclass(frozen=True)
class Contacts:
    """Contacts of ``C`` points over ``T`` frames.

    Attributes
    ----------
    names : (C,) of ``CONTACT_POINTS``.
    confidence : (T, C) 0..1; from 0.5 on the point touches, the distance from 0.5 says how sure that is.
    """

    names: tuple[str, ...]
    confidence: Array

    def __post_init__(self) -> None:
        """Raises ValueError where the shape does not fit the names, or confidences are not numbers."""
        values = np.asarray(self.confidence, dtype=np.float64)
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "confidence", values)
        if values.ndim != 2 or values.shape[1] != len(self.names):
            raise ValueError(f"contacts: confidence has shape {values.shape}, expected (T, {len(self.names)})")
        if not np.isfinite(values).all():
            raise ValueError("contacts: the confidences hold values that are not numbers")

    @classmethod
    def none(cls, frames: int, names: tuple[str, ...] = ()) -> Contacts:
        """No contact in any frame."""
        return cls(names, np.zeros((frames, len(names))))

    @classmethod
    def from_take(cls, take: Take) -> Contacts:
        """The contacts that a take holds."""
        return cls(take.contact_names, take.contacts.copy())

    def to_take(self, take: Take) -> Take:
        """The take with these contacts. Raises ValueError where the number of frames differs."""
        if len(self.confidence) != take.frame_count:
            raise ValueError(f"contacts: {len(self.confidence)} frames, but the take has {take.frame_count}")
        return replace(take, contact_names=self.names, contacts=self.confidence.copy())

    @property
    def frame_count(self) -> int:
        """Number of frames ``T``."""
        return len(self.confidence)

    def column(self, name: str) -> Array:
        """Confidence ``(T,)`` of a point; 0 for one that is not there."""
        if name not in self.names:
            return np.zeros(len(self.confidence))
        return np.asarray(self.confidence[:, self.names.index(name)])

    def touching(self, name: str) -> Mask:
        """Whether the point touches, ``(T,)``; never for one that is not there."""
        return self.column(name) >= TOUCHING

    def spans(self, name: str) -> list[tuple[int, int]]:
        """Half-open ranges ``(first, end)`` of frames in which the point touches."""
        return gaps.spans(self.touching(name))

    def any(self) -> bool:
        """Whether any point touches in any frame."""
        return bool((self.confidence >= TOUCHING).any())
