# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracking processes leave nothing behind, however the work ends."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Dict, List, Tuple

import cv2
import numpy as np
import pytest

from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking import find_people, lanes, means, parts, processes, track
from holirep_blender.inference.tracking.graphs import Network
from holirep_blender.inference.tracking.plan import Plan, bytes_held, scan_stride, scanned, split
from holirep_blender.inference.tracking.scan import Sighting


@pytest.fixture
def plate_path(tmp_path: Path) -> Path:
    """Forty grey frames: nobody to be seen, so that it is quick."""
    writer = cv2.VideoWriter(str(tmp_path / "grey.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (160, 120))
    for _ in range(40):
        writer.write(np.full((120, 160, 3), 90, np.uint8))
    writer.release()
    return tmp_path / "grey.mp4"


def folders() -> List[str]:
    return [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("holirep-tracking-")]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(pids: List[int], seconds: float) -> List[int]:
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(alive(pid) for pid in pids):
        time.sleep(0.05)
    return [pid for pid in pids if alive(pid)]


def test_parts_cover_the_range(plate_path: Path) -> None:
    plate = open_plate(plate_path, (5, 38))
    for count in (1, 2, 3, 7):
        pieces = split(plate, 5, 38, count)
        assert [number for first, last in pieces for number in range(first, last + 1)] == list(range(5, 39))
        assert len(pieces) == min(count, 6)
        assert set(last for _, last in pieces) <= set(scanned(plate, 5, 38))


def test_nobody_gives_empty_rows_and_no_folder(plate_path: Path) -> None:
    before = folders()
    plate = open_plate(plate_path)
    team = processes.Processes(plate, split(plate, 1, 40, 2))
    children = [child.pid for child in team._children]
    assert os.getpgid(children[0]) == os.getpgid(0)
    with team:
        assert team.scan(lambda done: None) == []
        rows = team.follow([Plan.of(None, [])], lambda done: None)[0]
    assert len(rows) == 40
    assert np.all(rows.body_confidence == 0)
    assert np.all(np.isnan(rows.body_image))
    np.testing.assert_allclose(rows.times, plate.times)
    np.testing.assert_array_equal(rows.frame_numbers, np.arange(1, 41))
    assert wait_until_gone(children, 1.0) == []
    assert folders() == before


def test_a_process_that_dies_is_reported_and_all_is_cleared(plate_path: Path) -> None:
    before = folders()
    plate = open_plate(plate_path)
    team = processes.Processes(plate, split(plate, 1, 40, 2))
    children = [child.pid for child in team._children]
    os.kill(children[1], signal.SIGKILL)
    with team, pytest.raises(RuntimeError, match="ended unexpectedly"):
        team.scan(lambda done: None)
    assert wait_until_gone(children, 1.0) == []
    assert folders() == before


def test_processes_end_with_their_parent(plate_path: Path, repository: Path) -> None:
    """The parent is killed without a chance to clean up."""
    script = (
        "import sys, time\n"
        "from holirep_blender.inference.plate import open_plate\n"
        "from holirep_blender.inference.tracking.processes import Processes\n"
        "from holirep_blender.inference.tracking.plan import split\n"
        "plate = open_plate(sys.argv[1])\n"
        "team = Processes(plate, split(plate, 1, 40, 2))\n"
        "print(*(child.pid for child in team._children), flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(plate_path)], cwd=repository, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    children = [int(word) for word in parent.stdout.readline().split()]
    assert len(children) == 2
    assert all(alive(pid) for pid in children)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    # What it could not clear away is cleared by the next job.
    assert any(f"-{parent.pid}-" in name for name in folders())
    processes.remove_left_behind()
    assert not any(f"-{parent.pid}-" in name for name in folders())
    assert wait_until_gone(children, 5.0) == []


class Sized:
    """What the sharing of work asks of a plate."""

    def __init__(self, frame_count: int, size: Tuple[int, int] = (640, 480), fps: float = 30.0) -> None:
        self.frame_count, self.size, self.fps = frame_count, size, fps


def test_more_processes_only_where_they_pay_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    assert processes.suitable_processes(Sized(10)) == 1
    assert processes.suitable_processes(Sized(3 * processes.FRAMES_PER_PROCESS)) == 2
    assert processes.suitable_processes(Sized(100_000)) == 2
    assert processes.suitable_processes(Sized(100), "cuda:0") == 1
    assert processes.suitable_processes(Sized(100_000), "cuda:0") == 2


def test_a_device_gets_as_many_as_the_cores_and_the_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(processes, "room_for_pictures", lambda: 32 << 30)
    assert processes.suitable_processes(Sized(1800, (1920, 1080)), "cuda:0") == 14
    monkeypatch.setattr(processes, "room_for_pictures", lambda: 4 << 30)
    assert processes.suitable_processes(Sized(1800, (3840, 2160)), "cuda:0") == 4


@pytest.mark.parametrize("fps", [24.0, 60.0, 240.0])
@pytest.mark.parametrize("size", [(1920, 1080), (4096, 2160), (7680, 4320)])
def test_large_pictures_at_high_rates_do_not_fill_the_memory(
    size: Tuple[int, int], fps: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    plate = Sized(5000, size, fps)
    in_one = bytes_held(plate) * means.suitable_lanes(plate, plate.frame_count)
    assert in_one <= 1 << 30
    assert in_one * processes.suitable_processes(plate) <= processes.MOST_BYTES_HELD
    assert scan_stride(plate) <= max(1, round(fps / 4))


def test_lanes_only_where_they_pay_off(plate_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plate = open_plate(plate_path)
    enough = means.MOST_LANES * means.FRAMES_PER_LANE
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    assert means.suitable_lanes(plate, enough - 1) == 1
    assert means.suitable_lanes(plate, 100 * enough) == means.MOST_LANES
    monkeypatch.setattr(plate, "size", (7680, 4320))
    assert means.suitable_lanes(plate, 100 * enough) == 1
    monkeypatch.undo()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert means.suitable_lanes(plate, 100 * enough) == 1


def test_a_lane_that_fails_ends_the_other(plate_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(means, "FRAMES_PER_LANE", 10)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    plate = open_plate(plate_path)
    team = lanes.Lanes()
    last: Dict[int, int] = {}

    def scan(self: parts.PartWorker, plate: Plate, first: int, end: int, report: parts.Report) -> List[Sighting]:
        for frame in range(10_000):
            last[first] = frame
            report(frame)
            if first > 1 and frame == 20:
                raise ValueError("the second lane is lost")
            time.sleep(0.001)
        return []

    monkeypatch.setattr(parts.PartWorker, "scan", scan)
    with pytest.raises(ValueError, match="the second lane is lost"):
        team.scan(plate, 1, 40, lambda done: None)
    assert len(last) == 2
    assert max(last.values()) < 5_000
    last.clear()

    def fails(done: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        team.scan(plate, 1, 40, fails)
    assert max(last.values()) < 5_000
    assert [thread for thread in threading.enumerate() if thread.name.startswith("tracking")] == []


def test_reading_ahead_keeps_order_and_raises_in_place() -> None:
    def source():
        yield from (1, 2, 3)
        raise ValueError("the third was the last")

    items = parts.prefetched(source())
    assert [next(items) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(ValueError, match="the third"):
        next(items)


def test_a_second_job_in_this_process_finds_the_same_also_after_a_failure() -> None:
    clip = Path(__file__).resolve().parents[4] / "shared" / "data" / "video" / "asl_help.mkv"
    if not clip.is_file():
        pytest.skip(f"test data is not here: {clip}")
    plate = open_plate(clip, (1, 14))
    first = track(plate, processes=1).to_arrays()

    def fails(done: int, total: int) -> None:
        if done > total // 2:
            raise RuntimeError("stop here")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="stop here"):
            track(plate, processes=1, progress=fails)
        again = track(plate, processes=1).to_arrays()
        for name, values in first.items():
            np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_networks_that_are_given_up_are_freed(plate_path: Path) -> None:
    """Half a gigabyte a time: whoever points beside the performer ten times must not run out of memory."""

    def count() -> int:
        gc.collect()
        return sum(isinstance(item, Network) for item in gc.get_objects())

    def fails(done: int, total: int) -> None:
        raise RuntimeError("stop here")

    plate = open_plate(plate_path)
    find_people(plate, 1)
    before = count()
    find_people(plate, 1)
    with pytest.raises(RuntimeError, match="stop here"):
        track(plate, processes=1, progress=fails)
    assert count() <= before
