# SPDX-License-Identifier: GPL-3.0-or-later
"""The force with which the ground carries a body, shared over the points that touch it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

GRAVITY = np.array([0.0, 0.0, -9.80665])
"""m/s², standard gravity; worlds have Z up."""
_EVENNESS = 0.005
"""Metres by which the centre of pressure may miss so that neighbouring points share a load rather than one has all."""
PATCH = 0.045
"""Metres around a point that bear load with it: half the width of a sole (0.05 of the stature, Winter 2009, fig.
4.1)."""
FRICTION = 1.0
"""Greatest horizontal force as a share of the vertical one: rubber on a dry floor (0.8 to 1.0)."""
_ROUNDS = 60


def centre_of_pressure(force: Array, moment: Array, height: Array) -> Array:
    """Where on the level at ``height (T,)`` an external ``force (T, 3)`` with ``moment (T, 3)`` about the world's
    origin acts, ``(T, 2)``; only meaningful where the force is upward.
    """
    upward = np.where(np.abs(force[:, 2]) < 1e-9, 1e-9, force[:, 2])
    x = (height * force[:, 0] - moment[:, 1]) / upward
    y = (height * force[:, 1] + moment[:, 0]) / upward
    return np.stack([x, y], axis=-1)


def shared(force: Array, moment: Array, mass_centre: Array, points: Array, touching: Mask) -> tuple[Array, Array]:
    """Ground forces ``(T, P, 3)`` and where they act ``(T, P, 3)``, as near as the ground can give what is needed.

    The ground only pushes: in flight, where no point touches or the body would have to be pulled down, all are zero.
    Each touching point carries a share of the force, so that their common centre of pressure is nearest to where the
    whole force must act; under two feet, where the problem has many solutions, the most even one. Points are patches: a
    sole bears load beside its middle line too. Where the centre of pressure would have to lie beyond all of them, the
    horizontal force is the one that keeps the body's turning as it is from the nearest place that there is (a force
    that misses it would demand moments from hips and knees that nobody gave), within friction.

    Parameters
    ----------
    force, moment : (T, 3) what must act on the whole body from outside, the moment about the world's origin.
    mass_centre : (T, 3) the body's centre of mass.
    points : (T, P, 3) places that may touch, metres. touching : (T, P).
    """
    result, places = np.zeros(points.shape), points.copy()
    carried = touching.any(axis=1) & (force[:, 2] > 0.0)
    if not carried.any():
        return result, places
    used = touching.any(axis=0)
    mask, near, needed = touching[carried][:, used], points[carried][:, used], force[carried]
    count = np.maximum(mask.sum(axis=1), 1)
    height = np.sum(near[..., 2] * mask, axis=1) / count
    wanted = centre_of_pressure(needed, moment[carried], height)
    weights = _weights(near[..., :2] - wanted[:, None], mask)
    miss = wanted - np.sum(weights[..., None] * near[..., :2], axis=1)
    distance = np.linalg.norm(miss, axis=1, keepdims=True)
    aside = miss * np.minimum(1.0, PATCH / np.maximum(distance, 1e-9))
    near = near.copy()
    near[..., :2] += np.where(mask[..., None], aside[:, None], 0.0)
    level = np.concatenate([np.sum(weights[..., None] * near[..., :2], axis=1), height[:, None]], axis=1)
    beyond = distance[:, 0] > PATCH
    given = needed.copy()
    given[beyond] = _turning(needed, moment[carried], mass_centre[carried], level)[beyond]
    sideways = np.linalg.norm(given[:, :2], axis=1, keepdims=True)
    given[:, :2] *= np.minimum(1.0, FRICTION * given[:, 2:] / np.maximum(sideways, 1e-9))
    cells = np.ix_(carried, used)
    result[cells], places[cells] = weights[..., None] * given[:, None], near
    return result, places


def _turning(force: Array, moment: Array, mass_centre: Array, place: Array) -> Array:
    """The force ``(T, 3)`` at ``place`` with the vertical part of ``force`` and the moment that it has about the centre
    of mass, without the part about the vertical.
    """
    turning = moment - np.cross(mass_centre, force)
    arm = place - mass_centre
    depth = np.where(np.abs(arm[:, 2]) < 0.1, -0.1, arm[:, 2])
    result = force.copy()
    result[:, 0] = (turning[:, 1] + arm[:, 0] * force[:, 2]) / depth
    result[:, 1] = (arm[:, 1] * force[:, 2] - turning[:, 0]) / depth
    return result


def _weights(arms: Array, mask: Mask) -> Array:
    """Shares ``(T, P)`` whose common place is nearest to the origin of ``arms (T, P, 2)``, by projected gradients."""
    arms = np.where(mask[..., None], arms, 0.0)
    # a centre far away (a hand on a wall, a wrong contact) only tells the direction
    scale = np.maximum(np.sqrt(np.max(np.sum(arms**2, axis=-1), axis=1)), 1e-3)[:, None, None]
    arms = arms / scale
    evenness = (_EVENNESS / scale[..., 0]) ** 2
    weights = mask / np.maximum(mask.sum(axis=1), 1)[:, None]
    steepest = np.sum(arms**2, axis=(1, 2))[:, None] + evenness
    for _ in range(_ROUNDS):
        miss = np.sum(weights[..., None] * arms, axis=1, keepdims=True)
        slope = np.sum(arms * miss, axis=-1) + evenness * weights
        weights = _on_simplex(weights - slope / steepest, mask)
    return np.asarray(weights)


def _on_simplex(values: Array, mask: Mask) -> Array:
    """Nearest weights to ``values (T, P)`` that are not negative, add up to 1 and are 0 off the mask (Held et al.
    1974).
    """
    low = np.where(mask, values, -np.inf)
    ordered = -np.sort(-low, axis=1)
    finite = np.isfinite(ordered)
    sums = np.cumsum(np.where(finite, ordered, 0.0), axis=1) - 1.0
    ranks = np.arange(1, values.shape[1] + 1)
    kept = finite & (np.where(finite, ordered, 0.0) - sums / ranks > 0.0)
    last = np.maximum(kept.sum(axis=1), 1) - 1
    level = np.take_along_axis(sums / ranks, last[:, None], axis=1)
    return np.where(mask, np.maximum(values - level, 0.0), 0.0)
