# SPDX-License-Identifier: GPL-3.0-or-later
"""A small scene to bake shadows in, and everything in a file that must be as it was afterwards."""

from __future__ import annotations

import bpy
import numpy as np

from holirep_blender.lighting.multilayer_exr import write_exr

WIDTH, HEIGHT = 48, 32


def stage(scene, ground=True, world=(0.4, 0.5, 0.7)):
    """A ball on a plane, a sun from the side, an even sky, a camera that looks down on them."""
    bpy.ops.mesh.primitive_uv_sphere_add(location=(0, 0, 0.6), radius=0.6, segments=16, ring_count=8)
    bpy.context.object.name = "Ball"
    if ground:
        bpy.ops.mesh.primitive_plane_add(size=20)
        bpy.context.object.name = "Plane"
    lens = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    lens.location, lens.rotation_euler = (0, -6, 3.2), (1.1, 0, 0)
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.data.angle, sun.rotation_euler = 3.0, 0.05, (0.6, 0.7, 0)
    for each in (lens, sun):
        scene.collection.objects.link(each)
    scene.camera = lens
    if world is not None:
        scene.world = bpy.data.worlds.new("Sky")
        scene.world.use_nodes = True
        scene.world.node_tree.nodes["Background"].inputs[0].default_value = (*world, 1)
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.frame_start, scene.frame_end = 1, 2
    bpy.context.view_layer.update()
    return scene


def show_plate(scene, folder, colours):
    """Lets the camera show a plate of even colours, one for each frame from 11 on, which is the scene's first."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, colour in enumerate(colours):
        planes = {name: np.full((HEIGHT, WIDTH), value, np.float32) for name, value in zip("RGB", colour, strict=True)}
        write_exr(folder / f"plate.{number + 11:04d}.exr", planes)
    image = bpy.data.images.load(str(folder / "plate.0011.exr"))
    image.source = "SEQUENCE"
    shown = scene.camera.data.background_images.new()
    shown.image, shown.image_user.frame_start = image, 1
    shown.image_user.frame_offset, shown.image_user.frame_duration = 10, len(colours)
    scene.camera.data.show_background_images = True
    return image


def as_clip(scene, image):
    """Shows the same plate as a movie clip, as matchmoving does."""
    clip = bpy.data.movieclips.load(bpy.path.abspath(image.filepath))
    shown = scene.camera.data.background_images[0]
    shown.source, shown.clip = "MOVIE_CLIP", clip
    return clip


def file_state():
    """What is in the file: all data-blocks, and all settings that baking could touch."""
    state = {}
    for name in dir(bpy.data):
        blocks = getattr(bpy.data, name)
        if isinstance(blocks, bpy.types.bpy_prop_collection):
            state[name] = sorted((each.name_full, each.users) for each in blocks)
    for scene in bpy.data.scenes:
        owners = {"scene": scene, "render": scene.render, "image": scene.render.image_settings}
        owners |= {"bake": scene.render.bake, "cycles": scene.cycles, "view": scene.view_settings}
        owners |= {f"layer {each.name}": each for each in scene.view_layers}
        owners |= {f"object {each.name}": each for each in scene.objects}
        owners |= {f"data {each.name}": each.data for each in scene.objects if each.data is not None}
        owners |= {f"material {each.name}": each for each in bpy.data.materials}
        for label, owner in owners.items():
            state[f"{scene.name} {label}"] = plain(owner)
        state[f"{scene.name} slots"] = [
            (each.name, [(slot.link, slot.material and slot.material.name) for slot in each.material_slots])
            for each in scene.objects
        ]
        state[f"{scene.name} attributes"] = [
            (each.name, [a.name for a in each.data.attributes], [uv.name for uv in each.data.uv_layers])
            for each in scene.objects
            if each.type == "MESH"
        ]
    state["window"] = [(each.scene.name, each.view_layer.name) for each in bpy.context.window_manager.windows]
    state["selected"] = sorted(each.name for each in bpy.context.selected_objects)
    return state


def plain(owner):
    found = {}
    for prop in owner.bl_rna.properties:
        if prop.type in ("POINTER", "COLLECTION") or prop.identifier in ("is_evaluated",):
            value = getattr(owner, prop.identifier)
            found[prop.identifier] = value.name if isinstance(value, bpy.types.ID) else None
        else:
            value = getattr(owner, prop.identifier)
            found[prop.identifier] = [*np.ravel(value)] if getattr(prop, "is_array", False) else value
    return found
