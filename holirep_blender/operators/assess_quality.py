# SPDX-License-Identifier: GPL-3.0-or-later
"""Assess Quality: how good the shot is, frame by frame, and what pulls it down."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from . import session

if TYPE_CHECKING:
    from ..scene.quality_assessing import Assessing

_LOOK_SECONDS = 0.05


class Measuring:
    """An assessment in a thread of its own; what is given up is not kept when it ends."""

    def __init__(self, scene: bpy.types.Scene, assessing: Assessing) -> None:
        self.scene_uid: int = scene.session_uid
        self.assessing = assessing
        self.quality: Any = None
        self.error: BaseException | None = None
        self.since = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether there is a result, or an error."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.quality = self.assessing.measured()
        except BaseException as error:  # told in the main thread
            self.error = error


_running: Measuring | None = None


def running() -> Measuring | None:
    """The assessment that runs, for the panel."""
    return _running


class HOLIREP_OT_assess_quality(bpy.types.Operator):
    """Measure how good take and motion are: scores, figures, and the ranges that pull them down. No key is changed"""

    bl_idname = "holirep.assess_quality"
    bl_label = "Assess Quality"
    bl_options = {"REGISTER", "UNDO"}

    _timer = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take; the rest is left out where it is not there."""
        reason = why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button: the interface stays free, and Esc gives up."""
        global _running
        from ..scene.quality_assessing import gathered

        if bpy.app.background or context.window is None:
            return self.execute(context)
        try:
            _running = Measuring(context.scene, gathered(context, context.scene))
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_LOOK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        session.redraw()
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Looks whether it has ended; all that is not Esc goes on to the interface."""
        job = _running
        if job is None:  # the extension was switched off and on meanwhile
            self._close(context)
            return {"CANCELLED"}
        playing = context.screen is not None and context.screen.is_animation_playing
        if event.type == "ESC" and event.value == "PRESS" and not playing:
            self._close(context)
            self.report({"INFO"}, "Cancelled: the last assessment stays")
            return {"CANCELLED"}
        if event.type != "TIMER" or not job.ended:
            return {"PASS_THROUGH"}
        self._close(context)
        if job.error is not None:
            raise job.error
        scene = next((scene for scene in bpy.data.scenes if scene.session_uid == job.scene_uid), None)
        if scene is None:
            self.report({"WARNING"}, "The scene was deleted while it was assessed")
            return {"CANCELLED"}
        text = job.assessing.keep(scene, job.quality)
        self.report({"INFO"}, f"{text} in {time.monotonic() - job.since:.1f} s")
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: returns when all is listed."""
        from ..scene.quality_assessing import gathered

        started = time.monotonic()
        try:
            assessing = gathered(context, context.scene)
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        text = assessing.keep(context.scene, assessing.measured())
        self.report({"INFO"}, f"{text} in {time.monotonic() - started:.1f} s")
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, because a file is loaded or the window closed."""
        self._close(context)

    def _close(self, context: bpy.types.Context) -> None:
        global _running
        _running = None
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        session.redraw()


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
    if _running is not None:
        return "A shot is being assessed: wait for it, or press Esc"
    if not context.scene.holirep.take.strip():
        return "There is no take yet: replicate a performance, or open a take"
    if context.mode not in {"OBJECT", "POSE"}:
        return "Go back to Object or Pose Mode first"
    return ""


CLASSES = (HOLIREP_OT_assess_quality, HOLIREP_OT_load_quality_gates)
