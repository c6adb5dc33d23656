# SPDX-License-Identifier: GPL-3.0-or-later
"""Assess Quality: how good the shot is, frame by frame, and what pulls it down."""

from __future__ import annotations

import time
from pathlib import Path

import bpy

from . import session


class HOLIREP_OT_assess_quality(bpy.types.Operator):
    """Measure how good take and motion are: scores, figures, and the ranges that pull them down. No key is changed"""

    bl_idname = "holirep.assess_quality"
    bl_label = "Assess Quality"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take; the rest is left out where it is not there."""
        reason = why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Gathers, measures and lists; the pointer shows how far it is."""
        level, text = assess_shot(context, context.scene)
        self.report({level}, text)
        return {"CANCELLED"} if level == "ERROR" else {"FINISHED"}


class HOLIREP_OT_load_quality_gates(bpy.types.Operator):
    """Take the gates of a show from its file: JSON or TOML, a value from 0 to 1 for each score that it names"""

    bl_idname = "holirep.load_quality_gates"
    bl_label = "Load Gates"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(name="File", description="The show's gates", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default="*.json;*.toml", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sets all gates; those that the file does not name are the default ones."""
        from ..scene.quality_assessing import load_gates

        try:
            load_gates(context.scene, Path(bpy.path.abspath(self.filepath)))
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Gates of {Path(self.filepath).name}")
        return {"FINISHED"}


def why_not(context: bpy.types.Context) -> str:
    """Why the shot cannot be assessed now; empty when it can. Cheap enough for a button's poll."""
    if not context.scene.holirep.take.strip():
        return "There is no take yet: replicate a performance, or open a take"
    if context.mode not in {"OBJECT", "POSE"}:
        return "Go back to Object or Pose Mode first"
    return ""


def assess_shot(context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[str, str]:
    """Assesses a scene's shot and keeps what was found; returns level and sentence."""
    from ..scene.quality_assessing import assess_scene

    manager = context.window_manager
    started = time.perf_counter()
    manager.progress_begin(0, 100)
    try:
        count = assess_scene(context, scene, manager.progress_update)
    except (ValueError, OSError) as error:
        return "ERROR", str(error)
    finally:
        manager.progress_end()
    session.redraw()
    return "INFO", f"{scene.holirep.quality.summary}: {count} frames in {time.perf_counter() - started:.1f} s"


CLASSES = (HOLIREP_OT_assess_quality, HOLIREP_OT_load_quality_gates)
