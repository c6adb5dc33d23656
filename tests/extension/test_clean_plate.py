# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Clean Plate and the verb clean-plate: what they write, show and refuse."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from tests.clean_shot import FIRST, FRAMES, HEIGHT, WIDTH, hips, take_of, with_figure
from tests.extension.conftest import run_command


@pytest.fixture
def filmed(tmp_path):
    """A plate as pictures, and its take."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    wall = np.stack([columns % 200, (rows * columns) // 40 % 200, rows], axis=2).astype(np.uint8)
    for frame, middle in enumerate(hips()):
        header = f"P6\n{WIDTH} {HEIGHT}\n255\n".encode()
        (tmp_path / f"plate.{frame + FIRST:04d}.ppm").write_bytes(header + with_figure(wall, middle).tobytes())
    take_of(hips()).save(tmp_path / "take.npz")
    return tmp_path


def test_the_panels_button(shot, runtime, filmed, monkeypatch):
    monkeypatch.setenv("HOLIREP_RUNTIME", str(runtime))
    assert not bpy.ops.holirep.make_clean_plate.poll(), "there is no take"
    shot.take, shot.plate = str(filmed / "take.npz"), str(filmed / f"plate.{FIRST:04d}.ppm")
    with pytest.raises(RuntimeError, match="beside the file, which is not saved yet"):
        bpy.ops.holirep.make_clean_plate()
    shot.shadow.out = str(filmed / "out")
    assert bpy.ops.holirep.make_clean_plate() == {"FINISHED"}
    assert shot.shadow.clean == str(filmed / "out" / f"clean.{FIRST:04d}.png")
    assert len(list((filmed / "out").iterdir())) == FRAMES


def test_the_command(filmed, runtime):
    words = ["clean-plate", "--take", filmed / "take.npz", "--plate", filmed / f"plate.{FIRST:04d}.ppm"]
    words += ["--out", filmed / "out", "--json"]
    done = run_command(*words, "--range", "110-111", HOLIREP_RUNTIME=str(runtime))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["frames"], answer["count"], answer["guessed"]) == ([110, 111], 2, [])
    assert sorted(path.name for path in (filmed / "out").iterdir()) == ["clean.0110.png", "clean.0111.png"]
    done = run_command(*words, "--range", "90-111", HOLIREP_RUNTIME=str(runtime))
    assert done.returncode == 2
    assert "The frames 90 to 111 are not in the take, which has 101 to 124" in done.stderr
