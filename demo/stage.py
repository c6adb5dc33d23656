# SPDX-License-Identifier: GPL-3.0-or-later
"""A file with the demo character on a plain ground with soft light: python -m demo.stage --save FILE.blend."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import bpy

from holirep_blender.scene.demo_character import build_demo_character

PLATE_FPS = 30  # the sample plate's rate, so that each of its frames falls on a frame of the scene


def build_stage() -> None:
    """Empties the file and adds the character, a ground, a sun and an even sky."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = PLATE_FPS
    build_demo_character(bpy.context)

    ground = bpy.data.materials.new("Ground")
    ground.diffuse_color = (0.42, 0.45, 0.48, 1.0)
    ground.use_nodes = True
    shader = next(node for node in ground.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (0.18, 0.20, 0.22, 1.0)
    shader.inputs["Roughness"].default_value = 0.9
    size = 200.0
    mesh = bpy.data.meshes.new("Ground")
    mesh.from_pydata([(-size, -size, 0), (size, -size, 0), (size, size, 0), (-size, size, 0)], [], [(0, 1, 2, 3)])
    mesh.materials.append(ground)
    scene.collection.objects.link(bpy.data.objects.new("Ground", mesh))

    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle = 3.0, math.radians(4.0)
    lamp = bpy.data.objects.new("Sun", sun)
    lamp.rotation_euler = (math.radians(48.0), math.radians(12.0), math.radians(-35.0))
    scene.collection.objects.link(lamp)

    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    background = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.62, 0.72, 0.85, 1.0)
    background.inputs["Strength"].default_value = 0.7
    world.color = (0.62, 0.72, 0.85)
    scene.world = world


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo.stage")
    parser.add_argument("--save", type=Path, required=True)
    options = parser.parse_args()
    build_stage()
    bpy.ops.wm.save_as_mainfile(filepath=str(options.save))


if __name__ == "__main__":
    main()
