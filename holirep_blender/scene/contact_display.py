# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts, weak ranges and quality on screen: a draw handler for each, only while a scene of the file asks for it."""

from __future__ import annotations

import random
from typing import Any

import bpy

_EDITORS = {
    "show_bars": ("SpaceDopeSheetEditor", "POST_PIXEL"),
    "show_places": ("SpaceView3D", "POST_VIEW"),
    "show_weak": ("SpaceDopeSheetEditor", "POST_PIXEL"),
    "show_ranges": ("SpaceDopeSheetEditor", "POST_PIXEL"),
    "show_picture": ("SpaceView3D", "POST_PIXEL"),
}
"""What the scene asks for, and in which editor and at which moment it draws."""
_AREAS = {"DOPESHEET_EDITOR", "VIEW_3D"}
_handles: dict[str, Any] = {}


def new_revision() -> int:
    """A number that no earlier state of the file had, so that what was drawn before an undo is told from it."""
    return random.getrandbits(30)


def register() -> None:
    """Follows what files and undo steps switch on and off."""
    for handlers in _followed():
        handlers.append(_file_changed)


def unregister() -> None:
    """Takes out everything that draws."""
    for handlers in _followed():
        if _file_changed in handlers:
            handlers.remove(_file_changed)
    for setting in list(_handles):
        _stop(setting)


def synchronise() -> None:
    """Adds the draw handlers that the file's scenes ask for, and takes out the others."""
    for setting, (editor, moment) in _EDITORS.items():
        wanted = any(_asks(scene, setting) for scene in bpy.data.scenes)
        if wanted and setting not in _handles:
            space = getattr(bpy.types, editor)
            _handles[setting] = space.draw_handler_add(_draw, (setting,), "WINDOW", moment)
        elif not wanted and setting in _handles:
            _stop(setting)
    redraw()


def is_drawing(setting: str) -> bool:
    """Whether a draw handler is there for one of ``_EDITORS``."""
    return setting in _handles


def redraw() -> None:
    """Redraws the editors that show contacts and weak ranges."""
    for manager in bpy.data.window_managers:
        for window in manager.windows:
            for area in window.screen.areas:
                if area.type in _AREAS:
                    area.tag_redraw()


def _asks(scene: bpy.types.Scene, setting: str) -> bool:
    shot = scene.holirep
    quality = shot.quality
    if setting == "show_picture":
        return bool(quality.show_overlay or quality.use_wipe)
    owner = {"show_weak": shot.confidence, "show_ranges": quality}.get(setting, shot.refine)
    return bool(getattr(owner, setting))


def _followed() -> tuple[Any, ...]:
    handlers = bpy.app.handlers
    return handlers.load_post, handlers.undo_post, handlers.redo_post


@bpy.app.handlers.persistent
def _file_changed(*_arguments: object) -> None:
    synchronise()


def _stop(setting: str) -> None:
    getattr(bpy.types, _EDITORS[setting][0]).draw_handler_remove(_handles.pop(setting), "WINDOW")


def _draw(setting: str) -> None:
    context = bpy.context
    if not _asks(context.scene, setting):
        return
    from . import confidence_drawing, contact_drawing, quality_drawing, quality_timeline  # need numpy and graphics

    if setting == "show_bars":
        contact_drawing.draw_bars(context)
    elif setting == "show_weak":
        confidence_drawing.draw_weak(context)
    elif setting == "show_ranges":
        quality_timeline.draw_ranges(context)
    elif setting == "show_picture":
        quality_drawing.draw_picture(context)
    else:
        contact_drawing.draw_places(context)
