# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch: the open shot into a list, the list run by another Blender, and its results."""

from __future__ import annotations

from pathlib import Path

import bpy

from . import batch_run


def list_path(scene: bpy.types.Scene) -> Path | None:
    """The shot list that the scene names; None where it names none, or one beside a file that was never saved."""
    text = scene.holirep.batch.list_file.strip()
    if not text or (text.startswith("//") and not bpy.data.filepath):
        return None
    return Path(bpy.path.abspath(text))


def results_of(scene: bpy.types.Scene) -> Path | None:
    """The page about the last batch, or of the list that the scene names; None where there is none yet."""
    run = batch_run.current()
    path = list_path(scene)
    folders = [Path(run.output)] if run is not None and run.output else []
    if path is not None:
        folders += [path / "_output" if path.is_dir() else path.with_name(f"{path.stem}_output")]
    return next((folder / "summary.html" for folder in folders if (folder / "summary.html").is_file()), None)


class HOLIREP_OT_batch_add_shot(bpy.types.Operator):
    """Put the open file's shot at the end of the shot list, with plate, performer, character and environment"""

    bl_idname = "holirep.batch_add_shot"
    bl_label = "Add Open Shot"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a list."""
        if list_path(context.scene) is None:
            cls.poll_message_set("Name a shot list first, or save the file")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Appends the text; the rest of the list stays as it is."""
        from ..batch.list_text import add_shot
        from ..batch.problems import ListErrors
        from ..batch.reading import read_list
        from ..scene.shot_entry import EntryError, shot_entry

        path = list_path(context.scene)
        if path.suffix.lower() != ".toml":
            self.report({"ERROR"}, f"Shots can be added to a TOML list only: write it into {path.name} yourself")
            return {"CANCELLED"}
        try:
            values = shot_entry(context.scene)
            # A list that somebody is still writing may have other faults; they are told when it is run.
            names = {shot.name.lower() for shot in read_list(path, found=[]).shots} if path.is_file() else set()
            if values["name"].lower() in names:
                self.report({"ERROR"}, f"{path.name} has a shot {values['name']} already: change it there")
                return {"CANCELLED"}
            add_shot(path, values)
        except (EntryError, ListErrors) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"{path} cannot be written: {error.strerror or error}")
            return {"CANCELLED"}
        self.report({"INFO"}, f"Added {values['name']} to {path.name}: {', '.join(values['do'])}")
        return {"FINISHED"}


class HOLIREP_OT_batch_run(bpy.types.Operator):
    """Run the shot list in another Blender while you go on working. What is finished and did not change is skipped"""

    bl_idname = "holirep.batch_run"
    bl_label = "Run Batch"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a list that is there, and no batch that runs."""
        run = batch_run.current()
        path = list_path(context.scene)
        if run is not None and run.active:
            cls.poll_message_set("A batch is running: wait for it or cancel it")
            return False
        if path is None or not path.exists():
            cls.poll_message_set("Choose a shot list that is there, or add the open shot to begin one")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Starts it and returns."""
        batch = context.scene.holirep.batch
        try:
            batch_run.start(list_path(context.scene), batch.jobs, batch.stop_on_error)
        except OSError as error:
            self.report({"ERROR"}, f"Blender could not be started for the batch: {error}")
            return {"CANCELLED"}
        return {"FINISHED"}


class HOLIREP_OT_batch_cancel(bpy.types.Operator):
    """End the batch. Finished stages stay, and it goes on where it was when it is run again"""

    bl_idname = "holirep.batch_cancel"
    bl_label = "Cancel Batch"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while one runs."""
        run = batch_run.current()
        if run is None or not run.active:
            cls.poll_message_set("No batch is running")
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Asks it to end."""
        batch_run.cancel()
        return {"FINISHED"}


class HOLIREP_OT_batch_open_results(bpy.types.Operator):
    """Open the batch's page in the web browser: a picture for each shot, its files, and what failed"""

    bl_idname = "holirep.batch_open_results"
    bl_label = "Open Results"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a page."""
        if results_of(context.scene) is None:
            cls.poll_message_set("There are no results of this list yet")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Opens it."""
        bpy.ops.wm.url_open(url=results_of(context.scene).as_uri())
        return {"FINISHED"}


CLASSES = (
    HOLIREP_OT_batch_add_shot,
    HOLIREP_OT_batch_run,
    HOLIREP_OT_batch_cancel,
    HOLIREP_OT_batch_open_results,
)
