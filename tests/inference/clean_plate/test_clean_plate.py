# SPDX-License-Identifier: GPL-3.0-or-later
"""Clean plates of known truth: a figure with a shadow that walks before a drawn wall."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from holirep_blender.inference.clean_plate import clean_plate
from holirep_blender.inference.clean_plate.backdrop import most_agreed
from holirep_blender.inference.clean_plate.silhouettes import silhouettes
from holirep_blender.inference.errors import UserError
from tests.clean_shot import FIRST, FRAMES, HEIGHT, LENS, WIDTH, hips, seen, take_of, with_figure


class Heard(list):
    """What a job reports."""

    def __call__(self, progress):
        self.append(progress)

    def warn(self, text):
        self.append(text)


def wall(width=WIDTH * 2):
    """A wall of soft blots over grass, larger than the picture."""
    seed = np.random.default_rng(3)
    blots = cv2.GaussianBlur(seed.uniform(0, 255, (HEIGHT * 2, width, 3)), (0, 0), 4)
    spread = (blots - blots.mean()) * 5 + 130
    return np.clip(spread, 20, 235).astype(np.uint8)


def shot(folder, turns=None, standing=False):
    """A plate ``plate.####.png``, its take, and the backgrounds of its frames; ``turns (T,)`` radians of the camera."""
    behind, clean = wall(), []
    middles = hips(standing)
    ways = np.tile(np.eye(4), (FRAMES, 1, 1))
    if turns is not None:
        ways[:, :3, :3] = [cv2.Rodrigues(np.array([0.0, turn, 0.0]))[0] for turn in turns]
    centred = np.array([[1.0, 0, -WIDTH / 2], [0, 1.0, -HEIGHT / 2], [0, 0, 1.0]])
    for frame in range(FRAMES):
        view = LENS @ ways[frame, :3, :3].T @ np.linalg.inv(LENS) @ centred
        clean.append(cv2.warpPerspective(behind, view, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR))
        drawn = with_figure(clean[-1], middles[frame])
        cv2.imwrite(str(folder / f"plate.{frame + FIRST:04d}.png"), drawn[..., ::-1])
    take = take_of(middles, ways)
    take.save(folder / "take.npz")
    return take, clean


def cleaned(where, **changed):
    """The job's answer, and what it reported."""
    heard = Heard()
    request = {"take": str(where / "take.npz"), "plate": str(where / "plate.0101.png"), "folder": str(where / "out")}
    return clean_plate({**request, "sequence_fps": 24.0, **changed}, heard), heard


@pytest.mark.parametrize("turning", [False, True])
def test_the_performer_and_the_shadow_are_gone_and_the_rest_stays(tmp_path, turning):
    turns = np.linspace(-0.15, 0.15, FRAMES) if turning else None
    _, clean = shot(tmp_path, turns)
    said, heard = cleaned(tmp_path)
    assert (said["count"], said["guessed"], said["moves"]) == (FRAMES, [], turning)
    assert said["first"].endswith("clean.0101.png")
    fractions = [each.fraction for each in heard]
    assert fractions == sorted(fractions)
    for frame in (2, 12, 21):
        plate = cv2.imread(str(tmp_path / f"plate.{frame + 101:04d}.png")).astype(float)
        over = cv2.imread(str(tmp_path / "out" / f"clean.{frame + 101:04d}.png"), cv2.IMREAD_UNCHANGED).astype(float)
        alpha = over[..., 3:] / 255.0
        result = plate * (1 - alpha) + over[..., :3] * alpha
        truth = clean[frame][..., ::-1].astype(float)
        dirty = np.abs(plate - truth).max(axis=2) > 20
        apart = np.abs(result - truth).max(axis=2)
        assert dirty.mean() > 0.03
        assert np.mean(apart[dirty] > (12 if turning else 4)) < 0.02, "figure and shadow are gone"
        assert apart[~dirty].max() <= (14 if turning else 6)
        assert (alpha == 0).mean() > 0.6, "what is elsewhere in the plate stays as it is"


def test_what_cannot_be_done_is_said_and_nothing_is_written(tmp_path):
    def refused(match, **more):
        with pytest.raises(UserError, match=match):
            cleaned(tmp_path, **more)
        assert not list((tmp_path / "out").glob("*.png")) if (tmp_path / "out").is_dir() else True

    take, _ = shot(tmp_path, standing=True)
    refused("% of what is behind the performer is never seen in this plate: the performer hardly leaves")
    refused(r"The frames 90 to 110 are not in the take, which has 101 to 124", frame_range=[90, 110])
    refused("No folder is chosen", folder=" ")
    refused("is a file: choose a folder", folder=str(tmp_path / "take.npz"))
    cv2.imwrite(str(tmp_path / "small.0101.png"), np.zeros((90, 160, 3), np.uint8))
    refused("is 160 x 90, but the take was made from a plate of 320 x 180", plate=str(tmp_path / "small.0101.png"))
    dataclasses.replace(take, observations=None).save(tmp_path / "take.npz")
    refused("does not say where the performer was seen")
    turning, _ = shot(tmp_path, np.linspace(-0.1, 0.1, FRAMES))
    still = dataclasses.replace(turning.camera, world_from_camera=np.tile(np.eye(4), (FRAMES, 1, 1)))
    dataclasses.replace(turning, camera=still).save(tmp_path / "take.npz")
    refused(
        "The camera moves .the picture shifts by .* pixels., so frames do not lie over each other. Track the camera"
    )
    ways = turning.camera.world_from_camera.copy()
    ways[:, 0, 3] = np.linspace(0.0, 2.0, FRAMES)
    travelling = dataclasses.replace(turning.camera, world_from_camera=ways)
    dataclasses.replace(turning, camera=travelling).save(tmp_path / "take.npz")
    refused("never seen in this plate: the camera travels")


def test_visitors_who_stand_there_most_of_the_time_do_not_mix_with_what_is_behind():
    seed = np.random.default_rng(5)
    wall = np.full((4, 6, 3), (150, 120, 90))
    pictures = [np.clip(wall + seed.integers(-4, 5, wall.shape), 0, 255).astype(np.uint8) for _ in range(6)]
    pictures += [np.full((4, 6, 3), (value, value // 2, 40), np.uint8) for value in (0, 30, 60, 90, 120, 220, 250)]
    hidden = [np.zeros((4, 6), bool) for _ in pictures]
    hidden[0][:] = hidden[1][0] = True
    for each in hidden:
        each[3, 5] = True
    agreed, seen = most_agreed(pictures, hidden, (4, 6))
    assert np.abs(agreed[seen].astype(int) - (150, 120, 90)).max() <= 4
    assert np.array_equal(np.argwhere(~seen), [[3, 5]])
    assert not most_agreed([], [], (4, 6))[1].any()


def test_a_performer_who_is_lost_for_a_moment_is_covered_all_the_same():
    points = seen(hips())
    whole = silhouettes(points)
    points.body_confidence[8:12] = 0.0
    points.body_image[8:12] = np.nan
    gapped = silhouettes(points)
    assert sorted(gapped) == sorted(whole) == list(range(101, 101 + FRAMES))
    np.testing.assert_allclose(gapped[110].points, whole[110].points, atol=1e-9)
    points.times[10:] += 2.0
    assert 110 not in silhouettes(points)
