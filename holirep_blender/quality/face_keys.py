# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the character's own face keys do what the take's coefficients do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import numpy as np
import numpy.typing as npt

from .following import TOO_SHORT, not_followed
from .specs import Found

Array = npt.NDArray[np.float64]

_STILL = 0.03
"""Motion of shape keys in 0.2 s that nobody sees, of a whole key."""
_BEYOND = 0.02
"""By which a key is beyond its range, 0 to 1 mostly, before it is called overdriven."""
_SHOWN = 0.15
"""Range of a coefficient from which a face without it lacks something."""


@dataclass(frozen=True)
class FaceKeys:
    """``S`` shape keys of the character over the take's ``T`` frames.

    Attributes
    ----------
    names : (S,) of the shape keys.
    made : (T, S) their values as they are keyed.
    wanted : (T, S) what the take's coefficients come to on them.
    lowest, highest : (S,) the range of each key.
    unshown : coefficients that no shape key shows.
    """

    names: tuple[str, ...]
    made: Array
    wanted: Array
    lowest: Array
    highest: Array
    unshown: tuple[str, ...] = ()


def following(keys: Union[FaceKeys, str], fps: float, frames: int) -> Found:
    """Share of the take's face motion that the keys do not make; by key, to tell which."""
    if isinstance(keys, str):
        return Found(missing=keys)
    if not len(keys.names):
        return Found(missing="The character has no shape keys for the face.")
    if len(keys.made) != frames:
        return Found(missing=f"The character's face has {len(keys.made)} frames, but the take has {frames}.")
    made, wanted = keys.made[..., None], keys.wanted[..., None]
    value = not_followed(made, wanted, fps, _STILL)
    parts = {
        name: not_followed(made[:, row : row + 1], wanted[:, row : row + 1], fps, _STILL)
        for row, name in enumerate(keys.names)
        if np.ptp(keys.wanted[:, row]) > _SHOWN
    }
    return Found(value, missing="" if np.isfinite(value).any() else TOO_SHORT, parts=parts)


def beyond(keys: FaceKeys) -> Array:
    """Number ``(T,)`` of keys that are keyed beyond their range."""
    over = np.maximum(keys.made - keys.highest, keys.lowest - keys.made)
    return np.asarray((over > _BEYOND).sum(axis=1), dtype=np.float64)


def unshown(keys: FaceKeys, coefficients: Array, names: tuple[str, ...]) -> str:
    """What the take's face does and the character's cannot, in the user's words; ``""`` where nothing."""
    lacking = [name for name in keys.unshown if np.ptp(coefficients[:, names.index(name)]) > _SHOWN]
    if not lacking:
        return ""
    told = ", ".join(lacking[:6]) + (f" and {len(lacking) - 6} more" if len(lacking) > 6 else "")
    return f"The take moves what no shape key of the character shows: {told}."
