# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plate is multiplied by, from the same ground lit with and without the character, light by light.

Planes are named as in the files: ``layer.pass.channel``, each ``(H, W)``, linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Optional

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Planes = dict[str, Plane]

CHARACTER, LIT, CLEAN, OPEN, SHADOW = "Character", "Lit", "Clean", "Open", "Shadow"
"""Layers: what is over the plate; the catchers with it, without it, with nothing in the light's way; results."""
RESIDUAL = "Residual"
"""The light group of the environment."""
_DARKEST = 1e-3
"""Part of the brightest light on the catchers below which they count as unlit: a ratio there is noise over nothing."""


def group_label(group: str, taken: Iterable[str] = ()) -> str:
    """A light group's name as compositors take it in the name of a pass: letters, digits and underscores."""
    label = re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"^HoliRep ", "", group)).strip("_")[:24] or "Light"
    used, number, free = set(taken), 1, label
    while free in used:
        number += 1
        free = f"{label}_{number}"
    return free


def colour(planes: Mapping[str, Plane], name: str) -> npt.NDArray[np.float32]:
    """A pass ``(H, W, 3)`` by its layer and name. Raises KeyError where it is not there."""
    return np.stack([planes[f"{name}.{channel}"] for channel in "RGB"], axis=2)


def multiply_passes(rendered: Mapping[str, Plane], groups: Iterable[str]) -> Planes:
    """``Shadow.Multiply``, one for each light group, and ``Shadow.Occlusion`` where the layer ``Open`` was rendered.

    A pass is the light that reaches the catchers past the character, over the light that reaches them without it; 1
    where no catcher is, and where the light does not shine. So the plate keeps what the real set does to its light.
    ``Shadow.Occlusion`` is how much of the environment's light gets past character and set together.
    """
    made: Planes = {}
    coverage = rendered[f"{CLEAN}.Combined.A"]
    _put(made, f"{SHADOW}.Multiply", _ratio(rendered, LIT, CLEAN, "Combined", coverage))
    for group in groups:
        _put(made, f"{SHADOW}.Multiply_{group}", _ratio(rendered, LIT, CLEAN, f"Combined_{group}", coverage))
    if f"{OPEN}.Combined_{RESIDUAL}.R" in rendered:
        _put(made, f"{SHADOW}.Occlusion", _ratio(rendered, LIT, OPEN, f"Combined_{RESIDUAL}", coverage))
    return made


def composited(
    planes: Mapping[str, Plane],
    plate: Optional[npt.NDArray[np.float32]] = None,
    gains: Optional[Mapping[str, float]] = None,
) -> npt.NDArray[np.float32]:
    """Plate times multiply, and the character over it: ``(H, W, 3)``, linear.

    ``plate (H, W, 3)``, linear; None: white. ``gains`` make lamps stronger or weaker, by light group, in the character
    and in the shadow alike; the light on the real set is what it was, so each lamp's shadow grows with its lamp.
    """
    over = np.stack([planes[f"{CHARACTER}.Combined.{channel}"] for channel in "RGBA"], axis=2)
    ground = colour(planes, f"{SHADOW}.Multiply")
    character = over[..., :3]
    if gains:
        lit, clean = colour(planes, f"{LIT}.Combined").copy(), colour(planes, f"{CLEAN}.Combined").copy()
        character = character.copy()
        for group, gain in gains.items():
            character += (gain - 1.0) * colour(planes, f"{CHARACTER}.Combined_{group}")
            lit += (gain - 1.0) * colour(planes, f"{LIT}.Combined_{group}")
            clean += (gain - 1.0) * colour(planes, f"{CLEAN}.Combined_{group}")
        ground = _divided(lit, clean)
    behind = ground if plate is None else plate * ground
    return np.asarray(behind * (1.0 - over[..., 3:]) + character, dtype=np.float32)


def _ratio(rendered: Mapping[str, Plane], above: str, below: str, name: str, coverage: Plane) -> Plane:
    ratio = _divided(colour(rendered, f"{above}.{name}"), colour(rendered, f"{below}.{name}"))
    cover = coverage[..., None]
    return np.asarray(1.0 - cover + cover * ratio, dtype=np.float32)


def _divided(above: Plane, below: Plane) -> Plane:
    least = _DARKEST * max(float(below.max()), 1e-12)
    lit = below > least
    return np.asarray(np.where(lit, np.maximum(above, 0.0) / np.where(lit, below, 1.0), 1.0), dtype=np.float32)


def _put(planes: Planes, name: str, values: Plane) -> None:
    for place, channel in enumerate("RGB"):
        planes[f"{name}.{channel}"] = values[..., place]
