# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real tracker's networks see of drawn performers, by the thousand, on one GPU.

    python -m training.rendering.crowds --people FOLDER --kit KIT --program render_performer.py --make 500
    python -m training.rendering.crowds --people FOLDER --pack pack.npz --hdri FOLDER --networks mediapipe/modules
        --out FOLDER --minutes 10

The first makes performers of the kit, a process for each core. The second draws clips of them, runs the tracker's body
and hand networks on the pictures (``watching.py``) and writes files that ``train --pool`` reads while it trains. Motion
is synthesised as for training, cameras too; held-out clips and radiance maps are never used.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Optional

import cv2
import numpy as np
import torch

from holirep_blender.inference.fusion.constants import pick
from holirep_blender.inference.fusion.joints import SOLVED_INDEX
from holirep_blender.inference.fusion.kinematics import forward_kinematics

from ..pack import HELD_OUT_LIGHTS, read_pack
from ..synthesis.cameras import Cameras, place
from ..synthesis.chance import Chance, Clock
from ..synthesis.motion import Motions, Moving
from ..synthesis.scene import turned_about
from .crowd import Somebody, Surroundings, drawn, person_arrays
from .people import load_kit_program
from .watching import Watched, Watcher

Tensor = torch.Tensor

FPS = 30.0
_SIDES = (360, 420, 480, 560, 640)
"""Pixels of the pictures' longer side."""
_LEAST_FOUND, _FIRST = 0.3, 32


def make(task: tuple[Path, Path, Path, int]) -> None:
    """One performer as a file, unless it is there already."""
    program, kit, folder, seed = task
    path = folder / f"{seed:05d}.npz"
    if not path.is_file():
        part = folder / f"{seed:05d}.part.npz"
        np.savez(part, **person_arrays(load_kit_program(program), kit, seed))  # type: ignore[arg-type]
        part.rename(path)


def loaded(folder: Path, device: torch.device, known: dict[str, Somebody]) -> None:
    """Adds the performers of a folder that are not known yet."""
    for path in sorted(folder.glob("?????.npz")):
        if path.stem not in known:
            with np.load(path, allow_pickle=False) as stored:
                known[path.stem] = Somebody({name: stored[name] for name in stored.files}, device)


def staged(chance: Chance, motions: Motions, people: list[Somebody], clock: Clock) -> tuple[Moving, Cameras]:
    """People in motion, and for each a camera that looks at them."""
    build = torch.stack([person.build for person in people])
    offsets = torch.stack([person.offsets for person in people])
    moving = turned_about(chance, motions.sample(chance, len(people), clock, vary=True, build=build))
    turned, placed = forward_kinematics(moving.local, offsets)
    placed = placed - placed[:, :, :1] + moving.placed[:, :, :1]
    moving = Moving(moving.local, turned, placed, moving.build, offsets, moving.contacts, moving.flat)
    return moving, place(chance, placed, placed[:, :, SOLVED_INDEX["head"]], clock)


@torch.no_grad()
def crowd(
    chance: Chance, random: np.random.Generator, motions: Motions, people: list[Somebody], maps: list[Surroundings],
    watcher: Watcher, frames: int, side: Optional[int] = None,
) -> tuple[dict[str, Tensor], Tensor]:  # fmt: skip
    """One clip of each performer, as :class:`training.pool.Pool` keeps them, and the pictures ``(N, T, H, W, 3)``."""
    clock = Clock(torch.arange(frames, device=chance.device) / FPS, FPS)
    moving, cameras = staged(chance, motions, people, clock)
    most = side or max(_SIDES)
    pictures = torch.zeros(len(people), frames, most, most, 3, dtype=torch.uint8, device=chance.device)
    wanted = cameras.size.cpu().numpy()
    scales = np.array([side or random.choice(_SIDES) for _ in people]) / wanted.max(-1)
    sizes = np.round(wanted * scales[:, None]).astype(int)
    focals = cameras.focal.cpu().numpy() * scales
    for row, person in enumerate(people):
        vertices, normals = person.posed(moving.turned[row], moving.placed[row])
        # soles on the floor: the kit's ankles are higher than the canonical ones
        rise = -torch.quantile(vertices[..., 2].amin(1), 0.1)
        vertices[..., 2] += rise
        moving.placed[row, ..., 2] += rise
        cameras.origin[row, ..., 2] += rise
        columns, rows = (int(value) for value in sizes[row])
        pictures[row, :, :rows, :columns] = drawn(
            chance, random, person, maps[random.integers(len(maps))], vertices, normals, moving.placed[row, :, 0],
            cameras.rotation[row], cameras.origin[row], float(focals[row]), (columns, rows),
        )  # fmt: skip
    size = torch.as_tensor(sizes, dtype=torch.float32, device=chance.device)
    focal = torch.as_tensor(focals, dtype=torch.float32, device=chance.device)
    seen = Cameras(cameras.rotation, cameras.origin, focal, size)

    def middle(*names: str) -> Tensor:
        return seen.picture(seen.local(pick(moving.placed, [SOLVED_INDEX[name] for name in names], 2))).mean(2)

    watched = watcher.watch(
        chance, pictures, size, middle("leftUpperLeg", "rightUpperLeg"), middle("leftUpperArm", "rightUpperArm")
    )
    return kept(moving, seen, watched, clock), pictures


def kept(moving: Moving, cameras: Cameras, watched: Watched, clock: Clock) -> dict[str, Tensor]:
    """What training needs; image points about the picture's middle."""
    middle = torch.cat([cameras.size / 2, torch.zeros_like(cameras.size[:, :1])], -1)[:, None, None]
    result = {
        "body_image": watched.body_image - middle, "body_world": watched.body_world,
        "visibility": watched.visibility, "body_valid": watched.body_valid.float(),
        "size": cameras.size, "focal": cameras.focal, "turn": cameras.rotation, "origin": cameras.origin,
        "local": moving.local, "placed": moving.placed[:, :, 0], "offsets": moving.offsets, "build": moving.build,
        "contacts": moving.contacts, "flat": moving.flat, "times": clock.times.expand(len(cameras.size), -1),
    }  # fmt: skip
    for row, name in enumerate(("left", "right")):
        result[f"{name}_hand_image"] = watched.hand_image[:, :, row] - middle
        result[f"{name}_hand_world"] = watched.hand_world[:, :, row]
        result[f"{name}_hand_valid"] = watched.hand_valid[:, :, row].float()
    good = watched.body_valid.float().mean(1) > _LEAST_FOUND
    return {name: values[good] for name, values in result.items()}


def main(arguments: list[str]) -> int:
    """Makes people, or draws and watches them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, required=True)
    for name in ("kit", "program", "pack", "hdri", "networks", "out"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--make", type=int, default=0)
    parser.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 2))
    parser.add_argument("--clips", type=int, default=160, help="at a time")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--groups", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--look", type=Path, help="a picture file for first frames of the first clips")
    parser.add_argument("--side", type=int, help="pixels of the longer side; various by default")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args(arguments)
    if options.make:
        options.people.mkdir(parents=True, exist_ok=True)
        tasks = [(options.program, options.kit, options.people, seed) for seed in range(options.make)]
        with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
            for _ in pool.imap_unordered(make, tasks):
                pass
        return 0
    device = torch.device(options.device)
    pack = read_pack(options.pack)
    motions = Motions(pack, ~pack["held_out"], device)
    maps = [Surroundings.read(path, device) for path in sorted(options.hdri.glob("*.hdr"))
            if path.stem not in HELD_OUT_LIGHTS]  # fmt: skip
    watcher = Watcher(options.networks, device)
    chance, random = Chance(options.seed, device), np.random.default_rng(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    known: dict[str, Somebody] = {}
    began, total = time.monotonic(), 0
    for number in range(options.groups):
        if time.monotonic() - began > 60.0 * options.minutes:
            break
        loaded(options.people, device, known)
        everybody = list(known.values())
        # a small first file, so that training need not wait
        count = options.clips if number else min(options.clips, _FIRST)
        people = [everybody[random.integers(len(everybody))] for _ in range(count)]
        result, pictures = crowd(chance, random, motions, people, maps, watcher, options.frames, options.side)
        if options.look and number == 0:
            sheet = [picture[0] for picture in pictures[:16].cpu().numpy()]
            rows = [np.concatenate(sheet[row : row + 4], 1) for row in range(0, len(sheet) // 4 * 4, 4)]
            cv2.imwrite(str(options.look), np.concatenate(rows)[..., ::-1])
        part = options.out / f"{options.seed:03d}_{number:05d}.part"
        torch.save({name: values.float().cpu() for name, values in result.items()}, part)
        part.rename(part.with_suffix(".pt"))
        total += len(result["size"])
        print(f"{total} clips of {len(everybody)} people in {time.monotonic() - began:.0f} s; hands found "
              f"{float(result['left_hand_valid'].mean()):.2f}", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
