# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line on a farm: what a node has."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import bpy
import tomllib

_RENDER_BACKENDS = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")
_MANIFEST = Path(__file__).resolve().parents[1] / "blender_manifest.toml"


def farm_params(options: Namespace) -> dict[str, Any]:
    """What the doctor of a farm's node needs to know from Blender."""
    needed = tomllib.loads(_MANIFEST.read_text(encoding="utf-8"))["blender_version_min"]
    return {
        "blender_version": tuple(bpy.app.version),
        "blender_needed": tuple(int(word) for word in needed.split(".")),
        "outputs": [str(path.absolute()) for path in options.out or ()],
        "render_devices": render_devices(),
    }


def render_devices() -> dict[str, list[str]]:
    """The graphics cards that Cycles can use, by backend: all that are there, whatever the preferences choose."""
    cycles = bpy.context.preferences.addons.get("cycles")
    if cycles is None:
        return {}
    found = {}
    for backend in _RENDER_BACKENDS:
        try:
            devices = cycles.preferences.get_devices_for_type(backend)
        except (ValueError, RuntimeError):  # a backend that this build of Blender does not have
            continue
        names = [device.name for device in devices or () if device.type != "CPU"]
        if names:
            found[backend] = names
    return found
