# SPDX-License-Identifier: GPL-3.0-or-later
"""Re-track Range: another performer for the frames of a weak range, and the whole take solved again with them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

import bpy

from ..scene import shot as shots
from . import session
from .performance import Performance, start_or_wait, why_no_job
from .plate_picking import PersonPicking
from .solve_again import SolveAgain

if TYPE_CHECKING:
    from ..runtime.jobs import Job
    from ..scene.camera_tracks import PlateFrames


class HOLIREP_OT_retrack_range(PersonPicking, bpy.types.Operator):
    """Click the performer: this range is tracked again with them, and the whole take solved again, as a new take"""

    bl_idname = "holirep.retrack_range"
    bl_label = "Re-track Range"
    bl_options = {"REGISTER", "UNDO"}

    row: bpy.props.IntProperty(
        name="Row", description="Row of the list of ranges, from 0; the chosen one where it is not given", min=0,
        options={"SKIP_SAVE"},
    )  # fmt: skip
    frame: bpy.props.IntProperty(
        name="Frame", description="Frame of the plate in which the box lies, for scripts", options={"SKIP_SAVE"}
    )
    box: bpy.props.FloatVectorProperty(
        name="Box",
        description="Left, top, right and bottom of the performer in that frame, in pixels of the plate, for scripts",
        size=4,
        options={"SKIP_SAVE"},
    )

    _frames = (1, 1)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a range, a plate and a runtime, and no job that runs."""
        reason = why_no_job()
        shot = context.scene.holirep
        if not reason and not shot.quality.causes:
            reason = "No ranges are listed: use Assess Quality"
        if not reason and not shot.plate.strip():
            reason = "Choose a plate first: a movie, or one picture of an image sequence"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks the worker who is in the worst frame."""
        if context.area is None or context.area.type != "VIEW_3D":
            self.report({"ERROR"}, "Use it in the sidebar of a 3D view")
            return {"CANCELLED"}
        plate = self._prepared(context)
        return {"CANCELLED"} if plate is None else self.ask_for_frame(context, plate, self.frame)

    def hint(self) -> str:
        """Names the frames that will be tracked."""
        return f"Click the performer for frames {self._frames[0]} to {self._frames[1]} of the plate. Esc: give up"

    def picked(self, context: bpy.types.Context, box: list[float]) -> set[str]:
        """Begins to track the range."""
        self.box = box
        return start_or_wait(self, self._tracking(context), wait=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script, with a box: returns when the new take is made and applied."""
        given = self.properties.is_property_set
        if not given("box"):
            self.report({"ERROR"}, "Give the performer's box in a frame of the range")
            return {"CANCELLED"}
        if self._prepared(context) is None:
            return {"CANCELLED"}
        return start_or_wait(self, self._tracking(context), wait=True)

    def _prepared(self, context: bpy.types.Context) -> Optional[Path]:
        """The plate, once range and frame are known; None where something is wrong, which is reported."""
        from ..scene.quality_retracking import plate_frames

        rows = context.scene.holirep.quality
        index = self.row if self.properties.is_property_set("row") else rows.cause_index
        if not 0 <= index < len(rows.causes):
            self.report({"ERROR"}, "Choose a range in the list first")
            return None
        try:
            first, worst, last = plate_frames(context.scene, rows.causes[index])
            plate = shots.plate_path(context.scene.holirep)
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return None
        self._frames = first, last
        if not self.properties.is_property_set("frame"):
            self.frame = worst
        return plate

    def _tracking(self, context: bpy.types.Context) -> RangeTracking:
        return RangeTracking(context.scene, self._frames, self.frame, list(self.box))


class RangeTracking(Performance):
    """Tracks a range of the plate with another performer, then solves the take again with what was seen there."""

    def __init__(self, scene: bpy.types.Scene, frames: tuple[int, int], frame: int, box: list[float]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="holirep-retrack-")
        super().__init__(scene, out=Path(self._folder.name) / "range.npz")
        self._frames, self._frame, self._box = frames, frame, box
        self._solving: Optional[SolveSpliced] = None

    def finish(self, job: Job) -> bool:
        """Puts what was seen into the take and solves that again; then what Solve Again does."""
        if self._solving is not None:
            return self._solving.finish(job)
        if job.state != "done":
            return super().finish(job)
        if self._find(bpy.data.scenes, self.scene_uid) is None:
            session.report("WARNING", "The scene is gone: another file was opened, or it was deleted. Nothing changed")
            return True
        try:
            self._spliced(Path(job.result["take"])).start()
        except ValueError as error:
            session.report("ERROR", str(error))
        return True

    def run(self, show: Optional[Callable[[Job], None]] = None) -> Job:
        """Both jobs, one after the other."""
        job = super().run(show)
        if job.state != "done":
            return job
        self._solving = self._spliced(Path(job.result["take"]))
        return self._solving.run(show)

    def _must_inspect(self) -> bool:
        return False  # only what is tracked is used, so no lens and no camera is needed

    def _params(self, plate: PlateFrames | None) -> dict[str, Any]:
        person = {"kind": "box", "frame": self._frame, "box": self._box}
        return {**super()._params(plate), "frame_range": list(self._frames), "person": person}

    def _camera(self, _plate: PlateFrames | None) -> dict[str, Any]:
        return {"camera_track": None}

    def _spliced(self, tracked: Path) -> SolveSpliced:
        """What solves the take with the range's observations in place of its own. Raises ValueError: none changed."""
        from ..scene.quality_retracking import write_spliced

        target = tracked.with_name("spliced.npz")
        try:
            write_spliced(Path(bpy.path.abspath(self._shot().take)), tracked, target)
        except (ValueError, OSError) as error:
            raise ValueError(f"The range was tracked, but cannot be put into the take: {error}") from error
        return SolveSpliced(self._find(bpy.data.scenes, self.scene_uid), target, self._folder)


class SolveSpliced(SolveAgain):
    """Solve Again from a take in a folder that lasts as long as this; the shot keeps its take until the new one is."""

    def __init__(self, scene: bpy.types.Scene, take: Path, folder: tempfile.TemporaryDirectory[str]) -> None:
        super().__init__(scene)
        self._spliced_take, self._kept_folder = take, folder

    def _observed(self) -> Path:
        return self._spliced_take


CLASSES = (HOLIREP_OT_retrack_range,)
