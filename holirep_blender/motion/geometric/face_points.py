# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the tracker's 478 face points: which are skin, which stay still, how far its lids close."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arkit import ARKIT_INDEX

Array = npt.NDArray[np.float64]

SKIN = 468
"""Points of the face without the irises, which come after them."""
STABLE: tuple[int, ...] = (
    33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 10, 151, 9, 8, 127, 356, 234, 454, 67, 297, 103, 332, 54, 284, 21, 251
)  # fmt: skip
"""Points that expressions move little: eye corners, bridge of the nose, forehead, temples, before the ears."""
_LIDS_SHOWN = 0.6
"""How far the tracker's lids close when the eye is shut, of the way that a face model's lids go."""


def shown_moves(basis: Array) -> Array:
    """Displacements ``(52, 468, 3)`` of the skin as the tracker shows them, of a model's ``basis (52, 478, 3)``."""
    moves = basis[:, :SKIN].copy()
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        moves[ARKIT_INDEX[name]] *= _LIDS_SHOWN
    return moves
