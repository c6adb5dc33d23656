# SPDX-License-Identifier: GPL-3.0-or-later
"""A take that is solved again by the worker."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.inference.errors import UserError
from holirep_blender.inference.server import describe_failure
from holirep_blender.inference.solve_again import solve_again
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.take import Take
from tests.motion.geometric.performance import FPS, performance


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    """A take of a synthetic walk, as a performance leaves it."""
    take = solve(performance(frames=12).observations, SolveOptions(fps=FPS, frame_start=101))
    take.header = {**take.header, "plate": {"path": "walk.mov"}}
    path = tmp_path_factory.mktemp("takes") / "walk.001.npz"
    take.save(path)
    return path


def request(take, out, **settings):
    return {
        "take": str(take), "out": str(out), "smoothing": "none", "smoothing_strength": 0.5, "focal_length_px": None,
        "performer_height": None, **settings,
    }  # fmt: skip


def test_the_new_settings_count_and_the_old_take_stays(tracked, tmp_path):
    before = tracked.read_bytes()
    stages = []
    out = tmp_path / "walk.002.npz"
    answer = solve_again(
        request(tracked, out, focal_length_px=1400.0, performer_height=1.2), lambda at: stages.append(at.stage)
    )
    assert answer["take"] == str(out)
    assert answer["frames"] == 12
    assert stages == ["Reading the take", "Solving", "Writing the take"]
    assert tracked.read_bytes() == before
    old, new = Take.load(tracked), Take.load(out)
    assert new.camera.intrinsics[0, 0] == 1400.0
    tall, small = (np.ptp(take.world_positions()[0, :, 2]) for take in (old, new))
    assert small < 0.85 * tall
    assert new.frame_start == 101
    assert new.header["plate"] == {"path": "walk.mov"}
    assert new.header["solve_options"]["performer_height"] == 1.2
    assert new.observations is not None, "so that it can be solved again"


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"take": "gone.npz"}, "disk", "gone.npz"),
        ({"take": ""}, "user", "No take"),
        ({"out": "take.txt"}, "user", "take.npz"),
        ({"smoothing": "soft"}, "user", "Smoothing must be"),
        ({"performer_height": 17.0}, "user", "0.5 and 2.6"),
        ({"camera_track": "gone.npy"}, "disk", "gone.npy"),
        ({"camera_track": 7}, "disk", "path"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(tracked, tmp_path, change, kind, said):
    with pytest.raises(UserError) as raised:
        solve_again({**request(tracked, tmp_path / "new.npz"), **change}, lambda _at: None)
    told = describe_failure(raised.value)
    assert said in told["message"]
    assert told["data"]["kind"] == kind
    assert list(tmp_path.iterdir()) == []


def test_a_camera_that_was_tracked_elsewhere_gives_the_world(tracked, tmp_path):
    old = Take.load(tracked)
    lifted = old.camera.world_from_camera.copy()
    lifted[:, :3, 3] += [5.0, 0.0, 2.0]
    np.savez(tmp_path / "track.npz", world_from_camera=lifted, intrinsics=np.diag([1500.0, 1500.0, 1.0]))
    np.save(tmp_path / "track.npy", lifted)
    for name, focal in (("track.npz", 1500.0), ("track.npy", old.camera.intrinsics[0, 0])):
        out = tmp_path / f"{name}.take.npz"
        solve_again(request(tracked, out, camera_track=str(tmp_path / name)), lambda _at: None)
        new = Take.load(out)
        np.testing.assert_array_equal(new.camera.world_from_camera, lifted)
        assert new.camera.intrinsics[0, 0] == pytest.approx(focal)
        assert new.header["solve_options"]["camera_track"] == "given"
        if focal != 1500.0:
            np.testing.assert_allclose(new.root_translation - old.root_translation, [[5.0, 0.0, 2.0]] * 12, atol=0.03)
    # solved once more with other smoothing, the track and its lens still count
    solve_again(request(tmp_path / "track.npz.take.npz", tmp_path / "third.npz"), lambda _at: None)
    third = Take.load(tmp_path / "third.npz")
    np.testing.assert_array_equal(third.camera.world_from_camera, lifted)
    assert third.camera.intrinsics[0, 0] == 1500.0
    # the user's own focal length wins
    out = tmp_path / "own.npz"
    solve_again(
        request(tracked, out, camera_track=str(tmp_path / "track.npz"), focal_length_px=1234.0), lambda _at: None
    )
    assert Take.load(out).camera.intrinsics[0, 0] == 1234.0


def test_what_is_no_camera_track_is_named(tracked, tmp_path):
    (tmp_path / "text.npz").write_text("no arrays")
    np.savez(tmp_path / "other.npz", somewhere=np.eye(4))
    np.save(tmp_path / "short.npy", np.tile(np.eye(4), (5, 1, 1)))
    np.savez(tmp_path / "lens.npz", world_from_camera=np.tile(np.eye(4), (12, 1, 1)), intrinsics=np.zeros((3, 3)))
    said = {
        "text.npz": "Not a readable camera track", "other.npz": "holds no camera track", "short.npy": "5 frames",
        "lens.npz": "intrinsics",
    }  # fmt: skip
    for name, words in said.items():
        with pytest.raises(UserError, match=words):
            solve_again(request(tracked, tmp_path / "new.npz", camera_track=str(tmp_path / name)), lambda _at: None)
    assert not (tmp_path / "new.npz").exists()


def test_a_take_without_observations_is_refused(tracked, tmp_path):
    bare = Take.load(tracked)
    bare.observations = None
    bare.save(tmp_path / "bare.npz")
    with pytest.raises(UserError, match=r"bare\.npz holds no observations"):
        solve_again(request(tmp_path / "bare.npz", tmp_path / "new.npz"), lambda _at: None)
