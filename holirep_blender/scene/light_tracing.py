# SPDX-License-Identifier: GPL-3.0-or-later
"""EEVEE's ray tracing and shadows, set so that a rig comes nearest to its environment, and put back as they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import bpy

TRACING = {
    "use_raytracing": True,
    "ray_tracing_method": "SCREEN",
    "use_fast_gi": False,
    "trace_max_roughness": 1.0,
    "resolution_scale": "1",
    "screen_trace_quality": 1.0,
    "screen_trace_thickness": 1.0,
    "use_denoise": True,
    "denoise_spatial": True,
    "denoise_temporal": False,
    "denoise_bilateral": False,
}
"""Found by rendering a floor in four environments: fast global illumination keeps of a world's light only its general
direction, and denoising over time and by likeness darkens it. 4.2 has no switch for the former but that roughness."""
DOME_SHADOWS = {"shadow_pool_size": "1024", "shadow_step_count": 16}
"""The lamps of a dome are many and wide: room for their shadow maps, and what shades is looked for at more distances.
"""


def set_eevee(scene: bpy.types.Scene, wanted: Mapping[str, Any]) -> str:
    """Sets ``TRACING`` or ``DOME_SHADOWS``; gives what settings were before, for ``put_eevee_back``."""
    before = {}
    for name, value in wanted.items():
        owner = _owner(scene, name)
        if hasattr(owner, name) and getattr(owner, name) != value:
            before[name] = getattr(owner, name)
            setattr(owner, name, value)
    return json.dumps(before)


def put_eevee_back(scene: bpy.types.Scene, before: str) -> None:
    """Settings are as they were, but for those that somebody has changed since."""
    for name, value in json.loads(before).items():
        owner = _owner(scene, name)
        if getattr(owner, name, None) == {**TRACING, **DOME_SHADOWS}.get(name):
            setattr(owner, name, value)


def _owner(scene: bpy.types.Scene, name: str) -> Any:
    options = scene.eevee.ray_tracing_options
    return options if hasattr(options, name) else scene.eevee
