# SPDX-License-Identifier: GPL-3.0-or-later
"""A second opinion for nothing but time: the network reads the same frames in a mirror too, and both words are mixed.

The mirrored frames are shown without the face and its light, whose points have no partners here; so what is said of
the face, the light and the whole clip's identity stays the first word.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from ...motion.skeleton import mirrored as partner
from .constants import numbers, pick
from .decoder import Performance
from .joints import SOLVED, SOLVED_INDEX
from .observed import Observed
from .rotations import from_six, normalized, to_six

Tensor = torch.Tensor

_POINTS = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9] + [row + 1 if row % 2 else row - 1 for row in range(11, 33)]
"""The tracker's body points with left and right exchanged."""
_JOINTS = [SOLVED_INDEX[partner(name)] for name in SOLVED]
_SOLES = [2, 3, 0, 1, 5, 4]
_ACROSS = (-1.0, 1.0, 1.0)


def mirrored(observed: Observed) -> Observed:
    """The same clips as a mirror shows them, faces and light unknown."""
    sign = numbers(_ACROSS, observed.times)
    edge = torch.nn.functional.pad(observed.image_size[:, :1], (0, 2))[:, None, None]
    none = torch.zeros_like
    return replace(
        observed,
        body_image=pick(observed.body_image, _POINTS, 2) * sign + edge,
        body_world=pick(observed.body_world, _POINTS, 2) * sign,
        body_visibility=pick(observed.body_visibility, _POINTS, 2),
        face_valid=none(observed.face_valid),
        hand_image=observed.hand_image.flip(2) * sign + edge[:, :, None],
        hand_world=observed.hand_world.flip(2) * sign,
        hand_valid=observed.hand_valid.flip(2),
        up=observed.up * sign,
        skin_known=none(observed.skin_known),
        light_known=none(observed.light_known),
        neutral_known=none(observed.neutral_known),
    )


def mixed(first: Performance, second: Performance) -> Performance:
    """What was said of clips, and of the same in the mirror, as one word."""
    sign = numbers(_ACROSS, first.up)
    turned = pick(second.rotations, _JOINTS, 2) * sign[:, None] * sign

    def half(a: Tensor, b: Tensor) -> Tensor:
        return (a + b) / 2.0

    return replace(
        first,
        rotations=from_six(half(to_six(first.rotations), to_six(turned))),
        spread=half(first.spread, pick(second.spread, _JOINTS, 2)),
        up=normalized(half(first.up, second.up * sign)),
        hips=half(first.hips, second.hips * sign[:2]),
        depth=half(first.depth, second.depth),
        velocity=half(first.velocity, second.velocity * sign),
        contacts=half(first.contacts, pick(second.contacts, _SOLES, 2)),
        build=half(first.build, second.build),
        focal=half(first.focal, second.focal),
    )
