# SPDX-License-Identifier: GPL-3.0-or-later
"""The body as signed distance fields: torso, neck, legs, arms. Fields of limbs are for the left side."""

from __future__ import annotations

import numpy as np

from . import proportions as body
from .implicit import Field, blend, cone, ellipsoid, mirrored, tube

FORWARD = (0.0, -1.0, 0.0)

#: z in metres, half width, extent to the front, extent to the back.
TORSO_PROFILE = (
    (0.850, 0.120, 0.070, 0.080),
    (0.890, 0.160, 0.088, 0.098),
    (0.940, 0.166, 0.096, 0.104),
    (0.990, 0.151, 0.098, 0.094),
    (1.040, 0.130, 0.095, 0.080),
    (1.085, 0.121, 0.092, 0.078),
    (1.140, 0.128, 0.096, 0.086),
    (1.200, 0.140, 0.102, 0.098),
    (1.260, 0.147, 0.104, 0.107),
    (1.320, 0.148, 0.096, 0.108),
    (1.365, 0.138, 0.078, 0.100),
    (1.400, 0.112, 0.056, 0.086),
    (1.435, 0.072, 0.046, 0.072),
)


def torso() -> Field:
    """Trunk from the crotch to the base of the neck, with breast, shoulder blades and seat."""
    low, high = TORSO_PROFILE[0][0], TORSO_PROFILE[-1][0]
    profile = [((z - low) / (high - low), w, f, b) for z, w, f, b in TORSO_PROFILE]
    trunk = tube((0, 0.008, low), (0, 0.008, high), FORWARD, profile)
    left = blend(
        [
            (ellipsoid((0.066, -0.064, 1.258), (0.060, 0.050, 0.060)), 0.0),
            (ellipsoid((0.070, 0.088, 1.320), (0.062, 0.036, 0.075)), 0.03),
            (ellipsoid((0.078, 0.072, 0.905), (0.084, 0.072, 0.082)), 0.03),
            (cone((0.030, 0.040, 1.428), (0.136, 0.018, 1.384), 0.044, 0.038), 0.04),
        ]
    )
    return blend([(trunk, 0.0), (mirrored(left, 0.012), 0.035)])


def neck() -> Field:
    """The neck, from inside the trunk into the skull."""
    muscle = mirrored(cone((0.014, -0.026, 1.405), (0.046, 0.012, 1.545), 0.010, 0.013), 0.006)
    column = tube(
        (0, 0.032, 1.390),
        (0, 0.006, 1.560),
        FORWARD,
        [(0, 0.055, 0.052, 0.058), (0.35, 0.0465, 0.047, 0.050), (1, 0.046, 0.046, 0.052)],
    )
    return blend([(column, 0.0), (muscle, 0.022)])


def leg() -> Field:
    """The left leg down to the ankle."""
    thigh = tube(
        body.HIP + np.array([0.002, 0.004, -0.01]),
        body.KNEE,
        FORWARD,
        [
            (0.0, 0.081, 0.086, 0.088),
            (0.25, 0.081, 0.084, 0.084),
            (0.55, 0.068, 0.072, 0.068),
            (0.85, 0.054, 0.056, 0.054),
            (1.0, 0.052, 0.054, 0.050),
        ],
    )
    shin = tube(
        body.KNEE,
        body.ANKLE,
        FORWARD,
        [
            (0.0, 0.051, 0.053, 0.050),
            (0.12, 0.049, 0.048, 0.056),
            (0.3, 0.052, 0.044, 0.070),
            (0.55, 0.043, 0.037, 0.056),
            (0.8, 0.031, 0.031, 0.037),
            (1.0, 0.029, 0.031, 0.036),
        ],
    )
    kneecap = ellipsoid(body.KNEE + np.array([0, -0.032, 0.006]), (0.028, 0.022, 0.034))
    return blend([(thigh, 0.0), (shin, 0.03), (kneecap, 0.03)])


def arm() -> Field:
    """The left arm from the shoulder to the wrist."""
    upper = tube(
        body.SHOULDER,
        body.ELBOW,
        FORWARD,
        [
            (0.0, 0.042, 0.047, 0.049),
            (0.3, 0.046, 0.048, 0.048),
            (0.65, 0.040, 0.043, 0.042),
            (1.0, 0.035, 0.037, 0.037),
        ],
    )
    # The forearm is widest across the elbow's axis and flattens towards the wrist, across the palm.
    lower = tube(
        body.ELBOW,
        body.WRIST,
        FORWARD,
        [
            (0.0, 0.036, 0.038, 0.037),
            (0.2, 0.037, 0.042, 0.040),
            (0.5, 0.032, 0.036, 0.034),
            (0.85, 0.0215, 0.0275, 0.0265),
            (1.0, 0.0190, 0.0265, 0.0260),
        ],
    )
    deltoid = ellipsoid(body.SHOULDER + body.ARM_AXIS * 0.045 + np.array([-0.004, 0.0, -0.012]), (0.045, 0.046, 0.048))
    return blend([(upper, 0.0), (lower, 0.02), (deltoid, 0.04)])


def whole_body() -> Field:
    """Trunk, neck and both arms and legs, for the weights that all clothes share."""
    return blend([(torso(), 0.0), (neck(), 0.03), (mirrored(leg()), 0.02), (mirrored(arm()), 0.035)])
