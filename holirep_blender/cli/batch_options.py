# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of batch and render-preview."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..batch.settings import KINDS
from . import values
from .farm import add_farm_options

ENGINES = ("workbench", "eevee", "cycles")


def add_batch(parser: argparse.ArgumentParser) -> None:
    """The options of the verb batch."""
    parser.add_argument(
        "list", type=Path, nargs="?", metavar="LIST", help="shot list (.toml, .json) or folder of shots"
    )
    parser.add_argument("--dry-run", action="store_true", help="check everything and show the plan")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="instead of the list's output folder")
    parser.add_argument("--shot", action="append", metavar="NAME", help="only this shot; may be given again")
    parser.add_argument("--stage", metavar="NAME", help="only this stage of the one shot, in this Blender")
    parser.add_argument(
        "--jobs", type=values.whole_number(1, 256), default=1, metavar="N", help="stages at once; else 1"
    )
    parser.add_argument("--gpus", type=values.names, metavar="0,1", help="graphics cards, shared out to the jobs")
    parser.add_argument("--device", type=values.device, help="auto, cpu or cuda:N; else the preference")
    parser.add_argument("--retries", type=values.whole_number(0, 100), metavar="N", help="after a break-down; else 2")
    parser.add_argument(
        "--timeout", type=values.number(1.0, 1e7, " s"), metavar="SECONDS", help="that one stage may take"
    )
    parser.add_argument("--stop-on-error", action="store_true", help="start nothing more after a failure")
    parser.add_argument(
        "--redo",
        type=_redo,
        metavar="KIND,KIND",
        help="do these kinds of stages again, or all, and what is made of them",
    )
    parser.add_argument("--overwrite", action="store_true", help="also write over files that were changed or not ours")
    parser.add_argument("--events", metavar="FILE", help="append JSON lines to this file; - for stdout")
    parser.add_argument("--quiet", action="store_true", help="no table and no lines while it runs")
    parser.add_argument(
        "--gates-later", action="store_true", help="gates that are not passed are no failure until --summary-only"
    )
    parser.add_argument("--summary-only", action="store_true", help="run nothing, write the summary of what is done")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of shot lists")
    parser.add_argument("--path-mapping", type=Path, metavar="FILE", help="where the list's paths are on this machine")
    add_farm_options(parser)
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)


def add_render_preview(parser: argparse.ArgumentParser) -> None:
    """The options of the verb render-preview."""
    parser.add_argument("--file", type=Path, metavar="FILE.blend", help="open this file first")
    parser.add_argument("--out", type=Path, required=True, metavar="MOVIE.mp4|FOLDER", help="a movie, or pictures")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="also one small picture of the middle")
    parser.add_argument("--engine", choices=ENGINES, default="workbench", help="else workbench")
    parser.add_argument("--size", type=values.size, metavar="WxH", help="in pixels; else the scene's")
    parser.add_argument("--samples", type=values.whole_number(1, 65536), default=16, metavar="N", help="else 16")
    parser.add_argument("--range", type=values.frame_range, metavar="A-B", help="frames of the scene; else its range")
    parser.add_argument("--no-plate", action="store_true", help="without the plate that the camera shows behind")
    parser.add_argument("--step", type=values.whole_number(1, 10000), default=1, metavar="N", help="every Nth frame")


def _redo(text: str) -> tuple[str, ...]:
    kinds = values.names(text)
    for kind in kinds:
        if kind not in (*KINDS, "all"):
            raise argparse.ArgumentTypeError(f"{kind!r} is none of all, {', '.join(KINDS)}")
    return kinds
