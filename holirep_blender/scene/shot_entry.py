# SPDX-License-Identifier: GPL-3.0-or-later
"""The open file's shot as an entry of a shot list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import bpy


class EntryError(ValueError):
    """A shot that cannot be an entry; the message is for the user."""


def shot_entry(scene: bpy.types.Scene) -> dict[str, Any]:
    """The values of a list for a scene's shot: its file, plate, performer, method, character and environment.

    How the take is applied, refined and lit is read from the file when its turn comes. Raises EntryError where the file
    was never saved or has no plate and no character.
    """
    if not bpy.data.filepath:
        raise EntryError("Save the file first: the batch opens it from the disk")
    if bpy.data.is_dirty and not bpy.app.background:  # in background it is never told that a file was saved
        raise EntryError("Save the file first: the batch would not see your last changes")
    shot = scene.holirep
    values: dict[str, Any] = {"name": _name(Path(bpy.data.filepath).stem), "blend": bpy.data.filepath}
    do = [kind for kind in ("replicate", "apply", "light", "bake-shadows", "render-preview") if _wanted(shot, kind)]
    if not do:
        raise EntryError("Choose a plate or an environment first, and what is to be done with the shot")
    values["do"] = do
    if "replicate" in do:
        values |= _performance(shot)
    elif "apply" in do:
        values["take"] = bpy.path.abspath(shot.take)
    if shot.character is not None:
        values["character"] = shot.character.name
    if "light" in do:
        values["environment"] = bpy.path.abspath(shot.light.hdri)
    if "replicate" in do:
        values["replicate"] = _solving(shot)
    return values


def _wanted(shot: bpy.types.PropertyGroup, kind: str) -> bool:
    if kind.upper().replace("-", "_") not in shot.batch.do:
        return False
    if kind == "replicate":
        return bool(shot.plate.strip())
    if kind == "apply":
        return shot.character is not None and bool(shot.plate.strip() or shot.take)
    return bool(shot.light.hdri) if kind == "light" else True


def _name(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", stem).strip("._-") or "shot"


def _performance(shot: bpy.types.PropertyGroup) -> dict[str, Any]:
    values: dict[str, Any] = {"plate": bpy.path.abspath(shot.plate.strip()), "method": shot.method.lower()}
    if shot.use_range:
        values["range"] = [shot.frame_first, shot.frame_last]
    if shot.sequence_fps:
        values["fps"] = round(shot.sequence_fps, 6)
    if shot.person_kind != "LARGEST":
        numbers = shot.person_point if shot.person_kind == "POINT" else shot.person_box
        values["person"] = f"{','.join(f'{max(0.0, number):g}' for number in numbers)}@{shot.person_frame}"
    return values


def _solving(shot: bpy.types.PropertyGroup) -> dict[str, Any]:
    values: dict[str, Any] = {
        "smoothing": shot.smoothing.lower(),
        "smoothing_strength": round(shot.smoothing_strength, 6),
    }
    if shot.use_neutral_frame and shot.method == "FUSION":
        values["neutral_frame"] = shot.neutral_frame
    if shot.camera_kind == "OBJECT" and shot.track_camera is not None:
        values["camera"] = shot.track_camera.name
    elif shot.camera_kind == "FILE" and shot.camera_track_file:
        values["camera_track"] = bpy.path.abspath(shot.camera_track_file)
    if shot.camera_kind != "OBJECT" and shot.focal_kind == "MILLIMETRES":
        values |= {"focal_length": f"{shot.focal_length_mm:g}mm", "sensor_width": round(shot.sensor_width_mm, 6)}
    elif shot.camera_kind != "OBJECT" and shot.focal_kind == "PIXELS":
        values["focal_length"] = f"{shot.focal_length_px:g}px"
    if shot.use_performer_height:
        values["height"] = round(shot.performer_height, 6)
    return values
