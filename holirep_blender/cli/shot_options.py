# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes options into the shot, so that a saved file shows what was asked for. What is left out stays as it is."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import bpy

from . import files
from .characters import named_camera
from .errors import USAGE, CommandError

_SWITCHES = {
    "match_camera": ("match_camera", True),
    "exact_directions": ("own_shape", False),
    "share_spine": ("share_spine", True),
    "whole_frames": ("whole_frames", True),
    "nla": ("push_to_nla", True),
    "set_range": ("set_scene_range", True),
    "set_resolution": ("set_resolution", True),
    "no_camera": ("add_camera", False),
    "no_background": ("plate_as_background", False),
}
"""Option to the shot's property and what it is set to."""


def set_plate(shot: bpy.types.PropertyGroup, options: Namespace) -> None:
    """Plate, range and performer."""
    if options.plate is not None:
        shot.plate = str(options.plate.absolute())
    if options.fps is not None:
        shot.sequence_fps = options.fps
    if options.range is not None:
        shot.use_range = True
        shot.frame_first, shot.frame_last = options.range
    if options.person is not None:
        shot.person_kind, shot.person_frame = options.person.kind, options.person.frame
        if options.person.kind == "POINT":
            shot.person_point = options.person.values
        elif options.person.kind == "BOX":
            shot.person_box = options.person.values


def set_solve(shot: bpy.types.PropertyGroup, options: Namespace) -> None:
    """Method, smoothing, camera, lens and height."""
    if options.method is not None:
        shot.method = options.method.upper()
    if options.neutral_frame is not None:
        shot.use_neutral_frame, shot.neutral_frame = True, options.neutral_frame
    for option in ("neutral_frame", "weights"):
        if getattr(options, option) is not None and shot.method != "FUSION":
            raise CommandError(USAGE, f"--{option.replace('_', '-')} counts only with --method fusion")
    if options.weights is not None:
        files.existing(options.weights, "file of weights")
    if options.smoothing is not None:
        shot.smoothing = options.smoothing.upper()
    if options.smoothing_strength is not None:
        shot.smoothing_strength = options.smoothing_strength
    if options.camera is not None:
        shot.camera_kind, shot.track_camera = "OBJECT", named_camera(options.camera)
    elif options.camera_track is not None:
        shot.camera_kind = "FILE"
        shot.camera_track_file = str(files.existing(options.camera_track, "camera track"))
    elif options.still_camera:
        shot.camera_kind = "SOLVED"
    if shot.camera_kind == "OBJECT" and options.focal_length is not None:
        raise CommandError(
            USAGE, "the scene's camera has the plate's lens: leave out --focal-length, or give --still-camera"
        )
    if options.sensor_width is not None:
        shot.sensor_width_mm = options.sensor_width
    if options.focal_length is not None:
        shot.focal_kind = options.focal_length.kind
        if options.focal_length.kind == "MILLIMETRES":
            shot.focal_length_mm = options.focal_length.value
        elif options.focal_length.kind == "PIXELS":
            shot.focal_length_px = options.focal_length.value
    if options.height is not None:
        shot.use_performer_height, shot.performer_height = True, options.height


def set_applying(shot: bpy.types.PropertyGroup, options: Namespace) -> None:
    """How the take is put on the character."""
    if options.in_place:
        shot.root_motion = "IN_PLACE"
    if options.start_frame is not None:
        shot.use_start_frame, shot.start_frame = True, options.start_frame
    for option, (name, value) in _SWITCHES.items():
        if getattr(options, option):
            setattr(shot, name, value)
    _set_refining(shot.refine, options)


def _set_refining(refine: bpy.types.PropertyGroup, options: Namespace) -> None:
    """How the motion is refined before it is keyed."""
    if options.no_refine:
        refine.use_refine = False
        return
    if options.limits == "off":
        refine.limits = 0.0
    elif options.limits is not None:
        refine.preset = options.limits.upper()
        refine.limits = refine.limits or 1.0
    if options.no_plant:
        refine.feet = refine.hands = 0.0
    for option, name in (("feet", "feet"), ("hands", "hands"), ("refine_smoothing", "smoothing")):
        if getattr(options, option) is not None:
            setattr(refine, name, getattr(options, option))
    if options.slow_down:
        refine.attenuate = True
    if options.surfaces:
        refine.surfaces = True
    if options.mass is not None:
        refine.use_performer_mass, refine.performer_mass = True, options.mass
    if any(getattr(options, option) is not None for option in ("limits", "feet", "hands", "refine_smoothing")):
        refine.use_refine = True


def refined(shot: bpy.types.PropertyGroup) -> dict[str, Any]:
    """What refining came to, for the JSON object; empty where the motion was not refined."""
    refine = shot.refine
    if not refine.has_report:
        return {}
    rows = [
        {
            "kind": row.kind,
            "joint": row.joint,
            "motion": row.motion,
            "first": row.first,
            "last": row.last,
            "worst": row.frame,
            "value": round(row.value, 4),
            "bound": round(row.bound, 4),
            "unit": row.unit,
            "altered": row.altered,
            "sentence": row.name,
        }
        for row in refine.violations
    ]
    return {"refined": refine.summary, "violations": rows, "violation_count": refine.found}


def check_applying(options: Namespace) -> None:
    """Raises CommandError where options do not go together, before anything is opened or computed."""
    if (options.character is None) != (options.save is None):
        raise CommandError(USAGE, "--character and --save belong together: the take is applied and the file saved")
    if options.set_resolution and options.no_camera:
        raise CommandError(USAGE, "--set-resolution is for the solved camera: leave out --no-camera")
    if options.no_refine and (options.limits or options.feet or options.hands or options.refine_smoothing):
        raise CommandError(USAGE, "--no-refine leaves nothing to choose: leave out --limits, --feet and the like")
    if options.no_plant and (options.feet or options.hands):
        raise CommandError(USAGE, "--no-plant leaves feet and hands alone: leave out --feet and --hands")
    if options.save is not None and options.save.suffix.lower() != ".blend":
        raise CommandError(USAGE, f"the file to save must end in .blend: --save {options.save.with_suffix('.blend')}")


def take_path(options: Namespace) -> Path | None:
    """Where the take goes; None where the command leaves that to HoliRep."""
    if options.out is None:
        return None
    if options.out.suffix.lower() != ".npz":
        raise CommandError(USAGE, f"a take is a .npz file: --out {options.out.with_suffix('.npz')}")
    return files.check_folder_of(options.out)
