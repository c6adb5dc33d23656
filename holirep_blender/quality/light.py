# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of the light, from what the light report, the match to the plate and the shadow bake found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .evidence import Evidence
from .face_patches import disagreement
from .specs import Found

Array = npt.NDArray[np.float64]

_NO_LIGHT = "There is no environment and no light rig to judge."
_WHY: dict[str, str] = {
    "irradiance_error": "The light was not matched to an environment.",
    "sphere_rmse": "The light report rendered no spheres.",
    "shadow_error": "The light report rendered no shadows.",
    "plate_colour_angle": "The light was not compared with a region of the plate.",
    "plate_contrast": "The light was not compared with a region of the plate.",
    "exposure": "The character was not compared with the plate's exposure.",
    "contact_shadow": "No shadows were baked.",
    "face_light": "The light on the face in the plate was not measured.",
}


def number(evidence: Evidence, name: str) -> Found:
    """A figure of the whole clip by its name in ``LightingEvidence``."""
    value = None if evidence.lighting is None else getattr(evidence.lighting, name)
    if value is None or not np.isfinite(value):
        return Found(missing=_why(evidence, name))
    return Found(value=float(abs(value)))


def series(evidence: Evidence, name: str) -> Found:
    """Absolute figures of frames, or one of the whole clip, by their name in ``LightingEvidence``."""
    values = None if evidence.lighting is None else getattr(evidence.lighting, name)
    if values is None or not np.isfinite(values).any():
        return Found(missing=_why(evidence, name))
    return _on_frames(np.abs(np.asarray(values, dtype=np.float64)), evidence.take.frame_count)


def flicker(evidence: Evidence) -> Found:
    """Stops by which the character's exposure against the plate changes from one frame to the next."""
    values = None if evidence.lighting is None else evidence.lighting.exposure
    if values is None or not np.isfinite(values).any():
        return Found(missing=_why(evidence, "exposure"))
    frames = evidence.take.frame_count
    if len(values) not in (1, frames):
        return Found(missing=f"The light has {len(values)} frames, but the take has {frames}.")
    if len(values) != frames or frames < 2:
        return Found(missing="The exposure was compared in one frame only.")
    step = np.abs(np.diff(np.asarray(values, dtype=np.float64)))
    return Found(np.concatenate([step[:1], step]), missing="The exposure was not compared in consecutive frames.")


def face_light(evidence: Evidence) -> Found:
    """Stops by which the light on the face in the plate is not the scene's, at the same exposure."""
    light = evidence.lighting
    if light is None or light.scene_harmonics is None or light.face is None:
        return Found(missing=_why(evidence, "face_light"))
    found = disagreement(light.face, light.scene_harmonics)
    return Found(missing=found + ".") if isinstance(found, str) else Found(value=found)


def _on_frames(values: Array, frames: int) -> Found:
    if len(values) == 1 and frames != 1:
        return Found(value=float(values[0]))
    if len(values) != frames:
        return Found(missing=f"The light has {len(values)} frames, but the take has {frames}.")
    return Found(values)


def _why(evidence: Evidence, name: str) -> str:
    light = evidence.lighting
    if light is None:
        return evidence.missing.get("lighting", _NO_LIGHT)
    return light.why.get(name, _WHY[name])
