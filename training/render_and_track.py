# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders performers with known motion and keeps what the real tracker sees of them.

    python -m training.render_and_track --renderer render_performer.py --python PYTHON_WITH_BPY --kit KIT --mocap FOLDER
        --hdri FOLDER --out FOLDER --clips 16 --frames 40 --seed 1

Each clip becomes a folder with ``truth.npz`` (joints, rotations, camera) and ``observations.npz``; the pictures are
deleted. The renderer is any program with the options ``--kit --bvh --hdri --out --performer --camera --start --frames
--size --engine`` that writes numbered PNG files and ``truth.npz``. Folders that are there already are left alone, so an
interrupted run goes on.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking import track

_SIZES = ("480x480", "640x360", "360x640", "512x384")


def _choices(random: np.random.Generator, clips: list[Path], lights: list[Path], frames: int) -> dict[str, str]:
    """What to render: somebody in some clip, seen from somewhere."""
    clip = clips[random.integers(len(clips))]
    count = int(next(line.split()[1] for line in clip.read_text().splitlines() if line.startswith("Frames:")))
    high = random.random() < 0.2
    camera = {
        "az": random.normal(0.0, 40.0) if random.random() < 0.6 else random.uniform(-180.0, 180.0),
        "el": random.uniform(20.0, 55.0) if high else random.normal(6.0, 7.0),
        "roll": random.normal(0.0, 15.0) if random.random() < 0.2 else 0.0,
        "lens": random.uniform(24.0, 60.0),
        "fill": random.uniform(0.6, 0.9),
        "crop": "upper" if random.random() < 0.2 else "full",
    }
    return {
        "--bvh": str(clip),
        "--hdri": str(lights[random.integers(len(lights))]),
        "--performer": f"random:{random.integers(100_000)}",
        "--camera": ",".join(f"{k}={v if isinstance(v, str) else round(float(v), 2)}" for k, v in camera.items()),
        "--start": str(random.integers(max(1, count - frames))),
        "--frames": str(frames),
        "--size": _SIZES[random.integers(len(_SIZES))],
        "--engine": "workbench",
    }


def main(arguments: list[str]) -> int:
    """Renders, tracks, and says how long each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("renderer", "python", "kit", "mocap", "hdri", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--pattern", default="*.bvh", help="which clips of the folder")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9, help="start no further clip after this long")
    options = parser.parse_args(arguments)
    clips, lights = sorted(options.mocap.glob(options.pattern)), sorted(options.hdri.glob("*.hdr"))
    if not clips or not lights:
        parser.error(f"no clips {options.pattern} in {options.mocap}, or no .hdr files in {options.hdri}")
    began = time.monotonic()
    for number in range(options.clips):
        folder = options.out / f"{options.seed:03d}_{number:04d}"
        chosen = _choices(np.random.default_rng((options.seed, number)), clips, lights, options.frames)
        if (folder / "observations.npz").is_file() or time.monotonic() - began > 60.0 * options.minutes:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as profile:
            (Path(profile) / "config").mkdir()
            words = [str(options.python), str(options.renderer), "--kit", str(options.kit), "--out", str(folder)]
            words += [word for pair in chosen.items() for word in pair]
            environment = dict(os.environ, BLENDER_USER_RESOURCES=profile)
            done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            print(f"{folder.name}: not rendered: {done.stderr.strip().splitlines()[-1:]}", flush=True)
            continue
        rendered = time.monotonic()
        with np.load(folder / "truth.npz") as truth:
            fps = float(truth["fps"])
        plate = open_plate(folder / "frame_0001.png", sequence_fps=fps)
        observations = track(plate, processes=1)
        observations.save(folder / "observations.npz")
        for picture in folder.glob("frame_*.png"):
            picture.unlink()
        found = float((observations.body_confidence > 0).mean())
        print(f"{folder.name}: {Path(chosen['--bvh']).stem} {chosen['--camera']} found {found:.2f}, tracked in "
              f"{time.monotonic() - rendered:.1f} s", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
