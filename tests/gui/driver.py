# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside Blender: does what the test asks through files, and measures how long the main thread is busy."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

import bpy
from mathutils import Euler

BRIDGE = Path(os.environ["BRIDGE"])
driver = sys.modules[__name__]
_done = 0


def window() -> bpy.types.Window:
    """Blender's window."""
    return bpy.context.window_manager.windows[0]


def view() -> bpy.types.Area:
    """The largest 3D view."""
    areas = [area for area in window().screen.areas if area.type == "VIEW_3D"]
    return max(areas, key=lambda area: area.width * area.height)


def region(kind: str) -> bpy.types.Region:
    """A region of the 3D view."""
    return next(found for found in view().regions if found.type == kind)


def sidebar_column(across: float) -> tuple[int, int, int]:
    """In the screen's pixels, from the top: a column of the sidebar (0..1 of its width), its top and its bottom."""
    found = region("UI")
    height = window().height
    return found.x + int(found.width * across), height - found.y - found.height, height - found.y


def under_pointer() -> str:
    """The Python command of the button under the pointer; empty where there is none."""
    context = bpy.context
    context.window_manager.clipboard = ""
    with context.temp_override(window=window(), area=view(), region=region("UI")):
        if bpy.ops.ui.copy_python_command_button.poll():
            bpy.ops.ui.copy_python_command_button()
    return context.window_manager.clipboard


def module(name: str) -> ModuleType | None:
    """A module of the extension; None while it is not loaded."""
    return sys.modules.get(f"bl_ext.user_default.holirep.{name}")


def session() -> Any:
    """The extension's session."""
    return module("operators.session").current()


def call(name: str) -> None:
    """Presses a button without the pointer."""
    module_name, operator = name.split(".")
    with bpy.context.temp_override(window=window()):
        getattr(getattr(bpy.ops, module_name), operator)("INVOKE_DEFAULT")


def show_preferences() -> None:
    """Opens the preferences at the extension."""
    with bpy.context.temp_override(window=window()):
        bpy.ops.preferences.addon_show(module="bl_ext.user_default.holirep")


def close_preferences() -> None:
    """Closes the window of the preferences."""
    for found in list(bpy.context.window_manager.windows)[1:]:
        with bpy.context.temp_override(window=found):
            bpy.ops.wm.window_close()


def open_only(names: list[str]) -> None:
    """Lets only these of the extension's panels be open when the sidebar is shown for the first time."""
    panels = [getattr(bpy.types, name) for name in dir(bpy.types) if name.startswith("HOLIREP_PT_")]
    panels.sort(key=lambda panel: hasattr(panel, "bl_parent_id"))
    for panel in reversed(panels):
        bpy.utils.unregister_class(panel)
    for panel in panels:
        kept = set(getattr(panel, "bl_options", set())) - {"DEFAULT_CLOSED"}
        panel.bl_options = kept if panel.__name__ in names else kept | {"DEFAULT_CLOSED"}
        bpy.utils.register_class(panel)


def look_at_character() -> None:
    """Shows the character from the front, large."""
    character = window().scene.holirep.character
    with bpy.context.temp_override(window=window(), area=view(), region=region("WINDOW")):
        bpy.ops.object.select_all(action="DESELECT")
        character.select_set(True)
        window().view_layer.objects.active = character
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    view().spaces.active.overlay.show_bones = False


def look_from_above(distance: float = 3.2) -> None:
    """Shows the character and the floor around it from above and in front."""
    space = view().spaces.active.region_3d
    space.view_perspective = "PERSP"
    space.view_rotation = Euler((1.0, 0.0, 0.6)).to_quaternion()
    space.view_location = window().scene.holirep.character.pose.bones["hips"].head * 0.8
    space.view_distance = distance


def in_picture(x: float, y: float, width: int, height: int) -> tuple[int, int]:
    """Where on the screen a pixel of a plate is, while that is shown for picking."""
    found = region("WINDOW")
    left, bottom, scale = module("operators.frame_picture").picture_place(view(), (width, height))
    return round(found.x + left + x * scale), round(window().height - found.y - bottom - (height - y) * scale)


class Stalls:
    """How long the main thread did not come back to its events: the gaps between calls of a quick timer.

    Gaps count only while ``active`` holds at both of their ends.
    """

    def __init__(self, active: Callable[[], bool] = lambda: True) -> None:
        self.gaps: list[float] = []
        self._active = active
        self._last = time.perf_counter()
        self._timer = self._tick  # a timer is known by its object, and each self._tick is a new one
        bpy.app.timers.register(self._timer, persistent=True)

    def _tick(self) -> float:
        now = time.perf_counter()
        if self._active():
            self.gaps.append(now - self._last)
        self._last = now
        return 0.002

    def stop(self) -> list[float]:
        """Ends the measurement; returns the gaps in seconds, the longest first."""
        bpy.app.timers.unregister(self._timer)
        return sorted(self.gaps, reverse=True)


class OwnTime:
    """How long each call of the extension's own code on the main thread takes: its timer and what it draws."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        session_module = module("operators.session")
        if bpy.app.timers.is_registered(session_module._tick):
            bpy.app.timers.unregister(session_module._tick)
        session_module._tick = self._timed("timer", session_module._tick)
        for name in dir(bpy.types):
            if name.startswith("HOLIREP_PT_"):
                panel = getattr(bpy.types, name)
                panel.draw = self._timed_draw(name, panel.draw)
        header = bpy.types.STATUSBAR_HT_header.draw._draw_funcs
        header[:] = [self._timed_draw("status bar", draw) if "holirep" in draw.__module__ else draw for draw in header]

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            result = function(*arguments)
            if module("operators.session").active_job() is not None:
                self.seconds.setdefault(name, []).append(time.perf_counter() - started)
            return result

        return timed

    def _timed_draw(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        timed = self._timed(name, function)

        def draw(self: Any, context: bpy.types.Context) -> None:  # Blender counts the arguments
            timed(self, context)

        return draw


def only_text_editors() -> None:
    """Leaves nothing on the window that a job has redrawn: a software renderer takes long for a whole window."""
    for area in window().screen.areas:
        area.type = "TEXT_EDITOR"
    window().screen.show_statusbar = False


stalls: Stalls | None = None
own: OwnTime | None = None


def _serve() -> float:
    global _done
    command = BRIDGE / f"{_done + 1}.py"
    if command.exists():
        _done += 1
        names = {"bpy": bpy, "driver": driver, "result": None}
        try:
            exec(command.read_text(), names)
            answer = json.dumps({"result": names["result"]})
        except Exception:
            answer = json.dumps({"error": traceback.format_exc()})
        partial = BRIDGE / f"{_done}.partial"
        partial.write_text(answer)
        partial.rename(BRIDGE / f"{_done}.json")
    return 0.02


bpy.context.preferences.view.show_splash = False
bpy.context.preferences.view.ui_scale = 1.0
bpy.app.timers.register(_serve, first_interval=0.1, persistent=True)
