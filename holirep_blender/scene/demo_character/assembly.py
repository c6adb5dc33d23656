# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the demo character together in Blender: armature, meshes, weights, shape keys, materials."""

from __future__ import annotations

from typing import Iterator

import bpy
import numpy as np

from . import clothing
from .expressions import Expressions
from .eyeballs import left_eyeball
from .face_grid import build_face_grid
from .hair import hair
from .hand_shape import arm_and_hand, nails
from .implicit import Array, Field
from .materials import make_material
from .skeleton import build_armature
from .skin_weights import (
    BONES,
    BodyWeights,
    arm_weights,
    hanging,
    head_weights,
    limited,
    mirrored_weights,
    rigid_weights,
    shoe_weights,
)
from .surface_nets import Mesh, join, surface_net


def _net(field: Field, low: tuple[float, float, float], high: tuple[float, float, float], cell: float) -> Mesh:
    return surface_net(field, np.array(low), np.array(high), cell)


def _both_sides(mesh: Mesh, weights: Array) -> tuple[Mesh, Array]:
    return join([mesh, mesh.mirrored()]), np.concatenate([weights, mirrored_weights(weights)])


def _joined(pieces: list[tuple[Mesh, Array]]) -> tuple[Mesh, Array]:
    for slot, (mesh, _) in enumerate(pieces):
        mesh.materials[:] = slot
    return join([mesh for mesh, _ in pieces]), np.concatenate([weights for _, weights in pieces])


def _nails() -> tuple[Mesh, Array]:
    made = nails()
    return join(list(made.values())), np.concatenate([rigid_weights(len(m.points), bone) for bone, m in made.items()])


def _clothes_and_limbs(weights: BodyWeights) -> Iterator[tuple[str, Mesh, Array, list[str]]]:
    """(part, mesh, weights, names of its material slots)."""
    sleeve = clothing.sleeve(0.012)
    tops = [clothing.top(0.0118), join([sleeve, sleeve.mirrored()]), clothing.collar()]
    pieces = [(mesh, hanging(weights.at(mesh.points))) for mesh in tops]
    yield ("Top", *_joined(pieces), ["Top", "Sleeves", "Sleeves"])
    trousers = clothing.trousers(0.0126)
    yield "Trousers", trousers, weights.at(trousers.points), ["Trousers"]
    shoe_box = ((0.02, -0.26, -0.02), (0.18, 0.14, 0.17))
    shoes = [
        _net(clothing.shoe_upper(), *shoe_box, 0.0080),
        _net(clothing.shoe_sole(), *shoe_box, 0.0080),
        clothing.laces(),
    ]
    yield (
        "Shoes",
        *_joined([_both_sides(mesh, shoe_weights(mesh.points)) for mesh in shoes]),
        ["Shoes", "Soles", "Soles"],
    )
    arm = _net(arm_and_hand(), (0.33, -0.11, 0.72), (0.85, 0.11, 1.24), 0.0050)
    left = _joined([(arm, arm_weights(arm, weights)), _nails()])
    yield "Arms", *_both_sides(*left), ["Skin", "Nails"]


def _add_mesh(
    rig: bpy.types.Object,
    collection: bpy.types.Collection,
    part: str,
    mesh: Mesh,
    weights: Array,
    materials: list[bpy.types.Material],
) -> bpy.types.Object:
    name = f"{rig.name} {part}"
    data = bpy.data.meshes.new(name)
    corners = [face if face[2] != face[3] else face[:3] for face in mesh.faces.tolist()]
    data.from_pydata(mesh.points.tolist(), [], corners)
    for material in materials:
        data.materials.append(material)
    data.polygons.foreach_set("material_index", mesh.materials.astype(np.int32))
    data.polygons.foreach_set("use_smooth", np.ones(len(mesh.faces), dtype=bool))
    data.update()
    made = bpy.data.objects.new(name, data)
    collection.objects.link(made)
    _add_weights(made, limited(weights))
    made.parent = rig
    modifier = made.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    return made


def _add_weights(made: bpy.types.Object, weights: Array) -> None:
    for bone in np.flatnonzero(weights.any(axis=0)):
        group = made.vertex_groups.new(name=BONES[bone])
        column = weights[:, bone]
        # Vertices of equal weight go in one call: most of them are wholly on one bone.
        values, inverse = np.unique(np.round(column, 4), return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        starts = np.searchsorted(inverse[order], np.arange(len(values) + 1))
        for k, value in enumerate(values.tolist()):
            if value > 0.0:
                group.add(order[starts[k] : starts[k + 1]].tolist(), value, "REPLACE")


def _add_shape_keys(made: bpy.types.Object, expressions: Expressions) -> None:
    made.shape_key_add(name="Basis", from_mix=False)
    for name, points in expressions.shapes():
        key = made.shape_key_add(name=name, from_mix=False)
        key.data.foreach_set("co", points.astype(np.float32).ravel())
        key.value = 0.0


def build_demo_character(
    context: bpy.types.Context, name: str = "HoliRep Performer", location: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> bpy.types.Object:
    """A clothed human with hands, a face of 52 ARKit shape keys and a VRM-named armature, 1.72 m tall, in an A-pose.

    It faces -Y with its left at +X and stands on z = 0 of `location` (metres). Its meshes are parented to the armature
    that is returned. The same numbers come out each time.
    """
    rig = build_armature(context, name)
    rig.location = location
    made: dict[str, bpy.types.Material] = {}

    def slots(names: list[str]) -> list[bpy.types.Material]:
        for each in names:
            if each not in made:
                made[each] = make_material(rig.name, each)
        return [made[each] for each in names]

    collection = rig.users_collection[0]
    weights_of_body = BodyWeights()
    for part, mesh, weights, names in _clothes_and_limbs(weights_of_body):
        _add_mesh(rig, collection, part, mesh, weights, slots(names))
    expressions = Expressions(build_face_grid())
    face = expressions.parts.mesh
    head = _add_mesh(
        rig,
        collection,
        "Head",
        face,
        head_weights(face.points, weights_of_body),
        slots(["Skin", "Lips", "Mouth", "Teeth", "Tongue", "Brow", "Lash", "Eyelid"]),
    )
    _add_shape_keys(head, expressions)
    eye = left_eyeball()
    eyes, weights = _both_sides(eye, rigid_weights(len(eye.points), "leftEye"))
    _add_mesh(rig, collection, "Eyes", eyes, weights, slots(["Sclera", "Iris", "Iris Rim", "Pupil"]))
    cap = hair()
    _add_mesh(rig, collection, "Hair", cap, rigid_weights(len(cap.points), "head"), slots(["Hair"]))
    return rig
