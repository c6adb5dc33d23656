# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot: what ``Scene.holirep`` stores in the .blend file."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from .protocol.methods import DEFAULT_METHOD
from .scene import (
    batch_properties,
    confidence_properties,
    environment_properties,
    light_properties,
    quality_properties,
    refine_properties,
    shadow_properties,
)
from .scene.blender_versions import PATH_OPTIONS


def _is_armature(_settings: bpy.types.PropertyGroup, candidate: bpy.types.Object) -> bool:
    return candidate.type == "ARMATURE"


def _is_camera(_settings: bpy.types.PropertyGroup, candidate: bpy.types.Object) -> bool:
    return candidate.type == "CAMERA"


def _plate_changed(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """The frames of an image sequence have the numbers in its files' names: offers those."""
    from .scene import shot as shots

    shots.offer_frames(settings)


def _character_changed(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """A rig map belongs to one armature, and so does what refining found: forget it when another one is chosen."""
    from .scene import rig_map_rows

    if not rig_map_rows.has_rig_map(settings):
        rig_map_rows.clear_rig_map(settings)
    if settings.refine.has_report and settings.refine.character != settings.character:
        from .scene import before_after, refine_settings

        before_after.show_after(settings)
        refine_settings.forget_report(settings)


def _bone_changed(item: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Shows at once whether an edited row of the rig map is in conflict with the rig or another row."""
    from .scene import rig_map_rows

    rig_map_rows.refresh_conflicts(item.id_data.holirep)


class HOLIREP_PG_rig_map_item(bpy.types.PropertyGroup):
    """One row of the rig map: a canonical joint and the bone that it drives."""

    joint: StringProperty(name="Joint", description="Joint of the performer, by its VRM humanoid name")
    bone: StringProperty(
        name="Bone", description="Bone of the character that this joint drives; empty for none", update=_bone_changed
    )
    conflict: StringProperty(name="Conflict", description="What is wrong with this row; empty when it is fine")


class HOLIREP_PG_shape_key_item(bpy.types.PropertyGroup):
    """A row of the list of shape keys: an ARKit shape by its ``name`` and the keys that it drives.

    Before the rows of a mesh stands one with the mesh's name and no keys.
    """

    keys: StringProperty(name="Shape Keys", description="The shape keys that are driven, with their shares")


class HOLIREP_PG_shot(bpy.types.PropertyGroup):
    """Plate, performer, character and settings of one shot."""

    plate: StringProperty(
        name="Plate",
        description="What shows the performer: a movie, or an image sequence by one of its pictures, its folder or a "
        "pattern such as shot.####.png",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
        update=_plate_changed,
    )
    sequence_fps: FloatProperty(
        name="Sequence Frame Rate",
        description="Frames a second at which the image sequence was shot; 0 takes the scene's frame rate. "
        "Movies know their own",
        default=0.0,
        min=0.0,
        max=1000.0,
        precision=3,
        step=100,
    )
    use_range: BoolProperty(
        name="Use Range", description="Replicate a part of the plate instead of the whole plate", default=False
    )
    frame_first: IntProperty(
        name="First",
        description="First frame of the plate to use; movies count from 1, sequences by the number in the file name",
        default=1,
        min=0,
    )
    frame_last: IntProperty(name="Last", description="Last frame of the plate to use, included", default=250, min=0)

    person_kind: EnumProperty(
        name="Performer",
        description="Which person in the plate is the performer",
        items=[
            ("LARGEST", "Largest", "The person who fills most of the picture"),
            ("POINT", "Point", "The person at a point of one frame"),
            ("BOX", "Box", "The person in a box of one frame"),
        ],
        default="LARGEST",
    )
    person_frame: IntProperty(
        name="Frame", description="Frame of the plate in which the point or the box lies", default=1, min=0
    )
    person_point: FloatVectorProperty(
        name="Point", description="A point on the performer, in pixels from the top left corner", size=2, min=0.0
    )
    person_box: FloatVectorProperty(
        name="Box",
        description="A box around the performer: left, top, right, bottom, in pixels from the top left corner",
        size=4,
        min=0.0,
    )

    method: EnumProperty(
        name="Method",
        description="How joint rotations are found from what the tracker saw",
        items=[
            ("FUSION", "Fusion", "A trained network reads body, face and hands of a span of frames together"),
            ("GEOMETRIC", "Geometric", "Joint angles directly from the tracked points; needs no network"),
        ],
        default=DEFAULT_METHOD.upper(),
    )
    use_neutral_frame: BoolProperty(
        name="Neutral Frame",
        description="Show a frame in which the performer's face is at rest and looks ahead; otherwise the calmest "
        "frames are taken",
        default=False,
    )
    neutral_frame: IntProperty(
        name="Frame",
        description="Frame of the plate in which the face is at rest and looks ahead",
        default=1,
        min=0,
    )
    smoothing: EnumProperty(
        name="Smoothing",
        description="Filter that takes the tracker's jitter out of the motion",
        items=[
            ("ZERO_PHASE", "Zero Phase", "Looks at frames before and after, so that motion is not delayed"),
            ("ONE_EURO", "One Euro", "Adapts to speed: calm when slow, quick when fast; delays motion slightly"),
            ("NONE", "None", "The motion as it was solved"),
        ],
        default="ZERO_PHASE",
    )
    smoothing_strength: FloatProperty(
        name="Strength", description="How much to smooth", default=0.5, min=0.0, max=1.0, subtype="FACTOR"
    )
    camera_kind: EnumProperty(
        name="Camera",
        description="Where the way of the camera that shot the plate comes from",
        items=[
            ("SOLVED", "Solved", "A camera that does not move: where it stands is found from the performer"),
            (
                "OBJECT",
                "Scene Camera",
                "A camera of this scene that matches the plate, as matchmoving leaves it; it may move. "
                "The performer is found in this scene's space",
            ),
            ("FILE", "Track File", "The path of a camera that was tracked elsewhere, as NumPy's .npz or .npy file"),
        ],
        default="SOLVED",
    )
    track_camera: PointerProperty(
        name="Scene Camera",
        description="The camera that matches the plate: each frame of the plate is seen as it looks at that time",
        type=bpy.types.Object,
        poll=_is_camera,
    )
    camera_track_file: StringProperty(
        name="Track File",
        description="A matrix of 4 by 4 for each frame of the plate: world from camera, metres, Z up, X right, Y down, "
        "Z forward; an .npz may hold the lens too",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
    )
    focal_kind: EnumProperty(
        name="Focal Length",
        description="Where the plate's focal length comes from",
        items=[
            ("ESTIMATE", "Estimate", "Estimate it from the performer"),
            ("MILLIMETRES", "Millimetres", "Focal length and sensor width of the camera that shot the plate"),
            ("PIXELS", "Pixels", "Focal length in pixels of the plate, as camera calibration gives it"),
        ],
        default="ESTIMATE",
    )
    focal_length_mm: FloatProperty(
        name="Focal Length", description="Focal length of the lens", default=35.0, min=1.0, max=5000.0, unit="CAMERA"
    )
    sensor_width_mm: FloatProperty(
        name="Sensor Width", description="Width of the camera's sensor", default=36.0, min=1.0, max=500.0, unit="CAMERA"
    )
    focal_length_px: FloatProperty(
        name="Focal Length (px)", description="Focal length in pixels of the plate", default=1500.0, min=1.0
    )
    use_performer_height: BoolProperty(
        name="Performer Height",
        description="Give the performer's height, which sets the scale of the motion; otherwise it is estimated",
        default=False,
    )
    performer_height: FloatProperty(
        name="Height",
        description="The performer's standing height",
        default=1.75,
        min=0.5,
        max=2.6,
        precision=4,  # Blender shows two digits of lengths with it
        unit="LENGTH",
        subtype="DISTANCE",
    )

    character: PointerProperty(
        name="Character",
        description="Armature that the performance is applied to",
        type=bpy.types.Object,
        poll=_is_armature,
        update=_character_changed,
    )
    rig_map: CollectionProperty(type=HOLIREP_PG_rig_map_item)
    rig_map_index: IntProperty(name="Rig Map Row", options={"SKIP_SAVE"})
    rig_map_of: PointerProperty(
        name="Rig Map Of", description="The armature that the rig map was made for", type=bpy.types.Object
    )
    rig_map_found: StringProperty(
        description="The rig map as it was found or loaded, before the rows were edited (JSON)"
    )
    rig_family: StringProperty(description="What kind of rig the rig map is for")
    shape_keys: StringProperty(description="How many of the ARKit shapes the character's meshes have, in words")
    rig_map_conflicts: StringProperty(description="What does not fit between rig map and character, a line each")
    shape_key_rows: CollectionProperty(
        type=HOLIREP_PG_shape_key_item, description="Which shape keys the face drives, on each mesh of the character"
    )
    shape_key_index: IntProperty(
        name="Shape Key Row", description="The row that is selected in the list of shape keys", options={"SKIP_SAVE"}
    )

    root_motion: EnumProperty(
        name="Root",
        description="What becomes of the performer's way through the room",
        items=[
            ("TRAVELLING", "Travelling", "The character moves through the scene as the performer did"),
            ("IN_PLACE", "In Place", "The character stays where it is, as for a game's walk cycle"),
        ],
        default="TRAVELLING",
    )
    match_camera: BoolProperty(
        name="Match Camera",
        description="Put the character where the performer stands in the solved camera's picture; "
        "otherwise it starts from where the character stands now",
        default=False,
    )
    own_shape: BoolProperty(
        name="Keep Own Shape",
        description="Pelvis, collar bones and feet keep the character's own build. "
        "Off: the directions of their bones in the world are exactly the performer's",
        default=True,
    )
    share_spine: BoolProperty(
        name="Share Spine",
        description="Spine bones between two mapped ones take their part of the bend, and so get keys too. "
        "Off: only mapped bones are keyed",
        default=False,
    )
    use_start_frame: BoolProperty(
        name="Start Frame",
        description="Choose the scene's frame at which the take begins; otherwise it is the scene's first frame",
        default=False,
    )
    start_frame: IntProperty(name="Frame", description="The scene's frame at which the take begins", default=1)
    whole_frames: BoolProperty(
        name="Whole Frames",
        description="Put the keys on the scene's whole frames. Off: each plate frame has its key at its own time, "
        "between the scene's frames where the frame rates differ",
        default=False,
    )
    push_to_nla: BoolProperty(
        name="Push to NLA", description="Put the keys on a new NLA track instead of the active action", default=False
    )
    set_scene_range: BoolProperty(
        name="Set Scene Range", description="Make the scene begin and end with the take", default=False
    )
    add_camera: BoolProperty(
        name="Solved Camera",
        description="Add the camera that was solved from the plate; "
        "a take that was solved with a camera of the scene is seen through that one",
        default=True,
    )
    plate_as_background: BoolProperty(
        name="Plate as Background", description="Show the plate behind the character through that camera", default=True
    )
    set_resolution: BoolProperty(
        name="Set Resolution",
        description="Give the scene the plate's resolution, so that the solved camera shows what the plate shows",
        default=False,
    )
    take: StringProperty(
        name="Take",
        description="The take that was last made or opened",
        subtype="FILE_PATH",
        options=set(PATH_OPTIONS),
    )
    confidence: PointerProperty(
        name="Confidence",
        description="How far the take that was last applied can be trusted",
        type=confidence_properties.HOLIREP_PG_confidence,
    )
    refine: PointerProperty(
        name="Refine",
        description="How the motion is made to hold on the character, and what that found",
        type=refine_properties.HOLIREP_PG_refine,
    )
    light: PointerProperty(
        name="Light",
        description="The environment's lamps and how they are set up",
        type=light_properties.HOLIREP_PG_light,
    )
    environment: PointerProperty(
        name="Environment",
        description="How the environment's file is read and repaired",
        type=environment_properties.HOLIREP_PG_environment,
    )
    shadow: PointerProperty(
        name="Shadow",
        description="How the character's shadow gets into the plate",
        type=shadow_properties.HOLIREP_PG_shadow,
    )
    quality: PointerProperty(
        name="Quality",
        description="How good the shot is: gates, the last assessment, and what is shown of it",
        type=quality_properties.HOLIREP_PG_quality,
    )
    batch: PointerProperty(
        name="Batch",
        description="The shot list and what is to be done with this shot",
        type=batch_properties.HOLIREP_PG_batch,
    )


CLASSES = (
    HOLIREP_PG_rig_map_item,
    HOLIREP_PG_shape_key_item,
    *confidence_properties.CLASSES,
    *refine_properties.CLASSES,
    *light_properties.CLASSES,
    *environment_properties.CLASSES,
    *shadow_properties.CLASSES,
    *quality_properties.CLASSES,
    *batch_properties.CLASSES,
    HOLIREP_PG_shot,
)


def register() -> None:
    """Adds ``Scene.holirep``; the classes are registered already."""
    bpy.types.Scene.holirep = PointerProperty(
        name="HoliRep", description="Plate, performer, character and settings of the shot", type=HOLIREP_PG_shot
    )


def unregister() -> None:
    """Removes ``Scene.holirep``."""
    del bpy.types.Scene.holirep
