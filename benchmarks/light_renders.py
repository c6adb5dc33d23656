# SPDX-License-Identifier: GPL-3.0-or-later
"""The light rig rendered against the environment itself, in Cycles and EEVEE, in every Blender that is here.

A floor with a ball, a pole and a wall on it, in blocks of 4 pixels, only where the floor is seen; and a ball of Lambert
alone. Errors are root mean squares over the mean.

Cycles: ``error`` of the rig, ``noise`` of a second seed of the environment, ``rest`` of the rig's error that is no
noise (two seeds of each). EEVEE is compared with Cycles: ``error`` of the rig, with ray tracing as Match Lighting sets
it; ``dome`` the same with its dome; all else as EEVEE comes: ``world`` of the environment without EEVEE's own sun,
``own sun`` of the environment as EEVEE shows it by itself; ``mean`` and ``dome mean`` of the floor over Cycles' one;
``ball``: the mean over the Lambert ball over Cycles' one, which a light that is counted twice would raise.

``python -m benchmarks.light_renders [--maps FILE …] [--engines CYCLES EEVEE] [--width N] [--pictures FOLDER]
[--json FILE]``
Exits with 1 where Cycles misses the noise floor by more than its own scatter outdoors, by more than twice indoors.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
SHARED = HERE.parent / "shared" / "data" / "hdri"
OUTDOOR, INDOOR = 1.15, 2.0
"""Errors over the noise floor that are allowed; the floor itself scatters by a tenth."""
INSIDE = ("interior", "studio", "hall", "workshop", "apartment")
SAMPLES, EEVEE_SAMPLES = 64, 8
DOME = 48
COLUMNS = ("error", "noise", "rest", "dome", "world", "own sun", "mean", "dome mean", "ball")


def main() -> int:
    """Prints the table; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=Path, nargs="*", help="else Blender's park-like and studio-like ones")
    parser.add_argument("--engines", nargs="*", default=["CYCLES", "EEVEE"])
    parser.add_argument("--blenders", nargs="*", help="such as 4.2; else this one and all under .venvs")
    parser.add_argument("--width", type=int, default=192, help="of the picture, pixels")
    parser.add_argument("--pictures", type=Path, help="folder for what was rendered")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        options.inside.write_text(json.dumps(_in_this_blender(options)))
        return 0
    pythons = {path.parent.parent.name: path for path in sorted((HERE / ".venvs").glob("*/bin/python"))}
    pythons = {"here": Path(sys.executable), **pythons}
    rows: list[dict[str, Any]] = []
    for name, python in pythons.items():
        if options.blenders and name not in options.blenders:
            continue
        with tempfile.TemporaryDirectory(prefix="holirep-renders-") as folder:
            (Path(folder) / "config").mkdir()
            result = Path(folder) / "rows.json"
            words = [*(word for word in sys.argv[1:] if not word.startswith("--json=")), "--inside", str(result)]
            command = [str(python), "-m", "benchmarks.light_renders", *words]
            done = subprocess.run(
                command, cwd=HERE, capture_output=True, text=True,
                env={**os.environ, "BLENDER_USER_RESOURCES": folder},
            )  # fmt: skip
            if not result.exists():
                print(done.stdout[-500:], done.stderr[-1500:], file=sys.stderr)
                return 1
            rows += json.loads(result.read_text())
    print(f"{'':34}" + "".join(f"{name:>10}" for name in COLUMNS) + f"{'s':>8}")
    for row in rows:
        title = f"{row['blender']:8}{row['engine']:8}{row['map']}"
        cells = "".join(f"{row[name]:10.4f}" if row.get(name) is not None else " " * 10 for name in COLUMNS)
        print(f"{title:34}{cells}{row['seconds']:8.0f}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))
    missed = [
        row
        for row in rows
        if row["engine"] == "CYCLES"
        and row["error"] > row["noise"] * (INDOOR if row["map"].split("/")[-1] in INSIDE else OUTDOOR)
    ]
    return int(bool(missed))


def _in_this_blender(options: argparse.Namespace) -> list[dict[str, Any]]:
    import bpy

    from holirep_blender.lighting.analysis import analyse
    from holirep_blender.scene.environments import load_environment

    world = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"
    maps = options.maps or [
        *(world / f"{name}.exr" for name in ("city", "interior")),
        *(path for path in (SHARED / "park.hdr", SHARED / "studio.hdr") if path.is_file()),
    ]
    rows = []
    for path in maps:
        environment, _ = load_environment(path)
        found = analyse(environment)
        rows += _rows(environment, found, path, options)
    return rows


def _rows(environment: Any, found: Any, path: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    import bpy

    from holirep_blender.lighting.differences import in_blocks, relative_error, systematic_error
    from holirep_blender.scene.light_stage import LightStage, Look

    rows = []
    pictures: dict[str, Any] = {}
    row: dict[str, Any]
    size = options.width, options.width * 2 // 3
    with LightStage("floor") as stage:
        stage.show_environment(environment)
        mask = stage.floor_mask(size)

        def shown(name: str, look: Look) -> Any:
            pictures[name] = stage.rendered(look)
            return in_blocks(pictures[name][..., :3], 4, mask)

        start = time.monotonic()
        truth, second = (shown(f"cycles_{seed}", Look("CYCLES", SAMPLES, seed, size)) for seed in (0, 1))
        if "CYCLES" in options.engines:
            stage.show_rig(found.lamps, found.residual)
            rig, again = (shown(f"cycles_rig_{seed}", Look("CYCLES", SAMPLES, seed, size)) for seed in (2, 3))
            row = {"engine": "CYCLES", "error": relative_error(rig, truth), "noise": relative_error(second, truth)}
            row.update(rest=systematic_error(rig, again, truth, second), seconds=time.monotonic() - start)
            rows.append(row)
        if "EEVEE" in options.engines:
            start, look = time.monotonic(), Look("EEVEE", EEVEE_SAMPLES, 0, size)
            row = {"engine": "EEVEE", "noise": relative_error(second, truth)}
            for name, lamps in (("error", 0), ("dome", DOME)):
                stage.show_rig(found.lamps, found.residual, lamps)
                lit = shown(f"eevee_{name}", look)
                row[name] = relative_error(lit, truth)
                row["dome mean" if lamps else "mean"] = float(lit.mean() / truth.mean())
            stage.show_environment(environment)
            row["world"] = relative_error(shown("eevee_world", look), truth)
            stage.show_environment(environment, own_sun=True)
            row["own sun"] = relative_error(shown("eevee_own_sun", look), truth)
            rows.append(row)
    if "EEVEE" in options.engines:
        with LightStage("balls") as stage:
            stage.show_environment(environment)
            cycles = stage.rendered(Look("CYCLES", SAMPLES, 0, (64, 64)))
            stage.show_rig(found.lamps, found.residual)
            eevee = stage.rendered(Look("EEVEE", EEVEE_SAMPLES, 0, (64, 64)))
            ball = cycles[..., 3] > 0.99
            row.update(
                ball=float(eevee[ball][:, :3].mean() / cycles[ball][:, :3].mean()), seconds=time.monotonic() - start
            )
    if options.pictures:
        _keep(pictures, options.pictures, f"{bpy.app.version_string.split()[0]}_{path.stem}")
    return [{"blender": bpy.app.version_string.split()[0], "map": path.stem, **each} for each in rows]


def _keep(pictures: dict[str, Any], folder: Path, name: str) -> None:
    import bpy
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    exposure = 0.7 / max(float(np.percentile(next(iter(pictures.values()))[..., :3], 80)), 1e-9)
    strip = np.concatenate([each[..., :3] for each in pictures.values()], axis=1)
    colours = np.ones((*strip.shape[:2], 4), dtype=np.float32)
    colours[..., :3] = np.clip(strip * exposure, 0.0, 1.0) ** (1 / 2.2)
    image = bpy.data.images.new(name, strip.shape[1], strip.shape[0])
    image.pixels.foreach_set(colours[::-1].ravel())
    image.filepath_raw, image.file_format = str(folder.resolve() / f"{name}.png"), "PNG"
    image.save()
    bpy.data.images.remove(image)


if __name__ == "__main__":
    sys.exit(main())
