# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the verb light that say where the environment comes from and how a clipped one is repaired."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ..scene.environment_source import LAYOUTS, exposure
from . import files, values
from .errors import USAGE, CommandError

if TYPE_CHECKING:
    from ..scene.environment_repair import RepairWish
    from ..scene.environment_source import EnvironmentSource

REPAIRS = ("ball", "reading", "sky")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Layout, brackets, and repair."""
    parser.add_argument(
        "--one-each", action="store_true", help="one lamp for each softbox or window, as wide as it is, never split"
    )
    group = parser.add_argument_group("environments of other kinds")
    group.add_argument("--layout", choices=LAYOUTS, default=LAYOUTS[0], help="of the picture; else equirectangular")
    group.add_argument(
        "--mirror-reflectance", type=values.number(0.05, 1.0), default=1.0, metavar="0..1", help="of a mirror ball"
    )
    group.add_argument(
        "--brackets", type=Path, nargs="+", metavar="FILE", help="exposures of one view, merged, instead of --hdri"
    )
    group.add_argument(
        "--exposures", type=_exposures, metavar="E,E,…", help="of the brackets, 1/250 or -2ev; else read from the files"
    )
    group.add_argument(
        "--equirect", type=Path, metavar="FILE.exr", help="where the merged, converted, repaired environment goes"
    )
    repair = parser.add_argument_group("repairing a clipped environment")
    repair.add_argument("--repair", choices=REPAIRS, help="by a matt ball, a light meter's readings, or a clear sky")
    repair.add_argument(
        "--repair-ball", type=Path, metavar="PICTURE", help="of a grey or white ball, linear (EXR) best"
    )
    repair.add_argument("--repair-box", type=values.numbers(4), metavar="X0,Y0,X1,Y1", help="the ball; else all of it")
    repair.add_argument(
        "--repair-view", type=values.numbers(3), default=(0.0, 1.0, 0.0), metavar="X,Y,Z",
        help="where the camera looked, in the environment's axes; else 0,1,0",
    )  # fmt: skip
    repair.add_argument(
        "--repair-reflectance", type=values.number(0.01, 1.0), metavar="0..1",
        help="the ball's, if its picture has the environment's exposure; else exposure and balance are solved too",
    )  # fmt: skip
    repair.add_argument(
        "--sun", type=_reading, metavar="READING", help="meter toward the sun, in its light: 98000lux, 15ev"
    )
    repair.add_argument("--shade", type=_reading, metavar="READING", help="the same with the sun kept off it")
    repair.add_argument(
        "--turbidity", type=values.number(1.0, 10.0), default=3.0, metavar="1..10", help="of a clear sky; else 3"
    )


def source_of(options: Namespace) -> Optional[EnvironmentSource]:
    """The environment that is meant, None where none is named. Raises CommandError."""
    from ..scene.environment_source import EnvironmentSource

    if options.brackets and options.hdri is not None:
        raise CommandError(USAGE, "--brackets are merged instead of --hdri: give one of the two")
    if options.exposures is not None and not options.brackets:
        raise CommandError(USAGE, "--exposures belong to --brackets")
    if options.equirect is not None and options.equirect.suffix.lower() != ".exr":
        raise CommandError(
            USAGE, f"the environment is written as OpenEXR: --equirect {options.equirect.with_suffix('.exr')}"
        )
    paths = options.brackets or ([options.hdri] if options.hdri is not None else [])
    if not paths:
        return None
    if options.brackets and len(paths) < 2:
        raise CommandError(USAGE, "--brackets needs two exposures or more; a single environment is --hdri FILE")
    found = [files.existing(path, "environment") for path in paths]
    if options.equirect is not None:
        files.check_folder_of(options.equirect)
    return EnvironmentSource(found, options.layout, options.exposures, options.mirror_reflectance)


def wish_of(options: Namespace) -> Optional[RepairWish]:
    """How a clipped map is to be repaired, None where that is not wished. Raises CommandError."""
    from ..scene.environment_repair import RepairWish

    if options.repair is None:
        return None
    if options.repair == "ball" and options.repair_ball is None:
        raise CommandError(USAGE, "--repair ball needs a picture of the ball: --repair-ball PICTURE")
    if options.repair == "reading" and (options.sun is None or options.shade is None):
        raise CommandError(USAGE, "--repair reading needs two readings: --sun READING --shade READING")
    picture = None if options.repair_ball is None else files.existing(options.repair_ball, "picture of the ball")
    return RepairWish(
        options.repair,
        picture,
        options.repair_box,
        options.repair_view,
        options.repair_reflectance,
        options.sun or 0.0,
        options.shade or 0.0,
        options.turbidity,
    )


def _exposures(text: str) -> list[float]:
    try:
        return [exposure(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _reading(text: str) -> float:
    """Lux of ``98000lux``, ``98000`` or ``15ev``: EV at ISO 100 by an incident meter, 2.5 lux at EV 0 (ISO 2720)."""
    plain = text.strip().lower()
    try:
        value = 2.5 * 2.0 ** float(plain[:-2]) if plain.endswith("ev") else float(plain.removesuffix("lux"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no reading: write 98000lux or 15ev") from error
    if not 0 < value < 1e12:
        raise argparse.ArgumentTypeError(f"{text} is no reading: it must be above 0")
    return value
