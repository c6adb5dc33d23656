# SPDX-License-Identifier: GPL-3.0-or-later
"""The light that the performer's face shows in the plate: patches of skin, which way they face, how bright they are.

A face is a light probe whose shape is known (Knorr & Kurz 2014; Calian et al. 2018): where its skin faces, the light of
the scene must fall as bright there as in the plate, but for one exposure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

import numpy as np
import numpy.typing as npt

from ..lighting.measures import harmonics
from ..motion.take import Take
from .face_fit import PIXELS, heads
from .face_model import face_model

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

PATCHES: tuple[tuple[int, ...], ...] = (
    (151, 108, 337, 9, 10), (69, 104, 68, 63, 108), (299, 333, 298, 293, 337), (50, 117, 118, 101, 205, 187, 123),
    (280, 346, 347, 330, 425, 411, 352), (205, 50, 36, 206, 207, 187), (425, 280, 266, 426, 427, 411),
    (147, 123, 187, 213, 177, 137), (376, 352, 411, 433, 401, 366),
)  # fmt: skip
"""Forehead, cheekbones, cheeks and their outsides, bare of hair and beard mostly: a point and those around it."""
FRAMES = 8
_RADIUS_CM = 0.45
_FACING, _SHOWN, _FEWEST, _OVER_EXPOSED = 0.5, 0.35, 5, 0.2
"""Cosines to the camera from which a face and a patch are looked at, the fewest patches of a frame that tell of light,
and the share of them that may be clipped."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_AMBIENT = 0.2820947918
"""The harmonic of order 0: times its coefficient it is the mean irradiance over normals."""
_DARKEST, _CLIPPED = 0.02, 0.97
"""Share of the mean below which irradiance is taken as that, as bounced light fills; linear value of clipped pixels."""


@dataclass(frozen=True)
class FacePlaces:
    """Where to look in ``K`` frames of the plate, at ``P`` patches.

    Attributes
    ----------
    frames : (K,) numbers of plate frames.
    centres : (K, P, 2) pixels of the plate; NaN where a patch is turned away.
    radii : (K,) pixels.
    normals : (K, P, 3) which way the skin faces, in the take's world.
    """

    frames: Ints
    centres: Array
    radii: Array
    normals: Array


@dataclass(frozen=True)
class FaceLight:
    """What the plate shows there: ``normals (K, P, 3)`` in the take's world and ``luminance (K, P)``, linear, NaN where
    nothing is seen and infinite where it is clipped.
    """

    normals: Array
    luminance: Array


def face_places(take: Take) -> Union[FacePlaces, str]:
    """Where to look, in frames spread over the take that show the face best, or in the user's words why nowhere."""
    seen, model = take.observations, face_model()
    if seen is None:
        return "The take holds no tracked points, so where the face is in the plate is not known"
    if model is None:
        return "The face model is missing: the extension's trained weights are not there or hold none"
    if take.camera is None:
        return "The take has no camera, so which way the face looks is not known"
    rows = np.flatnonzero((seen.face_confidence > 0.0) & np.isfinite(seen.face_image).all(axis=(1, 2)))
    if not len(rows):
        return "The face was seen in no frame"
    turned, scale, toward = heads(take, seen.face_image[rows], model)
    facing = np.einsum("ti,ti->t", turned[..., 1], toward)
    good = np.flatnonzero((facing > _FACING) & (scale >= PIXELS))
    if not len(good):
        return "The face never looks towards the camera, or is too small in the picture"
    # the most frontal frame of each stretch of those that show the face
    chosen = np.array([part[np.argmax(facing[part])] for part in np.array_split(good, min(FRAMES, len(good)))])
    own = patch_normals(model.template)
    inside = np.einsum("tij,pj->tpi", turned[chosen], own)
    shown = np.einsum("tpi,ti->tp", inside, -toward[chosen]) > _SHOWN
    poses = take.camera.world_from_camera
    at = np.minimum(np.round(seen.times[rows[chosen]] * take.fps).astype(int), len(poses) - 1)
    middles = seen.face_image[rows[chosen]][:, [patch[0] for patch in PATCHES], :2]
    return FacePlaces(
        np.round(seen.frame_numbers[rows[chosen]]).astype(np.intp),
        np.where(shown[..., None], middles, np.nan),
        np.maximum(_RADIUS_CM * scale[chosen], 1.0),
        np.einsum("tij,tpj->tpi", poses[at, :3, :3], inside),
    )


def patch_luminance(pixels: Array, centres: Array, radius: float) -> Array:
    """Mean luminance ``(P,)`` of disks in a linear picture ``(H, W, 3+)``; NaN outside it, infinite where clipped."""
    result = np.full(len(centres), np.nan)
    height, width = pixels.shape[:2]
    for row, (x, y) in enumerate(centres):
        if not (np.isfinite([x, y]).all() and radius <= x < width - radius and radius <= y < height - radius):
            continue
        columns = np.arange(int(x - radius), int(x + radius) + 1)
        lines = np.arange(int(y - radius), int(y + radius) + 1)
        within = np.hypot(columns[None, :] + 0.5 - x, lines[:, None] + 0.5 - y) <= max(radius, 0.75)
        colours = pixels[lines[0] : lines[-1] + 1, columns[0] : columns[-1] + 1, :3][within]
        if len(colours):
            result[row] = float((colours @ _LUMINANCE).mean()) if colours.max() < _CLIPPED else np.inf
    return result


def disagreement(face: FaceLight, scene: Array) -> Union[float, str]:
    """Stops by which the face's light is not the scene's, over all patches of all frames.

    At normals ``n``: ``log2(L(n) / E(n))`` less its median, so that exposure and skin do not count; of that 1.25 times
    the mean size, which is the standard deviation of a normal distribution, without the ninth that is furthest off: one
    patch, where hair may hang.

    Parameters
    ----------
    scene : (9, 3) irradiance of the scene's light on normals, spherical harmonics, in the axes of ``face.normals``.
    """
    light = scene @ _LUMINANCE
    irradiance = (harmonics(face.normals.reshape(-1, 3)) @ light).reshape(face.luminance.shape)
    least = _DARKEST * max(float(light[0] * _AMBIENT), 1e-12)
    use = np.isfinite(face.luminance) & (face.luminance > 0.0)
    clipped = np.isinf(face.luminance)
    # where the bright side is cut off, what is left is no picture of the light
    use &= (clipped.sum(axis=1) <= _OVER_EXPOSED * (clipped | use).sum(axis=1))[:, None]
    use &= (use.sum(axis=1) >= _FEWEST)[:, None]
    if not use.any():
        return "Too little of the face's skin is seen without being over-exposed"
    off = np.log2(face.luminance[use] / np.maximum(irradiance[use], least))
    sizes = np.sort(np.abs(off - np.median(off)))
    return 1.25 * float(sizes[: len(sizes) - len(sizes) // len(PATCHES)].mean())


def patch_normals(template: Array) -> Array:
    """Which way the patches ``(P, 3)`` of a face ``(478, 3)`` look, in head axes."""
    return np.stack([_normal(template[list(patch)]) for patch in PATCHES])


def _normal(ring: Array) -> Array:
    """The unit normal ``(3,)``, out of the face, of the plane through points ``(N, 3)`` in head axes."""
    normal = np.linalg.svd(ring - ring.mean(axis=0))[2][2]
    return np.asarray(-normal if normal[1] > 0.0 else normal)
