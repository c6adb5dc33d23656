# SPDX-License-Identifier: GPL-3.0-or-later
"""What an assessment looks at: the take, the motion as keyed on the character, what it touches, and its light."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import numpy.typing as npt

from ..motion.contacts import Contacts, Floor
from ..motion.take import Take
from .face_keys import FaceKeys
from .face_patches import FaceLight

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LightingEvidence:
    """What is known of the light; everything that was not measured is None.

    Attributes
    ----------
    irradiance_error : root mean square over normals of rig against environment, over the mean (``LightMeasures``).
    sphere_rmse : of the balls lit by the rig against those lit by the environment, tone-mapped (``Difference.rmse``);
        the worst of the balls.
    shadow_error : part of the shadow picture's difference that is no noise, over the mean (``systematic_error``).
    plate_colour_angle : degrees between the colours of a region of the plate and of the render (``colour_angle``).
    plate_contrast : stops by which the contrast (standard deviation of log2 luminance) of that region differs from the
        render's.
    exposure : (T,) stops by which the character is brighter than what it stands for in the plate, NaN where it was not
        looked at; or (1,) for the whole clip.
    contact_shadow : (T,) share of the standing feet whose contact shadow is not right, NaN where none stands or none
        was rendered; or (1,) for the whole clip.
    scene_harmonics : (9, 3) irradiance of the scene's light on normals, spherical harmonics
        (``irradiance_harmonics``) in the take's world axes.
    face : what the face in the plate shows of the light that falls on it, in the same axes.
    why : what was not measured and why, by the names above, in the user's words.
    """

    irradiance_error: Optional[float] = None
    sphere_rmse: Optional[float] = None
    shadow_error: Optional[float] = None
    plate_colour_angle: Optional[float] = None
    plate_contrast: Optional[float] = None
    exposure: Optional[Array] = None
    contact_shadow: Optional[Array] = None
    scene_harmonics: Optional[Array] = None
    face: Optional[FaceLight] = None
    why: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """What is judged, and what it is judged by.

    Attributes
    ----------
    take : the performer's take, with camera and observations where it has them.
    character : the motion as keyed, on the character's own skeleton; None to judge the performer's motion itself. It
        begins when the take begins.
    contacts : which points touch, a row for each frame of ``take``; None for those that the take holds or its motion
        shows.
    floor : what ``character`` (else ``take``) stands on; None for the level floor where its feet stand most.
    lighting : what is known of the light; None where there is no environment.
    face_keys : the character's face as keyed; None to judge the take's alone.
    missing : why ``character``, ``contacts``, ``floor``, ``lighting`` or ``face_keys`` is None, by their names, in the
        user's words.
    """

    take: Take
    character: Optional[Take] = None
    contacts: Optional[Contacts] = None
    floor: Optional[Floor] = None
    lighting: Optional[LightingEvidence] = None
    face_keys: Optional[FaceKeys] = None
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def judged(self) -> Take:
        """The motion whose feet and joints are judged."""
        return self.take if self.character is None else self.character
