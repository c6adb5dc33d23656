# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.refine`` stores in the .blend file: the settings of refining, and what it found.

The names of presets, contact points and kinds of violation are written out here, because the modules that define them
need numpy, which is not loaded before the first verb.
"""

import math

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

from . import contact_display, refine_clock, refine_live

PRESET_ITEMS = [
    ("AVERAGE_ADULT", "Average Adult", "Normal range of motion of healthy adults"),
    ("ATHLETE", "Dancer or Athlete", "Wider ranges and more strength, for dance, martial arts and sport"),
    ("CHILD", "Child", "Ranges and strength of children"),
    ("ELDERLY", "Elderly", "Narrower ranges and less strength"),
]
POINT_ITEMS = [
    ("leftHeel", "Left Heel", "The left heel on the floor", 1),
    ("leftToes", "Left Toes", "The ball and toes of the left foot on the floor", 2),
    ("rightHeel", "Right Heel", "The right heel on the floor", 4),
    ("rightToes", "Right Toes", "The ball and toes of the right foot on the floor", 8),
    ("leftHand", "Left Hand", "The left hand on the floor or on a surface", 16),
    ("rightHand", "Right Hand", "The right hand on the floor or on a surface", 32),
    ("leftKnee", "Left Knee", "The left knee on the floor, kneeling", 64),
    ("rightKnee", "Right Knee", "The right knee on the floor, kneeling", 128),
    ("hips", "Seat", "The hips at rest, seated", 256),
]
KIND_ITEMS = [
    ("ALL", "All", "Everything that was found", "NONE", 0),
    ("limit", "Joint Limits", "Joints beyond the range of a human joint", "CON_ROTLIMIT", 1),
    ("speed", "Speed", "Joints that turn faster than a human can", "DRIVER_ROTATIONAL_DIFFERENCE", 2),
    ("moment", "Strength", "Joint moments beyond human strength", "FORCE_FORCE", 3),
    ("balance", "Balance", "Frames in which the body would fall over", "PIVOT_MEDIAN", 4),
    ("floor", "Floor", "Parts of the body below the floor", "AXIS_TOP", 5),
    ("slide", "Sliding", "Feet that move while they touch the floor", "CON_FLOOR", 6),
    ("reach", "Reach", "Contacts that the character's limbs cannot reach", "CON_KINEMATIC", 7),
]


def _changed(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """A setting that changes the motion: solved again at once where the artist asked for that."""
    refine_live.request(settings.id_data)


def _floor_changed(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Waits for the object or the corners where they are to be chosen yet."""
    if settings.floor_kind == "OBJECT" and settings.floor_object is None:
        return
    if settings.floor_kind == "PLATE" and not any(settings.floor_corners):
        return
    _changed(settings, context)


def _display_changed(_settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    contact_display.synchronise()


def _violation_chosen(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """A click on a row of the list."""
    from .violation_rows import show_violation

    if 0 <= settings.violation_index < len(settings.violations):
        show_violation(context, settings.id_data, settings.violations[settings.violation_index])


def _contact_chosen(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """A click on a row of the list: its range is the one to edit, and its first frame is shown."""
    if 0 <= settings.contact_span_index < len(settings.contact_spans):
        chosen = settings.contact_spans[settings.contact_span_index]
        settings.range_first, settings.range_last = round(chosen.first), round(chosen.last)
        settings.id_data.frame_set(settings.range_first)


def _is_ground(_settings: bpy.types.PropertyGroup, candidate: bpy.types.Object) -> bool:
    return candidate.type in {"MESH", "EMPTY"}


def _get_first(edit: bpy.types.PropertyGroup) -> int:
    return refine_clock.frame_of(edit.id_data, edit.begin)


def _set_first(edit: bpy.types.PropertyGroup, frame: int) -> None:
    edit.begin = refine_clock.seconds_of(edit.id_data, frame)


def _get_last(edit: bpy.types.PropertyGroup) -> int:
    return refine_clock.frame_of(edit.id_data, edit.end)


def _set_last(edit: bpy.types.PropertyGroup, frame: int) -> None:
    edit.end = refine_clock.seconds_of(edit.id_data, frame)


class HOLIREP_PG_limit_override(bpy.types.PropertyGroup):
    """The artist's own hard limits of one joint motion."""

    joint: StringProperty(name="Joint", description="Joint, by its VRM humanoid name")
    motion: StringProperty(name="Motion", description="Motion of the joint: flexion, abduction, rotation")
    low: FloatProperty(
        name="Lowest",
        description="Hard limit against the motion's direction, such as the extension of a flexion",
        subtype="ANGLE",
        soft_min=-math.pi,
        soft_max=math.pi,
        step=100,
        precision=1,
        update=_changed,
    )
    high: FloatProperty(
        name="Highest",
        description="Hard limit in the motion's direction",
        subtype="ANGLE",
        soft_min=-math.pi,
        soft_max=math.pi,
        step=100,
        precision=1,
        update=_changed,
    )


class HOLIREP_PG_contact_edit(bpy.types.PropertyGroup):
    """The artist's word on a contact: in this range the point touches, or is free.

    What is stored is the time from the take's first frame, so that an edit stays with the performance when the take
    begins at another frame of the scene or the scene's frame rate changes.
    """

    point: EnumProperty(name="Point", description="Which point of the body", items=POINT_ITEMS, update=_changed)
    touching: BoolProperty(
        name="Touching", description="The point touches in this range; off: it is free", default=True, update=_changed
    )
    begin: FloatProperty(name="Begin", description="Seconds from the take's first frame")
    end: FloatProperty(name="End", description="Seconds from the take's first frame")
    first: IntProperty(
        name="First",
        description="The scene's first frame of the range",
        get=_get_first,
        set=_set_first,
        update=_changed,
    )
    last: IntProperty(
        name="Last",
        description="The scene's last frame of the range, included",
        get=_get_last,
        set=_set_last,
        update=_changed,
    )


class HOLIREP_PG_contact_span(bpy.types.PropertyGroup):
    """A range in which a point touches, as the motion was refined with it."""

    point: EnumProperty(name="Point", description="Which point of the body", items=POINT_ITEMS)
    first: FloatProperty(name="First", description="The scene's frame at which the contact begins")
    last: FloatProperty(name="Last", description="The scene's last frame of the contact")
    edited: BoolProperty(name="Edited", description="Whether it comes from an edit of the artist's")
    planted: BoolProperty(name="Planted", description="Whether the point is held at a place on the character")
    place: FloatVectorProperty(name="Place", description="Where the point is held, in the object's space", size=3)


class HOLIREP_PG_violation(bpy.types.PropertyGroup):
    """Something that refining found: beyond a human limit, or not holding. Its ``name`` is the sentence."""

    kind: StringProperty(name="Kind", description="What kind of thing was found: limit, speed, moment, balance …")
    joint: StringProperty(name="Joint", description="Joint, by its VRM humanoid name; empty for the whole body")
    motion: StringProperty(name="Motion", description="Motion of the joint")
    first: FloatProperty(name="First", description="The scene's frame at which it begins")
    last: FloatProperty(name="Last", description="The scene's frame at which it ends")
    frame: FloatProperty(name="Frame", description="The scene's frame at which it is worst")
    value: FloatProperty(name="Value", description="The worst value")
    bound: FloatProperty(name="Bound", description="What it should not exceed")
    unit: StringProperty(name="Unit", description="The unit of value and bound")
    altered: BoolProperty(name="Altered", description="Whether the motion was changed for it; else it is a warning")
    severity: FloatProperty(name="Severity", description="How far beyond its bound it is, comparable between kinds")


class HOLIREP_PG_refine(bpy.types.PropertyGroup):
    """How the motion is refined when a take is applied, and what that found."""

    use_refine: BoolProperty(
        name="Refine",
        description="Keep joints within human limits and feet planted on the character when a take is applied",
        default=True,
        update=_changed,
    )
    live: BoolProperty(
        name="Live",
        description="Solve again at once when a setting or a contact is changed; otherwise press Re-solve",
        default=True,
    )
    limits: FloatProperty(
        name="Limits",
        description="How firmly joints are kept within human limits: 0 leaves them alone, 1 never exceeds a hard limit",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_changed,
    )
    feet: FloatProperty(
        name="Feet",
        description="How firmly feet stay where they touch the floor, on the character's own legs",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_changed,
    )
    hands: FloatProperty(
        name="Hands",
        description="How firmly hands keep what they touch: each other, the body, the floor",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_changed,
    )
    preset: EnumProperty(
        name="Body",
        description="Whose range of motion, speed and strength counts as human",
        items=PRESET_ITEMS,
        default="AVERAGE_ADULT",
        update=_changed,
    )
    smoothing: FloatProperty(
        name="Smoothing",
        description="A filter over the motion before all else, without delay; for takes that still tremble",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_changed,
    )
    attenuate: BoolProperty(
        name="Slow Down",
        description="Slow down what exceeds human speed or strength, as little as needed. Off: it is only listed",
        default=False,
        update=_changed,
    )
    use_performer_mass: BoolProperty(
        name="Performer's Mass",
        description="Give the performer's mass, on which strength depends; otherwise the usual one is taken",
        default=False,
        update=_changed,
    )
    performer_mass: FloatProperty(
        name="Mass (kg)",
        description="The performer's mass in kilograms",
        default=70.0,
        min=5.0,
        max=400.0,
        precision=1,
        update=_changed,
    )
    overrides: CollectionProperty(
        type=HOLIREP_PG_limit_override, description="Limits of single joints that take the place of the preset's"
    )
    override_index: IntProperty(
        name="Limit", description="The row that is selected in the list of own limits", options={"SKIP_SAVE"}
    )

    floor_kind: EnumProperty(
        name="Floor",
        description="Where the floor is that feet stand on",
        items=[
            (
                "TAKE",
                "The Take's Own",
                "The floor on which the performer stands in the take; the character stands on its own level",
            ),
            ("OBJECT", "Scene Object", "The character stands on the plane of an object: its place and its Z axis"),
            ("PLATE", "Picked on Plate", "A rectangle on the floor whose corners were clicked in the plate"),
        ],
        default="TAKE",
        update=_floor_changed,
    )
    floor_object: PointerProperty(
        name="Ground",
        description="A ground, as a mesh or an empty: its origin and its Z axis are the floor's",
        type=bpy.types.Object,
        poll=_is_ground,
        update=_floor_changed,
    )
    floor_frame: IntProperty(
        name="Frame", description="Frame of the plate in which the floor's corners were clicked", default=0
    )
    floor_corners: FloatVectorProperty(
        name="Corners",
        description="Corners of a rectangle on the floor: x and y of each, in pixels from the plate's top left corner",
        size=8,
    )

    contact_points: EnumProperty(
        name="Points",
        description="The points of the body whose contacts are listed and edited",
        items=POINT_ITEMS,
        options={"ENUM_FLAG"},
        default={"leftHeel", "leftToes"},
    )
    range_first: IntProperty(name="First", description="The scene's first frame of the contact to be set", default=1)
    range_last: IntProperty(
        name="Last", description="The scene's last frame of the contact to be set, included", default=1
    )
    contact_edits: CollectionProperty(
        type=HOLIREP_PG_contact_edit, description="Contacts that the artist set or took away; a later one wins"
    )
    contact_edit_index: IntProperty(
        name="Edit", description="The row that is selected in the list of contact edits", options={"SKIP_SAVE"}
    )
    contact_spans: CollectionProperty(
        type=HOLIREP_PG_contact_span, description="When which point touches, as the motion was refined with it"
    )
    contact_span_index: IntProperty(
        name="Contact",
        description="The row that is selected in the list of contacts: its range becomes the one to edit",
        options={"SKIP_SAVE"},
        update=_contact_chosen,
    )
    show_bars: BoolProperty(
        name="Timeline",
        description="Show the contacts as coloured bars in the timeline and the dope sheet",
        default=False,
        update=_display_changed,
    )
    show_places: BoolProperty(
        name="Viewport",
        description="Show in the 3D views where heels, toes and hands are planted, and their way from place to place",
        default=False,
        update=_display_changed,
    )

    violations: CollectionProperty(
        type=HOLIREP_PG_violation, description="What exceeded a human limit or did not hold, the worst first"
    )
    violation_index: IntProperty(
        name="Violation",
        description="The row that is selected in the list: its frame and its bone are shown",
        default=-1,
        options={"SKIP_SAVE"},
        update=_violation_chosen,
    )
    violation_kind: EnumProperty(
        name="Show", description="Which kind of violation the list shows", items=KIND_ITEMS, default="ALL"
    )
    show_altered: BoolProperty(
        name="Corrected Too",
        description="List also what was corrected; off: only what is left for you to look at",
        default=True,
    )

    has_report: BoolProperty(name="Refined", description="Whether the character's motion was refined", default=False)
    character: PointerProperty(
        name="Refined Character", description="The armature whose motion was refined", type=bpy.types.Object
    )
    start: FloatProperty(name="Start", description="The scene's frame of the take's first frame, as it was applied")
    frame_rate: FloatProperty(name="Frame Rate", description="The scene's frame rate when the take was applied")
    summary: StringProperty(name="Result", description="What refining did, in words")
    warnings: StringProperty(name="Warnings", description="What refining wants to be looked at, a line each")
    found: IntProperty(name="Found", description="How many violations were found, of which the worst are listed")
    revision: IntProperty(name="Revision", description="Changes whenever the motion was refined anew")
    before: PointerProperty(
        name="Before", description="The motion as it was before refining, kept to compare", type=bpy.types.Action
    )
    after: PointerProperty(
        name="After", description="The refined motion, kept while the one before is shown", type=bpy.types.Action
    )


CLASSES = (
    HOLIREP_PG_limit_override,
    HOLIREP_PG_contact_edit,
    HOLIREP_PG_contact_span,
    HOLIREP_PG_violation,
    HOLIREP_PG_refine,
)
