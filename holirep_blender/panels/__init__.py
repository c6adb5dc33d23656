# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar tab HoliRep of the 3D view and the progress in the status bar. Panels only read state."""

from __future__ import annotations

import bpy

from . import (
    animation_menu,
    apply_options,
    batch,
    character,
    confidence,
    contacts,
    environment,
    lighting,
    match_plate,
    performance,
    quality,
    refine,
    rig_map_presets,
    runtime,
    shadows,
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
    *confidence.CLASSES,
    *refine.CLASSES,
    *contacts.CLASSES,
    *violations.CLASSES,
    *lighting.CLASSES,
    *environment.CLASSES,
    *shadows.CLASSES,
    *quality.CLASSES,
    *batch.CLASSES,
    *match_plate.CLASSES,
    *runtime.CLASSES,
    *animation_menu.CLASSES,
)


def register() -> None:
    """Adds the progress to the status bar and the verbs for any animation to menus; the panels are registered."""
    bpy.types.STATUSBAR_HT_header.append(status_bar.draw)
    for menu in animation_menu.menus():
        menu.append(animation_menu.draw)


def unregister() -> None:
    """Takes out what ``register`` added."""
    for menu in animation_menu.menus():
        menu.remove(animation_menu.draw)
    bpy.types.STATUSBAR_HT_header.remove(status_bar.draw)
