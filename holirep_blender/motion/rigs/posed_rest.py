# SPDX-License-Identifier: GPL-3.0-or-later
"""The proportions in which a rig is posed: a pose may scale, stretch and shift bones, which its rest does not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Mapping, Sequence

import numpy as np

from .. import rotations
from ..retargeting import RetargetedMotion
from ..retargeting.anatomy import body_axes, leg_length
from .rig import FloatArray, Rig

_OFF = 2e-5
"""Share of the rig's size by which a bone must be away from where its rest pose has it: above single precision."""
_STEADY = 5e-4
"""Share of the rig's size within which it must keep that place in all frames: what moves on has no one length."""


def posed_rest(
    rig: Rig, joints: Mapping[str, str], bones: Sequence[str], pose_rotations: FloatArray, heads: FloatArray
) -> Rig:
    """The rig with a rest pose whose bones lie as far from each other as they do where it is posed.

    All rest rotations stay. The feet stand as high over the armature's origin as they do at rest, in proportion to the
    legs. A rig of which nothing is scaled, stretched or shifted is returned as it is.

    Parameters
    ----------
    joints : joint to bone, as of a rig map.
    bones : B bones that are posed.
    pose_rotations : (T, B, 4) their rotations in armature space.
    heads : (T, B, 3) where their heads are there.
    """
    column = {rig.index(name): number for number, name in enumerate(bones)}
    axes = rotations.normalized(np.swapaxes(rig.rest[[*column], :3, :3], 1, 2)).swapaxes(1, 2)
    unturned = rotations.multiply(rotations.from_matrix(axes), rotations.inverse(pose_rotations))
    size = float(np.ptp(rig.heads, axis=0).max()) or 1.0
    placed, longer, changed = rig.heads.copy(), np.ones(len(rig.heads)), False
    for bone in sorted(range(len(placed)), key=lambda each: len(rig.ancestors(each))):
        above = rig.ancestors(bone)
        carrier = next((each for each in above if each in column), -1) if bone in column else next(iter(above), -1)
        if carrier < 0:
            continue
        apart = rig.heads[bone] - rig.heads[carrier]
        new = longer[carrier] * apart
        if bone in column:
            here, there = column[bone], column[carrier]
            seen = rotations.rotate(unturned[:, there], heads[:, here] - heads[:, there])
            middle = np.median(seen, axis=0)
            off = float(np.linalg.norm(middle - apart))
            moved = off > _OFF * size and float(np.linalg.norm(seen - middle, axis=-1).max()) < _STEADY * size
            new, changed = (middle if moved else apart), changed or moved
        length = float(np.linalg.norm(apart))
        longer[bone] = np.linalg.norm(new) / length if length > 1e-6 * size else longer[carrier]
        placed[bone] = placed[carrier] + new
    if not changed:
        return rig
    rest = rig.rest.copy()
    rest[:, :3, 3] = placed + _standing(rig, joints, placed)
    return replace(rig, rest=rest)


def from_rest(motion: RetargetedMotion, rig: Rig, posed: Rig) -> RetargetedMotion:
    """A motion that was made for ``posed`` (see ``posed_rest``) with its locations counted from the rig's own rest."""
    if motion.location_bone is None or posed is rig:
        return motion
    bone = rig.index(motion.location_bone)
    local = motion.inheritance is None or motion.inheritance.local_location[bone]
    axes = rig.rest[bone if local else int(rig.parents[bone]), :3, :3] if local or rig.parents[bone] >= 0 else np.eye(3)
    return replace(motion, locations=motion.locations + (posed.heads[bone] - rig.heads[bone]) @ axes)


def _standing(rig: Rig, joints: Mapping[str, str], placed: FloatArray) -> FloatArray:
    """What lifts ``(3,)`` the heads ``placed`` so that the feet are as high as at rest, in proportion to the legs."""
    before, after = ({joint: heads[rig.index(bone)] for joint, bone in joints.items()} for heads in (rig.heads, placed))
    feet, leg = [name for name in ("leftFoot", "rightFoot") if name in joints], leg_length(before)
    if not feet or leg <= 0.0:
        return np.zeros(3)
    up = body_axes(before)[:, 2]
    height, now = (min(float(np.dot(points[name], up)) for name in feet) for points in (before, after))
    return np.asarray((height * leg_length(after) / leg - now) * up)
