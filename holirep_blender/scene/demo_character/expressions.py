# SPDX-License-Identifier: GPL-3.0-or-later
"""The 52 ARKit expressions as displacements of the head's mesh. Left is the performer's left, x > 0.

What each name does follows Apple's description of `ARFaceAnchor.BlendShapeLocation`.
"""

from __future__ import annotations

from typing import Iterator

import numpy as np

from . import proportions as body
from .eyelids import OPEN_LOWER, OPEN_UPPER, SIDES, lid_pose
from .face_grid import MOUTH_CORNER, FaceGrid
from .face_parts import REST_MOUTH, FaceParts, MouthPose
from .head_shape import MOUTH
from .implicit import Array, smoothstep

JAW_OPEN = np.radians(19.0)
CORNER = np.array([0.0270, -0.0905, MOUTH + 0.0022])


def _turn_x(angle: float, about: Array) -> Array:
    matrix = np.eye(4)
    c, s = np.cos(angle), np.sin(angle)
    matrix[1:3, 1:3] = [[c, -s], [s, c]]
    matrix[:3, 3] = about - matrix[:3, :3] @ about
    return matrix


def _shift(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Array:
    matrix = np.eye(4)
    matrix[:3, 3] = (x, y, z)
    return matrix


class Expressions:
    """Makes the shape keys of one head."""

    def __init__(self, face: FaceGrid) -> None:
        self.face = face
        self.open = {side: lid_pose(face, side, OPEN_UPPER, OPEN_LOWER) for side in SIDES}
        self.skin = face.points + self.open["left"] + self.open["right"]
        self.parts = FaceParts(face, self.skin)
        p = self.skin
        self.x, self.y, self.z = p.T
        self.label = self._lip_label()
        self.upper, self.lower = (1 + self.label) / 2, (1 - self.label) / 2
        around = 1 - smoothstep(np.radians(28), np.radians(100), np.abs(face.angle))
        throat = smoothstep(face.row_of["throat"] + 2.0, face.row_of["chin"] - 0.5, face.row)
        self.jaw = self.lower * around * throat
        self.lips = np.exp(-((self.x / 0.034) ** 4) - ((self.z - MOUTH) / 0.0125) ** 2) * (self.y < -0.05)

    def _lip_label(self) -> Array:
        """1 on the upper lip and above, -1 on the lower lip and below; smooth round the mouth's corners.

        The mouth is a slit: in the elliptic coordinates about it the sine of the angle is one-sided along each edge,
        falls to nothing at the corners and is continuous everywhere else.
        """
        face = self.face
        edge = face.mouth.lower
        height = self.z - np.interp(face.angle, face.angle[edge], self.z[edge])
        height += np.where(face.above, 1e-9, -1e-9)
        slit = face.angle / MOUTH_CORNER + 1j * height / CORNER[0]
        sine = np.sin(np.arccosh(slit).imag)
        along, across = np.abs(sine) ** 1.6, smoothstep(0.0, 0.036, np.abs(height))
        return np.sign(sine) * (1 - (1 - along) * (1 - across))

    def _near(self, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Array:
        d = (self.skin - np.asarray(centre)) / np.asarray(radii)
        return np.exp(-np.sum(d * d, axis=1))

    def _half(self, sign: float, width: float = 0.010) -> Array:
        """1 on the side of `sign`, 0 on the other, blending across the middle."""
        return smoothstep(-width, width, self.x * sign)

    @staticmethod
    def _vector(weight: Array, x: float | Array = 0.0, y: float | Array = 0.0, z: float | Array = 0.0) -> Array:
        return np.stack([weight * x, weight * y, weight * z], axis=1)

    def shapes(self) -> Iterator[tuple[str, Array]]:
        """(name, points (M, 3) of the whole head) for each of the 52."""
        for name, skin, mouth in self._skins():
            yield name, self.parts.complete(self.skin + skin, mouth)

    def _skins(self) -> Iterator[tuple[str, Array, MouthPose]]:
        yield from self._jaw_keys()
        for name, displacement in (
            *self._eye_keys(),
            *self._brow_keys(),
            *self._cheek_and_nose_keys(),
            *self._mouth_pair_keys(),
            *self._mouth_keys(),
        ):
            yield name, displacement, REST_MOUTH

    def _carried(self, pose: MouthPose, share: Array) -> Array:
        return pose.move(self.skin, share) - self.skin

    def _jaw_keys(self) -> Iterator[tuple[str, Array, MouthPose]]:
        opened = MouthPose(_turn_x(JAW_OPEN, body.JAW_HINGE))
        yield "jawOpen", self._carried(opened, self.jaw), opened
        shifts = (("jawForward", _shift(y=-0.008)), ("jawLeft", _shift(x=0.009)), ("jawRight", _shift(x=-0.009)))
        for name, matrix in shifts:
            pose = MouthPose(matrix)
            yield name, self._carried(pose, self.jaw), pose
        full = self._carried(opened, np.ones(len(self.skin)))
        meet = np.exp(-(((self.z - MOUTH) / 0.015) ** 2)) * np.exp(-((self.x / 0.040) ** 4)) * (self.y < -0.05)
        share = meet * (np.where(self.label > 0, 0.45, -0.55) * np.abs(self.label))
        yield "mouthClose", full * share[:, None], REST_MOUTH
        out = MouthPose(_turn_x(np.radians(5.0), body.JAW_HINGE), tongue_out=1.0)
        lift = self._vector(self.lips * self.upper * np.exp(-((self.x / 0.018) ** 2)), y=-0.001, z=0.0025)
        yield "tongueOut", self._carried(out, self.jaw) + lift, out

    def _lids(self, side: str, upper: float, lower: float, upper_share: float = 1.0, lower_share: float = 1.0) -> Array:
        return lid_pose(self.face, side, upper, lower, upper_share, lower_share) - self.open[side]

    def _eye_keys(self) -> Iterator[tuple[str, Array]]:
        u, low = OPEN_UPPER, OPEN_LOWER
        for side, sign in SIDES.items():
            end = side.capitalize()
            cheek = self._near((sign * 0.034, -0.085, 1.583), (0.022, 0.03, 0.010))
            yield f"eyeBlink{end}", -self.open[side]
            yield f"eyeLookDown{end}", self._lids(side, u - 0.0042, low + 0.0008)
            yield f"eyeLookUp{end}", self._lids(side, u + 0.0020, low - 0.0010)
            lid = self._near((sign * 0.0315, -0.09, 1.6035), (0.016, 0.03, 0.009))
            yield f"eyeLookIn{end}", self._vector(lid, x=-sign * 0.0009) + self._lids(side, u - 0.0004, low)
            yield f"eyeLookOut{end}", self._vector(lid, x=sign * 0.0009) + self._lids(side, u - 0.0004, low)
            raised = self._vector(cheek, y=-0.001, z=0.0022)
            yield f"eyeSquint{end}", self._lids(side, u - 0.0014, low - 0.0034) + raised
            yield f"eyeWide{end}", self._lids(side, u + 0.0026, low + 0.0008)

    def _brow_keys(self) -> Iterator[tuple[str, Array]]:
        z = float(body.EYE_CENTRE[2]) + 0.021
        inner = self._near((0.014, -0.09, z + 0.004), (0.017, 0.04, 0.017)) + self._near(
            (-0.014, -0.09, z + 0.004), (0.017, 0.04, 0.017)
        )
        yield "browInnerUp", self._vector(np.clip(inner, 0, 1.1) * self._above_lids(), z=0.0095, y=0.0008)
        for side, sign in SIDES.items():
            whole = self._near((sign * 0.028, -0.088, z + 0.002), (0.028, 0.04, 0.014)) * self._half(sign)
            frown = self._near((sign * 0.014, -0.09, z), (0.014, 0.04, 0.012)) * self._half(sign)
            lowered = self._vector(whole, y=-0.0015, z=-0.0062)
            knitted = self._vector(frown, x=-sign * 0.0030, y=-0.0010, z=-0.0020)
            yield f"browDown{side.capitalize()}", self._above_lids()[:, None] * (lowered + knitted)
            outer = self._near((sign * 0.048, -0.075, z + 0.004), (0.022, 0.04, 0.017)) * self._half(sign)
            yield f"browOuterUp{side.capitalize()}", self._vector(outer * self._above_lids(), z=0.0095, y=0.0008)

    def _above_lids(self) -> Array:
        """Brows slide over the lids and do not drag their edges."""
        return smoothstep(self.face.row_of["eye"] + 2.0, self.face.row_of["upper_lid"] + 1.5, self.face.row)

    def _below_lids(self) -> Array:
        return 1 - smoothstep(self.face.row_of["cheek"] + 1.0, self.face.row_of["eye"] - 1.0, self.face.row)

    def _cheek_and_nose_keys(self) -> Iterator[tuple[str, Array]]:
        below = self._below_lids()
        puff = self._near((0.046, -0.062, 1.543), (0.022, 0.035, 0.022)) + self._near(
            (-0.046, -0.062, 1.543), (0.022, 0.035, 0.022)
        )
        out = np.stack([np.sin(self.face.angle), -0.7 * np.cos(self.face.angle), 0 * self.x], axis=1)
        yield "cheekPuff", out * (puff * 0.0125)[:, None]
        for side, sign in SIDES.items():
            end = side.capitalize()
            cheek = self._near((sign * 0.040, -0.080, 1.577), (0.024, 0.035, 0.015)) * below * self._half(sign)
            yield (
                f"cheekSquint{end}",
                self._vector(cheek, x=sign * 0.0010, y=-0.0022, z=0.0055)
                + 0.8 * self._lids(side, OPEN_UPPER, OPEN_LOWER - 0.0016),
            )
            wing = self._near((sign * 0.0130, -0.098, 1.561), (0.011, 0.02, 0.012)) * self._half(sign, 0.006)
            ridge = self._near((sign * 0.008, -0.095, 1.592), (0.009, 0.02, 0.012)) * self._half(sign, 0.006)
            lip = self.lips * self.upper * self._near((sign * 0.014, -0.095, MOUTH), (0.013, 0.03, 0.02))
            yield (
                f"noseSneer{end}",
                self._vector(wing, x=sign * 0.0015, y=-0.0005, z=0.0052)
                + self._vector(ridge, z=0.0024)
                + self._vector(lip, z=0.0032),
            )

    def _corner(self, sign: float, radius: float = 0.021) -> Array:
        """Pull of one mouth corner: the lips follow up to the middle, the cheek fades out."""
        near = self._near((sign * CORNER[0], CORNER[1], CORNER[2]), (radius, 0.035, radius * 0.9))
        return near * self._half(sign, 0.016)

    def _mouth_pair_keys(self) -> Iterator[tuple[str, Array]]:
        below = self._below_lids()
        for side, sign in SIDES.items():
            end = side.capitalize()
            corner, wide = self._corner(sign), self._corner(sign, 0.027)
            cheek = self._near((sign * 0.042, -0.078, 1.566), (0.022, 0.035, 0.018)) * below * self._half(sign)
            fold = self._near((sign * 0.020, -0.098, MOUTH), (0.016, 0.03, 0.012)) * self._half(sign)
            yield (
                f"mouthSmile{end}",
                self._vector(corner, x=sign * 0.0076, y=0.0044, z=0.0092)
                + self._vector(cheek, x=sign * 0.0012, y=-0.0025, z=0.0038)
                + self._vector(fold, y=0.0010),
            )
            yield f"mouthFrown{end}", self._vector(corner, x=sign * 0.0015, y=0.0010, z=-0.0090)
            yield f"mouthDimple{end}", self._vector(corner, x=sign * 0.0055, y=0.0055, z=0.0008)
            yield f"mouthStretch{end}", self._vector(wide, x=sign * 0.0115, y=0.0045, z=-0.0022)
            half = self._half(sign)
            flat = self.lips * half
            squeeze = -0.42 * (self.z - MOUTH)
            yield f"mouthPress{end}", self._vector(flat, y=0.0014, z=squeeze) + self._vector(corner, y=0.0014)
            lip = self._near((sign * 0.0105, -0.096, MOUTH - 0.004), (0.0170, 0.03, 0.012))
            yield f"mouthLowerDown{end}", self._vector(lip * self.lower * half, x=sign * 0.0008, y=0.0005, z=-0.0085)
            lip = self._near((sign * 0.0105, -0.096, MOUTH + 0.004), (0.0170, 0.03, 0.014))
            yield f"mouthUpperUp{end}", self._vector(lip * self.upper * half, x=sign * 0.0008, y=0.0002, z=0.0082)
            shift = np.exp(-((self.x / 0.040) ** 2) - ((self.z - MOUTH) / 0.020) ** 2) * (self.y < -0.04)
            yield f"mouth{end}", self._vector(shift, x=sign * 0.0120, y=0.0012 * np.sign(self.x) * sign)

    def _mouth_keys(self) -> Iterator[tuple[str, Array]]:
        wide = np.exp(-((self.x / 0.036) ** 2) - ((self.z - MOUTH) / 0.017) ** 2) * (self.y < -0.05)
        middle = np.exp(-((self.x / 0.020) ** 2))
        part = self.lips * self.label
        yield ("mouthFunnel", self._vector(wide, x=-0.30 * self.x, y=-0.0085) + self._vector(part * middle, z=0.0058))
        yield (
            "mouthPucker",
            self._vector(wide, x=-0.44 * self.x, y=-0.0100 * np.exp(-((self.x / 0.024) ** 2)))
            + self._vector(wide, z=0.16 * (self.z - MOUTH)),
        )
        edge = np.exp(-(((self.z - MOUTH) / 0.0085) ** 2)) * np.exp(-((self.x / 0.024) ** 4)) * (self.y < -0.06)
        lower = np.where(self.label < 0, -self.label, 0) * edge
        upper = np.where(self.label > 0, self.label, 0) * edge
        yield "mouthRollLower", self._vector(lower, y=0.0062, z=0.0016)
        yield "mouthRollUpper", self._vector(upper, y=0.0062, z=-0.0014)
        chin = self._near((0, -0.092, MOUTH - 0.016), (0.022, 0.03, 0.016)) * self.lower
        yield "mouthShrugLower", self._vector(chin, y=-0.0022, z=0.0058)
        lip = self._near((0, -0.098, MOUTH + 0.006), (0.022, 0.03, 0.012)) * self.upper
        yield "mouthShrugUpper", self._vector(lip, y=-0.0025, z=0.0048)
