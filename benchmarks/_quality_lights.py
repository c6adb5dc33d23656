# SPDX-License-Identifier: GPL-3.0-or-later
"""A light of known truth: an environment, the rig that was found in it, and what is measured when the rig is wrong.

Nothing is rendered: irradiance, a matt and a glossy ball and the shadow of a wall on a floor are sums over the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from holirep_blender.lighting.differences import colour_angle, difference, relative_error
from holirep_blender.lighting.environment_map import EnvironmentMap, Grid, reduced
from holirep_blender.lighting.measures import irradiance_harmonics
from holirep_blender.lighting.sphere import directions, even_directions
from holirep_blender.motion import rotations
from holirep_blender.quality.evidence import LightingEvidence
from holirep_blender.quality.face_model import face_model
from holirep_blender.quality.face_patches import FaceLight, patch_normals

Array = npt.NDArray[np.float64]

_NORMALS = even_directions(300)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def environment(seed: int) -> EnvironmentMap:
    """A drawn environment, 128 x 64: a sky that brightens upwards, dark ground, a sun and a window of other colours."""
    random = np.random.default_rng(seed)
    rows, columns = 64, 128
    up = np.sin(np.pi * (0.5 - (np.arange(rows) + 0.5) / rows))[:, None, None]
    sky = np.where(up > 0, 0.4 + 0.6 * up, 0.15) * np.array([0.8, 0.9, 1.1])
    pixels = np.broadcast_to(sky, (rows, columns, 3)).copy()
    places = np.stack([directions(np.pi * (0.5 - (row + 0.5) / rows), (np.arange(columns) + 0.5) / columns * 2 * np.pi)
                       for row in range(rows)])  # fmt: skip
    for strength, colour, wide in ((60.0, (1.1, 1.0, 0.8), 0.12), (6.0, (0.7, 0.9, 1.2), 0.35)):
        turn, height = random.uniform(0, 2 * np.pi), random.uniform(0.35, 1.0)
        toward = np.array([np.cos(turn) * np.cos(height), np.sin(turn) * np.cos(height), np.sin(height)])
        pixels += strength * np.exp(-((np.arccos(np.clip(places @ toward, -1, 1)) / wide) ** 2))[..., None] * colour
    return EnvironmentMap(pixels)


@dataclass
class LightTruth:
    """The environment's light on the scene, and the same light as the face in the plate shows it."""

    grid: Grid
    places: Array
    power: Array

    @classmethod
    def of(cls, seed: int) -> LightTruth:
        """The truth of a drawn environment."""
        grid = reduced(environment(seed), 64)
        places = np.concatenate([directions(latitude, grid.angles) for latitude in grid.latitudes])
        power = np.concatenate([grid.radiance[row] * grid.solid_angles[row][:, None] for row in range(grid.shape[0])])
        return cls(grid, places, power)

    def evidence(
        self,
        frames: int,
        *,
        turned: float = 0.0,
        tint: float = 0.0,
        harder: float = 0.0,
        face_turned: float = 0.0,
        exposure: Optional[Array] = None,
        shadowless: float = 0.0,
    ) -> LightingEvidence:
        """What is measured where the rig is turned (degrees), tinted (share), harder (share of contrast), the face lit
        from aside (degrees), the character exposed otherwise (stops a frame), or shadows missing (share of feet).
        """
        wrong = _turned(self.places, turned)
        truth, found = self._irradiance(self.places, _NORMALS), self._irradiance(wrong, _NORMALS)
        glossy = [self._glossy(places) for places in (self.places, wrong)]
        shade = [self._shadows(places) for places in (self.places, wrong)]
        plate = truth * (1.0 + 0.03 * np.sin(np.arange(len(truth)))[:, None])
        tinted = plate * np.array([1.0 + tint, 1.0, 1.0 / (1.0 + tint)])
        spread = [float(np.std(np.log2(np.maximum(each @ _LUMINANCE, 1e-9)))) for each in
                  (plate, plate ** (1.0 + harder))]  # fmt: skip
        scene = irradiance_harmonics(self.grid)
        strongest = self.places[np.argmax(self.power.sum(axis=1))]
        return LightingEvidence(
            irradiance_error=relative_error(found, truth),
            sphere_rmse=max(difference(found, truth).rmse, difference(glossy[1], glossy[0]).rmse),
            shadow_error=relative_error(shade[1], shade[0]),
            plate_colour_angle=colour_angle(tinted, plate),
            plate_contrast=abs(spread[1] - spread[0]),
            exposure=np.zeros(frames) if exposure is None else exposure,
            contact_shadow=np.full(frames, shadowless),
            scene_harmonics=scene,
            face=self._face(_moved_aside(self.places, strongest, face_turned), strongest),
        )

    def _face(self, places: Array, strongest: Array) -> FaceLight:
        """What the face of a performer who looks about to where the light should come from shows, on uneven skin."""
        model = face_model()
        assert model is not None
        normals = patch_normals(model.template)
        toward = np.degrees(np.arctan2(strongest[0], -strongest[1]))
        looks = np.stack([_turned(normals, -toward + aside) for aside in (-40.0, -15.0, 15.0, 40.0)])
        skin = 1.0 + 0.06 * np.sin(2.0 + 3.0 * np.arange(len(normals)))
        return FaceLight(looks, np.stack([skin * (self._irradiance(places, look) @ _LUMINANCE) for look in looks]))

    def _irradiance(self, places: Array, normals: Array) -> Array:
        return np.asarray(np.maximum(normals @ places.T, 0.0) @ self.power)

    def _glossy(self, places: Array) -> Array:
        lobe = np.maximum(_NORMALS @ places.T, 0.0) ** 24
        return np.asarray(lobe @ self.power)

    def _shadows(self, places: Array) -> Array:
        """Irradiance of a floor at distances behind a wall that stands to the +X side."""
        rows = []
        for away in np.linspace(0.1, 3.0, 24):
            blocked = (places[:, 0] > 1e-6) & (places[:, 2] * away < places[:, 0])
            rows.append((np.maximum(places[:, 2], 0.0) * ~blocked) @ self.power)
        return np.array(rows)


def _turned(places: Array, degrees: float) -> Array:
    """Directions turned about the vertical."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(places @ np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]]))


def _moved_aside(places: Array, lamp: Array, degrees: float) -> Array:
    """Directions turned so that the lamp among them goes sideways by all of it, however high it stands."""
    right = np.cross(lamp, np.array([0.0, 0.0, 1.0]))
    about = np.cross(right / np.linalg.norm(right), lamp)
    turn = rotations.from_axis_angle(about, np.array(np.radians(degrees)))
    return np.asarray(rotations.rotate(turn, places))
