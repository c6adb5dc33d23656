# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.confidence`` stores: where the applied take is weak, and whether that is shown."""

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from . import contact_display

PART_ITEMS = [
    ("body", "Body", "Hips, spine, neck and head"),
    ("leftArm", "Left Arm", "Left shoulder to wrist"),
    ("rightArm", "Right Arm", "Right shoulder to wrist"),
    ("leftHand", "Left Fingers", "Fingers of the left hand"),
    ("rightHand", "Right Fingers", "Fingers of the right hand"),
    ("leftLeg", "Left Leg", "Left hip to toes"),
    ("rightLeg", "Right Leg", "Right hip to toes"),
    ("face", "Face", "Expression, jaw and eyes"),
]
PART_NAMES = {item[0]: item[1] for item in PART_ITEMS}
"""Parts of the body in words."""


def _display_changed(_settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    contact_display.synchronise()


def _chosen(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """A click on a row of the list shows its first frame."""
    if 0 <= settings.index < len(settings.spans):
        settings.id_data.frame_set(round(settings.spans[settings.index].first))


class HOLIREP_PG_weak_span(bpy.types.PropertyGroup):
    """A range in which a part of the body is not to be trusted."""

    part: EnumProperty(name="Part", description="Which part of the body", items=PART_ITEMS)
    first: FloatProperty(name="First", description="The scene's frame at which the range begins")
    last: FloatProperty(name="Last", description="The scene's last frame of the range")
    confidence: FloatProperty(name="Confidence", description="Mean confidence in the range", min=0.0, max=1.0)


class HOLIREP_PG_confidence(bpy.types.PropertyGroup):
    """How far the take that was last applied can be trusted."""

    spans: CollectionProperty(type=HOLIREP_PG_weak_span)
    index: IntProperty(name="Weak Range", description="Click to go there", options={"SKIP_SAVE"}, update=_chosen)
    never_seen: StringProperty(description="Face shapes that the plate cannot show, by their names")
    show_weak: BoolProperty(
        name="Timeline",
        description="Show in the timeline and the dope sheet where the take is not to be trusted",
        default=False,
        update=_display_changed,
    )
    revision: IntProperty(options={"HIDDEN"})


CLASSES = (HOLIREP_PG_weak_span, HOLIREP_PG_confidence)
