# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames show the performer well enough to be solved, and the points that the solve starts from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..observations import Observations
from ..skeleton import SIDES
from .body import BodyPoints
from .landmarks import ANKLE, ELBOW, HIP, INDEX_KNUCKLE, KNEE, LITTLE_KNUCKLE, SHOULDER, WRIST

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_SHORTEST_SIGHTING = 0.1
_PLAINLY_SEEN = 0.95
"""The tracker's trust in a shoulder that nothing hides."""
_MAIN = (*SHOULDER, *ELBOW, *WRIST, *HIP, *KNEE, *ANKLE)
_HAND_SHARE = 0.7
"""How far wrist and knuckles follow the hand tracker, which sees the hand larger than the body tracker does."""

_KNUCKLE_SHARE = 0.3
"""Trust in the direction of the body tracker's knuckles, where no hand tracker sees the hand."""


def body_sightings(rows: Observations, fps: float) -> Mask:
    """Frames ``(T,)`` in which the body can be solved; none where nothing was found.

    Frames in which most of the trunk or half of the limbs is beyond the left or right edge are left out, as are the
    first and last ones of a clip while the performer still comes from behind something, with neither face nor shoulders
    to be seen: the tracker invents what it does not see. A performer who is never seen better is solved all the same.
    """
    found = np.isfinite(rows.body_image).all(axis=(1, 2)) & np.isfinite(rows.body_world).all(axis=(1, 2))
    found &= rows.body_confidence > 0.0
    if not found.any():
        return np.asarray(found)
    kept = gaps.without_islands(found, round(_SHORTEST_SIGHTING * fps))
    kept = kept if kept.any() else found
    with np.errstate(invalid="ignore"):
        inside = (rows.body_image[..., 0] >= 0.0) & (rows.body_image[..., 0] <= rows.image_size[0])
    whole = kept & (inside[:, (*SHOULDER, *HIP)].sum(axis=1) >= 2) & (inside[:, _MAIN].sum(axis=1) >= len(_MAIN) // 2)
    if whole.sum() < 0.3 * kept.sum():
        return np.asarray(kept)
    clear = rows.body_visibility[:, _MAIN].mean(axis=1) * rows.body_confidence
    # behind something nobody shows face and both shoulders; hanging arms are only near the picture's edge
    plain = (rows.body_visibility[:, SHOULDER] >= _PLAINLY_SEEN).all(axis=1) & (rows.face_confidence > 0.0)
    good = np.flatnonzero(whole & (plain | (clear >= 0.75 * np.median(clear[whole]))))
    whole[: good[0]] = False
    whole[good[-1] + 1 :] = False
    return np.asarray(whole)


def body_points(
    rows: Observations, valid: Mask, hand_weights: dict[str, Array], centre: Array, fps: float
) -> BodyPoints:
    """Body landmarks filled where not ``valid (T,)``; wrists and knuckles drawn to the hand's points.

    ``hand_weights`` per side ``(T,)`` 0..1: how far the hand's points count, fading at the borders of their gaps.
    ``centre (2,)`` is where the optical axis meets the picture.
    """
    image = rows.body_image.copy()
    along = np.ones(image.shape[:2])
    for side, name in enumerate(SIDES):
        hand = getattr(rows, f"{name}_hand_image")
        share = _HAND_SHARE * hand_weights[name][:, None]
        for knuckles in (INDEX_KNUCKLE, LITTLE_KNUCKLE):
            along[:, knuckles[side]] = _KNUCKLE_SHARE * (1.0 - hand_weights[name])
        for landmarks, point in ((WRIST, 0), (INDEX_KNUCKLE, 5), (LITTLE_KNUCKLE, 17)):
            there = np.isfinite(hand[:, point]).all(axis=1)[:, None] & (share > 0.0)
            mixed = image[:, landmarks[side], :2] * (1.0 - share) + np.nan_to_num(hand[:, point, :2]) * share
            image[:, landmarks[side], :2] = np.where(there, mixed, image[:, landmarks[side], :2])
    mask = valid[:, None, None]
    return BodyPoints(
        pixels=gaps.fill_points(np.where(mask, image, np.nan), rows.times)[..., :2],
        world=gaps.fill_points(np.where(mask, rows.body_world, np.nan), rows.times),
        trust=np.where(valid[:, None], rows.body_visibility, 0.0),
        direction_trust=along,
        image_size=rows.image_size,
        centre=centre,
        fps=fps,
    )
