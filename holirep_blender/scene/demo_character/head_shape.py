# SPDX-License-Identifier: GPL-3.0-or-later
"""The skull and the flesh of the face as a signed distance field, with the eyes closed."""

from __future__ import annotations

import numpy as np

from . import proportions as body
from .body_shape import neck, torso
from .implicit import Field, blend, carve, cone, ellipsoid, mirrored

MOUTH = body.MOUTH_HEIGHT
#: The lids lie this far outside of the eyeball.
LID_RADIUS = body.EYE_RADIUS + 0.0014


def skull() -> Field:
    """The bony shape under the face: cranium, cheekbones, jaw and chin."""
    half = blend(
        [
            (ellipsoid((0.044, -0.058, 1.580), (0.023, 0.026, 0.024)), 0.0),
            (cone((0.051, -0.004, 1.556), (0.0415, -0.014, 1.530), 0.014, 0.012), 0.04),
            (cone((0.0415, -0.016, 1.529), (0.010, -0.070, 1.505), 0.012, 0.012), 0.03),
            (ellipsoid((0.022, -0.080, 1.6275), (0.024, 0.012, 0.0070)), 0.018),
            (ellipsoid((0.036, -0.060, 1.545), (0.020, 0.026, 0.026)), 0.02),
        ]
    )
    return blend(
        [
            (ellipsoid((0, 0.012, 1.634), (0.0760, 0.0960, 0.0850)), 0.0),
            (ellipsoid((0, -0.030, 1.615), (0.0650, 0.0660, 0.0660)), 0.04),
            (ellipsoid((0, -0.036, 1.556), (0.0540, 0.0540, 0.0600)), 0.04),
            (ellipsoid((0, -0.077, 1.508), (0.0175, 0.0145, 0.0140)), 0.025),
            (mirrored(half, 0.006), 0.022),
            (ellipsoid((0, -0.076, 1.540), (0.028, 0.0215, 0.026)), 0.02),
        ]
    )


def _nose() -> Field:
    wing = blend(
        [
            (ellipsoid((0.0106, -0.0985, 1.5605), (0.0068, 0.0098, 0.0066)), 0.0),
        ]
    )
    return blend(
        [
            (cone((0, -0.0870, 1.6080), (0, -0.1085, 1.5680), 0.0058, 0.0066), 0.0),
            (ellipsoid((0, -0.1105, 1.5650), (0.0086, 0.0084, 0.0076)), 0.008),
            (cone((0, -0.1050, 1.5590), (0, -0.0940, 1.5555), 0.0048, 0.0050), 0.006),
            (mirrored(wing), 0.009),
        ]
    )


def _lips() -> tuple[Field, Field]:
    upper = blend(
        [
            (cone((0.0035, -0.0985, MOUTH + 0.0044), (0.0130, -0.0945, MOUTH + 0.0032), 0.0042, 0.0034), 0.0),
            (cone((0.0130, -0.0945, MOUTH + 0.0032), (0.0236, -0.0850, MOUTH + 0.0030), 0.0034, 0.0016), 0.004),
        ]
    )
    lower = blend(
        [
            (cone((0.0000, -0.0965, MOUTH - 0.0054), (0.0100, -0.0945, MOUTH - 0.0048), 0.0056, 0.0050), 0.0),
            (cone((0.0100, -0.0945, MOUTH - 0.0046), (0.0232, -0.0850, MOUTH + 0.0018), 0.0048, 0.0016), 0.004),
        ]
    )
    return mirrored(upper), mirrored(lower)


def head() -> Field:
    """The closed head with its neck, without ears."""
    eye = body.EYE_CENTRE
    socket = mirrored(ellipsoid(eye + np.array([0.0005, -0.0215, 0.001]), (0.0205, 0.0150, 0.0150)))
    lids = mirrored(ellipsoid(eye, (LID_RADIUS, LID_RADIUS, LID_RADIUS)))
    upper, lower = _lips()
    groove = ellipsoid((0, -0.1035, MOUTH + 0.0120), (0.0042, 0.0052, 0.0070))
    fold_under_lip = ellipsoid((0, -0.1010, 1.5195), (0.016, 0.0050, 0.0034))
    nostril = mirrored(ellipsoid((0.0066, -0.1035, 1.5540), (0.0030, 0.0050, 0.0036)))
    shape = carve(skull(), socket, 0.016)
    shape = blend([(shape, 0.0), (lids, 0.009), (_nose(), 0.014)])
    shape = carve(shape, groove, 0.006)
    shape = carve(shape, fold_under_lip, 0.006)
    shape = blend([(shape, 0.0), (blend([(upper, 0.0), (lower, 0.0012)]), 0.0065)])
    shape = carve(shape, nostril, 0.0025)
    throat = blend([(neck(), 0.0), (torso(), 0.03)])
    return blend([(shape, 0.0), (throat, 0.018)])
