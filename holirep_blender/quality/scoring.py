# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps from physical units to scores, and how scores of frames and of parts become one.

Three rules, used everywhere:

- *Ramp*: a figure of 0 scores 1, of ``good`` 0.96, from ``bad`` on 0, and falls evenly between: what is within the
  tolerance costs little, but is not forgiven, so that slight damage shows too.
- *Frames to a clip*: 0.7 of the mean over the frames plus 0.3 of the mean over the worst tenth of them, so that a short
  stretch of rubbish is not lost in a long clip (an expected shortfall; Rockafellar & Uryasev 2000).
- *Parts to a whole*: half the mean of the parts plus half the worst of them: a picture looks as wrong as what is most
  wrong in it.

A part of the overall score that could not be measured counts as :data:`UNMEASURED` there, so that leaving out what is
weak does not make a take pass.

All three never rise when a figure gets worse.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GOOD_SCORE = 0.96
"""What a figure at ``good`` scores."""
TAIL_SHARE, TAIL_WEIGHT = 0.1, 0.3
"""The worst frames, as a share of all, and their weight in a clip's score."""
WORST_WEIGHT = 0.5
"""Weight of the worst part in a whole."""
UNMEASURED = 0.75
"""What a score that could not be measured counts in the overall one: with five others at 1 that is 0.85 then, below its
gate."""


def ramp(values: npt.ArrayLike, good: float, bad: float) -> Array:
    """Scores 0..1 of figures, which are 0 or more: 1 at 0, 0.96 at ``good``, 0 at ``bad`` and beyond; NaN stays NaN."""
    figures = np.asarray(values, dtype=np.float64)
    within = 1.0 - (1.0 - GOOD_SCORE) * figures / good
    beyond = GOOD_SCORE * (bad - figures) / (bad - good)
    return np.clip(np.where(figures <= good, within, beyond), 0.0, 1.0)


def frame_weights(scores: Array) -> Array:
    """Weight ``(T,)`` of each frame in the clip's score, in sum 1; 0 for frames without a score.

    The worst tenth may end within a frame, which then counts in part, and equal frames share alike.
    """
    weights = np.zeros(len(scores))
    known = np.flatnonzero(np.isfinite(scores))
    if len(known) == 0:
        return weights
    weights[known] = (1.0 - TAIL_WEIGHT) / len(known)
    tail = TAIL_SHARE * len(known)
    _, inverse, counts = np.unique(scores[known], return_inverse=True, return_counts=True)
    before = np.concatenate([[0.0], np.cumsum(counts)[:-1]])
    share = np.clip((tail - before) / counts, 0.0, 1.0)
    weights[known] += TAIL_WEIGHT * share[inverse.reshape(-1)] / tail
    return weights


def clip_score(scores: Array) -> float:
    """The clip's score of its frames' ``(T,)``; NaN where no frame has one."""
    if not np.isfinite(scores).any():
        return float("nan")
    return float(np.clip(np.nansum(frame_weights(scores) * np.nan_to_num(scores)), 0.0, 1.0))


def whole(parts: Sequence[Array]) -> tuple[Array, list[Array]]:
    """Scores ``(T,)`` of wholes from those of their parts, and what each part costs them, ``(T,)`` each.

    The costs of a frame add up to what its score lacks of 1. Parts without a score (NaN) do not count there.
    """
    table = np.stack([np.asarray(part, dtype=np.float64) for part in parts])
    lack = 1.0 - table
    known = np.isfinite(table)
    count = known.sum(axis=0)
    filled = np.where(known, lack, -1.0)
    worst = np.argmax(filled, axis=0)
    lost = np.where(known, lack, 0.0) * ((1.0 - WORST_WEIGHT) / np.maximum(count, 1))
    columns = np.arange(table.shape[1])
    lost[worst, columns] += np.where(count > 0, WORST_WEIGHT * np.maximum(filled[worst, columns], 0.0), 0.0)
    return np.where(count > 0, 1.0 - lost.sum(axis=0), np.nan), list(lost)
