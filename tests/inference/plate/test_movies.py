# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies as plates: written here, read back frame by frame."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from holirep_blender.inference.errors import PlateError
from holirep_blender.inference.plate import open_plate
from tests.inference.plate.shots import COUNT, SIZE, encoded, interlaced, number_of, picture, write_movie


def turned(path: Path, to: Path) -> Path:
    """The same MP4 with a quarter turn clockwise in its track header, as phones write it."""
    data = path.read_bytes()
    matrix = data.find(b"tkhd") + 4 + 4 + 5 * 4 + 8 + 8
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, SIZE[1] << 16, 0, 1 << 30)
    to.write_bytes(data[:matrix] + quarter + data[matrix + 36 :])
    return to


@pytest.mark.parametrize(("code", "name"), [("mp4v", "shot.mp4"), ("MJPG", "shot.avi"), ("mp4v", "shot.mkv")])
def test_frames_come_in_order_with_their_numbers(tmp_path: Path, code: str, name: str) -> None:
    plate = open_plate(write_movie(tmp_path / name, code, 25.0))
    assert (plate.size, plate.first_frame, plate.last_frame, plate.frame_count) == (SIZE, 1, COUNT, COUNT)
    frames = list(plate)
    assert [number for number, _, _ in frames] == list(range(1, COUNT + 1))
    assert [number_of(image) for _, _, image in frames] == list(range(1, COUNT + 1))
    np.testing.assert_allclose([time for _, time, _ in frames], np.arange(COUNT) / 25.0, atol=1e-9)
    assert frames[0][2].dtype == np.uint8


def test_colours_are_rgb(tmp_path: Path) -> None:
    _, _, image = next(iter(open_plate(write_movie(tmp_path / "shot.avi", "MJPG", 25.0))))
    np.testing.assert_allclose(image[:, 1:3].reshape(-1, 3).mean(0), (240, 200, 60), atol=12)


@pytest.mark.parametrize(("fps", "exact"), [(23.976, 24000 / 1001), (29.97, 30000 / 1001), (59.94, 60000 / 1001)])
@pytest.mark.parametrize("name", ["shot.mp4", "shot.mkv"])
def test_broadcast_rates_are_exact(tmp_path: Path, fps: float, exact: float, name: str) -> None:
    plate = open_plate(write_movie(tmp_path / name, "mp4v", fps))
    assert plate.fps == exact
    np.testing.assert_allclose(plate.times, np.arange(COUNT) / exact, atol=1e-9)


@pytest.mark.parametrize(("code", "name"), [("mp4v", "shot.mp4"), ("MJPG", "shot.avi"), ("mp4v", "shot.mkv")])
def test_a_part_begins_at_its_frame(tmp_path: Path, code: str, name: str) -> None:
    plate = open_plate(write_movie(tmp_path / name, code, 30.0))
    for first in (2, 13, 14, 29, 40):
        assert number_of(next(plate.frames(first, COUNT))[2]) == first


def test_only_some_frames(tmp_path: Path) -> None:
    plate = open_plate(write_movie(tmp_path / "shot.mp4", "mp4v", 30.0))
    frames = list(plate.frames(5, 30, only={3, 7, 8, 30, 35}))
    assert [number for number, _, _ in frames] == [7, 8, 30]
    assert [number_of(image) for _, _, image in frames] == [7, 8, 30]


@pytest.mark.parametrize(
    ("codec", "name"),
    [("libsvtav1", "shot.mp4"), ("mpeg2video", "shot.mpg"), ("libx264", "shot.avi"), ("libx264", "shot.mkv")],
)
def test_parts_are_exact_where_containers_and_decoders_have_their_own_ways(
    tmp_path: Path, codec: str, name: str
) -> None:
    plate = open_plate(encoded(tmp_path / name, codec))
    for first, wanted in ((1, {COUNT}), (14, set(range(14, 20))), (29, {30, 38}), (COUNT - 1, {COUNT - 1, COUNT})):
        found = {number: number_of(image) for number, _, image in plate.frames(first, max(wanted), wanted)}
        assert found == {number: number for number in wanted}


def test_where_the_rate_varies_fewer_frames_than_the_nominal_rate_says_are_all(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "shot.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", 25)
        stream.codec_context.width, stream.codec_context.height = SIZE
        for number in range(1, 11):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            frame.pts = 3 * number + number % 2
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    plate = open_plate(tmp_path / "shot.mkv")
    assert (plate.frame_count, len(list(plate))) == (10, 10)


def test_a_part_is_the_same_picture_as_in_sequence(shared_data: Path) -> None:
    """Real footage with B-frames, at a constant and at a variable rate."""
    for name in ("asl_help.mkv", "asl_brother.mkv", "head_pose_female.gif"):
        plate = open_plate(shared_data / "video" / name)
        wanted = {2, 3, 17, 20, plate.last_frame}
        in_sequence = {number: image for number, _, image in plate if number in wanted}
        for number, image in in_sequence.items():
            found, _, alone = next(plate.frames(number, number))
            assert found == number
            np.testing.assert_array_equal(alone, image)


def test_variable_rate_keeps_the_real_times(shared_data: Path) -> None:
    plate = open_plate(shared_data / "video" / "asl_brother.mkv")
    np.testing.assert_allclose(plate.times[:4], [0.0, 0.067, 0.1, 0.133], atol=1e-3)


def test_gif(shared_data: Path) -> None:
    plate = open_plate(shared_data / "video" / "head_pose_female.gif")
    assert plate.size == (480, 270)
    assert sum(1 for _ in plate) == plate.frame_count == 23


def test_rotation_is_applied_once(tmp_path: Path) -> None:
    upright = write_movie(tmp_path / "shot.mp4", "mp4v", 25.0)
    plate = open_plate(turned(upright, tmp_path / "turned.mp4"))
    assert plate.size == (SIZE[1], SIZE[0])
    _, _, image = next(iter(plate))
    _, _, original = next(iter(open_plate(upright)))
    np.testing.assert_array_equal(image, np.rot90(original, -1))


def test_range(tmp_path: Path) -> None:
    plate = open_plate(write_movie(tmp_path / "shot.mp4", "mp4v", 25.0), (11, 20))
    assert (plate.first_frame, plate.last_frame, plate.frame_count) == (11, 20, 10)
    assert [number_of(image) for _, _, image in plate] == list(range(11, 21))
    np.testing.assert_allclose(plate.times, np.arange(10, 20) / 25.0)
    with pytest.raises(PlateError, match="11-20"):
        next(plate.frames(5, 12))


@pytest.mark.parametrize("wanted", [(0, 5), (30, 41), (50, 60)])
def test_range_outside_names_the_valid_one(tmp_path: Path, wanted: tuple) -> None:
    path = write_movie(tmp_path / "shot.mp4", "mp4v", 25.0)
    with pytest.raises(PlateError, match=r"shot\.mp4.*1-40"):
        open_plate(path, wanted)


def test_range_backwards(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="backwards"):
        open_plate(write_movie(tmp_path / "shot.mp4", "mp4v", 25.0), (20, 10))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match=r"nowhere\.mp4.*no such file"):
        open_plate(tmp_path / "nowhere.mp4")


@pytest.mark.parametrize("content", [b"", b"no movie at all\n" * 100, bytes(5000)])
def test_not_a_movie(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.mp4"
    path.write_bytes(content)
    with pytest.raises(PlateError, match=r"notes\.mp4"):
        open_plate(path)


def test_movie_without_frames(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match=r"empty\.avi"):
        open_plate(write_movie(tmp_path / "empty.avi", "MJPG", 25.0, count=0))


def test_header_cut_off(tmp_path: Path) -> None:
    data = write_movie(tmp_path / "shot.mp4", "mp4v", 25.0).read_bytes()
    short = tmp_path / "short.mp4"
    short.write_bytes(data[: len(data) // 2])
    with pytest.raises(PlateError, match=r"short\.mp4.*damaged"):
        open_plate(short)


def test_cut_off_movie_says_how_far_it_goes(tmp_path: Path) -> None:
    data = write_movie(tmp_path / "shot.avi", "MJPG", 25.0).read_bytes()
    short = tmp_path / "short.avi"
    short.write_bytes(data[: len(data) // 2])
    with pytest.raises(PlateError, match=r"promises 40 frames, but only (\d+) can be read.*range 1-\1") as caught:
        open_plate(short)
    readable = int(str(caught.value).rsplit("-", 1)[1].rstrip("."))
    plate = open_plate(short, (1, readable))
    assert [number_of(image) for _, _, image in plate] == list(range(1, readable + 1))


def test_sound_alone_is_no_plate(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", 48000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.int16), layout="mono")
        sound.rate = 48000
        container.mux(stream.encode(sound))
    with pytest.raises(PlateError, match=r"sound\.wav.*no pictures"):
        open_plate(tmp_path / "sound.wav")


def test_an_unknown_codec_is_told(tmp_path: Path) -> None:
    path = encoded(tmp_path / "shot.mp4", "libx264")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(PlateError, match=r"shot\.mp4.*codec"):
        open_plate(path)


def test_names_in_another_encoding_than_utf8(tmp_path: Path) -> None:
    path = tmp_path / "shot.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Buehne"
        stream = container.add_stream("mpeg4", 25)
        stream.codec_context.width, stream.codec_context.height = SIZE
        frame = av.VideoFrame.from_ndarray(picture(1), format="bgr24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    path.write_bytes(path.read_bytes().replace(b"Buehne", "Bühnen".encode("latin-1")))
    assert open_plate(path).frame_count == 1


def test_a_decoder_that_gives_up_is_told(tmp_path: Path) -> None:
    """A later version of ProRes is refused; it is no damage that could be left out."""
    path = encoded(tmp_path / "shot.mov", "prores_ks")
    pictures = path.read_bytes().split(b"icpf")
    pictures[COUNT // 2] = pictures[COUNT // 2][:2] + b"\7\7" + pictures[COUNT // 2][4:]
    path.write_bytes(b"icpf".join(pictures))
    with pytest.raises(PlateError, match=r"shot\.mov: cannot be decoded beyond frame \d+ \("):
        list(open_plate(path))


def test_what_cannot_be_decoded_in_the_middle_is_left_out(tmp_path: Path) -> None:
    path = encoded(tmp_path / "shot.mp4", "libx264")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    path.write_bytes(data)
    numbers = [number for number, _, _ in open_plate(path)]
    assert numbers[0] == 1
    assert numbers[-1] == COUNT
    assert COUNT // 2 < len(numbers) < COUNT


def test_a_change_of_size_is_told(tmp_path: Path) -> None:
    first = encoded(tmp_path / "first.ts", "libx264").read_bytes()
    second = encoded(tmp_path / "second.ts", "libx264", size=(320, 240)).read_bytes()
    (tmp_path / "both.ts").write_bytes(first + second)
    with pytest.raises(PlateError, match=rf"both\.ts: frame {COUNT + 1} is 320×240, but the plate is 160×120"):
        list(open_plate(tmp_path / "both.ts"))


@pytest.mark.parametrize(("codec", "pixels", "size"), [("ffv1", "yuv420p", (161, 121)), ("prores_ks", "", SIZE)])
def test_odd_sizes_and_ten_bits(tmp_path: Path, codec: str, pixels: str, size: tuple) -> None:
    plate = open_plate(encoded(tmp_path / "shot.mkv", codec, pixels, size))
    assert plate.size == size
    assert [number_of(image[:, :160]) for _, _, image in plate] == list(range(1, COUNT + 1))


@pytest.mark.parametrize(("colorspace", "color_range"), [(1, 1), (1, 2), (5, 1), (5, 2)])
def test_colours_follow_the_matrix_and_range_that_the_movie_names(
    tmp_path: Path, colorspace: int, color_range: int
) -> None:
    """BT.709 and BT.601, limited and full range, of the same picture."""
    tags = {"colorspace": colorspace, "color_range": color_range}
    _, _, image = next(iter(open_plate(encoded(tmp_path / "shot.mkv", "ffv1", "yuv444p", **tags))))
    np.testing.assert_allclose(image[60, -1], (40, 40, 40), atol=2)
    np.testing.assert_allclose(image[60, 1], (240, 200, 60), atol=3)


def test_only_some_frames_of_a_movie_with_frames_between_others(tmp_path: Path) -> None:
    """Frames that no other is made from are not decoded where nobody wants them; the others stay as they are."""
    plate = open_plate(encoded(tmp_path / "shot.mp4", "libx264"))
    all_frames = {number: image for number, _, image in plate}
    for step in (2, 3, 7):
        wanted = set(range(2, COUNT + 1, step))
        found = {number: image for number, _, image in plate.frames(1, COUNT, wanted)}
        assert set(found) == wanted
        assert all(np.array_equal(image, all_frames[number]) for number, image in found.items())


def test_interlaced_pictures_show_one_moment(tmp_path: Path) -> None:
    plate = open_plate(interlaced(tmp_path / "shot.mpg"))
    frames = {number: image for number, _, image in plate}
    assert len(frames) == plate.frame_count == 10
    for number in range(2, 10):
        rows = frames[number][20:100, :, 0].astype(int)
        assert rows.max() > 200
        assert np.abs(np.diff(rows, axis=0)).max() < 20
        ((_, _, alone),) = list(plate.frames(number, number))
        np.testing.assert_array_equal(alone, frames[number])
