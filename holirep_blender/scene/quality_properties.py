# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``Scene.holirep.quality`` stores in the .blend file: gates, the last assessment, and what is shown of it.

Names of scores and values of gates are written out here, because the module that defines them needs numpy, which is
not loaded before the first verb.
"""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from . import contact_display

SCORE_ITEMS = [
    ("body", "Body", "Limits, bones, feet, trembling, and how well the tracked points are met"),
    ("face", "Face", "How well the face's points are met, and whether it moves as faces do"),
    ("temporal_coherence", "Temporal Coherence", "How evenly body, face and light go from frame to frame"),
    ("cross_modal_consistency", "Cross-Modal Consistency", "Whether body, face, gaze and light agree with each other"),
    ("environmental_integration", "Environmental Integration", "Feet, floor, contact shadows, camera and exposure"),
    ("lighting_realism", "Lighting Realism", "How well the lights stand for the environment and the plate"),
    ("overall", "Overall", "All of it"),
]
SHORT = {
    "body": "Body",
    "face": "Face",
    "temporal_coherence": "Temporal",
    "cross_modal_consistency": "Cross-Modal",
    "environmental_integration": "Environment",
    "lighting_realism": "Lighting",
    "overall": "Overall",
}
"""Titles of scores where there is little room."""
GATES = {
    "temporal_coherence": 0.92,
    "cross_modal_consistency": 0.88,
    "environmental_integration": 0.85,
    "lighting_realism": 0.90,
    "overall": 0.87,
}


def gates_of(rows: bpy.types.PropertyGroup) -> dict[str, float]:
    """The shot's gates by the names of their scores, without what single precision adds to them."""
    return {name: float(f"{gate_of(rows.gates, name):.6g}") for name in GATES}


def gate_of(gates: bpy.types.PropertyGroup, name: str) -> float:
    """The least value with which a score passes; 0 for one without a gate."""
    return float(getattr(gates, name)) if name in GATES else 0.0


def _display_changed(_settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    contact_display.synchronise()


def _redrawn(_settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    contact_display.redraw()


def _score_chosen(settings: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Another score has other causes: none of them is chosen yet."""
    settings.cause_index = -1
    contact_display.redraw()


def _cause_chosen(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """A click on a row of the list shows its worst frame and its bone."""
    from .quality_rows import show_cause

    if 0 <= settings.cause_index < len(settings.causes):
        show_cause(context, settings.id_data, settings.causes[settings.cause_index])


class HOLIREP_PG_quality_score(bpy.types.PropertyGroup):
    """A score of the last assessment; its ``name`` is that of the gate."""

    title: StringProperty(name="Title", description="What the score is called")
    measured: BoolProperty(name="Measured", description="Whether there is a value")
    value: FloatProperty(name="Score", description="From 0 to 1", min=0.0, max=1.0)
    missing: StringProperty(name="Missing", description="Why there is no value")
    stands_on: StringProperty(name="Stands On", description="The figures, or scores, that it is made of, a line each")
    left_out: StringProperty(name="Left Out", description="What of it could not be measured, a line for each reason")
    parts_left_out: IntProperty(name="Parts Left Out", description="How many figures, or scores, that are")
    curve: StringProperty(name="Frames", description="The score in each of the take's frames")


class HOLIREP_PG_quality_measure(bpy.types.PropertyGroup):
    """A physical figure of the last assessment."""

    title: StringProperty(name="Title", description="What the figure is called")
    group: StringProperty(name="Group", description="Body, face, lighting or integration")
    measured: BoolProperty(name="Measured", description="Whether there is a value")
    value: FloatProperty(name="Value", description="The figure of the whole take, in its unit")
    unit: StringProperty(name="Unit", description="The figure's unit")
    statistic: StringProperty(name="Statistic", description="How the take's figure comes from its frames'")
    score: FloatProperty(name="Score", description="From 0 to 1; below 0 where there is none", default=-1.0)
    missing: StringProperty(name="Missing", description="Why it could not be measured")


class HOLIREP_PG_quality_cause(bpy.types.PropertyGroup):
    """A range that pulls a score down; its ``name`` is the sentence."""

    scores: StringProperty(name="Scores", description="Which scores it pulls down, with a space between")
    measure: StringProperty(name="Measure", description="The figure that says so")
    part: StringProperty(name="Part", description="Part of the body, or a joint; empty for the whole")
    first: FloatProperty(name="First", description="The scene's frame at which it begins")
    last: FloatProperty(name="Last", description="The scene's last frame of it")
    frame: FloatProperty(name="Frame", description="The scene's frame at which it is worst")
    row_first: IntProperty(name="First Row", description="The take's frame at which it begins, from 0")
    row_last: IntProperty(name="Last Row", description="The take's last frame of it, from 0")
    value: FloatProperty(name="Value", description="The worst value, in the figure's unit")
    loss: FloatProperty(name="Loss", description="How much of the score it costs", min=0.0, max=1.0)
    remedy: StringProperty(name="Remedy", description="What would help")


class HOLIREP_PG_exclusion(bpy.types.PropertyGroup):
    """A limb that is not taken from the plate in a range; what is stored is the time from the take's first frame."""

    part: StringProperty(name="Part", description="Part of the body that is left out")
    begin: FloatProperty(name="Begin", description="Seconds from the take's first frame")
    end: FloatProperty(name="End", description="Seconds from the take's first frame")


def _gate(name: str) -> object:
    title = next(item[1] for item in SCORE_ITEMS if item[0] == name)
    return FloatProperty(
        name=title,
        description=f"The least {title.lower()} with which the take passes",
        default=GATES[name],
        min=0.0,
        max=1.0,
        precision=2,
        subtype="FACTOR",
        update=_redrawn,
    )


class HOLIREP_PG_quality_gates(bpy.types.PropertyGroup):
    """The least score that passes, for each score."""

    temporal_coherence: _gate("temporal_coherence")
    cross_modal_consistency: _gate("cross_modal_consistency")
    environmental_integration: _gate("environmental_integration")
    lighting_realism: _gate("lighting_realism")
    overall: _gate("overall")


class HOLIREP_PG_quality(bpy.types.PropertyGroup):
    """How good the shot is, by the last assessment."""

    gates: PointerProperty(type=HOLIREP_PG_quality_gates, description="The least score that passes, for each score")
    scores: CollectionProperty(type=HOLIREP_PG_quality_score, description="The scores of the last assessment")
    shown: EnumProperty(
        name="Score",
        description="The score whose causes are listed, and which the timeline shows",
        items=SCORE_ITEMS,
        default="overall",
        update=_score_chosen,
    )
    measures: CollectionProperty(type=HOLIREP_PG_quality_measure, description="The physical figures behind the scores")
    causes: CollectionProperty(
        type=HOLIREP_PG_quality_cause, description="Ranges that pull the scores down, the worst first"
    )
    cause_index: IntProperty(
        name="Cause",
        description="The row that is selected in the list: its worst frame and its bone are shown",
        default=-1,
        options={"SKIP_SAVE"},
        update=_cause_chosen,
    )
    exclusions: CollectionProperty(
        type=HOLIREP_PG_exclusion, description="Limbs that are not taken from the plate, by range"
    )
    has_result: BoolProperty(name="Assessed", description="Whether the shot was assessed", default=False)
    summary: StringProperty(name="Result", description="What the assessment came to and what it stands on, in words")
    judged: StringProperty(
        name="Judged", description="Whose motion was judged, and what stood in for what is not there, a line each"
    )
    digest: StringProperty(name="Judged State", description="What was judged, to be told from what it became since")
    start: FloatProperty(name="Start", description="The scene's frame of the take's first frame when it was judged")
    step: FloatProperty(name="Step", description="Frames of the scene for each of the take's", default=1.0)
    revision: IntProperty(name="Revision", description="Changes whenever the shot was assessed anew")

    show_ranges: BoolProperty(
        name="Timeline",
        description="Show the score of each frame and the ranges that pull it down in the timeline and the dope sheet",
        default=False,
        update=_display_changed,
    )
    show_overlay: BoolProperty(
        name="Overlay",
        description="Show over the plate, through the take's camera, what was tracked and what became of it, coloured "
        "by how far the two are apart",
        default=False,
        update=_display_changed,
    )
    show_points: BoolProperty(
        name="Tracked Points",
        description="The points that the tracker saw, coloured by how far the take's joints are from them",
        default=True,
        update=_redrawn,
    )
    show_take: BoolProperty(
        name="Take", description="The take's skeleton through its camera", default=True, update=_redrawn
    )
    show_character: BoolProperty(
        name="Character",
        description="The character's bones as they are keyed, coloured by how far they are from the tracked points",
        default=False,
        update=_redrawn,
    )
    show_contacts: BoolProperty(
        name="Contacts",
        description="Where heels, toes and hands are held in this frame, coloured by how far that is from the take's; "
        "without a refined character the take's own contacts, coloured by how far they slide",
        default=True,
        update=_redrawn,
    )
    use_wipe: BoolProperty(
        name="Wipe",
        description="Show the plate over one side of a line in the camera's view, to compare it with the render on the "
        "other. Drag the line by its handle",
        default=False,
        update=_display_changed,
    )
    wipe: FloatProperty(
        name="Position",
        description="Where the line is, as a share of the picture",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_redrawn,
    )
    wipe_side: EnumProperty(
        name="Plate",
        description="On which side of the line the plate is",
        items=[
            ("LEFT", "Left", "The plate is left of the line", "TRIA_LEFT", 0),
            ("RIGHT", "Right", "The plate is right of the line", "TRIA_RIGHT", 1),
            ("TOP", "Top", "The plate is above the line", "TRIA_UP", 2),
            ("BOTTOM", "Bottom", "The plate is below the line", "TRIA_DOWN", 3),
        ],
        default="LEFT",
        update=_redrawn,
    )


CLASSES = (
    HOLIREP_PG_quality_score,
    HOLIREP_PG_quality_measure,
    HOLIREP_PG_quality_cause,
    HOLIREP_PG_exclusion,
    HOLIREP_PG_quality_gates,
    HOLIREP_PG_quality,
)
