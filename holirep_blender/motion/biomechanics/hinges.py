# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an elbow's hinge lies, seen from how the elbow moves.

Joint positions of a straight arm do not tell how the upper arm is turned about itself, so neither does a T-pose, and
skeletons disagree by twenty degrees and more. A forearm that bends obliquely in every frame of a clip has a turned
hinge, not a broken elbow. (The axis of a hinge from its motion: Gamage & Lasenby, J Biomech 35, 2002.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..skeleton import SIDES
from ..take import Take
from .anatomical import anatomical_joints, joint_quaternions
from .swing import angles_of

Array = npt.NDArray[np.float64]

_BENT = np.radians(25.0)
_SIDEWAYS, _BACKWARDS = np.radians(20.0), np.radians(15.0)
"""How far off its hinge a forearm may be for a frame to agree with that hinge, and how far bent the wrong way."""
_AGREEMENT, _FEWEST = 0.9, 30
_BINS = 72


def elbow_hinges(take: Take) -> dict[str, float]:
    """Turn of the elbows' hinges about the upper arm in radians, for the sides whose clip shows one; steps of 5°.

    The anatomical hinge is kept where nine of ten bent frames agree with it, and where no other finds such agreement.
    """
    joints = anatomical_joints(take, only=[f"{side}LowerArm" for side in SIDES])
    angles = angles_of(joint_quaternions(take, joints), [joint.mirror for joint in joints])
    found = {}
    for side in SIDES:
        for joint, turned in zip(joints, angles):
            if joint.name == f"{side}LowerArm":
                hinge = _hinge(turned[:, 0], turned[:, 1])
                if hinge != 0.0:
                    found[side] = hinge
    return found


def _hinge(flexion: Array, abduction: Array) -> float:
    bend = np.hypot(flexion, abduction)
    bent = bend > _BENT
    if np.count_nonzero(bent) < _FEWEST or _agreement(flexion[bent], abduction[bent], 0.0) >= _AGREEMENT:
        return 0.0
    direction = np.arctan2(abduction[bent], flexion[bent])
    step = 2.0 * np.pi / _BINS
    counts = np.bincount(np.round(direction / step).astype(np.int64) % _BINS, weights=bend[bent], minlength=_BINS)
    counts = counts + (np.roll(counts, 1) + np.roll(counts, -1)) / 2.0
    best = (int(np.argmax(counts)) * step + np.pi) % (2.0 * np.pi) - np.pi
    return float(best) if _agreement(flexion[bent], abduction[bent], best) >= _AGREEMENT else 0.0


def _agreement(flexion: Array, abduction: Array, hinge: float) -> float:
    along = np.cos(hinge) * flexion + np.sin(hinge) * abduction
    across = np.cos(hinge) * abduction - np.sin(hinge) * flexion
    return float(np.mean((np.abs(across) < _SIDEWAYS) & (along > -_BACKWARDS)))
