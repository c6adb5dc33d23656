# SPDX-License-Identifier: GPL-3.0-or-later
"""Solving again by itself: after the last change of a setting, so that dragging a slider stays smooth, and the rest of
what an edit of a contact only got a first answer to.
"""

from __future__ import annotations

from typing import Any, Optional

import bpy

DELAY, PAUSE = 0.15, 0.3
"""Seconds between the last change and solving, and between a first answer and the rest, in which the artist may look
and edit on."""
_scenes: set[int] = set()
"""``session_uid`` of the scenes that wait to be solved again."""
_first_answers: set[int] = set()
"""Those among which only the rest of an edit waits: that belongs to the edit's undo step, and is none of its own."""


def register() -> None:
    """Has first answers finished that come back with undo, redo or a file."""
    for handlers in _handlers():
        handlers.append(_came_back)


def unregister() -> None:
    """Ends the wait."""
    for handlers in _handlers():
        if _came_back in handlers:
            handlers.remove(_came_back)
    _scenes.clear()
    _first_answers.clear()
    _cancel_timer()


def request(scene: Optional[bpy.types.Scene]) -> None:
    """Solves a scene's motion again soon, where it was refined and the artist wants it live.

    Scripts in background press Re-solve themselves: there is no timer and nobody to see it.
    """
    if bpy.app.background or scene is None:
        return
    refine = scene.holirep.refine
    if refine.live and refine.has_report:
        _first_answers.discard(scene.session_uid)
        _wait(scene, DELAY)


def finish(scene: bpy.types.Scene) -> None:
    """Solves the rest of a scene's motion of which there is a first answer; the next edit puts that off."""
    _first_answers.add(scene.session_uid)
    _wait(scene, PAUSE)


def forget(scene: bpy.types.Scene) -> None:
    """The scene's motion is being solved with all that was asked for."""
    _scenes.discard(scene.session_uid)
    _first_answers.discard(scene.session_uid)


def _wait(scene: bpy.types.Scene, seconds: float) -> None:
    _scenes.add(scene.session_uid)
    _cancel_timer()
    bpy.app.timers.register(_solve, first_interval=seconds)


def _cancel_timer() -> None:
    if bpy.app.timers.is_registered(_solve):
        bpy.app.timers.unregister(_solve)


def _solve() -> Optional[float]:
    for window in bpy.context.window_manager.windows:
        if window.scene.session_uid not in _scenes:
            continue
        if window.modal_operators:
            return DELAY
        own_step = window.scene.session_uid not in _first_answers
        with bpy.context.temp_override(window=window):
            possible = bpy.ops.holirep.resolve_refinement.poll()
            if not possible and not own_step:
                return PAUSE
            forget(window.scene)
            if possible:
                try:
                    bpy.ops.holirep.resolve_refinement("EXEC_DEFAULT", own_step)
                except RuntimeError:  # it has told the artist, in the panel
                    return None
    _scenes.clear()
    _first_answers.clear()
    return None


def _handlers() -> tuple[list[Any], ...]:
    handlers = bpy.app.handlers
    return handlers.load_post, handlers.undo_post, handlers.redo_post


@bpy.app.handlers.persistent
def _came_back(*_: object) -> None:
    if not bpy.app.background:
        for scene in bpy.data.scenes:
            if scene.holirep.refine.unfinished:
                finish(scene)
