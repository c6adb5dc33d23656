# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of what a shadow frame depends on, so that finished frames are known again and changes can be named."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .shadow_scene import ShadowScene

WORDS = {
    "settings": "the settings",
    "camera": "the camera",
    "lights": "the lamps",
    "world": "the environment",
    "materials": "materials",
    "geometry": "what casts or catches shadows",
    "plate": "the plate",
    "gain": "how bright the light is against the plate",
}
"""What a digest is of, for the user."""
_NO_PART = {
    "name",
    "name_full",
    "users",
    "select",
    "location",
    "width",
    "width_hidden",
    "height",
    "dimensions",
    "color",
}
_NO_NODE_PART = {*_NO_PART, "show_options", "show_preview", "show_texture", "hide", "use_custom_color", "label"}
_DECIMALS = 5
"""Of coordinates, in the scene's units: two evaluations differ less."""


def frame_digests(built: ShadowScene, settings: str, gain: float) -> dict[str, str]:
    """A digest for each of ``WORDS``, of the scene at its current frame; ``gain`` is the plate's."""
    layer = built.scene.view_layers[0]
    graph = layer.depsgraph
    camera = built.source.camera.evaluated_get(graph)
    plate = ""
    if built.plate is not None:
        plate = _file(built.plate.image) + (str(built.plate.frame_at(built.scene)) if built.plate.moves else "")
    used = sorted(
        {slot.material for each in built.cast for slot in each.material_slots if slot.material is not None},
        key=lambda each: each.name_full,
    )
    lamps = [each.evaluated_get(graph) for each in built.lamps]
    return {
        "settings": _digest(settings),
        "camera": _digest(_matrix(camera), _plain(camera.data)),
        "lights": _digest(*((_matrix(each), _plain(each.data), _nodes(each.data), each.hide_render) for each in lamps)),
        "world": _digest(_nodes(built.scene.world.evaluated_get(graph)) if built.scene.world is not None else ""),
        "materials": _digest(*((_plain(each), _nodes(each.evaluated_get(graph))) for each in used)),
        "geometry": _geometry(graph, {"LIGHT", "CAMERA", "ARMATURE", "EMPTY"}),
        "plate": _digest(plate),
        "gain": _digest(gain),
    }


def changed_parts(stored: dict[str, str], now: dict[str, str]) -> list[str]:
    """Which parts differ, by the names in ``WORDS``."""
    return [part for part in WORDS if stored.get(part) != now.get(part)]


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _matrix(one: bpy.types.Object) -> Any:
    return np.round(np.array(one.matrix_world), _DECIMALS).tolist()


def _geometry(graph: bpy.types.Depsgraph, left_out: set[str]) -> str:
    """All instances that are rendered: where they are, and the points of their meshes as they are deformed now."""
    whole = hashlib.sha256()
    points: dict[int, bytes] = {}
    rows = []
    for instance in graph.object_instances:
        one = instance.object
        if one.type in left_out or one.hide_render or not instance.show_self:
            continue
        data = one.data
        key = int(data.as_pointer()) if data is not None else 0
        if key not in points:
            points[key] = _points(data) if isinstance(data, bpy.types.Mesh) else _plain(data).encode()
        matrix = np.round(np.array(instance.matrix_world), _DECIMALS).astype(np.float32).tobytes()
        flags = f"{one.name}|{one.is_shadow_catcher}|{one.is_holdout}|{one.visible_camera}|{one.visible_shadow}"
        rows.append(flags.encode() + matrix + points[key])
    for row in sorted(rows):
        whole.update(row)
    return whole.hexdigest()[:16]


def _points(mesh: bpy.types.Mesh) -> bytes:
    values = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", values)
    corners = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    rounded = np.round(values, _DECIMALS) + np.float32(0.0)  # no negative zero
    return hashlib.sha256(rounded.tobytes() + corners.tobytes()).digest()


def _plain(one: Any, left_out: set[str] = _NO_PART) -> str:
    """The plain values among a data-block's or node's own properties, as text."""
    if one is None:
        return ""
    rows = []
    for prop in one.bl_rna.properties:
        name = prop.identifier
        if name in left_out or name.startswith(("is_", "show_", "bl_")) or prop.type in ("POINTER", "COLLECTION"):
            continue
        if prop.is_readonly:
            continue
        value = getattr(one, name)
        rows.append((name, [*value] if getattr(prop, "is_array", False) else value))
    if (
        isinstance(one, (bpy.types.Light, bpy.types.Node))
        and hasattr(one, "color")
        and isinstance(one, bpy.types.Light)
    ):
        rows.append(("color", [*one.color]))
    cycles = getattr(one, "cycles", None)
    if cycles is not None and hasattr(cycles, "bl_rna"):
        rows.append(("cycles", _plain(cycles)))
    if isinstance(one, bpy.types.Camera):
        rows.append(("dof", _plain(one.dof)))
    return repr(rows)


def _nodes(owner: Any) -> str:
    """What an owner's node tree does: nodes with their settings, values of their sockets, links, and what they show."""
    tree = owner if isinstance(owner, bpy.types.NodeTree) else getattr(owner, "node_tree", None)
    if tree is None:
        return ""
    rows: list[object] = []
    for node in sorted(tree.nodes, key=lambda each: each.name):
        values = [
            [*each.default_value] if hasattr(each.default_value, "__len__") else each.default_value
            for each in node.inputs
            if hasattr(each, "default_value") and not isinstance(each.default_value, (str, bpy.types.ID))
        ]
        image = getattr(node, "image", None)
        inner = getattr(node, "node_tree", None)
        rows.append(
            (
                node.bl_idname,
                _plain(node, _NO_NODE_PART),
                np.round(np.hstack([np.ravel(np.array(each, dtype=np.float64)) for each in values]), 6).tolist()
                if values
                else [],
                [[*each.default_value] if hasattr(each.default_value, "__len__") else each.default_value
                 for each in node.outputs if hasattr(each, "default_value") and node.type in ("RGB", "VALUE")],
                _file(image) if isinstance(image, bpy.types.Image) else "",
                _nodes(inner) if inner is not None else "",
                repr([(each.position, [*each.color]) for each in node.color_ramp.elements])
                if hasattr(node, "color_ramp")
                else "",
            )
        )  # fmt: skip
    links = sorted(
        (each.from_node.name, each.from_socket.identifier, each.to_node.name, each.to_socket.identifier)
        for each in tree.links
    )
    return repr((rows, links))


def _file(image: bpy.types.Image) -> str:
    """What tells an image from another: its file's path, size and date; of a packed or made one its bytes."""
    if image.packed_file is not None:
        return hashlib.sha256(image.packed_file.data).hexdigest()
    path = Path(bpy.path.abspath(image.filepath, library=image.library))
    try:
        state = path.stat()
    except OSError:
        return f"{image.name} {image.source} {tuple(image.size)}"
    return f"{path} {state.st_size} {state.st_mtime_ns} {image.colorspace_settings.name}"
