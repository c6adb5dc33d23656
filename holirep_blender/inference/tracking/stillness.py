# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling a person from a picture of one: a poster, a screen that stands still, furniture that looks like somebody."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from .scan import Sighting

# Grey levels by which a pixel of the small view varies over time: noise and flicker stay below 1.3 at the 95th
# percentile of a poster's box; people who stand as still as they can are above 10.
STILL = 3.0
# Something else must move, or the whole plate is a still (or the same picture for ever) and tells nothing.
MOVING_SHARE = 0.003
LEAST_SECONDS = 1.0
LEAST_SIGHTINGS = 4
MOST_VIEWS = 60


def is_picture(sightings: Sequence[Sighting], fps: float, size: Tuple[int, int]) -> bool:
    """Whether what was sighted never moved at all, for a second or more, while something else in the plate did.

    `size` is the plate's (width, height).  With a moving camera everything moves, and nothing is called a picture.
    """
    seconds = (sightings[-1].frame - sightings[0].frame) / fps
    if seconds < LEAST_SECONDS or len(sightings) < LEAST_SIGHTINGS:
        return False
    chosen = [sightings[index] for index in np.linspace(0, len(sightings) - 1, MOST_VIEWS).round().astype(int)]
    views = np.array([sighting.view for sighting in chosen], np.float64)
    if float((views.std(axis=0) > 2.0 * STILL).mean()) < MOVING_SHARE:
        return False
    box = np.median([sighting.box for sighting in chosen], axis=0) * views.shape[2] / size[0]
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.ceil(box[2:]).astype(int)
    inside = views[:, top : bottom + 1, left : right + 1].reshape(len(views), -1)
    if inside.shape[1] == 0:
        return False
    # Without flicker: lamps and automatic exposure brighten the whole box at once.
    inside = inside - np.median(inside, axis=1, keepdims=True)
    return bool(np.percentile(inside.std(axis=0), 95) < STILL)
