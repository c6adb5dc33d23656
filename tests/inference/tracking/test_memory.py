# SPDX-License-Identifier: GPL-3.0-or-later
"""Long plates stream: tracking two and a half times as many frames takes no more memory than their observations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from holirep_blender.inference.plate import open_plate

PACKAGE = Path(__file__).resolve().parents[3]
# Tracks frames 1 to n of a plate in one process, and prints the most memory it ever had, in megabytes.
SCRIPT = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking import track
rows = track(open_plate(sys.argv[2], (1, int(sys.argv[3]))), processes=1)
assert (rows.body_confidence > 0).all()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux reports it")
def test_memory_does_not_grow_with_the_plate(tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[4] / "shared" / "data" / "video" / "asl_please.mkv"
    if not source.is_file():
        pytest.skip(f"test data is not here: {source}")
    pictures = [cv2.cvtColor(image, cv2.COLOR_RGB2BGR) for _, _, image in open_plate(source, (20, 40))]
    movie = tmp_path / "long.mp4"
    height, width = pictures[0].shape[:2]
    assert (width, height) == (640, 480)
    writer = cv2.VideoWriter(str(movie), cv2.VideoWriter_fourcc(*"mp4v"), 30.0, (width, height))
    there_and_back = pictures + pictures[-2:0:-1]
    for index in range(300):
        writer.write(there_and_back[index % len(there_and_back)])
    writer.release()
    del pictures, there_and_back
    peaks = []
    for frames in (120, 300):
        command = [sys.executable, "-c", SCRIPT, str(PACKAGE), str(movie), str(frames)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout.split()[-1]))
    # 180 frames more: 158 MB as pictures, 5 MB as observations, which are held up to three times while they are joined.
    assert peaks[1] - peaks[0] < 25.0, f"{peaks[0]:.0f} MB for 120 frames, {peaks[1]:.0f} MB for 300"
