# SPDX-License-Identifier: GPL-3.0-or-later
"""A small pack of a few clips, for all tests of the training."""

from __future__ import annotations

import shutil

import pytest

CLIPS = ("cmu_002_01", "cmu_005_02", "cmu_006_02", "cmu_salsa_10", "cmu_martial_10")


@pytest.fixture(scope="session")
def pack(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "mocap").mkdir()
    (folder / "hdri").mkdir()
    for name in CLIPS:
        shutil.copy(shared_data / "mocap" / f"{name}.bvh", folder / "mocap")
    for name in ("park", "hall"):
        shutil.copy(shared_data / "hdri" / f"{name}.hdr", folder / "hdri")
    from training.pack import main as pack_main

    out = folder / "pack.npz"
    pack_main(["--mocap", str(folder / "mocap"), "--face", str(shared_data / "face"), "--hdri", str(folder / "hdri"),
               "--out", str(out)])  # fmt: skip
    return out
