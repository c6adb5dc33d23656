# SPDX-License-Identifier: GPL-3.0-or-later
"""The skull and the flesh of the face as a signed distance field, with the eyes closed."""
from __future__ import annotations

import numpy as np

from . import proportions as body
from .body_shape import neck
from .implicit import Field, blend, carve, cone, ellipsoid, mirrored

MOUTH = body.MOUTH_HEIGHT
#: The lids lie this far outside of the eyeball.
LID_RADIUS = body.EYE_RADIUS + 0.0014
#: Height of the seam between the lips falls by this much towards the corners, half of the mouth's width in metres.
MOUTH_HALF_WIDTH = 0.0245


def _skull() -> Field:
    half = blend([
        (ellipsoid((0.044, -0.058, 1.580), (0.023, 0.026, 0.024)), 0.0),
        (cone((0.053, -0.004, 1.556), (0.044, -0.012, 1.528), 0.015, 0.013), 0.04),
        (cone((0.044, -0.014, 1.527), (0.012, -0.068, 1.503), 0.013, 0.013), 0.03),
        (ellipsoid((0.020, -0.083, 1.6265), (0.024, 0.013, 0.0075)), 0.015),
        (ellipsoid((0.036, -0.060, 1.545), (0.020, 0.026, 0.026)), 0.02),
    ])
    return blend([
        (ellipsoid((0, 0.012, 1.634), (0.0760, 0.0960, 0.0850)), 0.0),
        (ellipsoid((0, -0.030, 1.615), (0.0660, 0.0660, 0.0660)), 0.04),
        (ellipsoid((0, -0.036, 1.556), (0.0540, 0.0540, 0.0600)), 0.04),
        (ellipsoid((0, -0.078, 1.508), (0.0165, 0.0145, 0.0135)), 0.025),
        (mirrored(half), 0.022),
        (ellipsoid((0, -0.076, 1.540), (0.028, 0.0215, 0.026)), 0.02),
    ])


def _nose() -> Field:
    wing = blend([
        (ellipsoid((0.0100, -0.0985, 1.5600), (0.0062, 0.0085, 0.0062)), 0.0),
    ])
    return blend([
        (cone((0, -0.0890, 1.6060), (0, -0.1090, 1.5660), 0.0062, 0.0070), 0.0),
        (ellipsoid((0, -0.1110, 1.5640), (0.0088, 0.0082, 0.0074)), 0.008),
        (cone((0, -0.1050, 1.5590), (0, -0.0940, 1.5555), 0.0048, 0.0050), 0.006),
        (mirrored(wing), 0.006),
    ])


def _lips() -> tuple[Field, Field]:
    upper = blend([
        (cone((0.0035, -0.0985, MOUTH + 0.0044), (0.0140, -0.0945, MOUTH + 0.0032), 0.0044, 0.0036), 0.0),
        (cone((0.0140, -0.0945, MOUTH + 0.0032), (0.0240, -0.0845, MOUTH + 0.0006), 0.0036, 0.0016), 0.004),
    ])
    lower = blend([
        (cone((0.0000, -0.0965, MOUTH - 0.0054), (0.0100, -0.0945, MOUTH - 0.0048), 0.0056, 0.0050), 0.0),
        (cone((0.0100, -0.0945, MOUTH - 0.0048), (0.0235, -0.0845, MOUTH - 0.0006), 0.0050, 0.0016), 0.004),
    ])
    return mirrored(upper), mirrored(lower)


def head() -> Field:
    """The closed head with its neck, without ears."""
    eye = body.EYE_CENTRE
    socket = mirrored(ellipsoid(eye + np.array([0.0005, -0.0215, 0.001]), (0.0205, 0.0150, 0.0150)))
    lids = mirrored(ellipsoid(eye, (LID_RADIUS, LID_RADIUS, LID_RADIUS)))
    upper, lower = _lips()
    groove = ellipsoid((0, -0.1000, MOUTH + 0.0125), (0.0030, 0.0045, 0.0075))
    fold_under_lip = ellipsoid((0, -0.1010, 1.5195), (0.016, 0.0050, 0.0034))
    nostril = mirrored(ellipsoid((0.0054, -0.1060, 1.5545), (0.0030, 0.0052, 0.0040)))
    shape = carve(_skull(), socket, 0.016)
    shape = blend([(shape, 0.0), (lids, 0.007), (_nose(), 0.011)])
    shape = carve(shape, groove, 0.004)
    shape = carve(shape, fold_under_lip, 0.006)
    shape = blend([(shape, 0.0), (blend([(upper, 0.0), (lower, 0.0012)]), 0.0065)])
    shape = carve(shape, nostril, 0.0025)
    return blend([(shape, 0.0), (neck(), 0.018)])
