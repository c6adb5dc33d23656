# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a shot is still as it was when it was assessed; looked at again only where something may have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

_known: dict[int, tuple[Any, str]] = {}
"""By scene: what its state was worked out from, and the state."""


def register() -> None:
    """Follows what changes actions, files and undo steps."""
    for handlers in _followed():
        handlers.append(_changed)
    bpy.app.handlers.depsgraph_update_post.append(_updated)


def unregister() -> None:
    """Stops following."""
    for handlers in (*_followed(), bpy.app.handlers.depsgraph_update_post):
        for function in (_changed, _updated):
            if function in handlers:
                handlers.remove(function)
    _known.clear()


def state_of(scene: bpy.types.Scene) -> str:
    """A digest of what an assessment looks at: take, keys of the character, contacts, floor, light."""
    shot = scene.holirep
    key = _quick(scene)
    known = _known.get(scene.session_uid)
    if known is None or known[0] != key:
        from .refining_record import digest_of_keys  # needs numpy

        character = shot.character
        data = character.animation_data if character is not None else None
        keyed = data is not None and data.action is not None
        keys = digest_of_keys(character).hexdigest() if keyed else ""
        place = [round(value, 5) for row in character.matrix_world for value in row] if character is not None else []
        known = (key, f"{keys} {place} {_settings(scene)}")
        _known[scene.session_uid] = known
    return known[1]


def is_stale(scene: bpy.types.Scene) -> bool:
    """Whether the shot changed since it was assessed. Cheap enough to draw."""
    quality = scene.holirep.quality
    return bool(quality.has_result and quality.digest != state_of(scene))


def _settings(scene: bpy.types.Scene) -> str:
    shot = scene.holirep
    path = Path(bpy.path.abspath(shot.take)) if shot.take else None
    try:
        found = path.stat() if path is not None else None
    except OSError:
        found = None
    file = (str(path), found.st_mtime_ns, found.st_size) if found is not None else (str(path), 0, 0)
    refine = shot.refine
    floor = (refine.floor_kind, refine.floor_object.name if refine.floor_object else "", tuple(refine.floor_corners))
    light = (shot.light.figures, round(shot.shadow.contact_share, 5))
    return repr((file, refine.revision, floor, shot.match_camera, scene.render.fps, scene.render.fps_base, light))


def _quick(scene: bpy.types.Scene) -> tuple[Any, ...]:
    """What is looked at each time; keys are looked at again where Blender says that an action changed."""
    character = scene.holirep.character
    data = character.animation_data if character is not None else None
    action = data.action.session_uid if data is not None and data.action is not None else 0
    return (character.session_uid if character is not None else 0, action, _settings(scene))


def _followed() -> tuple[Any, ...]:
    handlers = bpy.app.handlers
    return handlers.load_post, handlers.undo_post, handlers.redo_post


@bpy.app.handlers.persistent
def _changed(*_arguments: object) -> None:
    _known.clear()


@bpy.app.handlers.persistent
def _updated(_scene: bpy.types.Scene, graph: bpy.types.Depsgraph) -> None:
    if _known and graph.id_type_updated("ACTION"):
        _known.clear()
