# SPDX-License-Identifier: GPL-3.0-or-later
"""Exposures of a known scene come together to it."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from holirep_blender.lighting.brackets import exposure, merge
from holirep_blender.lighting.errors import EnvironmentMapError
from holirep_blender.lighting.exposure_metadata import exposure_of
from tests.lighting.maps import direction, paint_disk, sky

TIMES = [1 / 2000, 1 / 250, 1 / 30, 0.25]


def scene():
    return paint_disk(sky(128), direction(30, 40), 4.0, [1.5, 1.0, 0.5])


def shots(radiance, gain=4.0, seed=5):
    """As a camera takes them: light arrives in grains, is read with noise, and ends at 1."""
    generator = np.random.default_rng(seed)
    made = []
    for time in TIMES:
        light = radiance.astype(np.float64) * time * gain
        grains = generator.poisson(np.minimum(light, 4) * 20000) / 20000
        made.append(np.clip(grains + generator.normal(0, 3e-4, light.shape), 0, 1).astype(np.float32))
    return made


def test_what_was_bracketed_comes_back():
    truth = scene()
    merged = merge(shots(truth), TIMES)
    told = merged.pixels / (4.0 * sorted(TIMES)[2])
    apart = np.abs(told / truth - 1)
    assert np.median(apart) < 0.01
    assert np.percentile(apart, 95) < 0.03
    assert told.sum() == pytest.approx(truth.sum(), rel=0.01)
    assert merged.warnings == []
    order = [2, 0, 3, 1]
    again = merge([shots(truth)[place] for place in order], [TIMES[place] for place in order])
    np.testing.assert_array_equal(again.pixels, merged.pixels)


def test_what_is_wrong_with_the_exposures_is_told():
    truth = scene()
    wrong = merge(shots(truth), [1 / 2000, 1 / 1000, 1 / 500, 1 / 250])
    assert any("differ" in line for line in wrong.warnings)
    bright = merge(shots(truth, gain=300.0)[:2], TIMES[:2])
    assert any("saturated" in line for line in bright.warnings)
    with pytest.raises(EnvironmentMapError, match="different sizes"):
        merge([np.ones((4, 8, 3), np.float32), np.ones((4, 6, 3), np.float32)], [1, 2])
    with pytest.raises(EnvironmentMapError, match="same exposure"):
        merge([np.ones((4, 8, 3), np.float32)] * 2, [1, 1])
    with pytest.raises(EnvironmentMapError, match="two exposures"):
        merge([np.ones((4, 8, 3), np.float32)], [1])


@pytest.mark.parametrize(
    ("text", "value"), [("1/250", 0.004), ("0.5", 0.5), ("2s", 2.0), ("-2ev", 0.25), ("+1EV", 2.0)]
)
def test_exposures_as_they_are_written(text, value):
    assert exposure(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "fast", "0", "1/0"])
def test_what_is_no_exposure(text):
    with pytest.raises(ValueError, match="no exposure"):
        exposure(text)


def exif(order="<"):
    """A TIFF structure with 1/125 s, f/8 and ISO 400."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    outer = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
    entries = struct.pack(order + "HHII", 0x829A, 5, 1, 68) + struct.pack(order + "HHII", 0x829D, 5, 1, 76)
    entries += struct.pack(order + "HHIHH", 0x8827, 3, 1, 400, 0)
    inner = struct.pack(order + "H", 3) + entries + struct.pack(order + "I", 0)
    return mark + struct.pack(order + "I", 8) + outer + inner + struct.pack(order + "IIII", 1, 125, 8, 1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["jpg", "tif", "png"])
def test_exposure_from_exif(tmp_path, kind, order):
    data = exif(order)
    if kind == "jpg":
        data = (
            b"\xff\xd8\xff\xe0"
            + struct.pack(">H", 4)
            + b"ab"
            + b"\xff\xe1"
            + struct.pack(">H", 8 + len(data))
            + b"Exif\0\0"
            + data
        )
    if kind == "png":
        data = (
            b"\x89PNG\r\n\x1a\n"
            + struct.pack(">I4s", 2, b"abcd")
            + b"xxcccc"
            + struct.pack(">I4s", len(data), b"eXIf")
            + data
        )
    path = tmp_path / f"shot.{kind}"
    path.write_bytes(data)
    assert exposure_of(path) == pytest.approx(1 / 125 * 4 / 64)


def test_exposure_from_an_exr_header(tmp_path):
    data = b"\x76\x2f\x31\x01\x02\0\0\0"
    for name, value in ((b"expTime", 0.01), (b"aperture", 4.0), (b"other", 9.0), (b"isoSpeed", 200.0)):
        data += name + b"\0float\0" + struct.pack("<if", 4, value)
    (tmp_path / "shot.exr").write_bytes(data + b"\0")
    assert exposure_of(tmp_path / "shot.exr") == pytest.approx(0.01 * 2 / 16)


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"\xff\xd8\xff\xe1\0\x20Exif\0\0II*\0", b"\x76\x2f\x31\x01\x02\0\0\0exp"]
)
def test_a_file_that_does_not_tell(tmp_path, content):
    (tmp_path / "shot").write_bytes(content)
    assert exposure_of(tmp_path / "shot") is None
