# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Lighting: the environment becomes lamps and a residual."""

from __future__ import annotations

from typing import Any, Optional

import bpy

from . import session
from .light_task import LightTask

_LOOK_SECONDS = 0.05
_running: Optional[LightTask] = None


def running_task() -> Optional[LightTask]:
    """The light that is being matched, for the panel and the status bar."""
    return _running


class HOLIREP_OT_match_lighting(bpy.types.Operator):
    """Turn the environment into lamps that can be grabbed, and keep the rest of it as the world; it lights as before"""

    bl_idname = "holirep.match_lighting"
    bl_label = "Match Lighting"
    bl_options = {"REGISTER", "UNDO"}

    _task: Optional[LightTask] = None
    _timer: Any = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs Object Mode: objects are added."""
        if _running is not None:
            cls.poll_message_set("Light is being matched: wait for it or cancel it")
            return False
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: builds the rig and says what was found."""
        from ..scene.light_shot import EnvironmentMapError, match_lighting

        try:
            return self._told(match_lighting(context.scene))
        except EnvironmentMapError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button: the interface stays free, and Esc leaves all as it was."""
        global _running
        from ..scene.light_shot import matching

        if bpy.app.background or context.window is None:
            return self.execute(context)
        self._task = _running = LightTask(matching(context.scene))
        self._timer = context.window_manager.event_timer_add(_LOOK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Looks how far the calculation is; all that is not Esc goes on to the interface."""
        from ..scene.light_shot import EnvironmentMapError

        playing = context.screen is not None and context.screen.is_animation_playing
        if event.type == "ESC" and event.value == "PRESS" and not playing:
            self._task.cancel()
        if self._task.cancelled:
            self._close(context)
            self.report({"INFO"}, "Cancelled: the light is as it was")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if self._task.waits and _in_use(context):
            return {"PASS_THROUGH"}
        try:
            done = self._task.advance()
        except EnvironmentMapError as error:
            return self._failed(context, str(error))
        except MemoryError:
            return self._failed(context, "The environment is too large for this computer's memory: use a smaller map")
        except BaseException:
            self._close(context)
            raise
        if not done:
            session.redraw()
            return {"PASS_THROUGH"}
        matched = self._task.result
        self._close(context)
        return self._told(matched)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, because a file is loaded or the window closed."""
        self._close(context)

    def _failed(self, context: bpy.types.Context, message: str) -> set[str]:
        self._close(context)
        self.report({"ERROR"}, message)
        return {"CANCELLED"}

    def _told(self, matched: Any) -> set[str]:
        for warning in matched.warnings:
            self.report({"WARNING"}, warning)
        self.report({"INFO"}, matched.sentence)
        return {"FINISHED"}

    def _close(self, context: bpy.types.Context) -> None:
        global _running
        if self._task is not None:
            self._task.cancel()
        self._task = _running = None
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        session.redraw()


class HOLIREP_OT_cancel_matching(bpy.types.Operator):
    """Stop matching the light; the scene is as it was"""

    bl_idname = "holirep.cancel_matching"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while light is matched."""
        return _running is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Match Lighting itself sees it at its next look."""
        if _running is not None:
            _running.cancel()
        return {"FINISHED"}


def _in_use(context: bpy.types.Context) -> bool:
    """Whether the scene must not change now: something is dragged, or edited in a mode of its own."""
    others = [one for one in context.window.modal_operators if one.bl_idname != "HOLIREP_OT_match_lighting"]
    return bool(others) or context.mode != "OBJECT"


CLASSES = (HOLIREP_OT_match_lighting, HOLIREP_OT_cancel_matching)
