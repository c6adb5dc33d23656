# SPDX-License-Identifier: GPL-3.0-or-later
"""The character's materials: Principled for the render engines, a viewport colour for Workbench."""

from __future__ import annotations

from dataclasses import dataclass

import bpy


@dataclass(frozen=True)
class Look:
    """Linear base colour, roughness, share and radius of subsurface scattering, sheen, coat."""

    colour: tuple[float, float, float]
    roughness: float = 0.6
    subsurface: float = 0.0
    sheen: float = 0.0
    coat: float = 0.0


LOOKS: dict[str, Look] = {
    "Skin": Look((0.70, 0.405, 0.290), 0.48, subsurface=0.10),
    "Nails": Look((0.72, 0.430, 0.350), 0.25, subsurface=0.05),
    "Lips": Look((0.50, 0.145, 0.130), 0.36, subsurface=0.06),
    "Mouth": Look((0.13, 0.022, 0.020), 0.55),
    "Teeth": Look((0.80, 0.76, 0.68), 0.22, subsurface=0.05),
    "Tongue": Look((0.50, 0.125, 0.115), 0.40, subsurface=0.08),
    "Brow": Look((0.070, 0.032, 0.018), 0.75),
    "Lash": Look((0.010, 0.006, 0.005), 0.60),
    "Eyelid": Look((0.60, 0.280, 0.215), 0.35, subsurface=0.08),
    "Sclera": Look((0.80, 0.78, 0.76), 0.15, coat=0.6),
    "Iris": Look((0.085, 0.175, 0.125), 0.20, coat=1.0),
    "Iris Rim": Look((0.018, 0.032, 0.028), 0.25, coat=1.0),
    "Pupil": Look((0.002, 0.002, 0.002), 0.10, coat=1.0),
    "Hair": Look((0.075, 0.030, 0.014), 0.42),
    "Top": Look((0.66, 0.63, 0.57), 0.85, sheen=0.2),
    "Sleeves": Look((0.030, 0.135, 0.165), 0.85, sheen=0.2),
    "Trousers": Look((0.028, 0.034, 0.052), 0.80, sheen=0.1),
    "Shoes": Look((0.56, 0.085, 0.050), 0.55),
    "Soles": Look((0.78, 0.76, 0.72), 0.50),
}


def _set(node: bpy.types.Node, name: str, value: object) -> None:
    socket = node.inputs.get(name)
    if socket is not None:
        socket.default_value = value


def make_material(prefix: str, name: str) -> bpy.types.Material:
    """A new material by the name of a look."""
    look = LOOKS[name]
    material = bpy.data.materials.new(f"{prefix} {name}")
    # Workbench's studio light is dimmer than a lit scene.
    material.diffuse_color = (*(min(1.0, 1.2 * value) for value in look.colour), 1.0)
    material.roughness = look.roughness
    if material.node_tree is None:
        material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    _set(shader, "Base Color", (*look.colour, 1.0))
    _set(shader, "Roughness", look.roughness)
    _set(shader, "Subsurface Weight", look.subsurface)
    _set(shader, "Subsurface Radius", (0.010, 0.004, 0.002))
    _set(shader, "Subsurface Scale", 1.0)
    _set(shader, "Sheen Weight", look.sheen)
    _set(shader, "Coat Weight", look.coat)
    _set(shader, "Coat Roughness", 0.03)
    return material
