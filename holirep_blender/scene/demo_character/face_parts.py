# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to the face besides its skin: lid edges, lashes, inner mouth, teeth, tongue, brows, ears.

`FaceParts.complete` places all of them for a given state of the skin, so that each shape key carries them along.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import proportions as body
from .eyelids import SIDES, eye_centre
from .face_grid import FaceGrid
from .head_shape import MOUTH, head
from .implicit import Array, Field, blend, carve, cone, ellipsoid, smoothstep, unit
from .surface_nets import Indices, Mesh, band, surface_net

SKIN, LIPS, MOUTH_INSIDE, TEETH, TONGUE, BROW, LASH, LID = range(8)


@dataclass
class MouthPose:
    """How the lower jaw and the tongue are displaced: functions of points, metres."""

    jaw: Array
    tongue_out: float = 0.0

    def move(self, points: Array, share: Array | float = 1.0) -> Array:
        """The points carried by the jaw; `jaw` is a 4x4 matrix, `share` 0..1 how much of it."""
        moved = points @ self.jaw[:3, :3].T + self.jaw[:3, 3]
        return points + np.asarray(share)[..., None] * (moved - points)


REST_MOUTH = MouthPose(np.eye(4))


def _dental_arch(t: Array, front: float) -> tuple[Array, Array]:
    """Points (x, y) on the row of teeth, `t` -1..1, and the outward normals."""
    x = 0.0255 * np.sin(t * 1.25) / np.sin(1.25)
    y = front + 0.027 * (np.abs(x) / 0.0255) ** 2.6
    tangent = unit(np.stack([np.gradient(x, t), np.gradient(y, t)], axis=1))
    return np.stack([x, y], axis=1), np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)


def _teeth(upper: bool) -> Mesh:
    """A row of teeth with shallow grooves between them, gums included."""
    t = np.linspace(-1, 1, 85)
    xy, normal = _dental_arch(t, -0.0925 if upper else -0.0905)
    groove = 0.0007 * np.abs(np.cos(t * np.pi * 6.0)) ** 0.35 - 0.0007
    edge, gum = (MOUTH - 0.0036, MOUTH + 0.0085) if upper else (MOUTH - 0.0022, MOUTH - 0.0110)
    rings = []
    for out, down, share in (
        (-0.0010, 0, 0.3),
        (0.0004, 0.25, 1),
        (0.0004, 0.6, 1),
        (0, 0.9, 1.2),
        (-0.001, 1, 1),
        (-0.0030, 0.9, 0),
        (-0.0050, 0, 0),
    ):
        at = xy + normal * (out + groove * share)[:, None]
        rings.append(np.column_stack([at, np.full(len(t), gum + down * (edge - gum))]))
    faces = band(len(t), len(rings))
    return Mesh.make(np.concatenate(rings), faces if not upper else faces[:, ::-1], TEETH)


def _tongue() -> tuple[Mesh, Array]:
    """The tongue, and how far along each point is (0 root, 1 tip)."""
    rings, along = [], []
    for s in np.linspace(0, 1, 14):
        round_off = np.sqrt(max(1 - max(0.0, (s - 0.72) / 0.285) ** 2, 0.01))
        width, thick = 0.0175 * round_off * (1 - 0.10 * s), 0.0046 * round_off
        a = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        dip = 0.0012 * np.exp(-((np.cos(a) / 0.3) ** 2)) * (np.sin(a) > 0)
        z = MOUTH - 0.0075 + thick * np.sin(a) - dip + 0.004 * np.sin(np.pi * s) * (1 - s)
        rings.append(np.stack([width * np.cos(a), np.full(16, -0.040 - 0.0455 * s), z], axis=1))
        along.append(np.full(16, s))
    tip = rings[-1].mean(axis=0) - np.array([0, 0.0012, 0])
    points = np.concatenate([*rings, np.tile(tip, (16, 1))])
    return Mesh.make(points, band(16, 15, closed=True), TONGUE), np.concatenate([*along, np.ones(16)])


def _ear_field() -> Field:
    """The left ear."""
    out, back = unit(np.array([0.94, 0.26, 0.08])), unit(np.array([-0.26, 0.95, 0.16]))
    axes = np.stack([out, back, np.cross(out, back)])
    c = np.array([0.0775, 0.014, 1.592])

    def at(x: float, y: float, z: float) -> Array:
        return c + x * axes[0] + y * axes[1] + z * axes[2]

    shell = blend(
        [
            (ellipsoid(at(0, 0.002, 0.008), (0.0060, 0.0165, 0.0225), axes), 0.0),
            (ellipsoid(at(-0.001, -0.004, -0.016), (0.0052, 0.0100, 0.0125), axes), 0.010),
            (ellipsoid(at(-0.007, -0.006, -0.002), (0.0080, 0.0100, 0.0200), axes), 0.008),
        ]
    )
    shell = carve(shell, ellipsoid(at(0.0068, 0.0005, 0.009), (0.0058, 0.0118, 0.0165), axes), 0.0035)
    shell = carve(shell, ellipsoid(at(0.0050, -0.0045, -0.002), (0.0070, 0.0072, 0.0095), axes), 0.003)
    fold = cone(at(0.0010, 0.0035, 0.016), at(0.0012, 0.0062, -0.004), 0.0026, 0.0026)
    tragus = ellipsoid(at(0.0022, -0.0118, -0.002), (0.0034, 0.0034, 0.0050), axes)
    return blend([(shell, 0.0), (fold, 0.004), (tragus, 0.004)])


def ear() -> Mesh:
    """The left ear, sunk into the head a little."""
    return surface_net(_ear_field(), np.array([0.05, -0.02, 1.55]), np.array([0.11, 0.06, 1.64]), 0.0030)


def _onto_face(shape: Field, x: Array, z: Array) -> Array:
    """Points of the skin seen from the front at (x, z)."""
    points = np.stack([x, np.full(len(x), -0.16), z], axis=1)
    for _ in range(40):
        points[:, 1] += 0.7 * shape(points)
    return points


def _brow() -> Mesh:
    """The left eyebrow: a low ridge that lies on the skin."""
    count, across = 26, 5
    t = np.linspace(0, 1, count)
    z0 = float(body.EYE_CENTRE[2])
    x = 0.0125 + 0.0420 * t
    z = z0 + 0.0218 + 0.0050 * np.sin(np.pi * np.clip(t / 1.15, 0, 1)) - 0.0035 * smoothstep(0.6, 1.0, t)
    half = 0.0033 * (1 - smoothstep(0.25, 1.0, t) * 0.8) * (0.55 + 0.45 * smoothstep(0.0, 0.15, t))
    rings = []
    shape = head()
    for v in np.linspace(-1, 1, across):
        ring = _onto_face(shape, x, z + half * v)
        lift = 0.0016 * np.sqrt(max(1 - v * v, 0.0)) * np.minimum(half / 0.0025, 1) - 0.0006 * abs(v)
        normal = unit(ring - np.array([0, 0.01, z0]))
        rings.append(ring + normal * lift[:, None])
    return Mesh.make(np.concatenate(rings), band(count, across), BROW)


class FaceParts:
    """All of the head's mesh: the grid's skin, then the parts in a fixed order."""

    def __init__(self, face: FaceGrid, open_skin: Array) -> None:
        self.face = face
        slit = face.mouth
        self._loop = np.concatenate([slit.upper, slit.lower[1:-1][::-1]])
        a = face.angle[self._loop]
        self._upper_half = np.concatenate([np.ones(len(slit.upper)), -np.ones(len(slit.lower) - 2)])
        self._openness = np.sqrt(np.clip(1 - (a / np.abs(a).max()) ** 2, 0, 1)) * self._upper_half
        self._upper_teeth, self._lower_teeth = _teeth(True), _teeth(False)
        self._tongue, self._tongue_along = _tongue()
        brow = _brow()
        self._brows = [brow, brow.mirrored()]
        self._brow_follow = [_nearest(open_skin, b.points) for b in self._brows]
        left_ear = ear()
        self._ears = [left_ear, left_ear.mirrored()]
        self.mesh = self._mesh(open_skin)

    def _mesh(self, open_skin: Array) -> Mesh:
        face = self.face
        middle = face.columns + np.append(np.diff(face.columns), 0.0) / 2
        column_angle = np.tile(np.abs(middle), len(face.faces) // len(middle))
        lips = (
            (face.face_row >= face.row_of["lower_lip"])
            & (face.face_row < face.row_of["upper_lip"])
            & (column_angle < np.abs(face.angle[self._loop]).max())
        )
        faces, materials = [face.faces], [np.where(lips, LIPS, SKIN)]
        offset = len(open_skin)
        for quads, material, size in self._part_faces():
            faces.append(quads + offset)
            materials.append(np.full(len(quads), material) if np.isscalar(material) else material)
            offset += size
        return Mesh(self.complete(open_skin, REST_MOUTH), np.concatenate(faces), np.concatenate(materials))

    def _part_faces(self) -> list[tuple[Indices, int, int]]:
        n = len(self._loop)
        bag = band(n, 8, closed=True)[:, ::-1]
        half = len(self.face.mouth.upper)
        last = 7 * n
        end = []
        lower = np.concatenate([[0], np.arange(n - 1, half - 1, -1), [half - 1]])
        for k in range(half - 1):
            end.append([last + k, last + lower[k], last + lower[k + 1], last + k + 1])
        end[0] = [last + lower[1], last + 1, last, last]
        bag = np.concatenate([bag, np.array(end)])
        parts: list[tuple[Indices, int, int]] = [(bag, MOUTH_INSIDE, 8 * n)]
        for side in SIDES:
            slit = self.face.eyes[side]
            count = 2 * len(slit.upper) - 2
            parts.append((band(count, 3, closed=True)[:, ::-1], LID, 3 * count))
            parts.append((band(len(slit.upper), 3)[:, ::-1], LASH, 3 * len(slit.upper)))
        for mesh in (self._upper_teeth, self._lower_teeth, self._tongue, *self._brows, *self._ears):
            parts.append((mesh.faces, int(mesh.materials[0]), len(mesh.points)))
        return parts

    def complete(self, skin: Array, mouth: MouthPose) -> Array:
        """All points (M, 3) of the head for the skin's points (N, 3) and a pose of the mouth's inside."""
        parts = [skin, self._bag(skin, mouth)]
        for side in SIDES:
            parts += self._lid_edge(skin, side)
        tongue = self._tongue.points
        s = self._tongue_along[:, None]
        curl = -0.006 * s**2 - 0.010 * s**4 + 0.0035 * np.sin(np.pi * s)
        out = np.concatenate([0 * s, -0.043 * s**1.3, curl], axis=1)
        tongue = mouth.move(tongue) + mouth.tongue_out * out
        parts += [self._upper_teeth.points, mouth.move(self._lower_teeth.points), tongue]
        for brow, (index, weight, base) in zip(self._brows, self._brow_follow):
            parts.append(brow.points + np.einsum("nk,nkc->nc", weight, skin[index]) - base)
        return np.concatenate([*parts, *(ear_mesh.points for ear_mesh in self._ears)])

    def _bag(self, skin: Array, mouth: MouthPose) -> Array:
        edge = skin[self._loop]
        up, opening = self._upper_half, self._openness
        rest = self.face.points[self._loop]
        lower = (1 - up) / 2
        corner_share = np.where(np.abs(opening) < 1e-6, 0.5, lower)
        rings = [edge]
        for inward, height in ((0.0030, 0.0010), (0.0058, 0.0058)):
            offset = np.stack([-edge[:, 0] * 0.03, np.full(len(edge), inward), height * opening], axis=1)
            rings.append(edge + offset)
        for y, width, height, follow in (
            (-0.089, 0.95, 0.0130, 0.45),
            (-0.075, 1.0, 0.0170, 0.15),
            (-0.058, 0.95, 0.0170, 0.0),
            (-0.042, 0.80, 0.0150, 0.0),
            (-0.034, 0.40, 0.0050, 0.0),
        ):
            target = np.stack(
                [rest[:, 0] * width, np.maximum(rest[:, 1] + 0.010, y), MOUTH - 0.001 + height * opening], axis=1
            )
            carried = mouth.move(target, corner_share)
            rings.append(carried + follow * (edge - rest) * np.array([1.0, 0.5, 0.3]))
        return np.concatenate(rings)

    def _lid_edge(self, skin: Array, side: str) -> list[Array]:
        slit = self.face.eyes[side]
        centre = eye_centre(side)
        loop = skin[np.concatenate([slit.upper, slit.lower[1:-1][::-1]])]
        relative = loop - centre
        distance = np.linalg.norm(relative, axis=1, keepdims=True)
        touching = centre + relative * np.minimum(1.0, (body.EYE_RADIUS + 0.0001) / distance)
        lid = np.concatenate([loop, touching, centre + (touching - centre) * 0.8])
        edge = skin[slit.upper]
        outward = unit(edge - centre)
        s = np.linspace(0, 1, len(edge)) if side == "left" else np.linspace(1, 0, len(edge))
        length = (0.0014 + 0.0038 * np.sin(np.pi * np.clip(s * 0.9 + 0.08, 0, 1)) ** 0.7)[:, None]
        sweep = np.array([SIDES[side], 0, 0]) * (0.5 * s[:, None]) + np.array([0, 0, 0.30])
        tip = edge + length * unit(outward + sweep)
        base = edge + outward * 0.0005
        middle = edge + length * 0.5 * outward + np.array([0, 0, 0.0002])
        return [lid, np.concatenate([base, middle, tip])]


def _nearest(skin: Array, points: Array) -> tuple[Indices, Array, Array]:
    """For each point the four nearest skin vertices, their weights, and what they add up to at rest."""
    distance = np.linalg.norm(points[:, None, :] - skin[None, :, :], axis=2)
    index = np.argpartition(distance, 4, axis=1)[:, :4]
    weight = 1.0 / (np.take_along_axis(distance, index, axis=1) + 1e-4)
    weight /= weight.sum(axis=1, keepdims=True)
    return index, weight, np.einsum("nk,nkc->nc", weight, skin[index])
