# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into the network: a batch of clips as the tracker saw them, missing parts marked and zero."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt
import torch

from ...motion.observations import Observations

Tensor = torch.Tensor

SKIN_POINTS: tuple[int, ...] = (10, 151, 109, 338, 205, 425, 50, 280, 117, 346, 199, 175, 4, 197, 187, 411)
"""Face points at which the plate's colour may be sampled for the light: forehead, cheeks, chin, nose."""
HARMONICS = 9


@dataclass
class Observed:
    """``B`` clips of ``T`` frames; points in pixels as in :class:`Observations`, zero where ``*_valid (B, T)`` is 0.

    The environment: ``image_size (B, 2)``; ``focal (B,)`` pixels with ``focal_known (B,)``; ``up (B, T, 3)`` the
    vertical in the camera's axes with ``up_known (B,)``; ``height (B,)`` metres with ``height_known``; ``floor (B,)``
    height of the camera above the floor in metres with ``floor_known``; ``depth (B, T)`` metres to the hips with
    ``depth_known (B, T)``; ``skin (B, T, 16, 3)`` linear colours at :data:`SKIN_POINTS` with ``skin_known (B, T)``;
    ``light (B, 9, 3)`` spherical harmonics and ``light_direction (B, 3)``, both in the camera's gravity-view frame,
    with ``light_known (B,)``; ``neutral (B, 478, 3)`` the performer's face at rest, in any pose and size, with
    ``neutral_known (B,)``. ``times (B, T)`` seconds.
    """

    times: Tensor
    image_size: Tensor
    body_image: Tensor
    body_world: Tensor
    body_visibility: Tensor
    body_valid: Tensor
    face_image: Tensor
    face_valid: Tensor
    hand_image: Tensor
    hand_world: Tensor
    hand_valid: Tensor
    focal: Tensor
    focal_known: Tensor
    up: Tensor
    up_known: Tensor
    height: Tensor
    height_known: Tensor
    floor: Tensor
    floor_known: Tensor
    depth: Tensor
    depth_known: Tensor
    skin: Tensor
    skin_known: Tensor
    light: Tensor
    light_direction: Tensor
    light_known: Tensor
    neutral: Tensor
    neutral_known: Tensor

    def map(self, change: Callable[[Tensor], Tensor]) -> Observed:
        """The same with every tensor changed."""
        return Observed(**{field.name: change(getattr(self, field.name)) for field in fields(self)})


def from_observations(
    observations: Observations,
    *,
    focal_length_px: Optional[float] = None,
    performer_height: Optional[float] = None,
    up: Optional[npt.ArrayLike] = None,
    neutral: Optional[npt.ArrayLike] = None,
) -> Observed:
    """One clip as a batch of 1.

    What is known may be given: lens, height, ``up (T, 3)`` the vertical in the camera's axes, ``neutral (478, 3)`` the
    face at rest in any pose and size. The rest is unknown.
    """
    count = len(observations)

    def tensor(values: object) -> Tensor:
        return torch.as_tensor(np.nan_to_num(np.asarray(values, dtype=np.float64)), dtype=torch.float32)[None]

    def valid(points: object, confidence: object) -> Tensor:
        finite = np.isfinite(np.asarray(points)).all(axis=(1, 2)) & (np.asarray(confidence) > 0.0)
        return torch.as_tensor(finite, dtype=torch.float32)[None]

    def known(value: Optional[float]) -> tuple[Tensor, Tensor]:
        return torch.tensor([value or 0.0]), torch.tensor([0.0 if value is None else 1.0])

    hands = [getattr(observations, f"{side}_hand_image") for side in ("left", "right")]
    worlds = [getattr(observations, f"{side}_hand_world") for side in ("left", "right")]
    trusts = [getattr(observations, f"{side}_hand_confidence") for side in ("left", "right")]
    focal, focal_known = known(focal_length_px)
    height, height_known = known(performer_height)
    none, frames = torch.zeros(1), torch.zeros(1, count)
    return Observed(
        times=tensor(observations.times), image_size=tensor(observations.image_size),
        body_image=tensor(observations.body_image), body_world=tensor(observations.body_world),
        body_visibility=tensor(observations.body_visibility),
        body_valid=valid(observations.body_image, observations.body_confidence),
        face_image=tensor(observations.face_image),
        face_valid=valid(observations.face_image, observations.face_confidence),
        hand_image=torch.stack([tensor(points) for points in hands], dim=2),
        hand_world=torch.stack([tensor(points) for points in worlds], dim=2),
        hand_valid=torch.stack([valid(points, trust) for points, trust in zip(hands, trusts)], dim=2),
        focal=focal, focal_known=focal_known,
        up=torch.zeros(1, count, 3) if up is None else tensor(up), up_known=none if up is None else torch.ones(1),
        height=height, height_known=height_known, floor=none, floor_known=none, depth=frames, depth_known=frames,
        skin=torch.zeros(1, count, len(SKIN_POINTS), 3), skin_known=frames,
        light=torch.zeros(1, HARMONICS, 3), light_direction=torch.zeros(1, 3), light_known=none,
        neutral=torch.zeros(1, 478, 3) if neutral is None else tensor(neutral),
        neutral_known=none if neutral is None else torch.ones(1),
    )  # fmt: skip
