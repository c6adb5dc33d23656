# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs and their options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from ..motion.biomechanics.limit_table import PRESETS
from ..protocol.methods import METHODS
from . import clean_plate_verb, environment_options, quality_verb, shadow_verb, values
from .batch_options import add_batch, add_render_preview
from .errors import USAGE, CommandError

EXPORT_FORMATS = ("bvh", "fbx", "glb", "usd")


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all errors of the command are, and whose options have no short forms."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        """Ends the command with the exit code for wrong usage."""
        raise CommandError(USAGE, f"{message} (see {self.prog} --help)")


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The parser; ``prog`` is how the user called the command."""
    common = OneLineParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object as the last line of stdout")
    text = "From a plate of a performer to keys on your own character."
    parser = OneLineParser(prog=prog, description=text, parents=[common])
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=OneLineParser)

    replicate = verbs.add_parser("replicate", parents=[common], help="make a take from a plate, and apply it")
    _file(replicate)
    replicate.add_argument(
        "--plate", type=Path, help="movie; or picture, folder or pattern of an image sequence; else the file's own"
    )
    replicate.add_argument(
        "--fps",
        type=values.number(1.0, 1000.0),
        metavar="RATE",
        help="frame rate of an image sequence; else that of the file's shot or scene",
    )
    replicate.add_argument("--range", type=values.frame_range, metavar="A-B", help="frames of the plate; else all")
    replicate.add_argument(
        "--person", type=values.person, metavar="WHO", help="largest, X,Y@FRAME or X0,Y0,X1,Y1@FRAME (pixels)"
    )
    replicate.add_argument("--processes", type=values.whole_number(1, 64), metavar="N", help="tracking processes")
    _solving(replicate)
    replicate.add_argument("--out", type=Path, metavar="TAKE.npz", help="where the take goes")
    _applying(replicate, required=False)

    solve = verbs.add_parser("solve", parents=[common], help="solve a take again, without tracking, and apply it")
    _file(solve)
    solve.add_argument("--take", type=Path, required=True, metavar="TAKE.npz", help="the take; it is left as it is")
    _solving(solve)
    solve.add_argument("--out", type=Path, metavar="TAKE.npz", help="where the new take goes")
    _applying(solve, required=False)

    apply = verbs.add_parser("apply", parents=[common], help="put a take on a character")
    _file(apply)
    apply.add_argument("--take", type=Path, required=True, metavar="TAKE.npz")
    _applying(apply, required=True)

    clamp = verbs.add_parser("clamp", parents=[common], help="bring joints back within human limits, in any animation")
    _animation(clamp, writes=True)
    clamp.add_argument("--strength", type=values.number(0.0, 1.0), default=1.0, metavar="0..1", help="how firmly")

    plant = verbs.add_parser("plant", parents=[common], help="keep feet where they touch the floor, in any animation")
    _animation(plant, writes=True)
    plant.add_argument("--strength", type=values.number(0.0, 1.0), default=1.0, metavar="0..1", help="how firmly")
    plant.add_argument("--hands", type=values.number(0.0, 1.0), default=0.0, metavar="0..1", help="hands too")
    plant.add_argument("--surfaces", action="store_true", help="hands that rest on a floor, a table or a wall too")
    plant.add_argument("--keep-limits", action="store_true", help="joints stay within human limits all the same")
    _floor(plant)

    check = verbs.add_parser("check", parents=[common], help="what is not human or does not hold, in any animation")
    _animation(check, writes=False)
    _floor(check)
    check.add_argument("--strict", action="store_true", help="end with exit code 8 where something is found")

    export = verbs.add_parser(
        "export", parents=[common], help="a take as BVH; a character with its keys as FBX, glTF, USD"
    )
    _file(export)
    export.add_argument("--take", type=Path, metavar="TAKE.npz", help="export this take's own skeleton (BVH)")
    export.add_argument(
        "--character", metavar="NAME", help="export this armature, its meshes and keys (FBX, glTF, USD)"
    )
    export.add_argument("--format", choices=EXPORT_FORMATS, help="else from the name of --out")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")

    light = verbs.add_parser("light", parents=[common], help="an environment's lamps, and the rest without them")
    _file(light)
    light.add_argument(
        "--hdri",
        type=Path,
        metavar="FILE",
        help="environment, HDR or EXR; else that of --file",
    )
    light.add_argument("--scene", metavar="NAME", help="scene of the file; else the one that it shows")
    light.add_argument("--lamps", type=values.whole_number(0, 64), default=8, metavar="N", help="at most; else 8")
    light.add_argument("--residual", type=Path, metavar="FILE.exr", help="where the rest goes, 32 bits a channel")
    light.add_argument("--report", type=Path, metavar="FOLDER", help="where a page about the light goes")
    light.add_argument("--no-renders", action="store_true", help="the report without pictures that take a minute")
    light.add_argument("--save", type=Path, metavar="FILE.blend", help="where the file with the light rig is saved")
    light.add_argument(
        "--eevee-dome", type=values.whole_number(0, 256), nargs="?", const=48, metavar="N",
        help="the rig gives EEVEE the residual from N lamps with shadows; else 48; 0: from the world",
    )  # fmt: skip
    light.add_argument("--progress-lines", action="store_true", help="print lines of JSON on stdout while it renders")
    environment_options.add_options(light)
    plate = light.add_argument_group("matching the rig to the plate")
    plate.add_argument("--match-plate", type=Path, metavar="PLATE", help="movie, picture or sequence")
    plate.add_argument("--frame", type=values.whole_number(0, 1048574), metavar="N", help="frame of the plate; else 1")
    plate.add_argument(
        "--scene-frame", type=values.whole_number(-1048574, 1048574), metavar="N", help="of the scene; else its own"
    )
    plate.add_argument("--region", type=values.numbers(4), metavar="X0,Y0,X1,Y1", help="what the scene shows too")
    plate.add_argument("--ball", type=values.numbers(4), metavar="X0,Y0,X1,Y1", help="box close around a ball, pixels")
    plate.add_argument(
        "--reflectance", type=values.number(0.01, 1.0), default=0.18, metavar="0..1", help="the ball's; else 0.18"
    )
    plate.add_argument(
        "--chart", type=values.numbers(8, ()), nargs="?", const=(), metavar="X,Y,X,Y,X,Y,X,Y",
        help="24-patch chart, found by itself or by the middles of its corner patches",
    )  # fmt: skip
    plate.add_argument("--balance", action="store_true", help="one gain for all lights, red, green and blue")
    plate.add_argument("--tint", action="store_true", help="red, green and blue of each light by themselves")

    quality_verb.add_options(
        verbs.add_parser("quality", parents=[common], help="what a take is worth: scores, gates, figures and a report")
    )

    shadows = verbs.add_parser("bake-shadows", parents=[common], help="the character's shadow as passes for the plate")
    shadow_verb.add_parser(shadows, values, _file)

    clean = verbs.add_parser("clean-plate", parents=[common], help="pictures that take the performer out of the plate")
    clean_plate_verb.add_options(clean)

    preview = verbs.add_parser("render-preview", parents=[common], help="the scene through its camera, as a movie")
    add_render_preview(preview)

    add_batch(verbs.add_parser("batch", parents=[common], help="many shots by a list, unattended and resumable"))

    doctor = verbs.add_parser("doctor", parents=[common], help="what is there, what is missing and what to do")
    doctor.add_argument("--farm", action="store_true", help="also what a node of a farm needs")
    doctor.add_argument(
        "--out", type=Path, action="append", metavar="FOLDER", help="with --farm: results will go there; repeatable"
    )

    runtime = verbs.add_parser("runtime", parents=[common], help="the worker's Python environment")
    actions = runtime.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=OneLineParser)
    install = actions.add_parser("install", parents=[common], help="build it")
    install.add_argument("--yes", action="store_true", help="agree to the download that is shown")
    install.add_argument("--python", type=Path, help="Python 3.9 to 3.12 to build it with; else one is looked for")
    install.add_argument("--wheels", type=Path, metavar="FOLDER", help="install from these wheels, without the network")
    install.add_argument(
        "--use", type=Path, metavar="PATH", help="check an environment that exists, and use it from now on"
    )
    install.add_argument("--repair", action="store_true", help="bring an installed one back to what is needed")
    actions.add_parser("status", parents=[common], help="where it is and whether it is complete")
    remove = actions.add_parser("remove", parents=[common], help="delete it")
    remove.add_argument("--yes", action="store_true", help="agree to the removal")
    return parser


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, metavar="FILE.blend", help="open this file first")


def _animation(parser: argparse.ArgumentParser, writes: bool) -> None:
    _file(parser)
    parser.add_argument("--character", metavar="NAME", help="armature whose active action is meant")
    parser.add_argument("--take", type=Path, metavar="TAKE.npz", help="or a take; it is left as it is")
    if writes:
        parser.add_argument("--save", type=Path, metavar="FILE.blend", help="where the character's file is saved")
        parser.add_argument("--out", type=Path, metavar="NEW.npz", help="where the new take goes")
    parser.add_argument(
        "--range", type=values.frame_range, metavar="A-B", help="frames of the scene, or of the take's plate; else all"
    )
    parser.add_argument("--preset", choices=PRESETS, default=PRESETS[0], help="whose limits, speed and strength")
    parser.add_argument(
        "--bones", type=values.names, metavar="NAME,NAME", help="only these bones, or joints of a take; else all mapped"
    )


def _floor(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--ground", metavar="NAME", help="the scene's object whose plane the feet stand on")
    group.add_argument(
        "--floor",
        type=values.number(-1e5, 1e5),
        metavar="HEIGHT",
        help="height of the floor, in the scene or in the take's world; else found from the motion",
    )


def _solving(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("solving")
    group.add_argument("--method", choices=METHODS, help="how joint rotations are found")
    group.add_argument("--device", type=values.device, help="auto, cpu or cuda:N")
    group.add_argument(
        "--neutral-frame",
        type=values.whole_number(0, 1048574),
        metavar="N",
        help="frame of the plate with the face at rest, for fusion; else it is found",
    )
    group.add_argument(
        "--weights", type=Path, metavar="FILE.safetensors", help="weights of your own training, for fusion"
    )
    group.add_argument("--smoothing", choices=["zero_phase", "one_euro", "none"])
    group.add_argument("--smoothing-strength", type=values.number(0.0, 1.0), metavar="0..1")
    camera = group.add_mutually_exclusive_group()
    camera.add_argument("--camera", metavar="NAME", help="the file's camera that matches the plate; it may move")
    camera.add_argument(
        "--camera-track", type=Path, metavar="TRACK.npz", help="the way of a camera that was tracked elsewhere"
    )
    camera.add_argument(
        "--still-camera", action="store_true", help="one that does not move and is solved, if the shot says else"
    )
    group.add_argument("--focal-length", type=values.focal_length, metavar="F", help="estimate, 35mm or 1500px")
    group.add_argument("--sensor-width", type=values.number(1.0, 500.0, " mm"), metavar="MM", help="with 35mm; else 36")
    group.add_argument("--height", type=values.number(0.5, 2.6, " m"), metavar="METRES", help="the performer's")


def _applying(parser: argparse.ArgumentParser, required: bool) -> None:
    group = parser.add_argument_group("applying")
    group.add_argument("--character", metavar="NAME", required=required, help="armature that the take is applied to")
    group.add_argument("--save", type=Path, metavar="FILE.blend", required=required, help="where the result is saved")
    group.add_argument("--in-place", action="store_true", help="without the way through the room")
    group.add_argument(
        "--match-camera", action="store_true", help="put the character where the performer stands in the picture"
    )
    group.add_argument(
        "--exact-directions",
        action="store_true",
        help="the directions of pelvis, collar bones and feet too are exactly the performer's, not the character's own",
    )
    group.add_argument("--share-spine", action="store_true", help="unmapped bones of the spine take their part too")
    group.add_argument(
        "--start-frame",
        type=values.whole_number(-1048574, 1048574),
        metavar="N",
        help="the scene's frame at which the take begins; else the scene's first",
    )
    group.add_argument("--whole-frames", action="store_true", help="keys on the scene's whole frames")
    group.add_argument("--nla", action="store_true", help="put the keys on a new NLA track")
    group.add_argument("--set-range", action="store_true", help="make the scene begin and end with the take")
    group.add_argument("--set-resolution", action="store_true", help="give the scene the plate's resolution")
    group.add_argument("--no-camera", action="store_true", help="do not add the solved camera")
    group.add_argument("--no-background", action="store_true", help="do not show the plate behind that camera")
    group.add_argument("--no-refine", action="store_true", help="leave the motion as it was captured")
    group.add_argument(
        "--limits", type=values.limits(PRESETS), metavar="PRESET", help=f"human limits: {', '.join(PRESETS)} or off"
    )
    group.add_argument("--no-plant", action="store_true", help="do not hold feet and hands where they touch")
    group.add_argument("--feet", type=values.number(0.0, 1.0), metavar="0..1", help="how firmly feet are held")
    group.add_argument("--hands", type=values.number(0.0, 1.0), metavar="0..1", help="how firmly hands are held")
    group.add_argument("--surfaces", action="store_true", help="look for hands that rest on a floor, a table or a wall")
    group.add_argument(
        "--refine-smoothing", type=values.number(0.0, 1.0), metavar="0..1", help="a filter before all else"
    )
    group.add_argument("--slow-down", action="store_true", help="slow down what exceeds human speed or strength")
    group.add_argument(
        "--mass", type=values.number(5.0, 400.0, " kg"), metavar="KG", help="the performer's, for strength"
    )
