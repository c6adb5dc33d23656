# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve Again: another method, smoothing, lens or height, from what the tracker saw the first time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from .. import preferences
from ..scene import shot as shots
from .performance import Performance, start_or_wait, why_no_job, why_not_shot

if TYPE_CHECKING:
    from ..scene.camera_tracks import PlateFrames


class HOLIREP_OT_solve_again(bpy.types.Operator):
    """Solve the take anew with the settings under Solve, without tracking again, and write it as a new take"""

    bl_idname = "holirep.solve_again"
    bl_label = "Solve Again"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take and a runtime, and no job that runs."""
        reason = why_no_job()
        if not reason and not context.scene.holirep.take:
            reason = "There is no take yet: replicate a performance, or open a take"
        reason = reason or why_not_shot(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button or a key: starts the job and returns; the interface stays free."""
        return start_or_wait(self, SolveAgain(context.scene), wait=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: returns when the take is made and applied."""
        return start_or_wait(self, SolveAgain(context.scene), wait=True)


class SolveAgain(Performance):
    """A run of Solve Again: as Replicate Performance, from the shot's take instead of its plate."""

    kind = "solve"

    def _must_inspect(self) -> bool:
        return False  # the take knows the plate's size and frames

    def _observed(self) -> Path:
        """The take whose observations are solved."""
        return Path(bpy.path.abspath(self._shot().take))

    def _params(self, _plate: PlateFrames | None) -> dict[str, Any]:
        from ..scene.shot_take import plate_frames_of

        shot = self._shot()
        named = Path(bpy.path.abspath(shot.take))
        named = named.with_name(named.stem.rsplit(".", 1)[0])
        take = self._observed()
        out = self._out or shots.new_take_path(preferences.takes_folder(), named)
        plate, given = plate_frames_of(take)
        settings = {**shots.solve_settings(shot, plate.size), **self._camera(plate)}
        if given and shot.camera_kind == "SOLVED":
            self.warnings = ("The camera's track that the take was solved with counts again",)
        computing = {"device": self._device_name(), "weights": self._weights_path()}
        return {"take": str(take), **settings, **computing, "out": str(out)}


CLASSES = (HOLIREP_OT_solve_again,)
