# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.shadow`` stores in the .blend file: how shadows are baked, and what came of it."""

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from .blender_versions import PATH_OPTIONS


class HOLIREP_PG_shadow(bpy.types.PropertyGroup):
    """Settings of Bake Shadows and its last result."""

    out: StringProperty(
        name="Folder",
        description="Where the passes are written, a multilayer OpenEXR file for each frame; made if it is not there",
        default="//shadows/",
        subtype="DIR_PATH",
        options=set(PATH_OPTIONS),
    )
    catchers: PointerProperty(
        name="Catchers",
        description="Collection of ground and stand-in geometry that catches shadows. Empty: the scene's shadow "
        "catchers, else its ground; where it has none, a level one is made at the floor",
        type=bpy.types.Collection,
    )
    clean: StringProperty(
        name="Clean Plate",
        description="What takes the performer out of the plate: pictures that are put over it before shadow and "
        "character. Make Clean Plate writes them; a picture, sequence or movie of your own, without the performer, "
        "will do as well",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
    )
    use_range: BoolProperty(name="Use Range", description="Bake a part of the scene's frames", default=False)
    first: IntProperty(name="First", description="First frame of the scene to bake", default=1)
    last: IntProperty(name="Last", description="Last frame of the scene to bake, included", default=250)
    samples: IntProperty(
        name="Samples", description="Samples that Cycles takes for each pixel", default=64, min=1, max=65536,
        soft_max=1024,
    )  # fmt: skip
    resolution: IntProperty(
        name="Resolution", description="Percentage of the scene's picture", default=100, min=1, max=400, soft_max=100,
        subtype="PERCENTAGE",
    )  # fmt: skip
    device: EnumProperty(
        name="Device",
        description="What Cycles renders on",
        items=[
            ("auto", "Automatic", "What Blender's preferences and the scene say"),
            ("cpu", "CPU", "The processor"),
            ("cuda", "CUDA", "NVIDIA"),
            ("optix", "OptiX", "NVIDIA, with ray tracing cores"),
            ("hip", "HIP", "AMD"),
            ("oneapi", "oneAPI", "Intel"),
            ("metal", "Metal", "Apple"),
        ],
        default="auto",
    )
    denoise: BoolProperty(
        name="Denoise", description="Denoise the character and the whole shadow with OpenImageDenoise", default=False
    )
    plate_gain: FloatProperty(
        name="Plate Gain",
        description="Albedo of the ground over the plate's values, for the light that the ground throws back. "
        "0: found, so that the ground, lit by the scene's lights, is as bright as in the plate",
        default=0.0,
        min=0.0,
        soft_max=4.0,
    )
    again: BoolProperty(
        name="Render Again", description="Render finished frames again, even where nothing changed", default=False
    )
    slim: BoolProperty(
        name="Slim Files",
        description="Leave the light on the ground lamp by lamp out of the files: they are half as large, but the "
        "lamps' balance cannot be changed in the compositor any more",
        default=False,
    )
    kind: EnumProperty(
        name="Bake",
        description="What is baked onto the selected meshes",
        items=[
            ("combined", "Combined", "What is kept away of all light"),
            ("shadow", "Shadow", "What is kept away of the lamps' light"),
            ("occlusion", "Occlusion", "What is kept away of the environment's light"),
        ],
    )
    target: EnumProperty(
        name="To",
        description="Where the baked light goes",
        items=[
            ("PICTURE", "Picture", "A 16-bit OpenEXR picture for each mesh, over its UV map, in the folder"),
            ("COLOURS", "Vertex Colours", "A colour attribute of each mesh, named after what is baked"),
        ],
    )
    size: IntProperty(
        name="Size", description="Of the pictures, in pixels", default=1024, min=8, max=16384, subtype="PIXEL"
    )
    summary: StringProperty(name="Result", description="What the last bake did, in words")
    notes: StringProperty(name="Notes", description="What wants to be looked at, a line each")
    contact_share: FloatProperty(
        name="Contact Shadows Not Right",
        description="Share of the standing feet of the last bake whose contact shadow is not right; below 0: unknown",
        default=-1.0,
    )
    baked: StringProperty(name="Baked Into", description="The folder with the passes that were baked last")


CLASSES = (HOLIREP_PG_shadow,)
