# SPDX-License-Identifier: GPL-3.0-or-later
"""Solving again by itself: after the last change of a setting, so that dragging a slider stays smooth, and the rest of
what an edit of a contact only got a first answer to.
"""

from __future__ import annotations

from contextlib import suppress
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
    """Has first answers finished that come back with undo, redo or a file, and before a file is saved."""
    for handlers, handler in _handlers():
        handlers.append(handler)


def unregister() -> None:
    """Ends the wait."""
    for handlers, handler in _handlers():
        if handler in handlers:
            handlers.remove(handler)
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
    windows = bpy.context.window_manager.windows
    if any(window.modal_operators for window in windows):
        return DELAY
    for window in windows:
        if window.scene.session_uid in _scenes:
            _solve_in(window)
    # a first answer in a scene that nobody sees now, or that cannot be solved now, is not forgotten
    _first_answers.intersection_update(scene.session_uid for scene in bpy.data.scenes)
    _scenes.intersection_update(_first_answers)
    return PAUSE if _scenes else None


def _solve_in(window: bpy.types.Window) -> None:
    from .before_after import shows_before

    scene = window.scene
    own_step = scene.session_uid not in _first_answers
    with bpy.context.temp_override(window=window):
        possible = bpy.ops.holirep.resolve_refinement.poll()
        if not own_step and scene.holirep.refine.unfinished and (not possible or shows_before(scene.holirep)):
            return
        forget(scene)
        if possible and (own_step or scene.holirep.refine.unfinished):
            with suppress(RuntimeError):  # it has told the artist, in the panel
                bpy.ops.holirep.resolve_refinement("EXEC_DEFAULT", own_step)


def _handlers() -> tuple[tuple[list[Any], Any], ...]:
    handlers = bpy.app.handlers
    back = (handlers.load_post, handlers.undo_post, handlers.redo_post)
    return (*((each, _came_back) for each in back), (handlers.save_pre, _before_saving))


@bpy.app.handlers.persistent
def _came_back(*_: object) -> None:
    if not bpy.app.background:
        for scene in bpy.data.scenes:
            if scene.holirep.refine.unfinished:
                finish(scene)


@bpy.app.handlers.persistent
def _before_saving(*_: object) -> None:
    """A file is to have the whole of it: it may be rendered where nothing finishes it."""
    if _first_answers:
        _solve()
