# SPDX-License-Identifier: GPL-3.0-or-later
"""The clothes: a raglan top, trousers and trainers, each a shell somewhat larger than the body inside."""

from __future__ import annotations

import numpy as np

from . import proportions as body
from .body_shape import FORWARD, arm, leg, neck, torso
from .cutting import cut, turn_in
from .implicit import (
    Array,
    Field,
    blend,
    cone,
    ellipsoid,
    mirrored,
    smooth_max,
    smooth_min,
    smoothstep,
    tube,
    unit,
)
from .surface_nets import Mesh, band, join, surface_net

SLEEVE_END = 0.300
HEM = 0.950
WAISTBAND = 0.985
TROUSER_END = 0.105
#: The plane of the collar: a point and the normal to the head's side.
COLLAR = (np.array([0.0, 0.022, 1.460]), unit(np.array([0.0, -0.36, 1.0])))
#: The plane of the left raglan seam, from the armpit to the collar: a point and the normal to the sleeve's side.
RAGLAN = (np.array([0.107, 0.0, 1.350]), unit(np.array([0.86, 0.0, 0.51])))


def _shirt() -> Field:
    trunk = blend([(torso(), 0.0), (mirrored(leg()), 0.03)])
    arms, throat = mirrored(arm()), neck()

    def field(p: Array) -> Array:
        z = p[:, 2]
        of_trunk, of_arms = trunk(p), arms(p)
        along = (np.abs(p[:, 0]) - body.SHOULDER[0]) * body.ARM_AXIS[0] + (z - body.SHOULDER[2]) * body.ARM_AXIS[2]
        sleeves = 0.0050 * smoothstep(0.08, SLEEVE_END, along) + 0.0016 * smoothstep(
            SLEEVE_END - 0.026, SLEEVE_END - 0.022, along
        )
        waist = 0.0070 * smoothstep(1.20, 1.05, z) + 0.0016 * smoothstep(HEM + 0.026, HEM + 0.022, z)
        waist = waist + 0.0022 * np.exp(-(((z - 1.075) / 0.07) ** 2)) * np.sin(
            2 * np.pi * (z + 0.35 * np.abs(p[:, 0])) / 0.058
        ) * smoothstep(0.02, 0.10, np.abs(p[:, 0]))
        sleeves = sleeves + 0.0022 * np.exp(-(((along - 0.255) / 0.05) ** 2)) * np.sin(
            2 * np.pi * along / 0.043 + 25 * p[:, 1]
        )
        looser = waist + (sleeves - waist) * smoothstep(-0.02, 0.02, of_trunk - of_arms)
        return smooth_min(smooth_min(of_trunk, of_arms, 0.038), throat(p), 0.03) - 0.0055 - looser

    return field


def top(cell: float) -> Mesh:
    """The trunk of the top, from the collar to the hem and between the raglan seams."""
    shape = _shirt()
    mesh = surface_net(shape, np.array([-0.30, -0.20, HEM - 0.03]), np.array([0.30, 0.20, 1.53]), cell)
    mesh, _ = cut(mesh, *COLLAR, shape, 0.2 * cell)
    for side in (1.0, -1.0):
        mirror = np.array([side, 1.0, 1.0])
        mesh, _ = cut(mesh, RAGLAN[0] * mirror, RAGLAN[1] * mirror, shape, 0.2 * cell)
    down = np.array([0.0, 0.0, -1.0])
    mesh, edge = cut(mesh, np.array([0.0, 0.0, HEM]), down, shape, 0.2 * cell)
    return turn_in(mesh, edge, down, shape, 0.005, 0.03)


def sleeve(cell: float) -> Mesh:
    """The left sleeve, of another colour than the trunk, laid over it along the seam; it ends above the elbow."""
    shape = _shirt()

    mesh = surface_net(lambda p: shape(p) - 0.0012, np.array([0.0, -0.17, 1.10]), np.array([0.46, 0.19, 1.53]), cell)
    mesh, _ = cut(mesh, *COLLAR, shape, 0.2 * cell)
    seam = RAGLAN[0] - RAGLAN[1] * 0.003
    mesh, edge = cut(mesh, seam, -RAGLAN[1], shape, 0.2 * cell)
    mesh = turn_in(mesh, edge, -RAGLAN[1], shape, 0.004, 0.006)
    end = body.SHOULDER + body.ARM_AXIS * SLEEVE_END
    mesh, edge = cut(mesh, end, body.ARM_AXIS, shape, 0.2 * cell)
    return turn_in(mesh, edge, body.ARM_AXIS, shape, 0.005, 0.03)


def collar() -> Mesh:
    """The ribbed band round the neck: a strip that follows the top's opening, thickened."""
    shape = _shirt()
    centre, up = COLLAR
    around = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    front = np.cross(np.array([1.0, 0.0, 0.0]), up)
    outward = np.outer(np.sin(around), [1.0, 0.0, 0.0]) + np.outer(np.cos(around), front)

    def radius(height: float) -> Array:
        r = np.full(len(around), 0.12)
        for _ in range(40):
            r -= 0.6 * np.clip(shape(centre + up * height + outward * r[:, None]), -0.01, 0.01)
        return r

    walls = (
        (-0.010, 0.0005),
        (-0.0095, 0.0025),
        (-0.005, 0.0036),
        (0.0, 0.0036),
        (0.006, 0.0034),
        (0.0085, 0.0020),
        (0.0090, 0.0),
        (0.0080, -0.0025),
        (0.0, -0.0030),
        (-0.010, -0.0030),
    )
    rings = [centre + up * h + outward * (radius(h) + offset)[:, None] for h, offset in walls]
    return Mesh.make(np.concatenate(rings), band(len(around), len(rings), closed=True))


def _folds(p: Array) -> Array:
    """Wrinkles where the cloth of a leg gathers: above the shoe, behind the knee, at the groin."""
    x, y, z = p.T
    around = np.arctan2(x - body.KNEE[0], -y)
    ankle = 0.0024 * np.exp(-(((z - 0.175) / 0.055) ** 2)) * np.sin(2 * np.pi * z / 0.042 + 1.6 * np.sin(around + 0.6))
    knee = (
        0.0020
        * np.exp(-(((z - body.KNEE[2] + 0.01) / 0.060) ** 2))
        * smoothstep(-0.03, 0.03, y)
        * np.sin(2 * np.pi * z / 0.046 + 1.2 * around)
    )
    groin = (
        0.0018
        * np.exp(-(((z - 0.86) / 0.05) ** 2))
        * smoothstep(0.02, -0.04, y)
        * np.sin(2 * np.pi * (z - 0.55 * x) / 0.048)
    )
    return ankle + knee + groin


def _trousers_shape() -> Field:
    one_leg = leg()
    trunk = torso()

    def field(p: Array) -> Array:
        folded = p.copy()
        folded[:, 0] = np.abs(folded[:, 0])
        z = p[:, 2]
        loose = 0.0045 + 0.0065 * smoothstep(0.60, 0.30, z) + 0.003 * smoothstep(0.80, 0.60, z)
        cuff = 0.0018 * smoothstep(TROUSER_END + 0.030, TROUSER_END + 0.026, z)
        loose = loose + _folds(folded)
        # The legs stay apart below the crotch: each is cut at the middle.
        legs = smooth_max(one_leg(folded) - loose - cuff, 0.0022 - folded[:, 0], 0.004)
        hips = smooth_max(trunk(p) - 0.0045, 0.850 - z, 0.03)
        return smooth_min(hips, legs, 0.04)

    return field


def trousers(cell: float) -> Mesh:
    """Slim trousers to above the ankle."""
    shape = _trousers_shape()
    low, high = np.array([-0.24, -0.20, TROUSER_END - 0.04]), np.array([0.24, 0.20, WAISTBAND + 0.04])
    mesh = surface_net(shape, low, high, cell)
    up = np.array([0.0, 0.0, 1.0])
    mesh, _ = cut(mesh, up * WAISTBAND, up, shape, 0.2 * cell)
    mesh, edge = cut(mesh, up * TROUSER_END, -up, shape, 0.2 * cell)
    return turn_in(mesh, edge, -up, shape, 0.005, 0.03)


def _footprint() -> Field:
    """The left foot's upper, before the sole."""
    ankle, ball, toe = body.ANKLE, body.BALL, body.TOE
    heel = ankle + np.array([0.001, 0.030, -0.044])
    return blend(
        [
            (
                tube(
                    ankle + np.array([0, 0.002, 0.055]),
                    ankle + np.array([0, 0.006, -0.03]),
                    FORWARD,
                    [(0, 0.037, 0.042, 0.040), (1, 0.036, 0.044, 0.042)],
                ),
                0.0,
            ),
            (ellipsoid(heel, (0.035, 0.040, 0.042)), 0.03),
            (
                cone(ankle + np.array([0.001, -0.026, -0.022]), ball + np.array([-0.002, 0.008, 0.012]), 0.037, 0.032),
                0.03,
            ),
            (ellipsoid(ball + np.array([-0.001, 0.0, 0.006]), (0.048, 0.058, 0.030)), 0.03),
            (ellipsoid(toe + np.array([-0.006, 0.018, 0.004]), (0.040, 0.046, 0.027)), 0.03),
        ]
    )


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


def laces() -> Mesh:
    """Five flat bars across the left trainer's instep, laid on the upper."""
    shape = shoe_upper()
    count = 13
    across = np.linspace(-1, 1, count)
    bars = []
    for k in range(5):
        t = k / 4
        y = body.ANKLE[1] - 0.064 + t * (body.BALL[1] + 0.016 - body.ANKLE[1] + 0.064)
        half = 0.015 + 0.004 * t
        rings = []
        for dy, lift in ((-0.0034, -0.001), (-0.0030, 0.0018), (0.0, 0.0027), (0.0030, 0.0018), (0.0034, -0.001)):
            x = body.ANKLE[0] + 0.002 + across * half
            slant = 0.003 * across * (-1) ** k
            points = np.stack([x, np.full(count, y + dy) + slant, np.full(count, 0.17)], axis=1)
            for _ in range(40):
                points[:, 2] -= 0.7 * np.clip(shape(points), -0.01, 0.01)
            points[:, 2] += lift - 0.003 * np.abs(across) ** 6
            rings.append(points)
        bars.append(Mesh.make(np.concatenate(rings), band(count, 5)))
    return join(bars)
