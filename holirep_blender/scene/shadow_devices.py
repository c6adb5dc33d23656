# SPDX-License-Identifier: GPL-3.0-or-later
"""Which device Cycles renders on: the processor, or one of the kinds of GPU that it knows."""

from __future__ import annotations

import importlib

import bpy

from .actions import Rollback
from .shadow_errors import ShadowError

DEVICES = ("auto", "cpu", "cuda", "optix", "hip", "oneapi", "metal")
"""As the command line names them; auto is what Blender's preferences and the scene say."""


def use_device(scene: bpy.types.Scene, device: str, rollback: Rollback) -> str:
    """Lets a scene render on a device, and says which it is in words.

    What changes in Blender's preferences (in memory, not saved) is noted in ``rollback``. Raises ShadowError, which
    names the devices that are there, where this computer has none of the kind.
    """
    addon = bpy.context.preferences.addons.get("cycles")
    if addon is None:
        raise ShadowError("Cycles is switched off: enable the add-on Cycles Render Engine in Blender's preferences")
    cycles = addon.preferences
    if device == "cpu":
        scene.cycles.device = "CPU"
        return "CPU"
    if device == "auto":
        kind = cycles.compute_device_type
        used = [one.name for one in cycles.get_devices_for_type(kind) if one.use] if kind != "NONE" else []
        if scene.cycles.device == "GPU" and used:
            return f"{kind}: {', '.join(used)}"
        scene.cycles.device = "CPU"
        return "CPU"
    kind = device.upper()
    known = {each[0] for each in cycles.get_device_types(bpy.context)}
    found = [one for one in cycles.get_devices_for_type(kind) if one.type == kind] if kind in known else []
    if not found:
        there = [each.lower() for each in sorted(known - {"NONE"}) if _has(cycles, each)]
        raise ShadowError(
            f"Cycles finds no {kind} device on this computer. Use cpu{''.join(f' or {each}' for each in there)}"
        )
    rollback.set(cycles, compute_device_type=kind)
    for one in found:
        rollback.set(one, use=True)
    scene.cycles.device = "GPU"
    return f"{kind}: {', '.join(one.name for one in found)}"


def can_denoise() -> bool:
    """Whether this Blender was built with OpenImageDenoise; some distributions leave it out."""
    return bool(getattr(importlib.import_module("_cycles"), "with_openimagedenoise", False))


def _has(cycles: bpy.types.AddonPreferences, kind: str) -> bool:
    return any(one.type == kind for one in cycles.get_devices_for_type(kind))
