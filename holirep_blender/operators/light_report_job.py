# SPDX-License-Identifier: GPL-3.0-or-later
"""The light report as a job: a Blender of its own analyses and renders, and this one waits for it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from . import session
from .other_blender import command_line, save_copy

if TYPE_CHECKING:
    from ..runtime.jobs import Job


class LightReportJob:
    """Writes the report of a scene's environment into a folder; nothing is there before all of it is done."""

    def __init__(self, scene: bpy.types.Scene, folder: Path) -> None:
        from ..scene.quality_lighting import rig_state

        self._scene, self._folder = scene, folder
        self._number, self._rig = scene.session_uid, rig_state(scene)
        self._scratch = Path(tempfile.mkdtemp(prefix="holirep-light-"))

    def start(self) -> None:
        """Saves the copy and starts. Raises ValueError where it cannot be saved."""
        from ..scene.actions import put_back

        copy = self._scratch / "copy.blend"
        light, environment = self._scene.holirep.light, self._scene.holirep.environment
        try:
            with put_back() as before:  # paths that are relative to the file would lead elsewhere from the copy
                before.set(light, hdri=bpy.path.abspath(light.hdri))
                before.set(environment, ball=bpy.path.abspath(environment.ball))
                save_copy(copy)
        except ValueError:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        words = ["light", "--json", "--progress-lines", "--file", str(copy), "--scene", self._scene.name]
        words += ["--report", str(self._folder)]
        params = {"command": command_line(words), "scratch": str(self._scratch)}
        session.follow(session.job_list().submit("light_report", params), self._ended)

    def _ended(self, job: Job) -> bool:
        if job.state == "done":
            from ..scene.quality_lighting import keep_report

            scene = next((each for each in bpy.data.scenes if each.session_uid == self._number), None)
            if scene is not None and scene.is_editable:
                keep_report(scene, self._folder, self._rig)
                bpy.ops.ed.undo_push(message="Light Report")  # else the next undo would take its figures back
            session.report("INFO", f"Wrote {job.result['report']}")
        elif job.state == "cancelled":
            session.report("INFO", "Cancelled: no report was written")
        elif job.error is not None:
            session.report("ERROR", job.error.message, job.error.details.splitlines()[-6:])
        shutil.rmtree(self._scratch, ignore_errors=True)
        return True
