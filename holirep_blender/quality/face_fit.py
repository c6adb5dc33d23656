# SPDX-License-Identifier: GPL-3.0-or-later
"""The take's face laid onto the tracked one: what its coefficients draw beside what the tracker saw, head by head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import numpy as np
import numpy.typing as npt

from ..motion.arkit import ARKIT_NAMES
from ..motion.geometric.face_points import SKIN, STABLE
from ..motion.geometric.gaze import EYES
from ..motion.geometric.similarity import similarities
from ..motion.take import Take
from .face_model import FaceModel, face_model
from .timeline import Rows, observed_rows

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LIPS = (61, 291, 0, 17, 13, 14, 39, 269, 181, 405, 37, 267, 84, 314, 78, 308)
LIDS = (159, 145, 386, 374, 158, 385, 153, 380, 160, 387, 144, 373)
BROWS = (107, 336, 105, 334, 70, 300, 55, 285, 46, 276)
JAW = (152, 148, 377, 199, 175)
CHEEKS = (50, 280, 98, 327, 205, 425)
LIVELY: tuple[int, ...] = LIPS + LIDS + BROWS + JAW + CHEEKS
"""Points of mouth, lids, brows, chin and cheeks: those by which a face is read."""
REGIONS: dict[str, tuple[int, ...]] = {"lips": LIPS, "lids": LIDS, "brows": BROWS, "jaw": JAW}
PLACE: dict[int, int] = {point: row for row, point in enumerate(LIVELY)}
_USED: tuple[int, ...] = tuple(sorted({*range(0, SKIN, 4), *LIVELY, *STABLE}))
"""Points of the skin that the face is laid by: enough for the mean, at a third of the time of all."""
_IRISES: tuple[int, ...] = tuple(range(SKIN, 478))
_SHAPE = len(_USED)
_POINTS: list[int] = [*_USED, *_IRISES]
_ROW: dict[int, int] = {point: row for row, point in enumerate(_POINTS)}
_CHUNK = 512
"""Frames that are worked on at a time, so that memory does not grow with the clip by more than what is kept."""
_FACING = 0.5
"""Cosine of the angle between where the face looks and the camera, from which both sides of it are seen."""
PIXELS = 2.5
"""Pixels to a centimetre of the face from which it is judged: below, the eyes are less than 16 pixels apart."""
_SAMPLES, _ROUNDS = 240, 3


@dataclass(frozen=True)
class FaceFit:
    """The face over ``T`` frames; NaN where it was not seen.

    Attributes
    ----------
    own, seen : (T, L, 3) the points :data:`LIVELY` as the coefficients draw them and as they were tracked, freed from
        the head's pose, centimetres on a face of average size, in head axes (X to the performer's left, Y backwards, Z
        up).
    off : (T, L) distance between the two in the picture, centimetres.
    turned : (T, 3, 3) the head's rotation in the camera's axes.
    facing : (T,) whether the face looks at the camera enough to be measured sideways.
    irises : (T, 2, 2) shift of the left and the right iris sideways (to the performer's left) and up, in eye widths.
    valid : (T,).
    """

    own: Array
    seen: Array
    off: Array
    turned: Array
    irises: Array
    facing: Mask
    valid: Mask


def fit_face(take: Take) -> Union[FaceFit, str]:
    """The take's face on the tracked one, or in the user's words why that cannot be.

    The performer's face at rest is the median, over frames of the clip, of the tracked points less what the
    coefficients move, so no neutral frame is needed; what an error has in all frames alike is therefore not seen.
    """
    if take.observations is None:
        return "The take holds no tracked points."
    model = face_model()
    if model is None:
        return "The face model is missing: the extension's trained weights are not there or hold none."
    if take.blendshape_names != ARKIT_NAMES or not take.blendshape_confidence.any():
        return "The take has no face."
    rows = observed_rows(take, take.observations)
    confidence = rows.of(take.observations.face_confidence)
    valid = (confidence > 0.0) & (take.blendshape_confidence.max(axis=1) > 0.0)
    if not valid.any():
        return "The face was seen in no frame."
    focal, centre = _lens(take)
    frames = np.flatnonzero(valid)
    neutral = _neutral(
        take, rows, model, frames[np.linspace(0, len(frames) - 1, min(_SAMPLES, len(frames))).astype(int)]
    )
    count, width = take.frame_count, len(LIVELY)
    fit = FaceFit(
        np.full((count, width, 3), np.nan),
        np.full((count, width, 3), np.nan),
        np.full((count, width), np.nan),
        np.full((count, 3, 3), np.nan),
        np.full((count, 2, 2), np.nan),
        np.zeros(count, dtype=bool),
        np.zeros(count, dtype=bool),
    )
    chosen, small = [_ROW[point] for point in LIVELY], False
    moves = model.moves[:, list(_USED)]
    for start in range(0, count, _CHUNK):
        end = min(start + _CHUNK, count)
        points = rows.of(take.observations.face_image, start, end)[:, _POINTS]
        good = valid[start:end] & np.isfinite(points).all(axis=(1, 2))
        if not good.any():
            continue
        at = start + np.flatnonzero(good)
        points, toward = in_space(points[good], focal, centre)
        shapes = neutral + np.tensordot(take.blendshapes[at], moves, axes=1)
        turned, scale, shift = similarities(shapes, points[:, :_SHAPE])
        large = scale >= PIXELS
        small |= not large.all()
        if not large.any():
            continue
        at, points, shapes, toward = at[large], points[large], shapes[large], toward[large]
        turned, scale, shift = turned[large], scale[large], shift[large]
        freed = np.einsum("tji,tnj->tni", turned, points - shift[:, None]) / scale[:, None, None]
        drawn = np.einsum("tij,tnj->tni", turned, shapes[:, chosen])
        tracked = (points[:, chosen] - shift[:, None]) / scale[:, None, None]
        fit.own[at], fit.seen[at] = shapes[:, chosen], freed[:, chosen]
        off = drawn - tracked
        off -= np.einsum("tni,ti->tn", off, toward)[..., None] * toward[:, None]
        fit.off[at] = np.linalg.norm(off, axis=-1)
        fit.turned[at] = turned
        fit.irises[at] = _irises(freed)
        fit.facing[at] = np.einsum("ti,ti->t", turned[..., 1], toward) > _FACING
        fit.valid[at] = True
    if not fit.valid.any():
        return "The face is too small in the picture to be judged." if small else "The face was seen in no frame."
    return fit


def heads(take: Take, tracked: Array, model: FaceModel) -> tuple[Array, Array, Array]:
    """Rotations ``(N, 3, 3)`` of the head in the camera's axes, pixels to a centimetre of it and directions to it.

    By the mean face on tracked points ``(N, 478, 3)``, pixels.
    """
    points, toward = in_space(tracked[:, _POINTS], *_lens(take))
    turned, scale, _ = similarities(model.template[list(_USED)], points[:, :_SHAPE])
    return turned, scale, toward


def in_space(points: Array, focal: float, centre: Array) -> tuple[Array, Array]:
    """Face points ``(T, N, 3)`` in pixels as they lie in the camera's axes, and the directions ``(T, 3)`` to the face.

    The unit is what a pixel covers at the face, so that the face is ``focal`` of them away; the tracker's ``z`` counts
    along the ray to the face's middle, since it looks at a square that is cut out around the face.
    """
    rays = np.ones_like(points)
    rays[..., :2] = (points[..., :2] - centre) / focal
    toward = rays[:, :_SHAPE].mean(axis=1)
    toward = toward / np.linalg.norm(toward, axis=-1, keepdims=True)
    depth = focal + points[..., 2] - points[:, :_SHAPE, 2].mean(axis=1, keepdims=True)
    return rays * (depth / np.einsum("tni,ti->tn", rays, toward))[..., None], toward


def _neutral(take: Take, rows: Rows, model: FaceModel, frames: npt.NDArray[np.intp]) -> Array:
    """The performer's own face at rest, the points ``_USED`` in centimetres, from some of the frames."""
    assert take.observations is not None
    points = np.concatenate([rows.of(take.observations.face_image, int(at), int(at) + 1)[:, _POINTS] for at in frames])
    points = in_space(points, *_lens(take))[0][:, :_SHAPE]
    good = np.isfinite(points).all(axis=(1, 2))
    template, moves = model.template[list(_USED)], model.moves[:, list(_USED)]
    neutral = template
    if not good.any():
        return neutral
    points, frames = points[good], frames[good]
    moved = np.tensordot(take.blendshapes[frames], moves, axes=1)
    for _ in range(_ROUNDS):
        turned, scale, shift = similarities(neutral + moved, points)
        freed = np.einsum("tji,tnj->tni", turned, points - shift[:, None]) / scale[:, None, None]
        neutral = np.median(freed - moved, axis=0)
    # rest keeps the average face's size and pose, so that figures are centimetres in head axes
    turned, scale, shift = similarities(neutral[None], template[None])
    return np.asarray(scale[0] * neutral @ turned[0].T + shift[0])


def _irises(freed: Array) -> Array:
    shifts = []
    for points in EYES:
        outer, inner, iris = _ROW[points[0]], _ROW[points[1]], _ROW[points[4]]
        width = np.linalg.norm(freed[:, outer] - freed[:, inner], axis=-1)
        shifts.append((freed[:, iris] - (freed[:, outer] + freed[:, inner]) / 2.0) / np.maximum(width, 1e-9)[:, None])
    return np.asarray(np.stack(shifts, axis=1)[..., (0, 2)])


def _lens(take: Take) -> tuple[float, Array]:
    if take.camera is not None:
        return float(take.camera.intrinsics[0, 0]), take.camera.intrinsics[:2, 2]
    assert take.observations is not None
    size = take.observations.image_size
    return float(max(size)), size / 2.0
