# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate and the time left that a job tells while it tracks."""

from __future__ import annotations

from typing import List

import pytest

from holirep_blender.inference import replicate
from holirep_blender.protocol.messages import Progress


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> List[Progress]:
    """What a clock tells of 141 frames: people are found quickly, then nothing for six seconds, then ten a second."""
    times = [0.0, *(second / 2 for second in range(1, 9)), *(10.0 + step / 2 for step in range(22))]
    done = [0, *(4 * step for step in range(1, 9)), *(36 + 5 * step for step in range(22))]
    now = iter([times[0], *times])
    monkeypatch.setattr(replicate.time, "monotonic", lambda: next(now))
    said: List[Progress] = []
    clock = replicate.Clock(60, said.append)
    for frames in done:
        clock(frames, 141)
    assert len(said) == len(done) - 1  # the first call comes at the clock's own instant
    return said


def test_a_pause_does_not_frighten(told: List[Progress]) -> None:
    """From the pause on eleven seconds are left; nothing said differs from what is true by more than a factor of 4."""
    ahead = [progress for progress in told if progress.frame >= 60 + 35]
    for number, progress in enumerate(ahead[:-1]):
        left = 10.5 - number / 2
        assert progress.seconds_left is not None
        assert progress.seconds_left < 4.0 * left + 1.0, (number, progress)
    assert ahead[-1].seconds_left == 0.0


def test_it_never_goes_back(told: List[Progress]) -> None:
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions)
    assert told[-1].frame == 200
