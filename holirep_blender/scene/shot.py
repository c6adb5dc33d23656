# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot's settings as plain values: what the worker is asked for, and where the take goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

PICTURES = frozenset(
    {".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".dpx", ".bmp", ".webp", ".tga", ".jp2", ".hdr"}
)


def plate_path(shot: bpy.types.PropertyGroup) -> Path:
    """The plate's absolute path. Raises ValueError, in the user's words, where none is set or the file is missing."""
    if not shot.plate.strip():
        raise ValueError("Choose a plate first: a movie, or one picture of an image sequence")
    path = Path(bpy.path.abspath(shot.plate))
    if path.is_dir():
        raise ValueError(f"The plate is a folder: {path}. Choose a movie, or one picture of an image sequence in it")
    if not path.is_file():
        raise ValueError(f"There is no plate at {path}. Choose the file again")
    return path


def character_problem(scene: bpy.types.Scene) -> str:
    """Why there is no character to apply a take to; empty where there is one.

    A deleted object lives on while a setting points to it, but it is not in the scene any more.
    """
    character = scene.holirep.character
    if character is None:
        return "Choose a character first"
    if scene.objects.get(character.name) != character:
        return f"The character {character.name} is not in this scene any more: choose another one"
    return ""


def frame_range(shot: bpy.types.PropertyGroup) -> list[int] | None:
    """First and last frame of the plate to use, or None for all. Raises ValueError where they change places."""
    if not shot.use_range:
        return None
    if shot.frame_last < shot.frame_first:
        raise ValueError(f"The range ends at frame {shot.frame_last}, before it begins at frame {shot.frame_first}")
    return [shot.frame_first, shot.frame_last]


def person_choice(shot: bpy.types.PropertyGroup) -> dict[str, Any]:
    """The performer as the worker's protocol names one."""
    if shot.person_kind == "POINT":
        return {"kind": "point", "frame": shot.person_frame, "point": list(shot.person_point)}
    if shot.person_kind == "BOX":
        left, top, right, bottom = shot.person_box
        if right <= left or bottom <= top:
            raise ValueError("The performer's box is empty: pick the performer again, or choose Largest")
        return {"kind": "box", "frame": shot.person_frame, "box": [left, top, right, bottom]}
    return {"kind": "largest"}


def focal_length_px(shot: bpy.types.PropertyGroup, image_size: tuple[int, int] | None) -> float | None:
    """Focal length in pixels, or None to have it estimated.

    ``image_size`` is the plate's width and height, needed for millimetres: the sensor's width belongs to the longer
    side, because a phone held upright turns its sensor with it.
    """
    if shot.focal_kind == "PIXELS":
        return float(shot.focal_length_px)
    if shot.focal_kind == "MILLIMETRES" and image_size is not None:
        return float(shot.focal_length_mm / shot.sensor_width_mm * max(image_size))
    return None


def replicate_params(
    shot: bpy.types.PropertyGroup, device: str, out: Path, image_size: tuple[int, int] | None
) -> dict[str, Any]:
    """The ``replicate`` request for this shot. Raises ValueError where a setting is missing or makes no sense."""
    return {
        "plate": str(plate_path(shot)),
        "frame_range": frame_range(shot),
        "person": person_choice(shot),
        "method": shot.method.lower(),
        "smoothing": shot.smoothing.lower(),
        "smoothing_strength": float(shot.smoothing_strength),
        "focal_length_px": focal_length_px(shot, image_size),
        "performer_height": float(shot.performer_height) if shot.use_performer_height else None,
        "processes": None,
        "device": device,
        "out": str(out),
    }


def new_take_path(folder: Path, plate: Path) -> Path:
    """A name in ``folder`` that no file has: a take never replaces another one. A picture's number is left out."""
    name = plate.stem
    if plate.suffix.lower() in PICTURES:
        name = name.rstrip("0123456789").rstrip("._-") or name
    number = 1
    while (path := folder / f"{name}.{number:03d}.npz").exists():
        number += 1
    return path
