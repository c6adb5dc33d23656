# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Clean Plate: pictures that take the performer out of the plate, from the plate's own other frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..scene import shot as shots
from . import session
from .performance import why_no_job
from .shadow_job import folder_of

if TYPE_CHECKING:
    from ..runtime.jobs import Job


def why_not(scene: bpy.types.Scene) -> str:
    """Why no clean plate can be made now; empty when it can."""
    reason = why_no_job()
    if not reason and not scene.holirep.take.strip():
        reason = "The take says where the performer is: replicate a performance first, or open its take"
    return reason


def params_of(scene: bpy.types.Scene) -> dict[str, Any]:
    """The ``clean_plate`` request of a scene's shot. Raises ValueError, in the user's words, where something lacks."""
    shot = scene.holirep
    return {
        "take": bpy.path.abspath(shot.take.strip()),
        "plate": str(shots.plate_path(shot)),
        "sequence_fps": shots.sequence_fps(shot),
        "frame_range": None,
        "folder": str(folder_of(scene)),
    }


def summary(result: dict[str, Any]) -> str:
    """What was made, in a sentence."""
    count = result["count"]
    return f"Took the performer out of {count} {'frame' if count == 1 else 'frames'}: {result['folder']}"


class HOLIREP_OT_make_clean_plate(bpy.types.Operator):
    """Take the performer and their shadow out of the plate, with what other frames show behind them"""

    bl_idname = "holirep.make_clean_plate"
    bl_label = "Make Clean Plate"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a runtime and a take, and no job that runs."""
        reason = why_not(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button: starts the job and returns; the interface stays free."""
        return self._run(context.scene, wait=bpy.app.background)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: returns when the pictures are there."""
        return self._run(context.scene, wait=True)

    def _run(self, scene: bpy.types.Scene, wait: bool) -> set[str]:
        try:
            params = params_of(scene)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        cleaning = _Cleaning(scene, Path(params["folder"]))
        jobs = session.job_list()
        job = jobs.submit("clean_plate", params)
        if not wait:
            session.follow(job, cleaning.ended)
            return {"FINISHED"}
        jobs.wait(job)
        cleaning.ended(job)
        outcome = session.current().outcome
        if outcome is not None:
            self.report({outcome.level}, outcome.message)
        return {"FINISHED"} if job.state == "done" else {"CANCELLED"}


class _Cleaning:
    """A run for one scene, remembered by numbers that undo and renaming do not change."""

    def __init__(self, scene: bpy.types.Scene, folder: Path) -> None:
        self._scene_id = scene.session_uid
        self._loads = session.current().loads
        self._folder = folder

    def ended(self, job: Job) -> bool:
        """Shows the pictures in the panel; what the artist works on is left alone."""
        if job.state == "cancelled":
            session.report("INFO", f"Cancelled. The pictures that were finished are kept: {self._folder}")
        elif job.state == "failed":
            session.report("ERROR", job.error.message if job.error else "The job failed without saying why")
        else:
            text = summary(job.result)
            scene = next((each for each in bpy.data.scenes if each.session_uid == self._scene_id), None)
            if scene is None or session.current().loads != self._loads:
                session.report("INFO", f"{text}, for a scene that is not open any more", list(job.warnings))
                return True
            scene.holirep.shadow.clean = str(job.result["first"])
            if not bpy.app.background:
                bpy.ops.ed.undo_push(message="Make Clean Plate")
            session.report("INFO", f"{text}. Set Up Compositor puts them over the plate", list(job.warnings))
        return True


CLASSES = (HOLIREP_OT_make_clean_plate,)
