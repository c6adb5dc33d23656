# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a shot is still as it was when it was assessed; looked at again only where something may have changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import bpy


@dataclass(frozen=True)
class _Known:
    """A scene's state, what it was worked out from, and whether the character goes elsewhere from frame to frame.

    ``owners`` : numbers of what has the keys that were looked at.
    """

    quick: tuple[Any, ...]
    moves: bool
    owners: frozenset[int]
    state: str


_known: dict[int, _Known] = {}
"""By scene."""


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
    known = _known.get(scene.session_uid)
    if known is None or known.quick != _quick(scene, known.moves):
        from .refining_record import digest_of_keys  # needs numpy

        character = scene.holirep.character
        owners = _keyed(character)
        keys = " ".join(digest_of_keys(each).hexdigest() for each in owners)
        moves = _moves(character)
        quick = _quick(scene, moves)
        known = _Known(quick, moves, frozenset(each.session_uid for each in owners), f"{keys} {quick[2:]}")
        _known[scene.session_uid] = known
    return known.state


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
    ground = refine.floor_object
    still = ground is not None and ground.parent is None and ground.animation_data is None and not ground.constraints
    name = ground.name if ground is not None else ""
    floor = (refine.floor_kind, name, _place(ground) if still else (), tuple(refine.floor_corners))
    light = (shot.light.figures, round(shot.shadow.contact_share, 5))
    return repr((file, refine.revision, floor, shot.match_camera, scene.render.fps, scene.render.fps_base, light))


def _quick(scene: bpy.types.Scene, moves: bool) -> tuple[Any, ...]:
    """What is looked at each time; keys are looked at again where Blender says that an action changed."""
    character = scene.holirep.character
    action = _action_of(character)
    place = () if moves else _place(character)
    there = character is not None and scene.objects.get(character.name) == character
    uids = (character.session_uid if character is not None else 0, action.session_uid if action is not None else 0)
    return (*uids, there, place, _settings(scene))


def _place(one: Optional[bpy.types.Object]) -> tuple[float, ...]:
    """Where an object is; empty where there is none."""
    return () if one is None else tuple(round(value, 5) for row in one.matrix_world for value in row)


def _keyed(character: Optional[bpy.types.Object]) -> list[Any]:
    """The character and its meshes' shape keys, as far as they have keys."""
    from .characters import meshes_with_shape_keys

    if character is None:
        return []
    owners = [character, *(mesh.data.shape_keys for mesh in meshes_with_shape_keys(character))]
    return [owner for owner in owners if _action_of(owner) is not None]


def _action_of(owner: Any) -> Optional[bpy.types.Action]:
    data = owner.animation_data if owner is not None else None
    return data.action if data is not None else None


def _moves(character: Optional[bpy.types.Object]) -> bool:
    """Whether something moves a character as a whole: keys, drivers or constraints of its object or of one above."""
    from .action_channels import ActionChannels

    above = character
    while above is not None:
        paths = [path for path, _ in ActionChannels(above).curves] if _action_of(above) is not None else []
        paths += [driver.data_path for driver in above.animation_data.drivers] if above.animation_data else []
        if above.constraints or not all(path.startswith("pose.") for path in paths):
            return True
        above = above.parent
        if above is not None and above.type == "ARMATURE" and _action_of(above) is not None:
            return True  # it may hang on a bone
    return False


def _followed() -> tuple[Any, ...]:
    handlers = bpy.app.handlers
    return handlers.load_post, handlers.undo_post, handlers.redo_post


@bpy.app.handlers.persistent
def _changed(*_arguments: object) -> None:
    _known.clear()


@bpy.app.handlers.persistent
def _updated(_scene: bpy.types.Scene, graph: bpy.types.Depsgraph) -> None:
    if _known and (graph.id_type_updated("ACTION") or (graph.id_type_updated("KEY") and _keys_gone(graph))):
        _known.clear()


def _keys_gone(graph: bpy.types.Depsgraph) -> bool:
    """Whether shape keys that had an action have none now; a slider that is dragged tells of them too."""
    changed = [update.id.original for update in graph.updates if isinstance(update.id, bpy.types.Key)]
    gone = {each.session_uid for each in changed if _action_of(each) is None}
    return any(gone & known.owners for known in _known.values())
