# SPDX-License-Identifier: GPL-3.0-or-later
"""Solving again by itself, a moment after the last change of a setting, so that dragging a slider stays smooth."""

from __future__ import annotations

from typing import Optional

import bpy

DELAY = 0.15
"""Seconds between the last change and solving."""
_scenes: set[int] = set()
"""``session_uid`` of the scenes that wait to be solved again."""


def request(scene: Optional[bpy.types.Scene]) -> None:
    """Solves a scene's motion again soon, where it was refined and the artist wants it live.

    Scripts in background press Re-solve themselves: there is no timer and nobody to see it.
    """
    if bpy.app.background or scene is None:
        return
    refine = scene.holirep.refine
    if not (refine.live and refine.has_report):
        return
    _scenes.add(scene.session_uid)
    cancel_timer()
    bpy.app.timers.register(_solve, first_interval=DELAY)


def forget(scene: bpy.types.Scene) -> None:
    """The scene's motion is being solved with all that was asked for."""
    _scenes.discard(scene.session_uid)


def cancel_timer() -> None:
    """Ends the wait, as for unregistering."""
    if bpy.app.timers.is_registered(_solve):
        bpy.app.timers.unregister(_solve)


def _solve() -> Optional[float]:
    for window in bpy.context.window_manager.windows:
        if window.scene.session_uid not in _scenes:
            continue
        if window.modal_operators:
            return DELAY
        _scenes.discard(window.scene.session_uid)
        with bpy.context.temp_override(window=window):
            if bpy.ops.holirep.resolve_refinement.poll():
                try:
                    bpy.ops.holirep.resolve_refinement("EXEC_DEFAULT", True)
                except RuntimeError:  # it has told the artist, in the panel
                    return None
    _scenes.clear()
    return None
