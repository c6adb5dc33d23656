# SPDX-License-Identifier: GPL-3.0-or-later
"""Shadows as a job: a Blender of its own bakes them on a copy of the file, and this one waits for it.

A render inside of this Blender would keep the artist from working: scenes and objects cannot be changed while it runs.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import bpy

from . import session
from .other_blender import command_line, save_copy

if TYPE_CHECKING:
    from ..runtime.jobs import Job


def why_not(scene: bpy.types.Scene, camera: bool = True) -> str:
    """Why shadows cannot be baked now; empty where they can. Passes need a ``camera``, meshes none."""
    if session.active_job() is not None:
        return "A job is running: wait for it or cancel it"
    if camera and scene.camera is None:
        return "The scene has no camera: add one, or apply a take with its solved camera"
    return ""


def folder_of(scene: bpy.types.Scene) -> Path:
    """The folder of the passes. Raises ValueError, in the user's words, where it is not known."""
    text = scene.holirep.shadow.out.strip()
    if not text:
        raise ValueError("Choose the folder that the passes are written into")
    if text.startswith("//") and not bpy.data.filepath:
        raise ValueError(f"The folder {text} is beside the file, which is not saved yet: save it, or choose another")
    return Path(bpy.path.abspath(text)).absolute()


def frames_of(scene: bpy.types.Scene) -> tuple[int, int]:
    """First and last frame to bake. Raises ValueError where they change places."""
    shadow = scene.holirep.shadow
    first, last = (shadow.first, shadow.last) if shadow.use_range else (scene.frame_start, scene.frame_end)
    if last < first:
        raise ValueError(f"The range ends at frame {last}, before it begins at frame {first}")
    return first, last


class ShadowJob:
    """The job: the passes, or with ``onto`` what is baked onto meshes."""

    def __init__(self, scene: bpy.types.Scene, onto: Optional[list[bpy.types.Object]] = None) -> None:
        self._scene_id = scene.session_uid
        self._out = folder_of(scene)
        self._onto = onto
        self._loads = session.current().loads
        self._scratch = Path(tempfile.mkdtemp(prefix="holirep-shadows-"))
        self._keep = Path(tempfile.mkdtemp(prefix="holirep-surfaces-")) / "surfaces.npz" if onto is not None else None
        self._params = {"command": self._command(scene), "scratch": str(self._scratch)}

    def _command(self, scene: bpy.types.Scene) -> list[str]:
        shadow = scene.holirep.shadow
        words = ["bake-shadows", "--json", "--progress-lines", "--file", str(self._scratch / "copy.blend")]
        words += ["--scene", scene.name, "--samples", str(shadow.samples), "--device", shadow.device]
        if self._onto is None:
            first, last = frames_of(scene)
            words += [f"--range={first}-{last}", "--out", str(self._out), "--resolution", str(shadow.resolution)]
            words += ["--plate-gain", str(shadow.plate_gain)]
            words += ["--denoise"] * shadow.denoise + ["--again"] * shadow.again + ["--slim"] * shadow.slim
        else:
            frame = scene.frame_current
            words += [f"--range={frame}-{frame}", "--onto", ",".join(each.name for each in self._onto)]
            words += ["--kind", shadow.kind, "--size", str(shadow.size), "--keep", str(self._keep)]
            words += ["--out", str(self._out)] if shadow.target == "PICTURE" else []
        return command_line(words)

    def start(self) -> None:
        """Saves the copy and starts. Raises ValueError where it cannot be saved."""
        try:
            save_copy(self._scratch / "copy.blend")
        except ValueError:
            self._clean()
            raise
        session.follow(session.job_list().submit("bake_shadows", self._params), self._ended)

    def _ended(self, job: Job) -> bool:
        try:
            if job.state == "done":
                self._done(job.result)
            elif job.state == "cancelled":
                session.report("INFO", "Cancelled. Finished frames are kept, and the next bake goes on from them")
            elif job.error is not None:
                session.report("ERROR", job.error.message, job.error.details.splitlines()[-6:])
        finally:
            self._clean()
        return True

    def _done(self, result: dict[str, Any]) -> None:
        scene = next((each for each in bpy.data.scenes if each.session_uid == self._scene_id), None)
        if scene is None or session.current().loads != self._loads:
            session.report("INFO", f"The shadows were baked, for a scene that is not open any more: {self._out}")
            return
        if self._keep is not None:
            from ..scene.shadow_surfaces import keep_surfaces, read_surfaces

            keep_surfaces(read_surfaces(self._keep))
            bpy.ops.ed.undo_push(message="Bake Shadows onto Meshes")
        show_result(scene, result)
        session.report("INFO", str(result["summary"]), list(result["notes"]))

    def _clean(self) -> None:
        from ..scene.shadow_bake import clear_partials

        clear_partials(self._out)  # the other Blender may have been ended while it wrote
        shutil.rmtree(self._scratch, ignore_errors=True)
        if self._keep is not None:
            shutil.rmtree(self._keep.parent, ignore_errors=True)


def show_result(scene: bpy.types.Scene, result: dict[str, Any]) -> None:
    """Keeps what a bake did, for the panel."""
    shadow = scene.holirep.shadow
    shadow.summary, shadow.notes = str(result["summary"]), "\n".join(result["notes"])
    contacts = result.get("contacts")
    if contacts is not None:
        checked = int(contacts["checked"])
        shadow.contact_share = min(len(contacts["failing"]) / checked, 1.0) if checked else -1.0
    if result.get("passes"):
        shadow.baked = str(result["out"])
