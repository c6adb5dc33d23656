# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar tab HoliRep of the 3D view and the progress in the status bar. Panels only read state."""

from __future__ import annotations

import bpy

from . import (
    apply_options,
    character,
    contacts,
    performance,
    refine,
    rig_map_presets,
    runtime,
    status_bar,
    take,
    violations,
)

CLASSES = (
    *performance.CLASSES,
    *rig_map_presets.CLASSES,
    *character.CLASSES,
    *apply_options.CLASSES,
    *take.CLASSES,
    *refine.CLASSES,
    *contacts.CLASSES,
    *violations.CLASSES,
    *runtime.CLASSES,
)


def register() -> None:
    """Adds the progress to the status bar; the panels are registered already."""
    bpy.types.STATUSBAR_HT_header.append(status_bar.draw)


def unregister() -> None:
    """Takes the progress out of the status bar."""
    bpy.types.STATUSBAR_HT_header.remove(status_bar.draw)
