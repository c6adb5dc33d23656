# SPDX-License-Identifier: GPL-3.0-or-later
"""Multilayer OpenEXR: what is written is read again, by Blender too; and a file is whole or not there."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.lighting.multilayer_exr import (
    ExrError,
    channels_of,
    clear_partials,
    partial_path,
    read_exr,
    read_texts,
    write_exr,
)


def planes(width, height, seed=0):
    random = np.random.default_rng(seed)
    names = ("Character.Combined.A", "Character.Combined.R", "Shadow.Multiply_A_long_name_of_a_lamp.R")
    return {name: random.normal(0.5, 2.0, (height, width)).astype(np.float32) for name in names}


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 37), height=st.integers(1, 40), half=st.booleans(), seed=st.integers(0, 99))
def test_what_is_written_is_read(tmp_path_factory, width, height, half, seed):
    path = tmp_path_factory.mktemp("exr") / "one.exr"
    written = planes(width, height, seed)
    write_exr(path, written, {"holirep/inputs": '{"ä": 1}'}, half)
    found = read_exr(path)
    assert list(found) == sorted(written)
    for name, plane in written.items():
        wanted = plane.astype(np.float16).astype(np.float32) if half else plane
        np.testing.assert_array_equal(found[name], wanted)
    assert read_texts(path)["holirep/inputs"] == '{"ä": 1}'
    assert channels_of(path) == sorted(written)
    assert list(read_exr(path, lambda name: name.endswith(".A"))) == ["Character.Combined.A"]


def test_values_beyond_half_floats_stay_finite(tmp_path):
    write_exr(tmp_path / "bright.exr", {"R": np.array([[1e9, -1e9]])})
    np.testing.assert_array_equal(read_exr(tmp_path / "bright.exr")["R"], [[65504.0, -65504.0]])


def test_blender_reads_a_plain_file(tmp_path):
    import bpy

    ramp = np.linspace(0, 1, 20 * 35, dtype=np.float32).reshape(35, 20)
    write_exr(tmp_path / "ramp.exr", {"R": ramp, "G": ramp * 2, "B": ramp * 0}, half=False)
    image = bpy.data.images.load(str(tmp_path / "ramp.exr"))
    pixels = np.empty(20 * 35 * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    seen = pixels.reshape(35, 20, image.channels)[::-1]
    np.testing.assert_allclose(seen[..., 1], ramp * 2, atol=1e-6)
    bpy.data.images.remove(image)


FULL_DISK = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from holirep_blender.lighting.multilayer_exr import write_exr
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    write_exr(Path(sys.argv[1]), {"R": np.random.default_rng(0).normal(size=(60, 60))})
except OSError as error:
    print("OSError", error.errno)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit of file sizes")
def test_a_full_disk_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "frame.exr"
    write_exr(path, {"R": np.ones((4, 4))})
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True)
    assert "OSError" in done.stdout, done.stderr
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["frame.exr"], "nothing half written is left"


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "frame.exr"
    write_exr(path, planes(20, 20))
    whole = path.read_bytes()
    for size in (3, 40, len(whole) // 2):
        path.write_bytes(whole[:size])
        with pytest.raises(ExrError, match=r"frame\.exr"):
            read_exr(path)
    path.write_text("no picture at all")
    with pytest.raises(ExrError, match="no OpenEXR"):
        read_exr(path)
    assert read_texts(path) == {}


def test_what_a_killed_process_left_is_cleared(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    own = partial_path(tmp_path / "shadow.0002.exr")
    stale = own.with_name(own.name.replace(str(os.getpid()), str(ended.pid)))
    elsewhere = tmp_path / f".shadow.0004.exr.another-computer.{ended.pid}.partial"
    for path in (stale, own, elsewhere, tmp_path / "shadow.0003.exr"):
        path.write_bytes(b"")
    clear_partials(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([own.name, elsewhere.name, "shadow.0003.exr"])
    clear_partials(tmp_path, own=True)
    assert sorted(os.listdir(tmp_path)) == sorted([elsewhere.name, "shadow.0003.exr"])
