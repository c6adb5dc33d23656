# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``light --match-plate`` does: the rig of a file made to light as the plate is lit."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import bpy

from .errors import DISK, USAGE, CommandError

if TYPE_CHECKING:
    from ..scene.plate_light import PlateMatch


def match_plate(options: Namespace) -> PlateMatch:
    """Matches the rig of the scene to the picture or plate by the region, ball or chart, and applies it."""
    from ..scene.pictures import plate_pixels
    from ..scene.plate_light import PlateMatch, apply_match, match_ball, match_chart, match_region

    scene = bpy.context.scene
    ways = {"--region": options.region, "--ball": options.ball, "--chart": options.chart}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) != 1:
        raise CommandError(USAGE, "say what to match by: one of --region, --ball and --chart")
    try:
        picture = plate_pixels(options.match_plate.absolute(), options.frame or 1)
    except OSError as error:
        raise CommandError(DISK, str(error)) from error
    if options.scene_frame is not None:
        scene.frame_set(options.scene_frame)
    try:
        if options.chart is not None:
            match = match_chart(scene, picture, options.chart or None)
        elif options.ball is not None:
            match = match_ball(scene, picture, options.ball, options.reflectance, options.balance, options.tint)
        else:
            steps = match_region(scene, picture, options.region, options.balance, options.tint)
            match = next(step for step in steps if isinstance(step, PlateMatch))
    except ValueError as error:
        raise CommandError(USAGE, str(error)) from error
    apply_match(scene, match)
    return match
