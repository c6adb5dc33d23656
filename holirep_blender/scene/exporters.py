# SPDX-License-Identifier: GPL-3.0-or-later
"""A keyed character to FBX, glTF and USD, through Blender's own exporters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from .applying import check_character
from .characters import character_meshes

FORMATS: tuple[str, ...] = ("fbx", "glb", "usd")


class ExportError(ValueError):
    """A character that cannot be exported; the message is for the user."""


def export_character(context: bpy.types.Context, character: bpy.types.Object, path: Path, kind: str) -> None:
    """Writes a character's armature and meshes with the range of its animation; selection and scene range stay.

    Parameters
    ----------
    kind : ``"fbx"``, ``"glb"`` or ``"usd"``.

    Raises ExportError where the character is not in the scene or not keyed, where this Blender has no such exporter, or
    where the exporter fails.
    """
    if kind not in FORMATS:
        raise ExportError(f"Unknown format {kind!r}: choose one of {', '.join(FORMATS)}.")
    armature = check_character(character)
    objects = [armature, *character_meshes(armature)]
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent}. Make it, or choose another one.")
    context.view_layer.update()  # what was linked or unlinked just now shows only then
    if armature.name not in context.view_layer.objects:
        raise ExportError(f"{armature.name} is not in the current view layer. Show its collection and export again.")
    first, last = _animated_range(armature)
    visible = [each for each in objects if each.name in context.view_layer.objects]
    with _only_selected(context, visible), _scene_range(context.scene, first, last):
        try:
            result = _run(kind, str(path))
        except RuntimeError as error:
            raise ExportError(f"Blender could not export {armature.name}: {str(error).strip()}") from error
    if "FINISHED" not in result or not path.is_file():
        raise ExportError(f"Blender could not write {path}. Look for its message in the system console.")


def _run(kind: str, path: str) -> set[str]:
    if kind == "fbx":
        if not _exists(bpy.ops.export_scene, "fbx"):
            raise ExportError("FBX export is an add-on of Blender: enable FBX format in the preferences.")
        return bpy.ops.export_scene.fbx(
            filepath=path,
            use_selection=True,
            object_types={"ARMATURE", "MESH"},
            add_leaf_bones=False,
            bake_anim=True,
            bake_anim_use_nla_strips=False,
            bake_anim_use_all_actions=False,
            bake_anim_simplify_factor=0.0,
        )
    if kind == "glb":
        if not _exists(bpy.ops.export_scene, "gltf"):
            raise ExportError("glTF export is an add-on of Blender: enable glTF 2.0 format in the preferences.")
        return bpy.ops.export_scene.gltf(
            filepath=path,
            export_format="GLB",
            use_selection=True,
            export_animations=True,
            export_animation_mode="ACTIVE_ACTIONS",
            export_frame_range=True,
        )
    if not _exists(bpy.ops.wm, "usd_export"):
        raise ExportError("This build of Blender has no USD. Export FBX or glTF, or use Blender from blender.org.")
    return bpy.ops.wm.usd_export(
        filepath=path, selected_objects_only=True, export_animation=True, export_armatures=True, export_shapekeys=True
    )


def _exists(module: object, name: str) -> bool:
    try:
        getattr(module, name).get_rna_type()
    except KeyError:
        return False
    return True


def _animated_range(armature: bpy.types.Object) -> tuple[int, int]:
    data = armature.animation_data
    ranges = []
    if data is not None:
        if data.action is not None:
            ranges.append(tuple(data.action.frame_range))
        ranges += [(strip.frame_start, strip.frame_end) for track in data.nla_tracks for strip in track.strips]
    if not ranges:
        raise ExportError(f"{armature.name} has no animation. Apply a take first.")
    return round(min(first for first, _ in ranges)), round(max(last for _, last in ranges))


@contextmanager
def _only_selected(context: bpy.types.Context, objects: list[bpy.types.Object]) -> Iterator[None]:
    layer = context.view_layer
    selected = [each for each in layer.objects if each.select_get()]
    active, hidden = layer.objects.active, [(each, each.hide_get(), each.hide_viewport) for each in objects]
    try:
        for each in selected:
            each.select_set(False)
        for each in objects:
            each.hide_viewport = False
            each.hide_set(False)
            each.select_set(True)
        layer.objects.active = objects[0]
        yield
    finally:
        for each in objects:
            each.select_set(False)
        for each, layer_hidden, viewport_hidden in hidden:
            each.hide_set(layer_hidden)
            each.hide_viewport = viewport_hidden
        for each in selected:
            each.select_set(True)
        layer.objects.active = active


@contextmanager
def _scene_range(scene: bpy.types.Scene, first: int, last: int) -> Iterator[None]:
    before = scene.frame_start, scene.frame_end, scene.frame_current
    try:
        scene.frame_start, scene.frame_end = first, last
        yield
    finally:
        scene.frame_start, scene.frame_end = before[0], before[1]
        scene.frame_set(before[2])
