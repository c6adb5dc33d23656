# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts of captured clips, for whoever was rendered or drawn moving as in them."""

from __future__ import annotations

from typing import Mapping, Optional

import numpy as np
import numpy.typing as npt


class Captured:
    """The contacts of a pack's clips, by the one definition that the networks are trained with."""

    def __init__(self, pack: Mapping[str, np.ndarray]) -> None:
        ends = np.cumsum(pack["lengths"])
        self._rows = {
            str(name): (slice(end - length, end), int(first), bool(flat))
            for name, end, length, first, flat in zip(
                pack["names"], ends, pack["lengths"], pack["first"], pack["flat"]
            )
        }  # fmt: skip
        self._contacts = pack["contacts"][:, :4]

    def standing(self, clip: str, frames: npt.NDArray[np.integer]) -> Optional[npt.NDArray[np.bool_]]:
        """Whether left heel, left ball, right heel, right ball stand ``(T, 4)`` in frames ``(T,)`` of a clip's file,
        from 0. None where the clip has no level floor. Raises KeyError for a clip that the pack does not have.
        """
        rows, first, flat = self._rows[clip]
        contacts = self._contacts[rows]
        return np.asarray(contacts[np.clip(frames - first, 0, len(contacts) - 1)]) if flat else None
