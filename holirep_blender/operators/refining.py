# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verbs of the Refine panel share: when they can be pressed, and solving again after an edit."""

from __future__ import annotations

import time

import bpy

from ..scene import refine_live
from ..scene import shot as shots
from . import session


def why_not(context: bpy.types.Context) -> str:
    """Why the character's motion cannot be refined again now; empty when it can. Cheap enough for a button's poll."""
    shot = context.scene.holirep
    if not shot.take:
        return "There is no take yet: replicate a performance, or open a take"
    problem = shots.character_problem(context.scene)
    if problem:
        return problem
    if context.mode not in {"OBJECT", "POSE"}:
        return "Go back to Object or Pose Mode first"
    return ""


def solve(context: bpy.types.Context, scene: bpy.types.Scene, at_once: bool = False) -> tuple[str, str]:
    """Refines the character's motion again with the settings and contacts as they are; returns level and sentence.

    With ``at_once`` there is a first answer where an edit of a contact would take long, and the rest follows by itself.
    What was done and found stands in the Refine panel; the panel above, whose height moves it, is left alone.
    """
    from ..scene.before_after import show_after
    from ..scene.shot_take import refine_again

    started = time.perf_counter()
    refine_live.forget(scene)
    kept = show_after(scene.holirep)
    try:
        text, _warnings = refine_again(context, scene, at_once)
    except (ValueError, OSError) as error:
        session.report("ERROR", str(error), take=bpy.path.abspath(scene.holirep.take))
        return "ERROR", str(error)
    outcome = session.current().outcome
    if kept:
        warnings = [f"What was keyed while Before was shown is kept in the action {kept}."]
        session.report("WARNING", text, warnings, bpy.path.abspath(scene.holirep.take))
    elif outcome is not None and outcome.level == "ERROR":
        session.report("INFO", text, [], bpy.path.abspath(scene.holirep.take))
    else:
        session.redraw()
    seconds = f"in {time.perf_counter() - started:.2f} s"
    if scene.holirep.refine.unfinished:
        refine_live.finish(scene)
        return "INFO", f"{text}, a first answer {seconds}: the rest follows"
    return "INFO", f"{text}, {seconds}"


def solve_if_live(operator: bpy.types.Operator, context: bpy.types.Context) -> None:
    """After an edit: refines again where the artist asked for that, as part of the same undo step."""
    refine = context.scene.holirep.refine
    if refine.live and refine.has_report and not why_not(context):
        # in background nobody waits, and there is no timer for the rest
        level, text = solve(context, context.scene, at_once=not bpy.app.background)
        operator.report({level}, text)
