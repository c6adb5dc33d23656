# SPDX-License-Identifier: GPL-3.0-or-later
"""The clothes: a raglan top, trousers and trainers, each a solid shell somewhat larger than the body inside."""
from __future__ import annotations

import numpy as np

from . import proportions as body
from .body_shape import FORWARD, arm, leg, neck, torso
from .implicit import Array, Field, blend, cone, ellipsoid, mirrored, smooth_max, smooth_min, smoothstep, tube, unit

SLEEVE_END = 0.300
HEM = 0.900
WAISTBAND = 0.985
TROUSER_END = 0.105
#: The plane through the collar: a point and its outward normal.
COLLAR = (np.array([0.0, -0.012, 1.437]), unit(np.array([0.0, -0.42, 1.0])))


def _along_arm(p: Array) -> Array:
    return (p - body.SHOULDER) @ body.ARM_AXIS


def _raglan_seam(p: Array) -> Array:
    """Positive on the sleeve's side of the plane from the armpit to the collar."""
    normal = unit(np.array([0.84, 0.0, 0.54]))
    return (p - np.array([0.118, 0.0, 1.340])) @ normal


def sleeves() -> Field:
    """Both sleeves, of another colour than the trunk; they end above the elbow."""
    shape = blend([(torso(), 0.0), (arm(), 0.045)])

    def field(p: Array) -> Array:
        t = _along_arm(p)
        loose = 0.0085 + 0.0050 * smoothstep(0.08, SLEEVE_END, t)
        cuff = 0.0022 * smoothstep(SLEEVE_END - 0.026, SLEEVE_END - 0.023, t)
        d = smooth_max(shape(p) - loose - cuff, t - SLEEVE_END, 0.004)
        d = np.maximum(d, -_raglan_seam(p))
        return np.maximum(d, _collar_cut(p))

    return mirrored(field)


def _collar_cut(p: Array) -> Array:
    point, normal = COLLAR
    return (p - point) @ normal


def top() -> Field:
    """The trunk of the top, from the collar to the hem."""
    shape = blend([(torso(), 0.0), (mirrored(leg()), 0.03), (mirrored(arm()), 0.045)])

    def field(p: Array) -> Array:
        z = p[:, 2]
        loose = 0.0072 + 0.0085 * smoothstep(1.20, 1.05, z) + 0.004 * smoothstep(1.0, 0.9, z)
        hem = 0.0018 * smoothstep(HEM + 0.024, HEM + 0.021, z)
        d = smooth_max(shape(p) - loose - hem, HEM - z, 0.004)
        folded = p.copy()
        folded[:, 0] = np.abs(folded[:, 0])
        d = np.maximum(d, _raglan_seam(folded) - 0.012)
        return np.maximum(d, _collar_cut(p))

    return field


def collar() -> Field:
    """The ribbed band round the neck."""
    shape = blend([(neck(), 0.0), (torso(), 0.03)])

    def field(p: Array) -> Array:
        height = _collar_cut(p)
        band = np.abs(height - 0.003) - 0.0085
        return smooth_max(shape(p) - 0.0112, band, 0.006)

    return field


def trousers() -> Field:
    """Slim trousers to above the ankle."""
    one_leg = leg()
    trunk = torso()

    def field(p: Array) -> Array:
        folded = p.copy()
        folded[:, 0] = np.abs(folded[:, 0])
        z = p[:, 2]
        loose = 0.0045 + 0.0065 * smoothstep(0.60, 0.30, z) + 0.003 * smoothstep(0.80, 0.60, z)
        cuff = 0.0022 * smoothstep(TROUSER_END + 0.030, TROUSER_END + 0.027, z)
        # The legs stay apart below the crotch: each is cut at the middle.
        legs = smooth_max(one_leg(folded) - loose - cuff, 0.0022 - folded[:, 0], 0.004)
        hips = smooth_max(trunk(p) - 0.0045, 0.868 - z, 0.02)
        d = smooth_min(hips, legs, 0.03)
        d = smooth_max(d, z - WAISTBAND, 0.004)
        return smooth_max(d, TROUSER_END - z, 0.004)

    return field


def _footprint() -> Field:
    """The left foot's upper, before the sole."""
    ankle, ball, toe = body.ANKLE, body.BALL, body.TOE
    heel = ankle + np.array([0.001, 0.030, -0.044])
    return blend([
        (tube(ankle + np.array([0, 0.002, 0.055]), ankle + np.array([0, 0.006, -0.03]), FORWARD,
              [(0, 0.037, 0.042, 0.040), (1, 0.036, 0.044, 0.042)]), 0.0),
        (ellipsoid(heel, (0.035, 0.040, 0.042)), 0.03),
        (cone(ankle + np.array([0.001, -0.026, -0.022]), ball + np.array([-0.002, 0.008, 0.012]), 0.037, 0.032), 0.03),
        (ellipsoid(ball + np.array([-0.001, 0.0, 0.006]), (0.048, 0.058, 0.030)), 0.03),
        (ellipsoid(toe + np.array([-0.006, 0.018, 0.004]), (0.040, 0.046, 0.027)), 0.03),
    ])


def shoe_upper() -> Field:
    """The left trainer without its sole: open at the top, padded at the collar."""
    foot = _footprint()
    top_point = body.ANKLE + np.array([0.0, 0.0, 0.028])
    normal = unit(np.array([0.0, 0.25, 1.0]))

    def field(p: Array) -> Array:
        height = (p - top_point) @ normal
        pad = 0.0040 * smoothstep(-0.024, -0.010, height)
        d = smooth_max(foot(p) - 0.0035 - pad, height, 0.010)
        return smooth_max(d, 0.012 - p[:, 2], 0.003)

    return field


def shoe_sole() -> Field:
    """The left trainer's rubber sole, standing on the floor at z = 0."""
    foot = _footprint()

    def field(p: Array) -> Array:
        y = p[:, 1]
        flat = p.copy()
        flat[:, 2] = np.clip(p[:, 2], 0.030, None)
        top_edge = 0.025 + 0.012 * smoothstep(-0.04, 0.09, y)
        toe_spring = 0.010 * smoothstep(-0.13, -0.20, y)
        d = smooth_max(foot(flat) - 0.0075, p[:, 2] - top_edge, 0.005)
        return smooth_max(d, toe_spring - p[:, 2], 0.006)

    return field


def laces() -> Field:
    """Four bars across the left trainer's instep."""
    start = body.ANKLE + np.array([0.0, -0.050, 0.013])
    end = body.BALL + np.array([0.0, 0.028, 0.046])
    bars = []
    for t in (0.0, 0.33, 0.66, 1.0):
        middle = start + (end - start) * t
        bars.append((cone(middle - [0.017, 0, 0.004], middle + [0, 0, 0.002], 0.0032, 0.0036), 0.002))
        bars.append((cone(middle + [0, 0, 0.002], middle + [0.017, 0, -0.004], 0.0036, 0.0032), 0.002))
    return blend(bars)
