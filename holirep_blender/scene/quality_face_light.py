# SPDX-License-Identifier: GPL-3.0-or-later
"""The light on the performer's face: read off some frames of the plate, where the take tells the face to be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional, Union

import numpy as np

from ..motion.take import Take
from ..quality.evidence import LightingEvidence
from ..quality.face_patches import FaceLight, face_places, patch_luminance
from .pictures import Pixels, plate_frames
from .quality_strip import ASPECT_TOLERANCE, other_shape

_read: tuple[object, Union[FaceLight, str]] = (None, "")
"""What was read last, and of which file and places: a plate is not read again for each assessment."""


def with_face(lighting: LightingEvidence, take: Take, plate: Optional[Path], same_world: bool) -> LightingEvidence:
    """The evidence with what the face in the plate shows, or with the reason why that is not known.

    ``same_world``: whether the take's world is that of the lamps, as it is where the scene's camera is the take's.
    """
    if lighting.scene_harmonics is None:
        return lighting
    if not same_world:
        why: Union[FaceLight, str] = "Match Camera is off, so the light on the face is not in the scene's axes"
    elif plate is None:
        why = "It is not known where the plate is, so the light on the face cannot be read off it"
    else:
        why = face_light(take, plate)
    if isinstance(why, str):
        return replace(lighting, why={**lighting.why, "face_light": why})
    return replace(lighting, face=why)


def face_light(take: Take, plate: Path) -> Union[FaceLight, str]:
    """What the face shows in up to eight frames of a plate, or in the user's words why nothing."""
    global _read
    places = face_places(take)
    if isinstance(places, str):
        return places
    try:
        key = (plate, plate.stat().st_mtime_ns if plate.is_file() else 0, places.centres.tobytes())
        if _read[0] == key:
            return _read[1]
        with plate_frames(plate) as read:
            shown = [
                _shown(read(int(frame), 1.0), take, centres, float(radius), plate)
                for frame, centres, radius in zip(places.frames, places.centres, places.radii, strict=True)
            ]
    except OSError as error:
        return str(error)
    _read = (key, FaceLight(places.normals, np.stack(shown)))
    return _read[1]


def _shown(pixels: Pixels, take: Take, centres: Pixels, radius: float, plate: Path) -> Pixels:
    """Luminances in a frame of the plate, which may be smaller than what was tracked; OSError: it is another one."""
    assert take.observations is not None
    tracked = [float(value) for value in take.observations.image_size]
    scale = pixels.shape[1] / tracked[0]
    if abs(scale - pixels.shape[0] / tracked[1]) > ASPECT_TOLERANCE * scale:
        raise OSError(other_shape(plate, pixels, tracked))
    return patch_luminance(pixels, centres * scale, max(radius * scale, 1.0))
