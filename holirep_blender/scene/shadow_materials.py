# SPDX-License-Identifier: GPL-3.0-or-later
"""The material of a catcher: the plate seen through the camera for all light, an even white for the camera itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import bpy

from .actions import Rollback
from .shadow_plate import ShadowPlate

WHITE = 0.8
"""Albedo that the camera sees: it cancels out, and leaves the light alone."""
GREY = 0.18
"""Albedo of what the plate does not show, by a photographer's grey card."""
_BRIGHTEST = 0.9
"""Albedo that hardly any ground exceeds (fresh snow)."""


@dataclass
class CatcherMaterial:
    """A material and what is set in it while rendering: the plate's image user, its gain, and its mean colour."""

    material: bpy.types.Material
    image_user: Optional[Any] = None
    gain: Optional[Any] = None
    around: Optional[Any] = None


def catcher_material(name: str, plate: Optional[ShadowPlate], white: bool, rollback: Rollback) -> CatcherMaterial:
    """A diffuse material of the plate's colours, projected through the rendering camera.

    ``white``: the camera sees an even white instead; bounces and reflections see the plate all the same. Points that
    the camera does not see have the plate's mean colour. Without a plate it is an 18 % grey.
    """
    material = bpy.data.materials.new(name)
    rollback.add(lambda: bpy.data.materials.remove(material))
    if not material.node_tree:
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    diffuse, output = nodes.new("ShaderNodeBsdfDiffuse"), nodes.new("ShaderNodeOutputMaterial")
    links.new(diffuse.outputs["BSDF"], output.inputs["Surface"])
    made = CatcherMaterial(material)
    albedo = None
    if plate is not None:
        albedo = _projected(nodes, links, plate, made)
    else:
        diffuse.inputs["Color"].default_value = (GREY, GREY, GREY, 1.0)
    if white:
        path, shown = nodes.new("ShaderNodeLightPath"), _mix(nodes)
        links.new(path.outputs["Is Camera Ray"], shown.inputs["Fac"])
        if albedo is not None:
            links.new(albedo, shown.inputs["Color1"])
        else:
            shown.inputs["Color1"].default_value = (GREY, GREY, GREY, 1.0)
        shown.inputs["Color2"].default_value = (WHITE, WHITE, WHITE, 1.0)
        albedo = shown.outputs["Color"]
    if albedo is not None:
        links.new(albedo, diffuse.inputs["Color"])
    return made


def _projected(nodes: Any, links: Any, plate: ShadowPlate, made: CatcherMaterial) -> Any:
    coordinates, picture = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexImage")
    picture.image, picture.extension, picture.interpolation = plate.image, "EXTEND", "Linear"
    links.new(coordinates.outputs["Window"], picture.inputs["Vector"])
    inside = None
    window, eye = nodes.new("ShaderNodeSeparateXYZ"), nodes.new("ShaderNodeSeparateXYZ")
    links.new(coordinates.outputs["Window"], window.inputs[0])
    links.new(coordinates.outputs["Camera"], eye.inputs[0])
    for socket, operation, limit in (
        (window.outputs["X"], "GREATER_THAN", 0.0),
        (window.outputs["X"], "LESS_THAN", 1.0),
        (window.outputs["Y"], "GREATER_THAN", 0.0),
        (window.outputs["Y"], "LESS_THAN", 1.0),
        (eye.outputs["Z"], "GREATER_THAN", 0.0),  # behind the camera the window repeats itself
    ):
        test = nodes.new("ShaderNodeMath")
        test.operation, test.inputs[1].default_value = operation, limit
        links.new(socket, test.inputs[0])
        if inside is None:
            inside = test.outputs[0]
            continue
        both = nodes.new("ShaderNodeMath")
        both.operation = "MULTIPLY"
        links.new(inside, both.inputs[0])
        links.new(test.outputs[0], both.inputs[1])
        inside = both.outputs[0]
    chosen = _mix(nodes)
    links.new(inside, chosen.inputs["Fac"])
    chosen.inputs["Color1"].default_value = (GREY, GREY, GREY, 1.0)
    links.new(picture.outputs["Color"], chosen.inputs["Color2"])
    scaled, capped = nodes.new("ShaderNodeVectorMath"), nodes.new("ShaderNodeVectorMath")
    scaled.operation, capped.operation = "SCALE", "MINIMUM"
    capped.inputs[1].default_value = (_BRIGHTEST,) * 3
    links.new(chosen.outputs["Color"], scaled.inputs[0])
    links.new(scaled.outputs["Vector"], capped.inputs[0])
    made.image_user, made.gain = picture.image_user, scaled.inputs["Scale"]
    made.around = chosen.inputs["Color1"]
    return capped.outputs["Vector"]


def _mix(nodes: Any) -> Any:
    return nodes.new("ShaderNodeMixRGB")
