# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone weights: each vertex starts with its nearest bone, then the weights spread over the surface.

Because they spread along the mesh and not through the air, legs, arms and fingers never pull at their neighbours.
Clothes take the weights of one body that lies inside of all of them, so that layers move together.
"""

from __future__ import annotations

import re

import numpy as np
from mathutils.bvhtree import BVHTree

from .body_shape import whole_body
from .implicit import Array, smoothstep
from .skeleton import bone_specs, mirrored_name
from .surface_nets import Mesh, Neighbours, surface_net

MAX_INFLUENCES = 4
SPECS = {spec.name: spec for spec in bone_specs()}
BONES = [name for name, spec in SPECS.items() if spec.deform]
INDEX = {name: k for k, name in enumerate(BONES)}
MIRROR_ORDER = np.array([INDEX[mirrored_name(name)] for name in BONES])
#: Typical radius of the flesh round a bone, metres; distances are judged in it.
_FLESH = {
    "hips": 0.13,
    "spine": 0.12,
    "chest": 0.12,
    "upperChest": 0.13,
    "neck": 0.055,
    "head": 0.09,
    "leftShoulder": 0.048,
    "leftUpperArm": 0.050,
    "leftUpperLeg": 0.095,
    "leftLowerLeg": 0.07,
    "leftFoot": 0.05,
    "leftToes": 0.05,
}
TORSO_BONES = [
    "hips",
    "spine",
    "chest",
    "upperChest",
    "neck",
    "head",
    "leftShoulder",
    "leftUpperArm",
    "leftLowerArm",
    "leftHand",
    "leftUpperLeg",
    "leftLowerLeg",
    "leftFoot",
]
ARM_BONES = ["leftUpperArm", "leftLowerArm", "leftHand"] + [
    name for name in BONES if re.match("left.*(Metacarpal|Proximal|Intermediate|Distal)", name)
]


def _nearest_bone(points: Array, names: list[str]) -> Array:
    """One-hot weights (N, bones) of the nearest of the named bones, distances in flesh radii."""
    score = np.empty((len(points), len(names)))
    for k, name in enumerate(names):
        spec = SPECS[name]
        axis = spec.tail - spec.head
        t = np.clip((points - spec.head) @ axis / (axis @ axis), 0, 1)
        score[:, k] = np.linalg.norm(points - spec.head - t[:, None] * axis, axis=1) / _FLESH.get(name, 0.045)
    weights = np.zeros((len(points), len(BONES)))
    weights[np.arange(len(points)), [INDEX[names[k]] for k in np.argmin(score, axis=1)]] = 1.0
    return weights


def _spread(weights: Array, neighbours: Neighbours, steps: int, amount: Array | float = 0.5) -> Array:
    used = np.flatnonzero(weights.any(axis=0))
    share = np.broadcast_to(np.asarray(amount, dtype=float), (len(weights),))[:, None]
    part = weights[:, used]
    for _ in range(steps):
        part = part + share * (neighbours.mean(part) - part)
    result = weights.copy()
    result[:, used] = part
    return result


def _own_side(weights: Array, x: Array) -> Array:
    """Takes back what crossed the middle line: a limb pulls at its own side and at a narrow band of the other."""
    result = weights.copy()
    for k, name in enumerate(BONES):
        if SPECS[name].head[0] != 0.0:
            sign = np.sign(SPECS[name].head[0])
            result[:, k] *= 1 - smoothstep(0.0, 0.010, -sign * x)
    return result / result.sum(axis=1, keepdims=True)


def limited(weights: Array) -> Array:
    """At most four influences per vertex, summing to one."""
    order = np.argsort(weights, axis=1)[:, :-MAX_INFLUENCES]
    result = weights.copy()
    np.put_along_axis(result, order, 0.0, axis=1)
    result[result < 0.01] = 0.0
    return result / result.sum(axis=1, keepdims=True)


class BodyWeights:
    """Weights at any point near the body."""

    def __init__(self) -> None:
        mesh = surface_net(whole_body(), np.array([-0.66, -0.17, 0.05]), np.array([0.66, 0.19, 1.57]), 0.014, relax=1)
        points = mesh.points.copy()
        right = points[:, 0] < 0
        points[:, 0] = np.abs(points[:, 0])
        weights = _nearest_bone(points, TORSO_BONES)
        weights[right] = weights[right][:, MIRROR_ORDER]
        self._weights = _spread(weights, Neighbours(mesh.faces, len(points)), 16)
        keep = mesh.points[mesh.faces][:, :, 0].max(axis=1) >= -1e-6
        quads = mesh.faces[keep]
        self._triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
        self._points = mesh.points
        self._tree = BVHTree.FromPolygons(mesh.points.tolist(), self._triangles.tolist())

    def at(self, points: Array) -> Array:
        """Weights (N, bones) of the nearest place on the body, judged on the point's own side."""
        right = points[:, 0] < 0
        folded = points.copy()
        folded[:, 0] = np.abs(folded[:, 0])
        found = [self._tree.find_nearest(p) for p in folded.tolist()]
        place = np.array([f[0][:] for f in found])
        triangle = self._triangles[[f[2] for f in found]]
        a, b, c = (self._points[triangle[:, k]] for k in range(3))
        coordinates = _barycentric(place, a, b, c)
        weights = _own_side(np.einsum("nk,nkb->nb", coordinates, self._weights[triangle]), folded[:, 0])
        weights[right] = weights[right][:, MIRROR_ORDER]
        return weights


def _barycentric(p: Array, a: Array, b: Array, c: Array) -> Array:
    v0, v1, v2 = b - a, c - a, p - a
    d00, d01, d11 = (np.sum(x * y, axis=1) for x, y in ((v0, v0), (v0, v1), (v1, v1)))
    d20, d21 = np.sum(v2 * v0, axis=1), np.sum(v2 * v1, axis=1)
    bottom = np.maximum(d00 * d11 - d01 * d01, 1e-18)
    v = np.clip((d11 * d20 - d01 * d21) / bottom, 0, 1)
    w = np.clip((d00 * d21 - d01 * d20) / bottom, 0, 1 - v)
    return np.stack([1 - v - w, v, w], axis=1)


def hanging(weights: Array) -> Array:
    """Weights of a cloth that hangs over the hips: the legs carry it half as much, the hips the rest."""
    result = weights.copy()
    for leg in ("leftUpperLeg", "rightUpperLeg"):
        result[:, INDEX["hips"]] += 0.5 * result[:, INDEX[leg]]
        result[:, INDEX[leg]] *= 0.5
    return result


def arm_weights(mesh: Mesh, body_weights: BodyWeights) -> Array:
    """Weights of the left arm's skin: its own on the hand, the body's above the middle of the forearm."""
    neighbours = Neighbours(mesh.faces, len(mesh.points))
    own = _nearest_bone(mesh.points, ARM_BONES)
    elbow, wrist = SPECS["leftLowerArm"].head, SPECS["leftLowerArm"].tail
    axis = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    along = (mesh.points - wrist) @ axis
    # The wrist bends over a longer stretch than a finger joint does.
    wide = 0.5 * (1 - smoothstep(0.035, 0.060, along))
    own = _spread(_spread(own, neighbours, 60, wide), neighbours, 7)
    mix = smoothstep(-0.16, -0.09, along)[:, None]
    return mix * own + (1 - mix) * body_weights.at(mesh.points)


def shoe_weights(points: Array) -> Array:
    """Weights of the left shoe: foot, toes ahead of the ball, the shin at the collar."""
    weights = np.zeros((len(points), len(BONES)))
    ball = SPECS["leftToes"].head
    toes = smoothstep(-0.022, 0.022, -(points[:, 1] - ball[1]))
    shin = smoothstep(0.065, 0.125, points[:, 2]) * (1 - toes)
    weights[:, INDEX["leftToes"]] = toes
    weights[:, INDEX["leftLowerLeg"]] = shin
    weights[:, INDEX["leftFoot"]] = 1 - toes - shin
    return weights


def head_weights(points: Array, body_weights: BodyWeights) -> Array:
    """Weights of head and neck by height: the back of the neck turns with the head from higher up than the throat."""
    height = points[:, 2] - 0.35 * np.clip(points[:, 1] + 0.02, -0.05, 0.08)
    skull = smoothstep(1.445, 1.525, height)
    skull = np.maximum(skull, smoothstep(-0.055, -0.075, points[:, 1]) * smoothstep(1.46, 1.48, points[:, 2]))
    weights = np.zeros((len(points), len(BONES)))
    low = skull < 1.0
    weights[low] = body_weights.at(points[low])
    weights[:, INDEX["neck"]] += weights[:, INDEX["head"]]
    weights[:, INDEX["head"]] = 0.0
    weights *= (1 - skull)[:, None]
    weights[:, INDEX["head"]] = skull
    return weights


def rigid_weights(count: int, bone: str) -> Array:
    """All on one bone."""
    weights = np.zeros((count, len(BONES)))
    weights[:, INDEX[bone]] = 1.0
    return weights


def mirrored_weights(weights: Array) -> Array:
    """The weights of the mirrored mesh."""
    return weights[:, MIRROR_ORDER]
