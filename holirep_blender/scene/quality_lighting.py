# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shot keeps of its light's figures, and what quality is told of them."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Euler

from ..lighting.differences import colour_angle
from ..lighting.measures import harmonics, irradiance_harmonics
from ..lighting.sphere import even_directions
from ..quality.evidence import LightingEvidence

if TYPE_CHECKING:
    from .light_matching import MatchedLight
    from .plate_light import PlateMatch

_DARK = 1e-4
"""Luminance below which a pixel of a region says nothing of contrast."""


def keep_match(scene: bpy.types.Scene, matched: MatchedLight) -> None:
    """Notes the figures of Match Lighting; what was matched to the plate before belongs to other lamps."""
    figures = {
        "irradiance_error": matched.measures.irradiance_error if matched.analysis.lamps else 0.0,
        "harmonics": irradiance_harmonics(matched.analysis.grid).tolist(),
    }
    scene.holirep.light.figures = json.dumps(figures)


def keep_plate_match(scene: bpy.types.Scene, match: PlateMatch) -> None:
    """Notes how a region of the plate and its render differ since Match to Plate; a ball or chart is no character."""
    if match.kind != "region" or len(match.tiles) < 3:
        return
    plate, after = (np.asarray(tile, dtype=np.float64).reshape(-1, 3) for tile in (match.tiles[0], match.tiles[2]))
    lit = (plate.max(axis=1) > _DARK) & (after.max(axis=1) > _DARK)
    if not lit.any():
        return
    stops = [np.log2(np.maximum(each[lit].mean(axis=1), _DARK)) for each in (plate, after)]
    figures = _figures(scene)
    figures["plate"] = {
        "colour_angle": colour_angle(after[lit], plate[lit]),
        "contrast": abs(float(stops[1].std() - stops[0].std())),
        "exposure": float(np.log2(after[lit].mean() / plate[lit].mean())),
    }
    scene.holirep.light.figures = json.dumps(figures)


def keep_report(scene: bpy.types.Scene, folder: Path, rig: str) -> None:
    """Notes the renders of a light report that was written into a folder, of the rig as :func:`rig_state` told it then.

    A report without renders says nothing new. Raises nothing: what cannot be read is not kept.
    """
    try:
        rendered = json.loads((folder / "light.json").read_text(encoding="utf-8")).get("rendered")
        balls, shadow = rendered["balls"].values(), rendered["shadow"]
        rmse = max(math.sqrt(max(ball["rmse"] ** 2 - ball["noise_rmse"] ** 2, 0.0)) for ball in balls)
        found = {"rig": rig, "sphere_rmse": rmse, "shadow_error": float(shadow["systematic"])}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return
    scene.holirep.light.figures = json.dumps({**_figures(scene), "report": found})


def rig_state(scene: bpy.types.Scene) -> str:
    """A digest of what the rig is: the environment that was matched, its lamps as they are now, and the residual."""
    light = scene.holirep.light
    lamps = [
        (
            row.enabled,
            *(() if row.lamp is None else (round(value, 4) for line in row.lamp.matrix_world for value in line)),
            *(() if row.lamp is None else (round(value, 6) for value in (*row.lamp.data.color, row.lamp.data.energy))),
            *(round(value, 6) for value in (*row.irradiance, *row.gain, *row.tint, row.angle)),
        )
        for row in light.lamps
    ]
    told = (lamps, [round(value, 6) for value in light.residual_gain], _figures(scene).get("harmonics"))
    return hashlib.sha256(repr(told).encode()).hexdigest()


def lighting_evidence(scene: bpy.types.Scene) -> tuple[Optional[LightingEvidence], str]:
    """What is known of a scene's light, as it was last matched; None and the reason where nothing is."""
    shot = scene.holirep
    share = float(shot.shadow.contact_share)
    if not shot.light.summary and share < 0.0:
        return None, "The light was not matched in this scene: use Match Lighting"
    figures = _figures(scene)
    plate = figures.get("plate", {})
    region = "No region of the plate was compared: use Match to Plate, Region"
    rendered = figures.get("report", {})
    report = "Spheres and shadows in the light are measured by renders: use Write Light Report"
    if rendered and rendered["rig"] != rig_state(scene):
        rendered, report = {}, "The light rig changed since its report: use Write Light Report again"
    why = {
        "plate_colour_angle": "" if plate else region,
        "plate_contrast": "" if plate else region,
        "exposure": "" if plate else region,
        "sphere_rmse": "" if rendered else report,
        "shadow_error": "" if rendered else report,
        "contact_shadow": "" if share >= 0.0 else "No shadows were baked under standing feet: use Bake Shadows",
        "irradiance_error": "" if "irradiance_error" in figures else "The light was not matched: use Match Lighting",
        "scene_harmonics": "" if "harmonics" in figures else "The light was not matched: use Match Lighting",
        "face_light": "" if "harmonics" in figures else "The light was not matched: use Match Lighting",
    }
    evidence = LightingEvidence(
        irradiance_error=figures.get("irradiance_error"),
        sphere_rmse=rendered.get("sphere_rmse"),
        shadow_error=rendered.get("shadow_error"),
        plate_colour_angle=plate.get("colour_angle"),
        plate_contrast=plate.get("contrast"),
        exposure=np.array([plate["exposure"]]) if plate else None,
        contact_shadow=np.array([share]) if share >= 0.0 else None,
        scene_harmonics=_turned(scene, figures["harmonics"]) if "harmonics" in figures else None,
        why={name: sentence for name, sentence in why.items() if sentence},
    )
    return evidence, ""


def _figures(scene: bpy.types.Scene) -> dict[str, Any]:
    try:
        found = json.loads(scene.holirep.light.figures or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _turned(scene: bpy.types.Scene, coefficients: Any) -> npt.NDArray[np.float64]:
    """The environment's harmonics ``(9, 3)`` in the scene's axes, as the rig's control turns it, with its balance."""
    light = scene.holirep.light
    turn = np.array(light.control.matrix_world.to_3x3().normalized() if light.control else Euler().to_matrix())
    normals = even_directions(64)
    values = harmonics(normals) @ np.array(coefficients, dtype=np.float64)
    turned = np.linalg.lstsq(harmonics(normals @ turn.T), values, rcond=None)[0]
    return np.asarray(turned * np.array(light.balance) * float(light.strength))
