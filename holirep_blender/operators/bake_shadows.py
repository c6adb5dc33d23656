# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake Shadows: the character's shadow as passes for the plate, onto meshes, and into the compositor."""

from __future__ import annotations

from pathlib import Path

import bpy

from .shadow_job import ShadowJob, folder_of, frames_of, show_result, why_not


class HOLIREP_OT_bake_shadows(bpy.types.Operator):
    """Render the character's shadow as passes for the plate. Finished frames of which nothing changed are skipped"""

    bl_idname = "holirep.bake_shadows"
    bl_label = "Bake Shadows"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a camera, and no job that runs."""
        reason = why_not(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button: another Blender renders a copy of the file; the interface stays free."""
        if bpy.app.background:
            return self.execute(context)
        return _start(self, context, None)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: returns when all frames are there."""
        from ..scene.shadow_bake import ShadowError, ShadowOptions, bake_shadows, told

        scene = context.scene
        shadow = scene.holirep.shadow
        try:
            options = ShadowOptions(
                out=folder_of(scene),
                frames=frames_of(scene),
                samples=shadow.samples,
                device=shadow.device,
                resolution=shadow.resolution,
                denoise=shadow.denoise,
                plate_gain=shadow.plate_gain,
                again=shadow.again,
                slim=shadow.slim,
            )
            result = told(bake_shadows(scene, options))
        except (ShadowError, ValueError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"The shadows could not be written: {error.strerror or error}")
            return {"CANCELLED"}
        show_result(scene, result)
        self.report({"INFO"}, result["summary"])
        return {"FINISHED"}


class HOLIREP_OT_bake_shadows_onto(bpy.types.Operator):
    """Bake the shadow of all else onto the selected meshes, as pictures over their UV maps or as vertex colours"""

    bl_idname = "holirep.bake_shadows_onto"
    bl_label = "Bake onto Selected"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs selected meshes, Object Mode, and no job that runs."""
        reason = why_not(context.scene, camera=False)
        if not reason and context.mode != "OBJECT":
            reason = "Switch to Object Mode"
        if not reason and not any(each.type == "MESH" for each in context.selected_objects):
            reason = "Select the meshes to bake onto"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button: another Blender bakes a copy of the file; the interface stays free."""
        if bpy.app.background:
            return self.execute(context)
        return _start(self, context, [each for each in context.selected_objects if each.type == "MESH"])

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: returns when it is baked."""
        from ..scene.shadow_errors import ShadowError
        from ..scene.shadow_surfaces import SurfaceOptions, bake_surfaces, keep_surfaces

        shadow = context.scene.holirep.shadow
        try:
            options = SurfaceOptions(
                objects=tuple(each for each in context.selected_objects if each.type == "MESH"),
                kind=shadow.kind,
                out=folder_of(context.scene) if shadow.target == "PICTURE" else None,
                size=shadow.size,
                samples=shadow.samples,
                device=shadow.device,
            )
            baked = bake_surfaces(context.scene, options)
        except (ShadowError, ValueError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"The picture could not be written: {error.strerror or error}")
            return {"CANCELLED"}
        keep_surfaces(baked)
        show_result(context.scene, {"summary": baked.sentence, "notes": baked.warnings})
        self.report({"INFO"}, baked.sentence)
        return {"FINISHED"}


class HOLIREP_OT_compose_shadows(bpy.types.Operator):
    """Put plate, clean plate, baked shadow and character together in the compositor; your own nodes stay as they are"""

    bl_idname = "holirep.compose_shadows"
    bl_label = "Set Up Compositor"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds the nodes."""
        from ..scene.shadow_composite import compose
        from ..scene.shadow_errors import ShadowError

        scene = context.scene
        shadow = scene.holirep.shadow
        clean = Path(bpy.path.abspath(shadow.clean)) if shadow.clean.strip() else None
        try:
            folder = Path(bpy.path.abspath(shadow.baked)) if shadow.baked else folder_of(scene)
            composed = compose(scene, folder, clean=clean)
        except (ShadowError, ValueError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for warning in composed.warnings:
            self.report({"WARNING"}, warning)
        self.report({"INFO"}, composed.sentence)
        return {"FINISHED"}


class HOLIREP_OT_add_shadow_ground(bpy.types.Operator):
    """Add a level ground where the character stands, to catch its shadow; move it to where the plate's ground is"""

    bl_idname = "holirep.add_shadow_ground"
    bl_label = "Add Ground"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs Object Mode: an object is added."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds it, to the collection of catchers where there is one."""
        from ..scene.shadow_ground import floor_height, make_ground

        scene = context.scene
        collection = scene.holirep.shadow.catchers or scene.collection
        made = make_ground(scene, floor_height(scene), collection)
        self.report({"INFO"}, f"Added {made.name} at the height {made.location.z:.3f}")
        return {"FINISHED"}


def _start(operator: bpy.types.Operator, context: bpy.types.Context, onto: list[bpy.types.Object] | None) -> set[str]:
    try:
        ShadowJob(context.scene, onto).start()
    except ValueError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    return {"FINISHED"}


CLASSES = (
    HOLIREP_OT_bake_shadows,
    HOLIREP_OT_bake_shadows_onto,
    HOLIREP_OT_compose_shadows,
    HOLIREP_OT_add_shadow_ground,
)
