# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs what training needs into one small file, so that it can travel to a machine with a GPU.

    python -m training.pack --mocap FOLDER --face FOLDER --hdri FOLDER --out pack.npz

The file holds motion capture in converted form: it is for training only and is never published.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .canonical import read_folder
from .environment_light import light_of
from .face_basis import face_basis

HELD_OUT = ("cmu_006_", "cmu_indian_", "cmu_martial_10")
"""Clips never trained on: a whole subject, a whole style of dance, and one martial clip."""
HELD_OUT_LIGHTS = ("hall", "dawn")


def read_pack(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a packed file, by name."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def main(arguments: list[str]) -> int:
    """Writes the pack and says what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mocap", "face", "hdri", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args(arguments)
    motions = read_folder(options.mocap)
    if not motions:
        parser.error(f"{options.mocap} holds no .bvh files")
    face = face_basis(options.face)
    maps = sorted(options.hdri.glob("*.hdr"))
    lights = [light_of(path) for path in maps]
    held = np.array([motion.name.startswith(HELD_OUT) for motion in motions])
    lengths = np.array([len(motion.local) for motion in motions])
    np.savez_compressed(
        options.out,
        names=np.array([motion.name for motion in motions]), held_out=held,
        flat=np.array([motion.flat for motion in motions]), lengths=lengths,
        local=np.concatenate([motion.local for motion in motions]).astype(np.float16),
        root=np.concatenate([motion.root for motion in motions]).astype(np.float32),
        contacts=np.concatenate([motion.contacts for motion in motions]),
        fps=np.array([motion.fps for motion in motions]), first=np.array([motion.first for motion in motions]),
        face_neutral=face.neutral.astype(np.float32), face_expressions=face.expressions.astype(np.float16),
        face_identities=face.identities.astype(np.float16), face_normals=face.normals.astype(np.float32),
        face_eyes=face.eyes.astype(np.float32),
        light_names=np.array([path.stem for path in maps]),
        light_held_out=np.array([path.stem in HELD_OUT_LIGHTS for path in maps]),
        light_harmonics=np.stack([light[0] for light in lights]).astype(np.float32),
        light_directions=np.stack([light[1] for light in lights]).astype(np.float32),
    )  # fmt: skip
    print(f"{len(motions)} clips, {lengths.sum()} frames; held out {held.sum()} clips, {lengths[held].sum()} frames; "
          f"face points {10 * face.gap.mean():.2f} mm from the surface; {len(maps)} lights; "
          f"{options.out.stat().st_size / 1e6:.1f} MB")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
