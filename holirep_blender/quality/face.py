# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of the face: how well it is redrawn and followed, lids, lips, sides, trembling, and what is missing."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from ..motion.take import Take
from .face_fit import PIXELS, PLACE, REGIONS, FaceFit
from .face_model import face_model
from .following import TOO_SHORT, not_followed, shortest
from .poses import Pose
from .specs import Found
from .windows import averaged, mean_known, residual

Array = npt.NDArray[np.float64]

_STILL_CM = 0.06
"""Motion in 0.2 s that tracked face points seem to make when nothing moves, centimetres on the face."""
_SIZED = ("lips", "brows", "jaw")
_SIZE_WINDOW, _MOST_OCTAVES = 2.0, 4.0
_ELSEWHERE_OCTAVES = 0.3
"""By which tracked points move more than the take that follows them well, since a tracker wanders."""
_FROZEN_CM, _MOVING_CM, _LIVELY_CM = 0.015, 0.06, 0.08
"""Root mean square way of points from their mean: of a take's that do not move, from which it is told how far they
move, and of tracked ones that surely do, more than a tracker wanders."""
_PAIRS: tuple[tuple[int, int], ...] = (
    (291, 61), (386, 159), (374, 145), (336, 107), (334, 105), (300, 70), (280, 50), (327, 98), (269, 39), (405, 181),
)  # fmt: skip
"""Points of the left side and their mirror images."""
_LIDS = ((386, 374, 385, 380, 387, 373), (159, 145, 158, 153, 160, 144))
_USUAL, _SHUT = 65.0, 0.45
"""Percentile of an eye's opening that is its usual one, and the share of it at which MediaPipe's lids are shut."""
_BLINKING = 0.4
_TOUCHING_CM = 0.15
_CLOSED, _LEFT_OPEN_CM = 5.0, 0.3
"""Percentile of the tracked gap at which lips are closed, and the most that a tracker leaves open then."""
_FULL = 0.98
_USUAL_TREMBLING = 3.0
"""Times the median of a tracked point's way off its smooth curve up to which it is the tracker's trembling."""
_TURNED_AWAY = 0.25
"""Cosine of the angle between where the head looks and the camera, below which the face is not in the picture."""
_UNSEEN = "The face never looks towards the camera, or is too small in the picture to be judged."
_AWAY = "The face never looks towards the camera."


def reprojection(fit: FaceFit) -> Found:
    """Mean distance in millimetres on the face between the redrawn points and the tracked ones."""
    parts = {
        name: 10.0 * fit.off[:, [PLACE[point] for point in points]].mean(axis=1) for name, points in REGIONS.items()
    }
    return Found(10.0 * fit.off.mean(axis=1), parts=parts)


def following(fit: FaceFit, fps: float) -> Found:
    """Share of the tracked face's motion, freed from the head, that the take does not make."""
    flat = (0, 2)  # depth is what the tracker imagines
    parts = {}
    for name, points in REGIONS.items():
        rows = [PLACE[point] for point in points]
        parts[name] = not_followed(fit.own[:, rows][..., flat], fit.seen[:, rows][..., flat], fps, _STILL_CM)
    whole = not_followed(fit.own[..., flat], fit.seen[..., flat], fps, _STILL_CM)
    return Found(whole, missing=TOO_SHORT if len(whole) < shortest(fps) else "", parts=parts)


def amplitude(fit: FaceFit, fps: float) -> Found:
    """Octaves by which lips, brows or jaw, the worst of them, would have to move more or less to fit the tracked ones.

    Over four seconds, of the points' ways from their mean: the factor of least squares of the tracked by the take's,
    which does not ask for how a tracker wanders; and for lips and jaw, where that is more, the ratio of their root mean
    squares.
    """
    parts = {name: _octaves(fit, name, fps) for name in _SIZED}
    every = np.stack(list(parts.values()), axis=1)
    known = np.isfinite(every)
    worst = np.where(known.any(axis=1), np.where(known, every, -np.inf).max(axis=1), np.nan)
    return Found(worst, missing="The face moves too little to tell how far.", parts=parts)


def _octaves(fit: FaceFit, name: str, fps: float) -> Array:
    rows = [PLACE[point] for point in REGIONS[name]]
    half, told = round(_SIZE_WINDOW * fps), fit.facing[:, None, None]
    own, seen = (np.where(told, each[:, rows][..., (0, 2)], np.nan) for each in (fit.own, fit.seen))
    middles = [averaged(each, half) for each in (own, seen)]
    # about the windows' means, summed over points: what varies together, and each by itself
    together, alone, shown = (
        np.sum(averaged(first * second, half) - mean * other, axis=(1, 2)) / len(rows)
        for first, second, mean, other in (
            (own, seen, middles[0], middles[1]),
            (own, own, middles[0], middles[0]),
            (seen, seen, middles[1], middles[1]),
        )
    )
    factor = np.clip(np.maximum(together, 0.0) / np.maximum(alone, 1e-12), 2.0**-_MOST_OCTAVES, 2.0**_MOST_OCTAVES)
    octaves = np.abs(np.log2(factor))
    if name != "brows":  # what smoothing leaves of speech may fit as it is, and is yet a part of the motion only
        smaller = 0.5 * np.log2(np.maximum(shown, 1e-12) / np.maximum(alone, 1e-12)) - _ELSEWHERE_OCTAVES
        octaves = np.clip(np.maximum(smaller, octaves), 0.0, _MOST_OCTAVES)
    frozen = alone < _FROZEN_CM**2
    octaves = np.where(frozen, _MOST_OCTAVES, octaves)
    moves = np.where(frozen, shown > _LIVELY_CM**2, np.maximum(shown, alone) > _MOVING_CM**2)
    return np.where(fit.facing & moves, octaves, np.nan)


def symmetry(fit: FaceFit) -> Found:
    """Mean difference in millimetres of what left does more than right, between the take and the tracked face."""
    off = np.zeros((len(fit.own), len(_PAIRS)))
    for column, (left, right) in enumerate(_PAIRS):
        uneven = []
        for points in (fit.own, fit.seen):
            a, b = points[:, PLACE[left]], points[:, PLACE[right]]
            uneven.append(np.stack([a[:, 0] + b[:, 0], a[:, 2] - b[:, 2]], axis=1))
        off[:, column] = np.linalg.norm(uneven[0] - uneven[1], axis=1)
    return Found(np.where(fit.facing, 10.0 * off.mean(axis=1), np.nan), missing=_AWAY)


def blinks(take: Take, fit: FaceFit) -> Found:
    """How far the take's lids differ from the tracked ones, of a whole blink, while either shuts."""
    off = []
    for side, points in zip(("Left", "Right"), _LIDS):
        rows = [PLACE[point] for point in points]
        gaps = fit.seen[:, rows[0::2], 2] - fit.seen[:, rows[1::2], 2]
        opening = gaps.mean(axis=1)
        if not fit.facing.any():
            return Found(missing=_AWAY)
        usual = np.percentile(opening[fit.facing], _USUAL)
        shut = np.clip((1.0 - opening / max(float(usual), 1e-6)) / (1.0 - _SHUT), 0.0, 1.0)
        own = take.blendshapes[:, ARKIT_INDEX[f"eyeBlink{side}"]]
        either = fit.facing & ((shut > _BLINKING) | (own > _BLINKING))
        off.append(np.where(either, np.abs(own - shut), np.nan))
    return Found(mean_known(np.stack(off, axis=1)), missing="Nobody blinks in this take.")


def lip_closure(take: Take, fit: FaceFit) -> Found:
    """Difference in millimetres of the gap between the lips, while the take's or the tracked lips touch.

    The take's gap is what its coefficients open of a closed mouth; the tracked one is counted from what the tracker
    leaves between closed lips.
    """
    model = face_model()
    if model is None or not fit.facing.any():
        return Found(missing=_AWAY)
    own = np.maximum(take.blendshapes @ (model.moves[:, 13, 2] - model.moves[:, 14, 2]), 0.0)
    seen = fit.seen[:, PLACE[13], 2] - fit.seen[:, PLACE[14], 2]
    closed = float(np.clip(np.percentile(seen[fit.facing], _CLOSED), 0.0, _LEFT_OPEN_CM))
    seen = np.maximum(seen - closed, 0.0)
    touch = fit.facing & ((own < _TOUCHING_CM) | (seen < _TOUCHING_CM))
    return Found(np.where(touch, 10.0 * np.abs(own - seen), np.nan), missing="The lips never touch.")


def saturation(take: Take, beyond: Optional[Array]) -> Found:
    """Number of coefficients at their end that no face holds there, blinks and glances apart.

    ``beyond``: the number ``(T,)`` of the character's shape keys that are beyond their range, which counts if it is
    more.
    """
    columns = [row for row, name in enumerate(ARKIT_NAMES) if not name.startswith(("eyeBlink", "eyeLook"))]
    if take.blendshape_names != ARKIT_NAMES or not take.blendshape_confidence.any():
        return Found(missing="The take has no face.")
    seen = take.blendshape_confidence.max(axis=1) > 0.0
    full = (take.blendshapes[:, columns] >= _FULL).sum(axis=1).astype(np.float64)
    full = np.where(seen, full, np.nan)
    return Found(full if beyond is None else np.fmax(full, beyond))


def jitter(take: Take, fit: Optional[FaceFit]) -> Found:
    """How far the face's points are off the smooth curve through their neighbouring frames, millimetres.

    What the tracked points do alike, and far beyond their own trembling, is a blink or a plosive and none.
    """
    model = face_model()
    if model is None:
        return Found(missing="The face model is missing: the extension's trained weights are not there or hold none.")
    if take.blendshape_names != ARKIT_NAMES or not take.blendshape_confidence.any():
        return Found(missing="The take has no face.")
    if take.frame_count < 5:
        return Found(missing="The take is too short: trembling shows over five frames.")
    points = np.tensordot(take.blendshapes, model.moves[:, list(PLACE)], axes=1)
    off = residual(points, take.fps)
    size = np.linalg.norm(off, axis=-1)
    if fit is not None:
        size = np.minimum(size, np.linalg.norm(off - _sudden(fit, take.fps), axis=-1))
    value = 10.0 * np.sqrt(np.mean(size**2, axis=1))
    return Found(np.where(take.blendshape_confidence.max(axis=1) > 0.0, value, np.nan))


def _sudden(fit: FaceFit, fps: float) -> Array:
    """What of the tracked points' way off smooth curves ``(T, N, 3)`` is more than their usual trembling."""
    off = np.nan_to_num(residual(fit.seen, fps))
    size = np.linalg.norm(off, axis=-1)
    usual = np.median(size[fit.valid], axis=0)
    return np.asarray(off * np.maximum(1.0 - _USUAL_TREMBLING * usual / np.maximum(size, 1e-9), 0.0)[..., None])


def drop_outs(take: Take, pose: Pose) -> Found:
    """Share of the coefficients that the plate ever shows which were filled in, while the face looks to the camera.

    A face that is turned away or far off is not in the picture, and not missed there.
    """
    ever = take.blendshape_confidence.max(axis=0, initial=0.0) > 0.0
    if not ever.any():
        return Found(missing="The take has no face.")
    lost = (take.blendshape_confidence[:, ever] <= 0.0).mean(axis=1)
    return Found(np.where(_out_of_sight(take, pose), np.nan, lost), missing=_UNSEEN)


def _out_of_sight(take: Take, pose: Pose) -> npt.NDArray[np.bool_]:
    """Frames ``(T,)`` in which the head is turned from the camera, or its face is too small to be judged."""
    if take.camera is None or "head" not in take.joint_names:
        return np.zeros(take.frame_count, dtype=bool)
    head = take.joint_names.index("head")
    ahead = rotations.rotate(pose.turned[:, head], np.array([0.0, -1.0, 0.0]))
    toward = take.camera.world_from_camera[:, :3, 3] - pose.placed[:, head]
    away = np.linalg.norm(toward, axis=1)
    small = take.camera.intrinsics[0, 0] < 100.0 * PIXELS * away
    return np.asarray((np.sum(ahead * toward, axis=1) < _TURNED_AWAY * away) | small)
