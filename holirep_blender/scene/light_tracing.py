# SPDX-License-Identifier: GPL-3.0-or-later
"""EEVEE's ray tracing, set so that a rig comes nearest to its environment, and put back as it was."""

from __future__ import annotations

import json
from typing import Any

import bpy

_SETTINGS = {
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


def set_tracing(scene: bpy.types.Scene) -> str:
    """Switches it on; gives what settings were before, for ``put_tracing_back``."""
    before = {}
    for name, value in _SETTINGS.items():
        owner = _owner(scene, name)
        if hasattr(owner, name) and getattr(owner, name) != value:
            before[name] = getattr(owner, name)
            setattr(owner, name, value)
    return json.dumps(before)


def put_tracing_back(scene: bpy.types.Scene, before: str) -> None:
    """Settings are as they were, but for those that somebody has changed since."""
    for name, value in json.loads(before).items():
        owner = _owner(scene, name)
        if getattr(owner, name, None) == _SETTINGS.get(name):
            setattr(owner, name, value)


def _owner(scene: bpy.types.Scene, name: str) -> Any:
    options = scene.eevee.ray_tracing_options
    return options if hasattr(options, name) else scene.eevee
