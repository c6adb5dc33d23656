# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real tracker sees of drawn performers who move as the training's performers do, with the exact truth.

    python -m training.rendering.pairs --pack pack.npz --kit KIT --program render_performer.py --hdri FOLDER
        --out FOLDER --clips 400 --seed 1

Each clip becomes ``SEED_NUMBER.npz``: the observations, and canonical rotations, offsets, build, contacts and camera.
Motion is synthesised as for training (``synthesis/motion.py``), cameras too (``synthesis/cameras.py``). Files that are
there already are left alone. Two clips a second on 16 cores with a process for each (``--seed`` tells them
apart). ``--held-out`` takes the clips and radiance maps that are never trained on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from holirep_blender.inference.fusion.joints import SOLVED_INDEX
from holirep_blender.inference.fusion.kinematics import forward_kinematics
from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking import track

from ..pack import HELD_OUT_LIGHTS, read_pack
from ..synthesis.cameras import Cameras, place
from ..synthesis.chance import Chance, Clock
from ..synthesis.motion import Motions, Moving
from ..synthesis.scene import turned_about
from .people import Person, load_kit_program
from .picture import Set, picture

FPS = 30.0


def staged(chance: Chance, motions: Motions, person: Person, clock: Clock, vary: bool) -> tuple[Moving, Cameras]:
    """A person in motion and a camera that looks at them."""
    build = torch.as_tensor(person.build, dtype=torch.float32)[None]
    moving = turned_about(chance, motions.sample(chance, 1, clock, vary=vary, build=build))
    offsets = torch.as_tensor(person.offsets, dtype=torch.float32)[None]
    turned, placed = forward_kinematics(moving.local, offsets)
    placed = placed - placed[:, :, :1] + moving.placed[:, :, :1]
    moving = Moving(moving.local, turned, placed, moving.build, offsets, moving.contacts, moving.flat)
    return moving, place(chance, placed, placed[:, :, SOLVED_INDEX["head"]], clock)


def main(arguments: list[str]) -> int:
    """Draws, tracks and says how long each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("pack", "kit", "program", "hdri", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder for the pictures")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    program = load_kit_program(options.program)
    pack = read_pack(options.pack)
    motions = Motions(pack, pack["held_out"] == options.held_out, torch.device("cpu"))
    maps = [path for path in sorted(options.hdri.glob("*.hdr"))
            if (path.stem in HELD_OUT_LIGHTS) == options.held_out]  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    clock = Clock(torch.arange(options.frames) / FPS, FPS)
    for number in range(options.clips):
        path = options.out / f"{options.seed:03d}_{number:04d}.npz"
        if path.is_file():
            continue
        began = time.monotonic()
        random = np.random.default_rng((options.seed, number))
        chance = Chance(int(random.integers(2**60)), torch.device("cpu"))
        person = Person(program, options.kit, int(random.integers(1_000_000)))
        moving, cameras = staged(chance, motions, person, clock, not options.held_out)
        with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
            into = options.keep or Path(folder)
            scale = draw_clip(random, program, person, moving, cameras, maps, into, number)
            drawn = time.monotonic()
            try:
                observations = track(open_plate(into / "frame_0001.png", sequence_fps=FPS), processes=1)
            except Exception as error:  # nobody found in any frame: the clip teaches nothing
                print(f"{path.name}: {error}", flush=True)
                continue
        found = float((observations.body_confidence > 0).mean())
        np.savez_compressed(
            path, **observations.to_arrays("seen_"), local=moving.local[0].numpy().astype(np.float32),
            placed=moving.placed[0, :, 0].numpy(), offsets=moving.offsets[0].numpy(), build=person.build,
            contacts=moving.contacts[0].numpy().astype(bool), flat=float(moving.flat[0]),
            turn=cameras.rotation[0].numpy(), origin=cameras.origin[0].numpy(),
            focal=float(cameras.focal[0]) * scale, size=np.round(cameras.size[0].numpy() * scale),
        )  # fmt: skip
        print(f"{path.name}: found {found:.2f}, drawn in {drawn - began:.1f} s, tracked in "
              f"{time.monotonic() - drawn:.1f} s", flush=True)  # fmt: skip
    return 0


def draw_clip(
    random: np.random.Generator, program: object, person: Person, moving: Moving, cameras: Cameras, maps: list[Path],
    into: Path, number: int,
) -> float:  # fmt: skip
    """Writes ``frame_0001.png`` and on; the pictures' size over the camera's."""
    count = moving.placed.shape[1]
    scale = float(random.choice([400, 480, 560, 640])) / float(cameras.size.max())
    size = tuple(round(value * scale) for value in cameras.size[0].tolist())
    focal = float(cameras.focal[0]) * scale
    turned, placed = moving.turned[0].double().numpy(), moving.placed[0].double().numpy()
    expressions = program.face_motion(
        person.body.expr, count, FPS, random.uniform(0.3, 1.0), int(random.integers(2**30))
    )
    vertices = [person.posed(turned[row], placed[row], expressions[row]) for row in range(count)]
    # soles on the floor: the kit's ankles are higher than the canonical ones
    rise = -float(np.quantile([rows[:, 2].min() for rows in vertices], 0.1))
    moving.placed[..., 2] += rise
    cameras.origin[..., 2] += rise
    middle = placed[:, 0].mean(0) * [1.0, 1.0, 0.0]
    stage = Set(
        maps[random.integers(len(maps))], random.uniform(0, 2 * np.pi), random.uniform(0.35, 0.9),
        random.uniform(0.05, 0.5) * random.uniform(0.7, 1.0, 3), float(random.uniform(2.0, 6.0)),
    )  # fmt: skip
    turns, origins = cameras.rotation[0].double().numpy(), cameras.origin[0].double().numpy()
    still = np.abs(turns - turns[:1]).max() < 1e-6 and np.abs(origins - origins[:1]).max() < 1e-6
    blur, noise = random.uniform(0.0, 0.9), random.uniform(0.0, 5.0)
    behind = None
    for row in range(count):
        origin = origins[row] - middle
        if behind is None or not still:
            behind = stage.background(turns[row], origin, focal, size)
        here = vertices[row] + [0.0, 0.0, rise] - middle
        rgb = picture(stage, here, person.colours, person.triangles, turns[row], origin, focal, size, behind)
        if blur > 0.3:
            rgb = cv2.GaussianBlur(rgb, (0, 0), blur)
        grain = cv2.resize(random.normal(0.0, noise, (size[1], size[0], 1)).astype(np.float32), size)[..., None]
        rgb = (rgb + grain).clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(into / f"frame_{row + 1:04d}.png"), rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return scale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
