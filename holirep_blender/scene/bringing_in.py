# SPDX-License-Identifier: GPL-3.0-or-later
"""A character from a file of its own into the open scene, linked or appended; and what a .blend file holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import bpy

from .characters import armature_of, character_meshes, meshes_with_shape_keys


class BringInError(ValueError):
    """A character that cannot be brought in; the message is for the user."""


@dataclass(frozen=True)
class Contents:
    """The names of what is in a .blend file."""

    objects: tuple[str, ...]
    collections: tuple[str, ...]


def contents(path: Path) -> Contents:
    """What a .blend file holds, without opening it. Raises BringInError where this Blender cannot read it."""
    try:
        with bpy.data.libraries.load(str(path), link=True) as (there, _wanted):
            return Contents(tuple(there.objects), tuple(there.collections))
    except (OSError, RuntimeError) as error:
        raise BringInError(f"{path} cannot be read as a .blend file: {error}") from error


def bring_in(context: bpy.types.Context, path: Path, name: str, link: bool) -> bpy.types.Object:
    """Puts a character into the scene and returns its object, which can be keyed.

    The smallest collection of the file that holds the object comes as a whole, with the meshes and whatever the rig
    needs. What is linked stays in its file: the scene gets library overrides of it, so that a later change of the
    character arrives in the shot. Without a collection a character can only be appended, with the meshes that belong
    to it.

    Raises BringInError, in the user's words, where there is no such character.
    """
    there = contents(path)
    if name not in there.objects:
        some = ", ".join(sorted(there.objects)[:20])
        raise BringInError(f"{path} has no object named {name!r}; it has {some or 'none'}")
    collection = _collection_of(path, name, there)
    if not collection:
        if link:
            raise BringInError(
                f"{name!r} is in no collection of {path}, so it cannot be linked: put the character into a collection "
                'there, or write bring_in = "append"'
            )
        return _appended_alone(context, path, name, there)
    with bpy.data.libraries.load(str(path), link=link) as (_there, wanted):
        wanted.collections = [collection]
    brought = wanted.collections[0]
    if not link:
        context.scene.collection.children.link(brought)
        return _named(brought.all_objects, name)
    override = brought.override_hierarchy_create(context.scene, context.view_layer, do_fully_editable=True)
    if override is None:
        raise BringInError(f'Blender could not make library overrides of {name!r}: write bring_in = "append"')
    found = _named(override.all_objects, name)
    for mesh in meshes_with_shape_keys(armature_of(found) or found):
        if mesh.data.library is not None:  # the hierarchy ends at objects; shape keys can be keyed on an override only
            mesh.data.override_create(remap_local_usages=True)
    return found


def _collection_of(path: Path, name: str, there: Contents) -> str:
    """The smallest collection of the file that the object is in; empty where it is in none."""
    if not there.collections:
        return ""
    before = set(bpy.data.libraries)
    with bpy.data.libraries.load(str(path), link=True) as (_there, wanted):
        wanted.collections = list(there.collections)
    sizes = {
        each.name: len(each.all_objects)
        for each in wanted.collections
        if each is not None and any(one.name == name for one in each.all_objects)
    }
    for library in set(bpy.data.libraries) - before:
        bpy.data.libraries.remove(library)
    return min(sizes, key=lambda each: sizes[each], default="")


def _appended_alone(context: bpy.types.Context, path: Path, name: str, there: Contents) -> bpy.types.Object:
    with bpy.data.libraries.load(str(path), link=False) as (_there, wanted):
        wanted.objects = list(there.objects)
    objects = [each for each in wanted.objects if each is not None]
    found = objects[list(there.objects).index(name)]
    armature = armature_of(found) or found
    keep = [armature, *character_meshes(armature)]
    collection = bpy.data.collections.new(name)
    context.scene.collection.children.link(collection)
    for each in objects:
        if each in keep:
            collection.objects.link(each)
        elif not each.users_collection:
            bpy.data.objects.remove(each)
    return found


def _named(objects: Iterable[bpy.types.Object], name: str) -> bpy.types.Object:
    """The object of a name, to which Blender may have added a number."""
    found = [each for each in objects if each.name == name or each.name.rpartition(".")[0] == name]
    if not found:
        raise BringInError(f"the object {name!r} did not come with its collection")
    return min(found, key=lambda each: each.name != name)
