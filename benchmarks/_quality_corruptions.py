# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to make a take worse by graded amounts, and which scores each of them concerns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

import numpy as np
import numpy.typing as npt

from benchmarks import _quality_worse_body as body
from benchmarks import _quality_worse_face as face
from benchmarks._quality_lights import LightTruth
from holirep_blender.quality.evidence import Evidence

Array = npt.NDArray[np.float64]
Make = Callable[[Evidence, LightTruth, float], Evidence]

BODY, FACE, LIGHT = "body", "face", "lighting_realism"
TIME, CROSS, SPACE = "temporal_coherence", "cross_modal_consistency", "environmental_integration"


@dataclass(frozen=True)
class Corruption:
    """``amounts`` in ``unit``; ``own``: the scores that measure it, which must fall; ``touched``: scores whose subject
    it changes too, from which nothing is demanded. All other scores must stay. ``measure``: the one that is meant
    first, whose own score must fall too; without it a take is not judged by this (feet below the edge of the picture).
    """

    name: str
    unit: str
    amounts: tuple[float, ...]
    make: Make
    own: tuple[str, ...]
    touched: tuple[str, ...] = ()
    measure: str = ""


def _lit(**how: float) -> Callable[[Evidence, LightTruth, float], Evidence]:
    (name,) = how

    def make(evidence: Evidence, light: LightTruth, amount: float) -> Evidence:
        frames = evidence.take.frame_count
        value: object = amount
        if name == "exposure":
            value = np.full(frames, amount)
        if name == "flicker":
            noise = np.random.default_rng(3).normal(size=frames)
            return replace(evidence, lighting=light.evidence(frames, exposure=amount * noise))
        return replace(evidence, lighting=light.evidence(frames, **{name: value}))  # type: ignore[arg-type]

    return make


CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption("body trembles", "°", (0.5, 1, 1.5, 2, 3, 4), body.noise, (BODY, TIME), (SPACE, CROSS), "jitter"),
    Corruption(
        "body frozen", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), body.frozen, (BODY, TIME), (SPACE, CROSS), "following"
    ),
    Corruption(
        "body smoothed", "s", (0.1, 0.2, 0.3, 0.45, 0.7, 1), body.smooth, (BODY, TIME), (SPACE, CROSS), "following"
    ),
    Corruption(
        "sides swapped",
        "share",
        (0.05, 0.1, 0.15, 0.25, 0.35, 0.45),
        body.swapped,
        (BODY,),
        (TIME, CROSS, SPACE),
        "reprojection",
    ),
    Corruption("wrists overbent", "°", (90, 100, 105, 110, 115, 120), body.bent, (BODY,), (TIME,), "limits"),
    Corruption(
        "arms stretched", "share", (0.1, 0.2, 0.3, 0.4, 0.5, 0.7), body.stretched, (BODY,), (TIME,), "bone_length"
    ),
    Corruption("body lost", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), body.lost, (BODY,), (), "drop_outs"),
    Corruption("feet slide", "m", (0.02, 0.04, 0.06, 0.1, 0.15, 0.2), body.slide, (BODY,), (), "foot_slide"),
    Corruption(
        "floor raised", "m", (0.02, 0.03, 0.04, 0.05, 0.06, 0.07), body.raised, (BODY, SPACE), (), "penetration"
    ),
    Corruption("floor lowered", "m", (0.02, 0.03, 0.04, 0.05, 0.06, 0.07), body.lowered, (SPACE,), (), "feet_on_floor"),
    Corruption("world tilted", "°", (3, 5, 7, 9, 11, 14), body.tilted, (SPACE,), (BODY,), "horizon"),
    Corruption("head turned", "°", (10, 15, 20, 25, 30, 40), body.head, (CROSS,), (BODY,), "head_pose"),
    Corruption("gaze turned", "°", (8, 12, 16, 20, 26, 32), body.gaze, (CROSS,), (), "gaze"),
    Corruption("face late", "ms", (40, 60, 80, 100, 125, 150), face.late, (CROSS,), (FACE, TIME), "in_step"),
    Corruption(
        "face trembles",
        "coefficient",
        (0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
        face.noise,
        (FACE, TIME),
        (),
        "face_jitter",
    ),
    Corruption(
        "face frozen",
        "share",
        (0.1, 0.2, 0.35, 0.5, 0.7, 0.9),
        face.frozen,
        (FACE, TIME),
        (CROSS,),
        "face_following",
    ),
    Corruption(
        "face smoothed",
        "s",
        (0.1, 0.15, 0.2, 0.3, 0.5, 0.8),
        face.smooth,
        (FACE, TIME),
        (CROSS,),
        "face_following",
    ),
    Corruption(
        "face keys frozen", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), face.keys_frozen, (FACE, TIME), (), "face_keys"
    ),
    Corruption("face swapped", "share", (0.15, 0.3, 0.45, 0.6, 0.8, 1), face.swapped, (FACE,), (TIME,), "symmetry"),
    Corruption("blinks missing", "share", (0.2, 0.35, 0.5, 0.65, 0.8, 1), face.no_blinks, (FACE,), (TIME,), "blinks"),
    Corruption(
        "lips stay open", "weight", (0.15, 0.2, 0.27, 0.35, 0.45, 0.55), face.open_lips, (FACE,), (TIME,), "lip_closure"
    ),
    Corruption(
        "face overdriven", "gain", (0.4, 0.8, 1.2, 1.8, 2.6, 4), face.overdriven, (FACE,), (TIME,), "saturation"
    ),
    Corruption("face lost", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), face.lost, (FACE,), (), "face_drop_outs"),
    Corruption("rig turned", "°", (5, 10, 20, 30, 45, 60), _lit(turned=0.0), (LIGHT,), (), "irradiance_error"),
    Corruption(
        "light tinted", "share", (0.05, 0.1, 0.15, 0.2, 0.3, 0.4), _lit(tint=0.0), (LIGHT,), (), "plate_colour_angle"
    ),
    Corruption(
        "light harder", "share", (0.2, 0.4, 0.6, 0.9, 1.3, 1.8), _lit(harder=0.0), (LIGHT,), (), "plate_contrast"
    ),
    Corruption("face lit otherwise", "°", (15, 22, 30, 40, 55, 70), _lit(face_turned=0.0), (CROSS,), (), "face_light"),
    Corruption(
        "light flickers",
        "stops",
        (0.03, 0.06, 0.09, 0.12, 0.16, 0.2),
        _lit(flicker=0.0),
        (TIME,),
        (SPACE,),
        "light_flicker",
    ),
    Corruption("exposure off", "stops", (0.2, 0.4, 0.6, 0.8, 1.1, 1.4), _lit(exposure=0.0), (SPACE,), (), "exposure"),
    Corruption(
        "shadows missing",
        "share",
        (0.1, 0.2, 0.3, 0.45, 0.6, 0.75),
        _lit(shadowless=0.0),
        (SPACE,),
        (),
        "contact_shadow",
    ),
)
