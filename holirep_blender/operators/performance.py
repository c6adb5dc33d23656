# SPDX-License-Identifier: GPL-3.0-or-later
"""One performance: from the shot to a job, and from the job's result to keys on the character.

Between the two the user goes on working: the file may be closed, steps undone, the character renamed or deleted. So
nothing of Blender's is held, only the numbers by which it is found again.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

import bpy

from .. import preferences
from ..scene import shot as shots
from . import session
from .apply_take import apply_and_report

if TYPE_CHECKING:
    from ..runtime.jobs import Job
    from ..scene.camera_tracks import PlateFrames


def why_no_job() -> str:
    """Why the worker cannot be given anything to do now; empty when it can."""
    if session.active_job() is not None:
        return "A job is running: wait for it or cancel it"
    return preferences.runtime_problem()


def why_not(scene: bpy.types.Scene) -> str:
    """Why no performance can be replicated now; empty when it can."""
    reason = why_no_job()
    if reason:
        return reason
    if not scene.holirep.plate.strip():
        return "Choose a plate first: a movie, or one picture of an image sequence"
    return why_not_shot(scene)


def why_not_shot(scene: bpy.types.Scene) -> str:
    """What is wrong with the shot's character or camera, if they are chosen; empty when nothing is."""
    problem = shots.character_problem(scene) if scene.holirep.character is not None else ""
    return problem or shots.camera_problem(scene)


class Performance:
    """A run of Replicate Performance for one scene, remembered by numbers that undo and renaming do not change."""

    kind = "replicate"
    """The worker's method that makes the take."""

    def __init__(
        self,
        scene: bpy.types.Scene,
        out: Optional[Path] = None,
        device: Optional[str] = None,
        processes: Optional[int] = None,
        weights: Optional[Path] = None,
    ) -> None:
        """What is given takes the place of what the preferences and the worker would choose."""
        shot = scene.holirep
        self._out, self._device, self._processes, self._weights = out, device, processes, weights
        self.scene_uid: int = scene.session_uid
        self.scene_name: str = scene.name
        self.character_uid: Optional[int] = shot.character.session_uid if shot.character else None
        self.character_name: str = shot.character.name if shot.character else ""
        self.loads = session.current().loads
        self.take: Optional[Path] = None
        self.warnings: tuple[str, ...] = ()
        """What the user is to be told of the settings besides what the job tells."""
        self._track_file = Path(bpy.app.tempdir) / f"camera_{uuid.uuid4().hex}.npz"

    def start(self) -> None:
        """Submits the job and returns. Raises ValueError, in the user's words, where a setting is wrong."""
        shot = self._shot()
        params = self._params(None)  # tells at once what is wrong with the settings
        _check_character(shot)
        if self._must_inspect():
            session.follow(session.job_list().submit("inspect_plate", _plate_of(params)), self._inspected)
        else:
            self._submit(params)

    def run(self, show: Optional[Callable[[Job], None]] = None) -> Job:
        """Makes the take and returns when the job has ended: for scripts and the command line."""
        params = self._params(None)
        _check_character(self._shot())
        jobs = session.job_list()
        if self._must_inspect():
            job = jobs.wait(jobs.submit("inspect_plate", _plate_of(params)), show)
            if job.state != "done":
                return job
            params = self._params(_frames(job))
        _make_folder(Path(params["out"]).parent)
        try:
            return jobs.wait(jobs.submit(self.kind, params), show)
        finally:
            self._track_file.unlink(missing_ok=True)

    def finish(self, job: Job) -> bool:
        """Applies the take of a job that has ended. Returns False where it must be asked again later."""
        self._track_file.unlink(missing_ok=True)
        if job.state == "cancelled":
            session.report("INFO", "Cancelled. Nothing was changed")
            return True
        if job.state == "failed":
            message = job.error.message if job.error else "The job failed without saying why"
            session.report("ERROR", message, _details(job))
            return True
        self.take = Path(job.result["take"])
        session.current().waiting_for = waiting = _busy_with("The take is ready")
        if waiting:
            return False
        self._use(job)
        return True

    def _use(self, job: Job) -> None:
        scene = self._find(bpy.data.scenes, self.scene_uid)
        later = f"The take is kept: {self.take}. Open it in the Take panel to apply it"
        tracked = summary(job)
        warnings = [*self.warnings, *job.warnings]
        if scene is None:
            cause = "Another file was opened" if session.current().loads != self.loads else "The scene was deleted"
            session.report("WARNING", f"{cause} while the job ran. {later}", warnings, str(self.take))
            return
        scene.holirep.take = str(self.take)
        if self.character_uid is None:
            session.report("INFO", f"{tracked}. Choose a character to apply it to", warnings, str(self.take))
            return
        character = self._find(bpy.data.objects, self.character_uid)
        if character is None or scene.objects.get(character.name) != character:
            text = f"The character {self.character_name!r} was deleted while the job ran. {later}"
            session.report("WARNING", text, warnings, str(self.take))
            return
        session.report("INFO", tracked, warnings, str(self.take))
        _apply(scene, character)

    def _inspected(self, job: Job) -> bool:
        if job.state != "done":
            return self.finish(job)
        if self._find(bpy.data.scenes, self.scene_uid) is None:
            session.report("WARNING", "Another file was opened before the plate was read. Nothing was changed")
            return True
        if self._shot().camera_kind == "OBJECT":  # reading a camera goes through the scene's frames
            session.current().waiting_for = waiting = _transforming("The plate is read")
            if waiting:
                return False
        try:
            self._submit(self._params(_frames(job)))
        except ValueError as error:
            session.report("ERROR", str(error))
        return True

    def _submit(self, params: dict[str, Any]) -> None:
        _make_folder(Path(params["out"]).parent)
        session.follow(session.job_list().submit(self.kind, params), self.finish)

    def _must_inspect(self) -> bool:
        """Whether the plate must be known, to turn millimetres into pixels or to read a camera in its frames."""
        shot = self._shot()
        return bool(shot.camera_kind == "OBJECT" or shot.focal_kind == "MILLIMETRES")

    def _params(self, plate: PlateFrames | None) -> dict[str, Any]:
        shot = self._shot()
        out = self._out or shots.new_take_path(preferences.takes_folder(), shots.plate_path(shot))
        size = None if plate is None else plate.size
        params = shots.replicate_params(shot, self._device_name(), out, size)
        return {**params, **self._camera(plate), "processes": self._processes, "weights": self._weights_path()}

    def _device_name(self) -> str:
        return self._device or preferences.settings().device

    def _weights_path(self) -> str | None:
        """The file of the network's weights where they are not HoliRep's own."""
        return str(self._weights or preferences.settings().weights_file or "") or None

    def _camera(self, plate: PlateFrames | None) -> dict[str, Any]:
        settings, self.warnings = shots.camera_settings(self._shot(), plate, self._track_file)
        return settings

    def _shot(self) -> bpy.types.PropertyGroup:
        return self._find(bpy.data.scenes, self.scene_uid).holirep

    @staticmethod
    def _find(collection: Any, uid: int) -> Any:
        return next((item for item in collection if item.session_uid == uid), None)


def start_or_wait(operator: bpy.types.Operator, performance: Performance, wait: bool) -> set[str]:
    """What an operator that makes a take does: starts the job, or for a script returns when all is done."""
    try:
        if not wait:
            performance.start()
            return {"FINISHED"}
        job = performance.run()
    except ValueError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    if not performance.finish(job):
        operator.report({"WARNING"}, f"{session.current().waiting_for}. The take is kept: {performance.take}")
        if not bpy.app.background:
            session.follow(job, performance.finish)
        return {"CANCELLED"}
    outcome = session.current().outcome
    if outcome is not None:
        operator.report({outcome.level}, outcome.message)
    return {"FINISHED"} if job.state == "done" else {"CANCELLED"}


def _apply(scene: bpy.types.Scene, character: bpy.types.Object) -> None:
    """Applies as the operator does, with an undo step of its own after one that holds the take's path."""
    windows = bpy.context.window_manager.windows
    override: dict[str, Any] = {"scene": scene, "view_layer": scene.view_layers[0]}
    if windows:
        override["window"] = next((window for window in windows if window.scene == scene), windows[0])
    with bpy.context.temp_override(**override):
        if not bpy.app.background:
            bpy.ops.ed.undo_push(message="HoliRep Take")
        level, _text = apply_and_report(bpy.context, scene, character)
        if not bpy.app.background and level != "ERROR":
            bpy.ops.ed.undo_push(message="Apply Take")


def _check_character(shot: bpy.types.PropertyGroup) -> None:
    from ..scene.shot_take import check_shot_character

    if shot.character is not None:
        check_shot_character(shot)


def _busy_with(ready: str) -> str:
    """What keeps the take from being applied just now; empty when nothing does.

    Keys must not be written under a running transform, nor in Edit Mode, whose undo steps do not hold them.
    """
    for window in bpy.context.window_manager.windows:
        active = window.view_layer.objects.active
        if active is not None and active.mode not in {"OBJECT", "POSE"}:
            return f"{ready}: go back to Object or Pose Mode to have it applied"
    return _transforming(ready)


def _transforming(ready: str) -> str:
    """Which running operator would be disturbed if the scene changed just now; empty when none would."""
    for window in bpy.context.window_manager.windows:
        for operator in window.modal_operators:
            if operator.bl_options & {"BLOCKING", "GRAB_CURSOR"}:
                return f"{ready} and waits for {operator.bl_label} to end"
    return ""


def _frames(job: Job) -> PlateFrames:
    from ..scene.camera_tracks import PlateFrames

    return PlateFrames.inspected(job.result)


def _plate_of(params: dict[str, Any]) -> dict[str, Any]:
    """What the worker is told of the plate where it shall only look at it."""
    return {name: params[name] for name in ("plate", "sequence_fps", "frame_range")}


def summary(job: Job) -> str:
    """What came out of the job, in a sentence."""
    result = job.result
    if job.kind == "solve":
        return f"Solved {result['frames']} frames again in {result['seconds']:.1f} s"
    return f"{result['tracked_frames']} of {result['frames']} frames tracked in {result['seconds']:.1f} s"


def _details(job: Job) -> list[str]:
    """The end of the worker's log: shown only where the message alone may not be enough."""
    if job.error is None or job.error.kind in {"plate", "setting", "disk"}:
        return []
    return (job.error.details.splitlines() or job.log_tail)[-6:]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"The takes folder {folder} cannot be made ({error.strerror}). Choose another one in the preferences"
        ) from error
