# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.refine`` stores in the .blend file: the settings of refining, and what it found.

The names of presets are written out here, because the module that defines them needs numpy, which is not loaded before
the first verb.
"""

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

from . import contact_display, refine_rows
from .refine_rows import KIND_ITEMS, POINT_ITEMS, changed

PRESET_ITEMS = [
    ("AVERAGE_ADULT", "Average Adult", "Normal range of motion of healthy adults"),
    ("ATHLETE", "Dancer or Athlete", "Wider ranges and more strength, for dance, martial arts and sport"),
    ("CHILD", "Child", "Ranges and strength of children"),
    ("ELDERLY", "Elderly", "Narrower ranges and less strength"),
]


def _floor_changed(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Waits for the object or the corners where they are to be chosen yet."""
    if settings.floor_kind == "OBJECT" and settings.floor_object is None:
        return
    if settings.floor_kind == "PLATE" and not any(settings.floor_corners):
        return
    changed(settings, context)


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


class HOLIREP_PG_refine(bpy.types.PropertyGroup):
    """How the motion is refined when a take is applied, and what that found."""

    use_refine: BoolProperty(
        name="Refine",
        description="Keep joints within human limits and feet planted on the character when a take is applied",
        default=True,
        update=changed,
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
        update=changed,
    )
    feet: FloatProperty(
        name="Feet",
        description="How firmly feet stay where they touch the floor, on the character's own legs",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=changed,
    )
    hands: FloatProperty(
        name="Hands",
        description="How firmly hands keep what they touch: each other, the body and, where asked, surfaces",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=changed,
    )
    surfaces: BoolProperty(
        name="Surfaces",
        description="Look for hands that rest on something in the world, such as the floor, a table or a wall",
        default=False,
        update=changed,
    )
    preset: EnumProperty(
        name="Body",
        description="Whose range of motion, speed and strength counts as human",
        items=PRESET_ITEMS,
        default="AVERAGE_ADULT",
        update=changed,
    )
    smoothing: FloatProperty(
        name="Smoothing",
        description="A filter over the motion before all else, without delay; for takes that still tremble",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=changed,
    )
    attenuate: BoolProperty(
        name="Slow Down",
        description="Slow down what exceeds human speed or strength, as little as needed. Off: it is only listed",
        default=False,
        update=changed,
    )
    use_performer_mass: BoolProperty(
        name="Performer's Mass",
        description="Give the performer's mass, on which strength depends; otherwise the usual one is taken",
        default=False,
        update=changed,
    )
    performer_mass: FloatProperty(
        name="Mass (kg)",
        description="The performer's mass in kilograms",
        default=70.0,
        min=5.0,
        max=400.0,
        precision=1,
        update=changed,
    )
    overrides: CollectionProperty(
        type=refine_rows.HOLIREP_PG_limit_override,
        description="Limits of single joints that take the place of the preset's",
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
        type=refine_rows.HOLIREP_PG_contact_edit,
        description="Contacts that the artist set or took away; a later one wins",
    )
    contact_edit_index: IntProperty(
        name="Edit", description="The row that is selected in the list of contact edits", options={"SKIP_SAVE"}
    )
    contact_spans: CollectionProperty(
        type=refine_rows.HOLIREP_PG_contact_span,
        description="When which point touches, as the motion was refined with it",
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
        type=refine_rows.HOLIREP_PG_violation,
        description="What exceeded a human limit or did not hold, the worst first",
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

    unfinished: BoolProperty(
        name="Unfinished", description="Whether the keys are a first answer to an edit, and more is to come"
    )
    has_report: BoolProperty(name="Refined", description="Whether the character's motion was refined", default=False)
    character: PointerProperty(
        name="Refined Character", description="The armature whose motion was refined", type=bpy.types.Object
    )
    was_applied: BoolProperty(name="Applied", description="Whether a take was applied, so that its start is known")
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


CLASSES = (*refine_rows.CLASSES, HOLIREP_PG_refine)
