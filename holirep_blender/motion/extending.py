# SPDX-License-Identifier: GPL-3.0-or-later
"""A take of the frames in which a performer was seen, over all frames of the plate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .observations import Observations
from .take import Take

Array = npt.NDArray[np.float64]


def extended(take: Take, before: int, after: int, observations: Observations) -> Take:
    """The take with its first and last frame held over the frames before and after it, with confidence 0.

    Parameters
    ----------
    take : the frames between the first and the last in which the performer was seen, with a camera.
    before, after : how many frames to add at its beginning and at its end.
    observations : those of all the frames.
    """

    def held(values: Array) -> Array:
        return np.concatenate([np.repeat(values[:1], before, 0), values, np.repeat(values[-1:], after, 0)])

    def silent(values: Array) -> Array:
        zero = np.zeros_like(values[:1])
        return np.concatenate([np.repeat(zero, before, 0), values, np.repeat(zero, after, 0)])

    assert take.camera is not None
    return replace(
        take,
        local_rotations=held(take.local_rotations),
        root_translation=held(take.root_translation),
        joint_confidence=silent(take.joint_confidence),
        blendshapes=held(take.blendshapes),
        blendshape_confidence=silent(take.blendshape_confidence),
        contacts=silent(take.contacts),
        camera=replace(take.camera, world_from_camera=held(take.camera.world_from_camera)),
        observations=observations,
    )
