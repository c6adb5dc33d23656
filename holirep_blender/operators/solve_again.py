# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve Again: other smoothing, lens or height, from what the tracker saw the first time."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import preferences, session
from ..scene import shot as shots


class HOLIREP_OT_solve_again(bpy.types.Operator):
    """Solve the take anew with the settings under Solve, without tracking again, and write it as a new take"""

    bl_idname = "holirep.solve_again"
    bl_label = "Solve Again"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take."""
        if not context.scene.holirep.take:
            cls.poll_message_set("There is no take yet: replicate a performance, or open a take")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Solves in Blender itself: the geometric solve needs numpy only."""
        shot = context.scene.holirep
        if context.window is not None:
            context.window.cursor_set("WAIT")
        try:
            path = _solve(shot, Path(bpy.path.abspath(shot.take)))
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        finally:
            if context.window is not None:
                context.window.cursor_set("DEFAULT")
        shot.take = str(path)
        session.report("INFO", f"Solved again as {path.name}", take=path)
        if shot.character is not None and bpy.ops.holirep.apply_take.poll():
            bpy.ops.holirep.apply_take()
        return {"FINISHED"}


def _solve(shot: bpy.types.PropertyGroup, source: Path) -> Path:
    """Writes a new take beside the others. Raises ValueError or OSError, in the user's words."""
    from ..motion.geometric import SolveOptions, solve
    from ..motion.take import Take

    old = Take.load(source)
    if old.observations is None:
        raise ValueError(f"{source.name} holds no observations, so it cannot be solved again")
    width, height = (int(value) for value in old.observations.image_size)
    options = SolveOptions(
        fps=old.fps,
        frame_start=old.frame_start,
        focal_length_px=shots.focal_length_px(shot, (width, height)),
        performer_height=shot.performer_height if shot.use_performer_height else None,
        smoothing=shot.smoothing.lower(),
        smoothing_strength=shot.smoothing_strength,
    )
    take = solve(old.observations, options)
    take.header = {**old.header, **take.header}
    folder = preferences.takes_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = shots.new_take_path(folder, source.with_name(source.stem.rsplit(".", 1)[0]))
    take.save(path)
    return path


CLASSES = (HOLIREP_OT_solve_again,)
