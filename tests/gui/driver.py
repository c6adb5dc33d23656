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


def sidebar_column() -> tuple[int, int, int]:
    """In the screen's pixels, from the top: the middle of the sidebar's buttons, its top and its bottom."""
    found = region("UI")
    height = window().height
    return found.x + int(found.width * 0.42), height - found.y - found.height, height - found.y


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
    return module("session").current()


def start_job() -> None:
    """Presses Replicate Performance without the pointer."""
    with bpy.context.temp_override(window=window(), area=view(), region=region("WINDOW")):
        bpy.ops.holirep.replicate_performance("INVOKE_DEFAULT")


def in_picture(x: float, y: float, width: float, height: float) -> tuple[int, int]:
    """Where on the screen a pixel of a plate is, while that is shown in the 3D view as large as fits, less 4 %."""
    found = region("WINDOW")
    scale = min(found.width / width, found.height / height) * 0.96
    left = found.x + (found.width - width * scale) / 2.0
    top = window().height - found.y - found.height + (found.height - height * scale) / 2.0
    return round(left + x * scale), round(top + y * scale)


class Stalls:
    """How long the main thread did not come back to its events: the gaps between calls of a quick timer.

    Gaps count only while ``active`` holds at both of their ends.
    """

    def __init__(self, active: Callable[[], bool] = lambda: True) -> None:
        self.gaps: list[float] = []
        self._active = active
        self._last = time.perf_counter()
        bpy.app.timers.register(self._tick, persistent=True)

    def _tick(self) -> float:
        now = time.perf_counter()
        if self._active():
            self.gaps.append(now - self._last)
        self._last = now
        return 0.002

    def stop(self) -> list[float]:
        """Ends the measurement; returns the gaps in seconds, the longest first."""
        bpy.app.timers.unregister(self._tick)
        return sorted(self.gaps, reverse=True)


stalls: Stalls | None = None


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
