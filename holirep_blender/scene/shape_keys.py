# SPDX-License-Identifier: GPL-3.0-or-later
"""Face coefficients of a take as keys of a character's shape keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import bpy
import numpy as np

from ..motion.rigs.shape_keys import find_shape_key_map
from ..motion.take import Take
from .actions import Channel
from .characters import meshes_with_shape_keys, shape_key_names

ShapeKeyMap = Mapping[str, Sequence[tuple[str, float]]]


@dataclass
class KeyedFace:
    """The channels of one Key data-block, which several meshes may share."""

    key: bpy.types.Key
    mesh_name: str
    channels: list[Channel] = field(default_factory=list)
    driven_by: set[str] = field(default_factory=set)


def face_channels(
    take: Take, character: bpy.types.Object, warnings: list[str], maps: Mapping[str, ShapeKeyMap] | None = None
) -> list[KeyedFace]:
    """What to key on each Key data-block of the character, each block once.

    Parameters
    ----------
    take : its ``blendshapes (T, 52)``.
    warnings : gets a sentence for what cannot be keyed (linked data, shape keys with a driver) or shows nothing.
    maps : mesh name to ARKit name to ``[(shape key, factor)]``; others are mapped by their keys' names.
    """
    column = {name: index for index, name in enumerate(take.blendshape_names)}
    faces: dict[bpy.types.Key, KeyedFace] = {}
    for mesh in meshes_with_shape_keys(character):
        key = mesh.data.shape_keys
        if key in faces:
            continue
        mapping = (maps or {}).get(mesh.name) or find_shape_key_map(shape_key_names(mesh))
        if not mapping:
            continue
        if key.library is not None:
            warnings.append(f"The shape keys of {mesh.name} are linked from another file and cannot be keyed.")
            continue
        faces[key] = _keyed_face(take, mesh, mapping, column, warnings)
    return [face for face in faces.values() if face.channels]


def _keyed_face(
    take: Take, mesh: bpy.types.Object, mapping: ShapeKeyMap, column: dict[str, int], warnings: list[str]
) -> KeyedFace:
    key = mesh.data.shape_keys
    face = KeyedFace(key, mesh.name)
    values: dict[str, np.ndarray] = {}
    for coefficient, targets in mapping.items():
        if coefficient not in column:
            continue
        for name, factor in targets:
            values[name] = values.get(name, 0.0) + factor * take.blendshapes[:, column[coefficient]]
            face.driven_by.add(coefficient)
    drivers = {curve.data_path for curve in key.animation_data.drivers} if key.animation_data else set()
    held = []
    for name, curve in values.items():
        block = key.key_blocks[name]
        path = f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'
        if path in drivers:
            held.append(name)
            continue
        face.channels.append(Channel(path, "Shape Keys", np.clip(curve, block.slider_min, block.slider_max)))
    if held:
        warnings.append(f"{len(held)} shape keys of {mesh.name} have drivers and were left alone ({held[0]}, …).")
    if face.channels and not key.use_relative:
        warnings.append(
            f"The shape keys of {mesh.name} are absolute, so their values show nothing: switch Relative on in the "
            "mesh's shape keys."
        )
    return face
