# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot's settings as plain values: what the worker is asked for, and where the take goes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from .camera_tracks import PlateFrames

PICTURES = frozenset(
    {".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".dpx", ".bmp", ".webp", ".tga", ".jp2", ".hdr"}
)


_PATTERN = re.compile(r"%0?\d*d|#+")
_NUMBER = re.compile(r"(\d+)(?=\D*$)")


def plate_path(shot: bpy.types.PropertyGroup) -> Path:
    """The plate's absolute path: a movie, a picture of a sequence, its folder, or a pattern (``####``, ``%04d``).

    Raises ValueError, in the user's words, where none is set or nothing is there.
    """
    if not shot.plate.strip():
        raise ValueError("Choose a plate first: a movie, or one picture of an image sequence")
    path = Path(bpy.path.abspath(shot.plate.strip()))
    if path.is_file():
        return path
    if (path.is_dir() or _PATTERN.search(path.name)) and not numbered_pictures(path):
        where = f"in the folder {path}" if path.is_dir() else f"called {path}"
        raise ValueError(f"There are no numbered pictures {where}. Choose the plate again")
    if not path.exists() and not _PATTERN.search(path.name):
        raise ValueError(f"There is no plate at {path}. Choose the file again")
    return path


def is_sequence(shot: bpy.types.PropertyGroup) -> bool:
    """Whether the plate is an image sequence, which has no frame rate of its own; cheap enough to draw."""
    if not shot.plate.strip():
        return False
    path = Path(bpy.path.abspath(shot.plate.strip()))
    if path.suffix.lower() in PICTURES or path.is_dir():
        return True
    return _PATTERN.search(path.name) is not None and not path.exists()


def sequence_fps(shot: bpy.types.PropertyGroup) -> float:
    """Frames a second at which an image sequence is read: the shot's, or the scene's where that is 0."""
    render = shot.id_data.render
    return float(shot.sequence_fps) or render.fps / render.fps_base


def picture_of(plate: Path) -> Path:
    """The first picture of a sequence that a folder or a pattern stands for; any other plate as it is."""
    if plate.is_file():
        return plate
    pictures = numbered_pictures(plate)
    return pictures[min(pictures)] if pictures else plate


def picture_of_frame(plate: Path, frame: int) -> Path:
    """The picture of an image sequence with a frame's number; a picture without a number is the only one.

    Raises OSError where the sequence has no such frame.
    """
    pictures = numbered_pictures(plate)
    if not pictures:
        return plate
    if frame not in pictures:
        last = max(pictures)
        raise OSError(f"The plate {plate.name} has frames {min(pictures)} to {last}; there is no frame {frame}")
    return pictures[frame]


def offer_frames(shot: bpy.types.PropertyGroup) -> None:
    """Begins the range and the search for people at the plate's first frame, unless the user chose frames already.

    A movie's first frame is 1; the frames of an image sequence have the numbers in its files' names.
    """
    numbers = numbered_pictures(Path(bpy.path.abspath(shot.plate.strip()))) if is_sequence(shot) else {}
    first = min(numbers, default=1)
    if not shot.use_range:
        shot.frame_first, shot.frame_last = first, max(numbers, default=max(first, shot.frame_last))
    if shot.person_kind == "LARGEST":
        shot.person_frame = first


def numbered_pictures(path: Path) -> dict[int, Path]:
    """The pictures of a sequence by their numbers; the worker looks more closely and says what is wrong with it."""
    found = _PATTERN.search(path.name) if not path.exists() else None
    if found is not None:
        head, tail = path.name[: found.start()], path.name[found.end() :]
    elif path.is_dir():
        head, tail = "", ""
    else:
        number = _NUMBER.search(path.stem)
        if number is None:
            return {}
        head, tail = path.stem[: number.start()], path.stem[number.end() :] + path.suffix
    folder = path if path.is_dir() else path.parent
    pictures: dict[int, Path] = {}
    try:
        names = sorted(file.name for file in folder.iterdir())
    except OSError:
        return {}
    for name in names:
        if Path(name).suffix.lower() not in PICTURES or not (name.startswith(head) and name.endswith(tail)):
            continue
        if path.is_dir():
            number = _NUMBER.search(Path(name).stem)
            digits = number[0] if number is not None else ""
        else:
            digits = name[len(head) : len(name) - len(tail)]
        if digits.isdigit():
            pictures[int(digits)] = folder / name
    return pictures


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


def camera_problem(scene: bpy.types.Scene) -> str:
    """Why the camera that the shot names cannot be used; empty where it can, as far as it is cheap to tell."""
    shot = scene.holirep
    if shot.camera_kind == "FILE" and not shot.camera_track_file.strip():
        return "Choose the file of the camera's track: under Solve, Camera"
    camera = shot.track_camera
    if shot.camera_kind == "OBJECT" and camera is None:
        return "Choose the scene's camera that matches the plate: under Solve, Camera"
    if shot.camera_kind == "OBJECT" and scene.objects.get(camera.name) != camera:
        return f"The camera {camera.name} is not in this scene any more: choose another one under Solve, Camera"
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
    """Focal length in pixels, or None to have it estimated, or taken from the camera's track.

    ``image_size`` is the plate's width and height, needed for millimetres: the sensor's width belongs to the longer
    side, because a phone held upright turns its sensor with it.
    """
    if shot.camera_kind == "OBJECT":
        return None
    if shot.focal_kind == "PIXELS":
        return float(shot.focal_length_px)
    if shot.focal_kind == "MILLIMETRES" and image_size is not None:
        return float(shot.focal_length_mm / shot.sensor_width_mm * max(image_size))
    return None


def camera_settings(
    shot: bpy.types.PropertyGroup, plate: PlateFrames | None, track_file: Path
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Which camera the worker is told of; a camera of the scene is read and written to ``track_file``.

    ``plate`` is what is known of it: None only looks whether the settings make sense. Returns that part of the request,
    and sentences for the user. Raises ValueError, in the user's words, where the settings make no sense, or where the
    camera cannot have shot the plate.
    """
    if shot.camera_kind == "SOLVED":
        return {"camera_track": None}, ()
    scene = shot.id_data
    problem = camera_problem(scene)
    if problem:
        raise ValueError(problem)
    if shot.camera_kind == "FILE":
        path = Path(bpy.path.abspath(shot.camera_track_file.strip()))
        if not path.is_file():
            raise ValueError(f"There is no camera track at {path}. Choose the file again under Solve, Camera")
        return {"camera_track": str(path), "camera_track_source": None}, ()
    from . import camera_tracks

    if plate is None:
        camera_tracks.check_camera(scene, shot.track_camera)
        return {"camera_track": None}, ()
    start = camera_tracks.first_scene_frame(scene, shot.start_frame if shot.use_start_frame else None, plate)
    track = camera_tracks.read_camera_track(scene, shot.track_camera, plate, start)
    return track.write(track_file), track.warnings


def solve_settings(shot: bpy.types.PropertyGroup, image_size: tuple[int, int] | None) -> dict[str, Any]:
    """What ``replicate`` and ``solve`` are asked for alike, besides the camera."""
    return {
        "method": shot.method.lower(),
        "neutral_frame": shot.neutral_frame if shot.method == "FUSION" and shot.use_neutral_frame else None,
        "smoothing": shot.smoothing.lower(),
        "smoothing_strength": float(shot.smoothing_strength),
        "focal_length_px": focal_length_px(shot, image_size),
        "performer_height": float(shot.performer_height) if shot.use_performer_height else None,
    }


def replicate_params(
    shot: bpy.types.PropertyGroup, device: str, out: Path, image_size: tuple[int, int] | None
) -> dict[str, Any]:
    """The ``replicate`` request for this shot. Raises ValueError where a setting is missing or makes no sense."""
    return {
        "plate": str(plate_path(shot)),
        "sequence_fps": sequence_fps(shot),
        "frame_range": frame_range(shot),
        "person": person_choice(shot),
        **solve_settings(shot, image_size),
        "processes": None,
        "device": device,
        "out": str(out),
    }


def new_take_path(folder: Path, plate: Path) -> Path:
    """A name in ``folder`` that no file has: a take never replaces another one. A picture's number is left out."""
    name = plate.name if plate.is_dir() else plate.stem
    if plate.suffix.lower() in PICTURES:
        name = _PATTERN.sub("", name).rstrip("0123456789").rstrip("._-") or plate.parent.name or "take"
    number = 1
    while (path := folder / f"{name}.{number:03d}.npz").exists():
        number += 1
    return path
