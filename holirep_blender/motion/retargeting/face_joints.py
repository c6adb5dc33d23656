# SPDX-License-Identifier: GPL-3.0-or-later
"""Jaw and eye joints from face coefficients, for rigs whose face has bones instead of shape keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..take import Take

Array = npt.NDArray[np.float64]

JAW_OPEN = np.radians(25.0)
"""Turn of the jaw at ``jawOpen = 1``: some 45 mm at the incisors, which are about 100 mm from the jaw's axis."""
EYE_SIDE, EYE_UP = np.radians(35.0), np.radians(25.0)
"""Turn of an eye at ``eyeLookIn/Out = 1`` and at ``eyeLookUp/Down = 1``: far looks, yet short of the eye's limits."""


def with_face_joints(take: Take) -> Take:
    """The take with jaw and eyes turned as its coefficients say, where those joints do not move by themselves."""
    column = {name: index for index, name in enumerate(take.blendshape_names)}
    local = take.local_rotations.copy()

    def still(joint: str) -> bool:
        if joint not in take.joint_names:
            return False
        turned = local[:, take.joint_names.index(joint)]
        return bool(np.all(np.abs(turned[:, 1:]) < 1e-6))

    def value(name: str) -> Array:
        return np.asarray(take.blendshapes[:, column[name]]) if name in column else np.zeros(take.frame_count)

    left_axis, up_axis = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    if still("jaw"):
        # forward is -Y: a positive turn about the left axis takes forward to -Z, that is down
        local[:, take.joint_names.index("jaw")] = rotations.from_axis_angle(left_axis, JAW_OPEN * value("jawOpen"))
    for side, inwards in (("Left", -1.0), ("Right", 1.0)):
        joint = f"{side.lower()}Eye"
        if still(joint):
            down = value(f"eyeLookDown{side}") - value(f"eyeLookUp{side}")
            to_left = inwards * (value(f"eyeLookIn{side}") - value(f"eyeLookOut{side}"))
            # a positive turn about up takes forward (-Y) to +X, the performer's left
            sideways = rotations.from_axis_angle(up_axis, EYE_SIDE * to_left)
            tilt = rotations.from_axis_angle(left_axis, EYE_UP * down)
            local[:, take.joint_names.index(joint)] = rotations.multiply(sideways, tilt)
    return replace(take, local_rotations=local)
