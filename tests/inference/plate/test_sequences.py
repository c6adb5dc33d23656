# SPDX-License-Identifier: GPL-3.0-or-later
"""Image sequences as plates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holirep_blender.inference.errors import PlateError
from holirep_blender.inference.plate import open_plate

# The plate package switches OpenEXR on before OpenCV is first used; hence after it.
import cv2  # isort: skip


def write(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """shot.0995.png … shot.1004.png; the frame's level is its number less 900."""
    for number in range(995, 1005):
        write(tmp_path / "plate" / f"shot.{number:04d}.png", np.full((30, 40, 3), number - 900, np.uint8))
    return tmp_path / "plate"


@pytest.mark.parametrize("name", ["", "shot.0999.png", "shot.####.png", "shot.%04d.png"])
def test_folder_image_or_pattern(folder: Path, name: str) -> None:
    plate = open_plate(folder / name, sequence_fps=25)
    assert (plate.first_frame, plate.last_frame, plate.fps, plate.size) == (995, 1004, 25.0, (40, 30))
    frames = list(plate)
    assert [number for number, _, _ in frames] == list(range(995, 1005))
    assert [int(image[0, 0, 0]) for _, _, image in frames] == list(range(95, 105))
    np.testing.assert_allclose(plate.times, np.arange(10) / 25)


def test_range(folder: Path) -> None:
    plate = open_plate(folder, (998, 1000), sequence_fps=24)
    assert [number for number, _, _ in plate] == [998, 999, 1000]
    np.testing.assert_allclose(plate.times, np.arange(3, 6) / 24)
    with pytest.raises(PlateError, match="995-1004"):
        open_plate(folder, (1, 10))


def test_gap_is_named_and_can_be_avoided(folder: Path) -> None:
    for number in (997, 998, 1001):
        (folder / f"shot.{number:04d}.png").unlink()
    with pytest.raises(PlateError, match=r"lacks frames 997-998, 1001"):
        open_plate(folder)
    assert open_plate(folder, (999, 1000)).frame_count == 2


def test_changing_size(folder: Path) -> None:
    write(folder / "shot.1000.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(PlateError, match=r"frame 1000 is 20×20, but the plate is 40×30"):
        list(open_plate(folder))


def test_several_sequences_in_a_folder(folder: Path) -> None:
    write(folder / "mask.0001.png", np.zeros((30, 40, 3), np.uint8))
    with pytest.raises(PlateError, match="several sequences"):
        open_plate(folder)
    assert open_plate(folder / "shot.1000.png").frame_count == 10


def test_no_images(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="no numbered images"):
        open_plate(tmp_path)
    with pytest.raises(PlateError, match=r"shot\.####\.png"):
        open_plate(tmp_path / "shot.####.png")


def test_damaged_image(folder: Path) -> None:
    (folder / "shot.1000.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(PlateError, match=r"shot\.1000\.png.*damaged"):
        list(open_plate(folder))


def only(path: Path) -> np.ndarray:
    """The only frame of a plate."""
    ((_, _, image),) = list(open_plate(path))
    return image


def test_depths_and_channels(tmp_path: Path) -> None:
    """8 and 16 bits, grey and alpha end as the same 8-bit RGB."""
    grey = np.tile(np.arange(0, 250, 10, np.uint8), (8, 1))
    colour = np.dstack([grey, grey // 2, 255 - grey])
    alpha = np.dstack([colour, np.full_like(grey, 7)])
    expected = colour[..., ::-1]
    np.testing.assert_array_equal(only(write(tmp_path / "a" / "eight.png", colour)), expected)
    np.testing.assert_array_equal(only(write(tmp_path / "b" / "alpha.png", alpha)), expected)
    np.testing.assert_array_equal(only(write(tmp_path / "c" / "deep.png", colour.astype(np.uint16) * 257)), expected)
    np.testing.assert_array_equal(only(write(tmp_path / "d" / "grey.png", grey)), np.dstack([grey] * 3))
    np.testing.assert_array_equal(only(write(tmp_path / "e" / "deep.tif", colour.astype(np.uint16) * 257)), expected)


def test_exr_is_scene_linear(tmp_path: Path) -> None:
    levels = np.array([0.0, 0.0031308, 0.18, 0.5, 1.0, 4.0], np.float32)
    image = np.tile(levels[None, :, None], (4, 1, 3))
    # sRGB of these by IEC 61966-2-1, 8 bits; above 1 clips.
    expected = np.array([0, 10, 118, 188, 255, 255])
    found = only(write(tmp_path / "linear.exr", image))
    np.testing.assert_allclose(found[0, :, 0], expected, atol=1)


def test_exif_rotation_of_a_photo_is_applied(tmp_path: Path) -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30] = 255
    plain = write(tmp_path / "plain.jpg", image).read_bytes()
    # A minimal EXIF block with orientation 6: turn a quarter clockwise to display.
    exif = (
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    )
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:])
    found = only(turned)
    assert found.shape == (60, 40, 3)
    assert found[5].mean() > 250
    assert found[-5].mean() < 5


def test_a_plain_ppm_is_taken_as_it_lies_in_the_file(tmp_path: Path) -> None:
    image = np.random.default_rng(2).integers(0, 255, (30, 40, 3), np.uint8)
    path = write(tmp_path / "plain.0001.ppm", image)
    ((_, _, found),) = list(open_plate(path))
    np.testing.assert_array_equal(found, image[..., ::-1])
    write(tmp_path / "deep.0001.ppm", image.astype(np.uint16) * 257)
    ((_, _, found),) = list(open_plate(tmp_path / "deep.0001.ppm"))
    np.testing.assert_array_equal(found, image[..., ::-1])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(PlateError, match=r"plain\.0001\.ppm"):
        list(open_plate(path))
