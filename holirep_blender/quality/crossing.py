# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether body and face tell of one person at one time: head pose, gaze, and speech in step with the body."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.geometric.gaze import EYES, TURN_PER_WIDTH
from ..motion.take import Take
from .face_fit import JAW, LIPS, PLACE, FaceFit
from .marks import BodyMarks
from .poses import Pose
from .specs import Found

Array = npt.NDArray[np.float64]

_SHUT, _USUAL = 0.45, 60.0
_EYES = ("leftEye", "rightEye")
_LEVEL = np.radians(8.0)
"""By which the usual height of somebody's gaze may be another than straight ahead: the irises' height at rest is not
known better."""
_LONGEST_LAG = 0.5
_TOLD_SECONDS = 4.0 * _LONGEST_LAG
_SOONER = 0.25
"""Correlation by which the longest lag must be the better one: smoothed motion correlates as well with any."""
_ALIKE = 0.3
"""Correlation from which a lag is one."""
_CLEAR, _SIDED = 0.6, 0.25
"""Correlation from which a lag is believed by itself; below, it must be the better one by so much than the same lag the
other way round: smoothed motion correlates alike with what is before and after."""
_SPEAKS_CM = 0.03
"""Root mean square of the lips' way in 0.1 s from which the mouth moves, centimetres."""
_MOVES_METRES = 0.004


def head_pose(take: Take, pose: Pose, fit: FaceFit) -> Found:
    """Degrees between the head of the body and the head that the face's points show."""
    if take.camera is None:
        return Found(missing="The take has no camera.")
    if "head" not in take.joint_names:
        return Found(missing="The skeleton has no head.")
    camera = take.camera.world_from_camera[:, :3, :3]
    seen = np.einsum("tij,tjk->tik", camera, fit.turned)
    own = rotations.to_matrix(pose.turned[:, take.joint_names.index("head")])
    cosine = (np.einsum("tij,tij->t", own, seen) - 1.0) / 2.0
    return Found(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def gaze(take: Take, fit: FaceFit) -> Found:
    """Degrees between where the eyes are turned and where the irises are, eyes that are shut apart."""
    if not set(_EYES) <= set(take.joint_names):
        return Found(missing="The skeleton has no eyes.")
    open_eyes = fit.facing.copy()
    if not open_eyes.any():
        return Found(missing="The face never looks towards the camera.")
    for _, _, upper, lower, _ in EYES:
        gap = (fit.seen[:, [PLACE[p] for p in upper], 2] - fit.seen[:, [PLACE[p] for p in lower], 2]).mean(axis=1)
        usual = float(np.percentile(gap[fit.facing], _USUAL))
        open_eyes &= np.where(fit.facing, gap, 0.0) > _SHUT * usual
    if not open_eyes.any():
        return Found(missing="The eyes are open in no frame.")
    sideways, up = fit.irises[..., 0], fit.irises[..., 1].mean(axis=1)
    # at rest the irises lie symmetrically, and at a height of the performer's own
    inwards = np.median((sideways[open_eyes, 1] - sideways[open_eyes, 0]) / 2.0)
    yaw = np.arcsin(np.clip((sideways + np.array([inwards, -inwards])) * TURN_PER_WIDTH, -1.0, 1.0))
    ahead = np.array([0.0, -1.0, 0.0])
    sights = [rotations.rotate(take.local_rotations[:, take.joint_names.index(eye)], ahead) for eye in _EYES]
    raised = np.arcsin(np.clip(up * TURN_PER_WIDTH, -1.0, 1.0))
    usual = np.median(raised[open_eyes])
    apart = raised - np.arcsin(np.clip(np.mean(sights, axis=0)[:, 2], -1.0, 1.0))
    pitch = raised - usual - np.clip(np.median(apart[open_eyes]) - usual, -_LEVEL, _LEVEL)
    off = []
    for column, sight in enumerate(sights):
        seen = np.stack(
            [np.sin(yaw[:, column]) * np.cos(pitch), -np.cos(yaw[:, column]) * np.cos(pitch), np.sin(pitch)], axis=1
        )
        off.append(np.degrees(np.arccos(np.clip(np.sum(sight * seen, axis=1), -1.0, 1.0))))
    return Found(np.where(open_eyes, np.mean(off, axis=0), np.nan))


def in_step(marks: BodyMarks, fit: FaceFit, fps: float) -> Found:
    """Milliseconds by which the mouth comes before or after the body, against how both were tracked."""
    if len(fit.own) < round(_TOLD_SECONDS * fps):
        return Found(
            missing=f"The take is too short: whether mouth and body are in step shows over {_TOLD_SECONDS:g} s."
        )
    rows = [PLACE[point] for point in LIPS + JAW]
    flat = (0, 2)
    mouth = _lag(fit.own[:, rows][..., flat], fit.seen[:, rows][..., flat], fps, _SPEAKS_CM)
    if mouth is None:
        return Found(missing="The mouth moves too little, or not as it was tracked, to tell when it does.")
    metres = float(np.nanmedian(marks.metres))
    body = _lag(marks.own * metres, marks.seen * metres, fps, _MOVES_METRES)
    if body is None:
        return Found(missing="The body moves too little, or not as it was tracked, to tell when it does.")
    return Found(value=1000.0 * abs(mouth - body))


def _lag(own: Array, seen: Array, fps: float, least: float) -> Optional[float]:
    """Seconds by which ``own (T, N, D)`` comes after ``seen``: the peak of their velocities' correlation."""
    step = max(1, round(0.1 * fps))
    longest = round(_LONGEST_LAG * fps)
    known = np.isfinite(own).all(axis=2) & np.isfinite(seen).all(axis=2)
    moved = []
    for points in (own, seen):
        values = np.where(known[..., None], points, 0.0)
        both = (known[step:] & known[:-step])[..., None]
        moved.append(np.where(both, values[step:] - values[:-step], 0.0).reshape(len(points) - step, -1))
    a, b = moved
    if b.size == 0 or np.sqrt(np.mean(np.sum(b.reshape(len(b), -1, own.shape[2]) ** 2, axis=-1))) < least:
        return None
    shifts = np.arange(-longest, longest + 1)
    curve = np.empty(len(shifts))
    for index, shift in enumerate(shifts):
        late, early = (a[shift:], b[: len(b) - shift]) if shift >= 0 else (a[:shift], b[-shift:])
        power = float(np.sqrt(np.vdot(late, late) * np.vdot(early, early)))
        curve[index] = float(np.vdot(late, early)) / power if power > 0.0 else 0.0
    curve -= _SOONER * (shifts / longest) ** 2
    top = int(np.argmax(curve))
    if curve[top] < _ALIKE:
        return None
    if shifts[top] != 0 and curve[top] < _CLEAR and curve[top] - curve[len(curve) - 1 - top] < _SIDED:
        return None
    place = float(shifts[top])
    if 0 < top < len(curve) - 1:
        before, at, after = curve[top - 1 : top + 2]
        bend = before - 2.0 * at + after
        place += 0.5 * float(before - after) / float(bend) if bend < -1e-12 else 0.0
    return place / fps
