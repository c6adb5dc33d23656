# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a skeleton's rest pose tells how its joints turn."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..biomechanics.engine import LimitOptions, check_limits
from ..biomechanics.limit_table import LimitTable
from ..biomechanics.report import Violation, joint_label
from ..rotations import identity
from ..skeleton import FINGERS
from ..take import Take

_FOLDED = 60.0
"""Degrees beyond the widest limits at which a rest pose is no pose. Rigs are made in T, A or crouched poses, within
some degrees of the limits; skeletons that files store folded up are beyond them by more than 100."""


def folded_joint(take: Take) -> str:
    """The joint that the rest pose bends as no body can, in words; empty where the rest pose is one.

    Some files (BVH of certain exporters) store a skeleton folded up, and only their first frame unfolds it. Which way
    its knees and neck bend cannot be told then.
    """
    return _folded_joint(take.joint_names, take.parents, take.rest_offsets.tobytes())


@lru_cache(maxsize=16)
def _folded_joint(names: tuple[str, ...], parents: tuple[int, ...], offsets: bytes) -> str:
    rest_offsets = np.frombuffer(offsets, dtype=np.float64).reshape(-1, 3)
    rest = Take(
        fps=30.0,
        frame_start=1,
        local_rotations=identity((1, len(names))),
        root_translation=rest_offsets[:1],
        rest_offsets=rest_offsets,
        joint_names=names,
        parents=parents,
    )
    found = check_limits(rest, LimitOptions(LimitTable.load("athlete")))
    body = [one for one in found if not any(finger in one.joint for finger in FINGERS)]
    worst = max(body, key=_beyond, default=None)
    return joint_label(worst.joint) if worst is not None and _beyond(worst) > _FOLDED else ""


def _beyond(violation: Violation) -> float:
    return abs(violation.value - violation.bound)
