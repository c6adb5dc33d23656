# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera from one performer: where the body is, how long the lens is, and which way is up; or one that is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import rotations

Array = npt.NDArray[np.float64]

WORLD_FROM_LEVEL_CAMERA: Array = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""A level camera looks along +Y: its X is the world's X, its Y (down) the world's −Z, its Z (forward) the world's Y."""

PRIOR_FIELD_OF_VIEW = np.radians(50.0)
"""Across the longer side of the picture: phones and common lenses lie between 40° and 70°."""
_PRIOR_SPREAD = 0.30
"""Standard deviation of the logarithm of the focal length around that."""
_SHAPE_ERROR = 0.05
"""What the world landmarks' shape alone leaves between points and picture, as a share of the body's size."""


@dataclass(frozen=True)
class View:
    """Where the camera is: one row if it stands still, else a row a frame.

    ``turn (1 or T, 3, 3)`` world from camera, ``place (1 or T, 3)`` metres.
    """

    turn: Array
    place: Array

    @classmethod
    def still(cls, turn: Array) -> View:
        """A camera at the origin that does not move, ``turn (3, 3)``."""
        return cls(np.asarray(turn)[None], np.zeros((1, 3)))

    @classmethod
    def tracked(cls, track: Array) -> View:
        """A camera whose ``track (T, 4, 4)`` world from camera is known."""
        rows = track[:1] if np.allclose(track, track[:1], rtol=0.0, atol=1e-9) else track
        return cls(np.ascontiguousarray(rows[:, :3, :3]), np.ascontiguousarray(rows[:, :3, 3]))

    @property
    def moves(self) -> bool:
        """Whether there is a row for each frame."""
        return len(self.turn) > 1

    def part(self, rows: slice) -> View:
        """The same camera for some of the frames."""
        return View(self.turn[rows], self.place[rows]) if self.moves else self

    def local(self, points: Array) -> Array:
        """World points ``(T, N, 3)`` in the camera's axes."""
        return np.asarray((points - self.place[:, None]) @ self.turn)

    def world(self, points: Array) -> Array:
        """Points ``(T, N, 3)`` in the camera's axes in the world."""
        return np.asarray(self.aligned(points) + self.place[:, None])

    def aligned(self, vectors: Array) -> Array:
        """Vectors ``(T, N, 3)`` in the camera's axes along the world's."""
        return np.asarray(vectors @ np.swapaxes(self.turn, -1, -2))

    def squared(self, across: float, along: float) -> Array:
        """Matrices in the world with these values across and along the optical axis: ``(3, 3)``, or ``(T, 3, 3)``
        where the camera moves.
        """
        matrices = self.turn @ np.diag([across, across, along]) @ np.swapaxes(self.turn, -1, -2)
        return np.asarray(matrices if self.moves else matrices[0])


def rays(pixels: Array, focal: float, centre: Array) -> Array:
    """Directions ``(..., 3)`` with unit depth of pixels ``(..., 2)``."""
    plane = (pixels - centre) / focal
    return np.concatenate([plane, np.ones(plane.shape[:-1] + (1,))], axis=-1)


def facing_rays(pixels: Array, focal: float, centre: Array) -> Array:
    """Rotations ``(..., 3, 3)`` from the optical axis to the rays of pixels ``(..., 2)``.

    A tracker that works on a crop sees the performer as if the camera pointed at the crop's middle: its 3D points are
    turned by this much against the camera.
    """
    return rotations.to_matrix(rotations.between(np.array([0.0, 0.0, 1.0]), rays(pixels, focal, centre)))


def placed(points: Array, pixels: Array, weights: Array, focal: float, centre: Array) -> tuple[Array, Array]:
    """Translation that puts points over pixels, by linear least squares in every frame.

    Parameters
    ----------
    points : (T, N, 3) metres in the camera's axes about any origin. pixels : (T, N, 2). weights : (T, N).

    Returns
    -------
    (T, 3) metres to be added, and the weighted root mean square (T,) of what remains, in metres at the body's depth.
    Frames whose points do not fix it (all weights 0) give NaN.
    """
    plane = (pixels - centre) / focal
    count, number = weights.shape
    rows = np.zeros((count, 2 * number, 3))
    rows[:, :number, 0] = weights
    rows[:, number:, 1] = weights
    rows[:, :number, 2] = -weights * plane[..., 0]
    rows[:, number:, 2] = -weights * plane[..., 1]
    right = np.concatenate(
        [
            weights * (plane[..., 0] * points[..., 2] - points[..., 0]),
            weights * (plane[..., 1] * points[..., 2] - points[..., 1]),
        ],
        axis=1,
    )
    matrix = np.swapaxes(rows, 1, 2) @ rows
    vector = (np.swapaxes(rows, 1, 2) @ right[..., None])[..., 0]
    usable = np.linalg.det(matrix) > 1e-12
    safe = np.where(usable[:, None, None], matrix, np.eye(3))
    shift = np.where(usable[:, None], np.linalg.solve(safe, vector[..., None])[..., 0], np.nan)
    usable &= shift[:, 2] > 0.1
    shift[~usable] = np.nan
    moved = points + shift[:, None]
    error = np.linalg.norm(moved[..., :2] / moved[..., 2:] - plane, axis=-1) * shift[:, None, 2]
    total = np.sum(weights**2, axis=1)
    return shift, np.sqrt(np.sum((weights * error) ** 2, axis=1) / np.where(total > 0, total, 1.0))


def estimated_focal(world: Array, pixels: Array, weights: Array, image_size: Array) -> float:
    """Focal length in pixels under which the world landmarks fit the picture best over the clip, with a prior.

    Perspective makes near limbs larger: only that distinguishes lenses, so the prior decides where the performer is
    far.
    The points are turned to their rays (:func:`facing_rays`) before they are compared.

    Parameters
    ----------
    world : (T, N, 3) metres. pixels : (T, N, 2). weights : (T, N).
    """
    longer = float(np.max(image_size))
    prior = longer / (2.0 * np.tan(PRIOR_FIELD_OF_VIEW / 2.0))
    centre = image_size / 2.0
    usable = np.flatnonzero(np.sum(weights > 0.3, axis=1) >= 8)
    if len(usable) < 3:
        return float(prior)
    usable = usable[:: max(1, len(usable) // 60)]
    world, pixels, weights = world[usable], pixels[usable], weights[usable]
    middle = np.sum(pixels * weights[..., None], axis=1) / np.sum(weights, axis=1)[:, None]
    size = np.sqrt(np.median(np.sum((world - world.mean(1, keepdims=True)) ** 2, axis=-1), axis=1))
    candidates = prior * np.exp(np.linspace(-0.9, 1.2, 43))
    costs = []
    for focal in candidates:
        turned = np.einsum("tij,tnj->tni", facing_rays(middle, focal, centre), world)
        _, error = placed(turned, pixels, weights, focal, centre)
        relative = np.where(np.isfinite(error), error / size, 1.0)
        # neighbouring frames err alike: the clip counts as a handful of independent views
        data = 6.0 * np.median(relative**2) / _SHAPE_ERROR**2
        costs.append(data + (np.log(focal / prior) / _PRIOR_SPREAD) ** 2)
    best = int(np.argmin(costs))
    return float(candidates[best])


def upright_camera(up_directions: Array, weights: Array, spread: float = np.radians(6.0)) -> Array:
    """Rotation world from camera ``(3, 3)`` that makes the body's mean upright direction vertical, near level.

    Parameters
    ----------
    up_directions : (T, 3) in the camera's axes, from the feet to the chest. weights : (T,).
    spread : standard deviation in radians of a clip's mean lean from the vertical, as the tracker sees it.

    Cameras are level within 8° of pitch and 4° of roll, but a pitch that is plainly seen, as from a surveillance
    camera, is
    believed: the prior widens to 0.6 of it. Beyond 60° of pitch and 35° of roll nothing is believed.
    """
    level = WORLD_FROM_LEVEL_CAMERA
    total = float(np.sum(weights))
    if total < 5.0:
        return level.copy()
    up = rotations.normalized(np.sum(rotations.normalized(up_directions) * weights[:, None], axis=0))
    # angles that would take this direction to the vertical (camera's −Y)
    pitch = float(np.arctan2(up[2], -up[1]))
    roll = float(np.arctan2(-up[0], -up[1]))
    usual = max(np.radians(8.0), 0.6 * abs(pitch))
    pitch *= usual**2 / (usual**2 + spread**2)
    roll *= np.radians(4.0) ** 2 / (np.radians(4.0) ** 2 + spread**2)
    limits = np.radians([60.0, 0.0, 35.0])
    turn = rotations.from_rotation_vector(np.clip([pitch, 0.0, roll], -limits, limits))
    return np.asarray(level @ rotations.to_matrix(turn))
