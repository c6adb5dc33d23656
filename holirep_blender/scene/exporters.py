# SPDX-License-Identifier: GPL-3.0-or-later
"""A keyed character to FBX, glTF and USD, through Blender's own exporters."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import bpy

from .applying import check_character
from .characters import character_meshes, meshes_with_shape_keys

FORMATS: tuple[str, ...] = ("fbx", "glb", "usd")
NO_USD = "This build of Blender has no USD. Export FBX or glTF, or use Blender from blender.org."


class ExportError(ValueError):
    """A character that cannot be exported; the message is for the user."""


def export_character(context: bpy.types.Context, character: bpy.types.Object, path: Path, kind: str) -> None:
    """Writes a character's armature and meshes with the range of its animation; selection, mode and scene range stay.

    What is hidden is shown while it is exported. The file appears complete or not at all, with what belongs to it (the
    buffer of a ``.gltf``, a folder of textures) beside it.

    Parameters
    ----------
    kind : ``"fbx"``, ``"glb"`` (with a path that ends in ``.gltf``: separate files) or ``"usd"``.

    Raises ExportError where the character is not in the scene or not keyed, where this Blender has no such exporter, or
    where the exporter fails.
    """
    if kind not in FORMATS:
        raise ExportError(f"Unknown format {kind!r}: choose one of {', '.join(FORMATS)}.")
    armature = check_character(character)
    meshes = character_meshes(armature)
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent}. Make it, or choose another one.")
    context.view_layer.update()  # what was linked or unlinked just now shows only then
    if armature.name not in context.view_layer.objects:
        raise ExportError(f"{armature.name} is not in the current view layer. Show its collection and export again.")
    first, last = _animated_range(armature)
    objects = [armature, *(each for each in meshes if each.name in context.view_layer.objects)]
    with _folder_beside(path) as folder:
        partial = folder / f"{path.stem}{_suffix(path, kind)}"
        with (
            _shown(context, objects),
            _object_mode(context),
            _only_selected(context, objects),
            _scene_range(context.scene, first, last),
        ):
            try:
                result = _run(kind, partial, _plays_nla(armature))
            except RuntimeError as error:
                reason = str(error).strip().replace(str(partial), str(path))
                raise ExportError(f"Blender could not export {armature.name}: {reason}") from error
        if "FINISHED" not in result or not partial.is_file():
            raise ExportError(f"Blender could not write {path}. Look for its message in the system console.")
        _move_all(folder, partial, path)


def has_usd() -> bool:
    """Whether this build of Blender writes USD; some systems' own builds do not."""
    return _exists(bpy.ops.wm, "usd_export")


def _run(kind: str, path: Path, nla: bool) -> set[str]:
    if kind == "fbx":
        if not _exists(bpy.ops.export_scene, "fbx"):
            raise ExportError("FBX export is an add-on of Blender: enable FBX format in the preferences.")
        return bpy.ops.export_scene.fbx(
            filepath=str(path),
            use_selection=True,
            object_types={"ARMATURE", "MESH"},
            add_leaf_bones=False,
            bake_anim=True,
            bake_anim_use_nla_strips=False,
            bake_anim_use_all_actions=False,
            bake_anim_simplify_factor=0.0,
            path_mode="COPY",
            embed_textures=True,
        )
    if kind == "glb":
        if not _exists(bpy.ops.export_scene, "gltf"):
            raise ExportError("glTF export is an add-on of Blender: enable glTF 2.0 format in the preferences.")
        return bpy.ops.export_scene.gltf(
            filepath=str(path),
            export_format="GLTF_SEPARATE" if path.suffix == ".gltf" else "GLB",
            use_selection=True,
            export_animations=True,
            # active actions know nothing of the NLA; the baked scene is what all of it comes to
            export_animation_mode="SCENE" if nla else "ACTIVE_ACTIONS",
            export_anim_scene_split_object=False,
            export_frame_range=True,
        )
    if not has_usd():
        raise ExportError(NO_USD)
    exporter: Any = bpy.ops.wm.usd_export
    known = {option.identifier for option in exporter.get_rna_type().properties}
    # beside the file, because the file is moved and paths to elsewhere would not hold
    textures: dict[str, Any] = (
        {"export_textures_mode": "NEW"} if "export_textures_mode" in known else {"export_textures": True}
    )
    return bpy.ops.wm.usd_export(
        filepath=str(path),
        selected_objects_only=True,
        export_animation=True,
        export_armatures=True,
        export_shapekeys=True,
        **textures,
    )


def _suffix(path: Path, kind: str) -> str:
    """The suffix that the exporter wants; it would add its own to any other."""
    own = {"fbx": (".fbx",), "glb": (".glb", ".gltf"), "usd": (".usd", ".usdc", ".usda", ".usdz")}[kind]
    return path.suffix.lower() if path.suffix.lower() in own else own[0]


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    try:
        folder = Path(tempfile.mkdtemp(prefix=".holirep-", dir=path.parent))
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move_all(folder: Path, partial: Path, path: Path) -> None:
    """Moves what was written to its place, the file itself last."""
    try:
        for written in sorted(each for each in folder.rglob("*") if each.is_file() and each != partial):
            target = path.parent / written.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(written, target)
        os.replace(partial, path)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}.") from error


def _exists(module: object, name: str) -> bool:
    try:
        getattr(module, name).get_rna_type()
    except KeyError:
        return False
    return True


def _animated(armature: bpy.types.Object) -> list[bpy.types.AnimData]:
    owners = [armature, *(mesh.data.shape_keys for mesh in meshes_with_shape_keys(armature))]
    return [owner.animation_data for owner in owners if owner.animation_data is not None]


def _strips(data: bpy.types.AnimData) -> list[bpy.types.NlaStrip]:
    return [strip for track in data.nla_tracks if not track.mute for strip in track.strips if not strip.mute]


def _plays_nla(armature: bpy.types.Object) -> bool:
    return any(_strips(data) for data in _animated(armature))


def _animated_range(armature: bpy.types.Object) -> tuple[int, int]:
    """First and last whole frame that hold all of the animation, also keys between frames."""
    ranges: list[tuple[float, float]] = []
    for data in _animated(armature):
        if data.action is not None:
            ranges.append(tuple(data.action.frame_range))
        ranges += [(strip.frame_start, strip.frame_end) for strip in _strips(data)]
    if not ranges:
        raise ExportError(f"{armature.name} has no animation. Apply a take first.")
    # keys are single precision: what lies less than a thousandth behind a frame is on it
    return math.floor(min(first for first, _ in ranges) + 1e-3), math.ceil(max(last for _, last in ranges) - 1e-3)


@contextmanager
def _object_mode(context: bpy.types.Context) -> Iterator[None]:
    """Object Mode, because exporters leave any other; afterwards all objects that were in the mode are in it again."""
    layer, mode_set = context.view_layer, cast(Any, bpy.ops.object.mode_set)
    active = layer.objects.active
    mode = active.mode if active is not None else "OBJECT"
    together = [each for each in layer.objects if mode != "OBJECT" and each.mode == mode and each.type == active.type]
    if mode != "OBJECT" and mode_set.poll():
        mode_set(mode="OBJECT")
    try:
        yield
    finally:
        if mode != "OBJECT":
            selected = [each for each in layer.objects if each.select_get()]
            for each in layer.objects:
                each.select_set(each in together)
            layer.objects.active = active
            if mode_set.poll():
                mode_set(mode=mode)
            for each in layer.objects:
                each.select_set(each in selected)


@contextmanager
def _shown(context: bpy.types.Context, objects: list[bpy.types.Object]) -> Iterator[None]:
    """Shows objects and the collections that they are in, so that they can be selected; exporters skip the others."""
    layer = context.view_layer
    wanted = {each.name for each in objects}
    holding = [
        each for each in _layer_collections(layer.layer_collection) if wanted & set(each.collection.all_objects.keys())
    ]
    places = [place for each in holding for place in (each, each.collection)]
    before = [
        (place, name, getattr(place, name))
        for place in [*objects, *places]
        for name in ("hide_viewport", "hide_select")
        if hasattr(place, name)
    ]
    hidden = []
    try:
        for place, name, _ in before:
            setattr(place, name, False)
        layer.update()
        for each in objects:
            hidden.append((each, each.hide_get()))
            each.hide_set(False)
        yield
    finally:
        for each, was_hidden in hidden:
            each.hide_set(was_hidden)
        for place, name, value in before:
            setattr(place, name, value)


def _layer_collections(top: bpy.types.LayerCollection) -> Iterator[bpy.types.LayerCollection]:
    yield top
    for below in top.children:
        yield from _layer_collections(below)


@contextmanager
def _only_selected(context: bpy.types.Context, objects: list[bpy.types.Object]) -> Iterator[None]:
    layer = context.view_layer
    selected, active = [each for each in layer.objects if each.select_get()], layer.objects.active
    try:
        for each in layer.objects:
            each.select_set(each in objects)
        layer.objects.active = objects[0]
        unseen = [each.name for each in objects if not (each.select_get() and each.visible_get())]
        if unseen:
            raise ExportError(f"{', '.join(unseen)} cannot be shown in this view layer, so it cannot be exported.")
        yield
    finally:
        for each in layer.objects:
            each.select_set(each in selected)
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
