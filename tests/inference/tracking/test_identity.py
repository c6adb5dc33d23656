# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is who: linking sightings to people, and choosing the performer among them."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.inference.errors import TrackingError
from holirep_blender.inference.tracking.appearance import LENGTH, PARTS, difference
from holirep_blender.inference.tracking.choice import PersonChoice, choose
from holirep_blender.inference.tracking.people import link
from holirep_blender.inference.tracking.scan import Sighting, from_arrays, to_arrays

FPS = 30.0
STRIDE = 8
SIZE = (1280, 720)
RED, BLUE = 3, 200


def look(colour: int) -> np.ndarray:
    """Somebody dressed in one colour."""
    parts = np.zeros((PARTS, LENGTH))
    parts[:, colour] = 0.8
    parts[:, colour + 1] = 0.2
    return parts


def view(frame: int, moving_columns: int = 128) -> np.ndarray:
    """The small grey picture: noise, and stripes that move in the leftmost columns, 10 pixels of the plate each."""
    picture = np.random.default_rng(frame).normal(100.0, 1.0, (72, 128))
    picture[:, :moving_columns] += 40.0 * np.sin(np.arange(moving_columns) + frame)
    return picture.astype(np.uint8)


def sighting(frame: int, x: float, colour: int = RED, evidence: float = 0.95, radius: float = 100.0) -> Sighting:
    centre = np.array([x, 300.0])
    box = np.array([x - 0.4 * radius, 300.0 - radius, x + 0.4 * radius, 300.0 + radius])
    return Sighting(frame, evidence, centre, centre - (0.0, radius), box, look(colour), view(frame))


def test_one_person_stays_one() -> None:
    people = link([sighting(frame, 3.0 * frame) for frame in range(1, 200, STRIDE)], FPS, 25, SIZE)
    assert [(person.first_frame, person.last_frame) for person in people] == [(1, 193)]


def test_crossing_keeps_identities() -> None:
    """Two people walk through each other; at the meeting one is hidden for half a second."""
    seen = []
    for frame in range(1, 241, STRIDE):
        right, left = 4.0 * frame, 964.0 - 4.0 * frame
        seen.append(sighting(frame, right, RED))
        if abs(right - left) > 60:
            seen.append(sighting(frame, left, BLUE))
    people = link(seen, FPS, 30, SIZE)
    assert len(people) == 2
    for person, colour in zip(people, (RED, BLUE)):
        assert {int(np.argmax(item.look[0])) for item in person.sightings} == {colour}


def test_crossing_of_twins_by_motion() -> None:
    """Dressed alike, they are told apart by where they were going."""
    seen = []
    for frame in range(1, 241, STRIDE):
        seen += [sighting(frame, 4.0 * frame), sighting(frame, 964.0 - 4.0 * frame)]
    people = link(seen, FPS, 30, SIZE)
    assert len(people) == 2
    for person in people:
        steps = np.diff([item.centre[0] for item in person.sightings])
        assert np.all(steps > 0) or np.all(steps < 0)


def test_hidden_for_a_second_is_the_same_for_long_another() -> None:
    before = [sighting(frame, 300.0) for frame in range(1, 60, STRIDE)]
    assert len(link(before + [sighting(frame, 320.0) for frame in range(90, 150, STRIDE)], FPS, 20, SIZE)) == 1
    assert len(link(before + [sighting(frame, 320.0) for frame in range(190, 250, STRIDE)], FPS, 32, SIZE)) == 2


def test_weak_sightings_are_not_believed() -> None:
    assert link([sighting(frame, 300.0, evidence=0.4) for frame in range(1, 200, STRIDE)], FPS, 25, SIZE) == []
    assert link([sighting(41, 300.0)], FPS, 25, SIZE) == []
    assert len(link([sighting(1, 300.0)], FPS, 1, SIZE)) == 1


def test_sightings_survive_storing() -> None:
    seen = [sighting(1, 100.0, RED), sighting(9, 110.0, BLUE)]
    again = from_arrays(to_arrays(seen))
    assert [item.frame for item in again] == [1, 9]
    np.testing.assert_array_equal(again[1].look, seen[1].look)
    assert from_arrays(to_arrays([])) == []


def test_a_poster_is_nobody_while_somebody_moves() -> None:
    person = [sighting(frame, 250.0, RED) for frame in range(1, 121, STRIDE)]
    poster = [sighting(frame, 900.0, BLUE) for frame in range(1, 121, STRIDE)]
    for item in person + poster:
        item.view = view(item.frame, moving_columns=40)
    people = link(person + poster, FPS, 15, SIZE)
    assert [x_of(found) for found in people] == [250.0]


def test_a_freeze_frame_still_has_its_person() -> None:
    """Nothing moves in the whole plate: no reason to doubt who is in it."""
    seen = [sighting(frame, 250.0) for frame in range(1, 121, STRIDE)]
    for item in seen:
        item.view = view(item.frame, moving_columns=0)
    assert len(link(seen, FPS, 15, SIZE)) == 1


def test_difference_of_looks() -> None:
    assert difference(look(RED), look(RED)) == pytest.approx(0.0, abs=1e-6)
    assert difference(look(RED), look(BLUE)) == pytest.approx(1.0)
    half = look(RED)
    half[1:] = np.nan
    assert difference(half, look(RED)) == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(difference(half * np.nan, look(RED)))


@pytest.fixture
def pair() -> list:
    """A larger person for the whole time at x = 300, and a smaller one at 600 for half of it."""
    seen = [sighting(frame, 300.0, RED, radius=140.0) for frame in range(1, 121, STRIDE)]
    seen += [sighting(frame, 600.0, BLUE) for frame in range(1, 60, STRIDE)]
    return link(seen, FPS, 15, SIZE)


def x_of(person: object) -> float:
    return float(person.sightings[0].centre[0])  # type: ignore[attr-defined]


def test_largest(pair: list) -> None:
    assert x_of(choose(PersonChoice(), pair, (1, 120))) == 300.0
    assert choose(PersonChoice(), [], (1, 120)) is None


def test_point_and_box(pair: list) -> None:
    assert x_of(choose(PersonChoice("point", 20, (610.0, 250.0)), pair, (1, 120))) == 600.0
    assert x_of(choose(PersonChoice("point", 21, (280.0, 250.0)), pair, (1, 120))) == 300.0
    assert x_of(choose(PersonChoice("box", 21, box=(550.0, 210.0, 650.0, 390.0)), pair, (1, 120))) == 600.0


def test_nobody_there_says_who_is(pair: list) -> None:
    with pytest.raises(TrackingError, match=r"nobody was found at the given point in frame 21.*244,160 to 356,440"):
        choose(PersonChoice("point", 21, (1500.0, 20.0)), pair, (1, 120))
    with pytest.raises(TrackingError, match="nobody was found at the given box"):
        choose(PersonChoice("box", 100, box=(550.0, 210.0, 650.0, 390.0)), pair, (1, 120))
    with pytest.raises(TrackingError, match="outside the range 1-120"):
        choose(PersonChoice("point", 500, (300.0, 300.0)), pair, (1, 120))


@pytest.mark.parametrize(
    "data", [{"kind": "tallest"}, {"kind": "point", "frame": 3}, {"kind": "box", "box": [1, 2, 3, 4]}]
)
def test_bad_choice(data: dict) -> None:
    with pytest.raises(TrackingError, match="Person:"):
        PersonChoice.from_json(data)


def test_choice_from_the_protocol() -> None:
    assert PersonChoice.from_json(None) == PersonChoice.from_json({"kind": "largest"}) == PersonChoice()
    assert PersonChoice.from_json({"kind": "point", "frame": 7, "point": [1, 2]}).point == (1.0, 2.0)
