# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the lists in ``Scene.holirep.refine``: own limits, edits of contacts, contacts, and what was found.

The names of contact points and kinds of violation are written out here, because the modules that define them need
numpy, which is not loaded before the first verb.
"""

import math

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, FloatVectorProperty, IntProperty, StringProperty

from . import refine_clock, refine_live

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


def changed(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """A setting that changes the motion: solved again at once where the artist asked for that."""
    refine_live.request(settings.id_data)


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
        update=changed,
    )
    high: FloatProperty(
        name="Highest",
        description="Hard limit in the motion's direction",
        subtype="ANGLE",
        soft_min=-math.pi,
        soft_max=math.pi,
        step=100,
        precision=1,
        update=changed,
    )


class HOLIREP_PG_contact_edit(bpy.types.PropertyGroup):
    """The artist's word on a contact: in this range the point touches, or is free.

    What is stored is the time from the take's first frame, so that an edit stays with the performance when the take
    begins at another frame of the scene or the scene's frame rate changes.
    """

    point: EnumProperty(name="Point", description="Which point of the body", items=POINT_ITEMS, update=changed)
    touching: BoolProperty(
        name="Touching", description="The point touches in this range; off: it is free", default=True, update=changed
    )
    begin: FloatProperty(name="Begin", description="Seconds from the take's first frame")
    end: FloatProperty(name="End", description="Seconds from the take's first frame")
    first: IntProperty(
        name="First",
        description="The scene's first frame of the range",
        get=_get_first,
        set=_set_first,
        update=changed,
    )
    last: IntProperty(
        name="Last",
        description="The scene's last frame of the range, included",
        get=_get_last,
        set=_set_last,
        update=changed,
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


CLASSES = (
    HOLIREP_PG_limit_override,
    HOLIREP_PG_contact_edit,
    HOLIREP_PG_contact_span,
    HOLIREP_PG_violation,
)
