# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verbs for any animation share: range, bones, body and floor, on the character's active action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ..scene.refine_properties import PRESET_ITEMS

if TYPE_CHECKING:
    from ..motion.contacts.floor import Floor
    from ..scene.animation_refining import AnimationReport
    from ..scene.animation_take import AnimationOptions

_LISTED = 12
"""So many violations are told where there is no list for them."""


class AnimationVerb:
    """Properties and the way through of Clamp to Human Limits, Plant Feet and Check Motion."""

    use_range: BoolProperty(
        name="Range", description="Choose the frames; otherwise it is the whole action", default=False
    )
    first: IntProperty(name="First", description="The scene's first frame that may be changed", default=1)
    last: IntProperty(name="Last", description="The scene's last frame that may be changed, included", default=250)
    bones: EnumProperty(
        name="Bones",
        description="Which mapped bones",
        items=[
            ("ALL", "All", "All bones of the rig map"),
            ("SELECTED", "Selected", "Only those bones of the rig map that are selected in Pose Mode"),
        ],
        default="ALL",
    )
    preset: EnumProperty(
        name="Body",
        description="Whose range of motion, speed and strength counts as human",
        items=PRESET_ITEMS,
        default="AVERAGE_ADULT",
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a character with an active action, in Object or Pose Mode."""
        reason = why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button, a menu or F3: the body as the shot has it, and the range that is played as an offer."""
        scene = context.scene
        if not self.properties.is_property_set("preset"):
            self.preset = scene.holirep.refine.preset
        if not (self.properties.is_property_set("first") or self.properties.is_property_set("last")):
            preview = scene.use_preview_range
            self.first = scene.frame_preview_start if preview else scene.frame_start
            self.last = scene.frame_preview_end if preview else scene.frame_end
        return self.execute(context)

    def draw_common(self, layout: bpy.types.UILayout) -> None:
        """Range and bones, as the redo panel shows them."""
        layout.prop(self, "use_range")
        column = layout.column(align=True)
        column.active = self.use_range
        column.prop(self, "first")
        column.prop(self, "last")
        layout.prop(self, "bones", expand=True)

    def run(
        self,
        context: bpy.types.Context,
        verb: Callable[[bpy.types.Context, bpy.types.Object, AnimationOptions], AnimationReport],
        refine: dict[str, Any],
        floor: Optional[OnFloor] = None,
    ) -> Optional[AnimationReport]:
        """Runs a verb on the active character and reports; None where it could not be done."""
        from ..motion.refining.options import RefineOptions
        from ..scene import refine_settings, rig_map_rows
        from ..scene.animation_take import AnimationOptions
        from ..scene.blender_versions import selected_bones

        shot, armature = context.scene.holirep, target(context)
        own = armature == shot.character
        try:
            overrides = refine_settings.limit_overrides(shot.refine) if own else {}
            mass = shot.refine.performer_mass if own and shot.refine.use_performer_mass else None
            options = AnimationOptions(
                refine=RefineOptions(preset=self.preset.lower(), overrides=overrides, performer_mass=mass, **refine),
                rig_map=rig_map_rows.read_rig_map(shot) if own and rig_map_rows.has_rig_map(shot) else None,
                first=self.first if self.use_range else None,
                last=self.last if self.use_range else None,
                bones=frozenset(selected_bones(armature)) if self.bones == "SELECTED" else None,
                scene_floor=None if floor is None else floor.scene_floor(context.scene),
            )
            done = verb(context, armature, options)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return None
        for warning in done.warnings:
            self.report({"WARNING"}, warning)
        self.report({"INFO"}, done.sentence)
        return done

    def list_violations(self, context: bpy.types.Context, done: AnimationReport) -> None:
        """Shows what was found in the shot's list; the worst of it in words where the character is not the shot's."""
        from ..scene import violation_rows

        shot = context.scene.holirep
        if target(context) == shot.character:
            violation_rows.write(shot.refine, done.report.violations, done.frames)
            return
        for one in done.report.violations[:_LISTED]:
            self.report({"INFO"}, f"Frame {done.frames[one.worst_frame]:g}: {one.sentence()}")
        more = len(done.report.violations) - _LISTED
        if more > 0:
            self.report({"INFO"}, f"and {more} more. Choose this character in the Character panel to list them all")


class OnFloor:
    """Where the floor is, for the verbs that look at feet."""

    floor: EnumProperty(
        name="Floor",
        description="What the feet stand on",
        items=[
            ("FOUND", "Found", "The level on which the feet rest most, found from the motion"),
            ("SCENE", "Height", "A level floor at a height in the scene"),
            ("OBJECT", "Object", "The plane of an object of the scene: its place and its Z axis"),
        ],
        default="FOUND",
    )
    floor_height: FloatProperty(
        name="Height", description="Height of the floor in the scene", default=0.0, unit="LENGTH", subtype="DISTANCE"
    )
    ground: StringProperty(
        name="Ground", description="The object that the feet stand on: its origin and its Z axis are the floor's"
    )

    def draw_floor(self, layout: bpy.types.UILayout) -> None:
        """As the redo panel shows it."""
        layout.prop(self, "floor", expand=True)
        if self.floor == "OBJECT":
            layout.prop_search(self, "ground", bpy.context.scene, "objects")
        else:
            row = layout.row()
            row.active = self.floor == "SCENE"
            row.prop(self, "floor_height")

    def scene_floor(self, scene: bpy.types.Scene) -> Optional[Floor]:
        """The floor in the scene; None to have it found. Raises ValueError where there is no such object."""
        from ..scene.refine_floor import floor_in_scene

        return floor_in_scene(scene, {"FOUND": None, "SCENE": self.floor_height, "OBJECT": self.ground}[self.floor])


def target(context: bpy.types.Context) -> Optional[bpy.types.Object]:
    """The armature that is meant: the active object's, else the shot's character."""
    from ..scene.characters import armature_of

    return armature_of(context.object) or context.scene.holirep.character


def why_not(context: bpy.types.Context) -> str:
    """Why no animation can be refined now; empty when it can. Cheap enough to draw."""
    armature = target(context)
    if armature is None:
        return "Select an armature, or a mesh that belongs to one"
    if context.mode not in {"OBJECT", "POSE"}:
        return "Go back to Object or Pose Mode first"
    data = armature.animation_data
    if data is None or data.action is None:
        on_nla = data is not None and any(len(track.strips) for track in data.nla_tracks)
        way_out = ", its motion is on the NLA: make it the active action first" if on_nla else ""
        return f"{armature.name} has no active action{way_out}"
    return ""
