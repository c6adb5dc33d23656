# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators share in which a frame of the plate is shown and clicked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import bpy

from ..scene import shot as shots
from . import session

if TYPE_CHECKING:
    from ..runtime.jobs import Job
    from .frame_picture import FramePicture


class PlatePicking:
    """Asks the worker for a frame and the people in it, shows it, and cleans up whatever way it ends."""

    # Blender evaluates the annotations of its classes, so the types of these are not written here.
    _job = None
    _picture = None
    _folder = None
    _timer = None

    def ask_for_frame(self, context: bpy.types.Context, plate: Path, frame: int) -> set[str]:
        """Submits the job and begins to listen to events."""
        self._folder = tempfile.TemporaryDirectory(prefix="holirep-frame-")
        params = {
            "plate": str(plate),
            "sequence_fps": shots.sequence_fps(context.scene.holirep),
            "frame": frame,
            "picture": str(Path(self._folder.name) / "frame.png"),
        }
        self._job = session.job_list().submit("find_people", params)
        session.follow(self._job, self._found)
        self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def awaited(self, context: bpy.types.Context) -> Optional[set[str]]:
        """What an event comes to while the frame is not there, or if it will never be; None once it is."""
        if not self._job.finished:
            return {"PASS_THROUGH"}
        if self._job.state != "done" or context.area is None:
            self._close(context)
            return {"CANCELLED"}
        return None

    def show_frame(self, context: bpy.types.Context, people: list[dict[str, Any]], hint: str) -> FramePicture:
        """Shows the frame that the worker wrote, with a box around each of ``people``, and a hint in the status bar."""
        from .frame_picture import FramePicture  # needs the interface's graphics

        self._picture = FramePicture(context, Path(self._job.params["picture"]), people)
        context.workspace.status_text_set(hint)
        return self._picture

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, because a file is loaded or the window closed."""
        self._close(context)

    def _found(self, job: Job) -> bool:
        if job.state == "failed" and job.error is not None:
            session.report("ERROR", job.error.message)
        return True

    def _close(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        if self._picture is not None:
            self._picture.close()
            self._picture = None
            context.workspace.status_text_set(None)
        if self._job is not None and not self._job.finished:
            session.job_list().cancel(self._job)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


class PersonPicking(PlatePicking):
    """A click on one of the people in the frame that was asked for; ``picked`` is told the box."""

    def hint(self) -> str:
        """What the status bar says meanwhile."""
        return "Click the performer. Esc or right click: give up"

    def picked(self, context: bpy.types.Context, box: list[float]) -> set[str]:
        """What the operator does with the person's box in pixels of the plate, once the frame is no longer shown."""
        raise NotImplementedError

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Waits for the worker; then the first click on a person chooses them, Esc or the right button gives up."""
        waiting = self.awaited(context)
        if waiting is not None:
            return waiting
        if self._picture is None:
            job = self._job
            people = job.result["people"]
            if not people:
                frame = job.params["frame"]
                self.report({"WARNING"}, f"Nobody was found in frame {frame} of the plate: try another frame")
                self._close(context)
                return {"CANCELLED"}
            self.show_frame(context, people, self.hint())
            return {"RUNNING_MODAL"}
        if event.type == "MOUSEMOVE":
            self._picture.point_at(event.mouse_x, event.mouse_y)
        elif event.type in {"ESC", "RIGHTMOUSE"}:
            self._close(context)
            return {"CANCELLED"}
        elif event.type == "LEFTMOUSE" and event.value == "PRESS":
            box = self._picture.box_at(event.mouse_x, event.mouse_y)
            if box is not None:
                self._close(context)
                return self.picked(context, box)
        return {"RUNNING_MODAL"}
