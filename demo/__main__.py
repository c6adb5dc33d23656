# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the main job on a plate and shows the result: python -m demo --plate MOVIE --out FOLDER.

Every step is a command of its own, so that what is shown here is what a user can type: a file with the demo character,
``replicate`` on it, renders through the solved camera, and the comparison with the plate.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Sequence

CHARACTER = "HoliRep Performer"
COMPARISON = Path(__file__).resolve().parents[1] / "holirep_blender" / "inference" / "__main__.py"


def run(title: str, command: Sequence[str | Path]) -> None:
    """Runs a step and says what it is and how long it took. Raises SystemExit with the step's exit code if it fails."""
    print(f"• {title}", flush=True)
    start = time.monotonic()
    code = subprocess.run([str(word) for word in command]).returncode
    if code != 0:
        raise SystemExit(f"demo: {title} failed (exit code {code})")
    print(f"  {time.monotonic() - start:.0f} s", flush=True)


def worker_python() -> Path:
    """The Python of the worker's runtime, which holds OpenCV."""
    runtime = Path(os.environ["HOLIREP_RUNTIME"])
    return runtime / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def light_it(
    python: Sequence[str], blend: Path, take: Path, plate: Path, out: Path, wanted: argparse.Namespace
) -> None:
    """The character in the light of one of Blender's own environments, and in the plate instead of the performer."""
    hdri, number, frame = answers(python, "demo.lit", "facts", blend, take, "--frame", str(wanted.lit_frame))
    unlit, lit, matched, shadow = out / "unlit.blend", out / "lit.blend", out / "matched.blend", out / "shadow"
    run("Take the stage's own light away", [*python, "demo.lit", "clear", blend, take, unlit])
    light = ["holirep_blender", "light", "--file", unlit, "--hdri", hdri, "--save", lit]
    run("Match the light", [*python, *light, "--report", out / "light", "--no-renders"])
    if wanted.sun is not None:
        run("Turn the light to the plate's sun", [*python, "demo.lit", "turn", lit, take, lit, "--sun", wanted.sun])
    if wanted.face is not None:
        match = ["holirep_blender", "light", "--file", lit, "--match-plate", plate, "--frame", number, "--balance"]
        match += ["--scene-frame", frame, "--region", wanted.face, "--save", matched]
        run("Match exposure and balance to the performer's face", [*python, *match])
    baked = matched if wanted.face is not None else lit
    bake = ["holirep_blender", "bake-shadows", "--file", baked, "--out", shadow, "--range", f"{frame}-{frame}"]
    run("Shadow pass", [*python, *bake, "--samples", "24", "--resolution", "50", "--denoise", "--device", "cpu"])
    clean = ["holirep_blender", "clean-plate", "--take", take, "--plate", plate, "--out", out / "clean"]
    run("Clean plate", [*python, *clean, "--range", f"{number}-{number}"])
    show = ["demo.lit", "show", lit, take, out, "--frame", number, "--hdri", hdri, "--plate", plate]
    run("The character in the light", [*python, *show, "--shadow", shadow, "--clean", out / "clean"])
    for stale in (unlit, matched, lit.with_suffix(".blend1")):  # the last is Blender's own copy of what was saved over
        stale.unlink(missing_ok=True)


def answers(python: Sequence[str], *words: str | Path) -> list[str]:
    """What a module prints last, in words."""
    done = subprocess.run([str(word) for word in (*python, *words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"demo: {words[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout.splitlines()[-1].split("\t")


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo", description="The main job on a real plate.")
    parser.add_argument("--plate", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--range", help="first-last plate frame; the whole plate if not given")
    parser.add_argument(
        "--face", metavar="X0,Y0,X1,Y1", help="where performer and character both show their face there"
    )
    parser.add_argument("--lit-frame", type=int, default=0, help="plate frame that is lit; else the middle one")
    parser.add_argument(
        "--sun", metavar="X,Y", help="where the sun stands in the plate, pixels; the light is turned to it"
    )
    parser.add_argument("--method", choices=["fusion", "geometric"], help="how joint rotations are found")
    parser.add_argument("--weights", type=Path, help="weights of your own training, with fusion")
    options = parser.parse_args()
    out: Path = options.out.resolve()
    plate = options.plate.resolve()
    out.mkdir(parents=True, exist_ok=True)
    take, stage, blend = out / "take.npz", out / "character.blend", out / "demo.blend"
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holirep-demo-") as scratch:
        os.environ.setdefault("BLENDER_USER_RESOURCES", scratch)
        (Path(scratch) / "config").mkdir()
        python = [sys.executable, "-m"]
        run("Build the demo character", [*python, "demo.stage", "--save", stage])
        replicate = ["holirep_blender", "replicate", "--file", stage, "--plate", plate, "--out", take]
        replicate += ["--character", CHARACTER, "--save", blend, "--match-camera"]
        replicate += ["--range", options.range] if options.range else []
        replicate += ["--method", options.method] if options.method else []
        replicate += ["--weights", options.weights.resolve()] if options.weights else []
        run("Replicate the performance", [*python, *replicate])
        run("Export the take as BVH", [*python, "holirep_blender", "export", "--take", take, "--out", out / "take.bvh"])
        sheet, movie = Path(scratch) / "sheet", Path(scratch) / "movie"
        run("Render the contact sheet's frames", [*python, "demo.render", "sheet", blend, take, sheet])
        compare = [worker_python(), "-I", COMPARISON, "comparison", "--plate", plate, "--take", take]
        run("Contact sheet", [*compare, "--renders", sheet, "--out", out, "--height", "540", "--columns", "3"])
        run("Render the movie's frames", [*python, "demo.render", "movie", blend, take, movie])
        run("Side by side", [*compare, "--renders", movie, "--out", movie / "pairs", "--height", "480"])
        run("Movie", [*python, "demo.movie", take, movie / "pairs" / "frames", out / "comparison.mp4"])
        light_it(python, blend, take, plate, out, options)
    stage.unlink()
    print(f"\nDone in {time.monotonic() - started:.0f} s. In {out}:")
    for path, what in (
        (blend, "the character with its keys, the solved camera and the plate behind it"),
        (take, "the take"),
        (out / "take.bvh", "the take for other programs"),
        (out / "contact_sheet.png", "plate frames with the solved skeleton, beside the character"),
        (out / "comparison.mp4", "the same as a movie"),
        (out / "lit.blend", "the character in the light of an environment, as lamps and a residual"),
        (out / "light" / "index.html", "what was found in the environment"),
        (out / "shadow", "the shadow pass of a frame"),
        (out / "lit.png", "the character lit by the environment itself, and by the lamps found in it"),
        (out / "clean", "the clean plate of that frame, which takes the performer out"),
        (out / "in_plate.png", "the plate; and the character with its shadow in it, instead of the performer"),
    ):
        print(f"  {path.name:20} {what}")


if __name__ == "__main__":
    main()
