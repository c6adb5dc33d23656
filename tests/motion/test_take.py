# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, JOINT_PARENTS, mirrored, t_pose_offsets
from holirep_blender.motion.take import Camera, Take, TakeError


def sample_take(frames=7):
    rng = np.random.default_rng(3)
    local = rotations.from_rotation_vector(rng.normal(0.0, 0.3, (frames, len(JOINT_NAMES), 3)))
    pose = np.tile(np.eye(4), (frames, 1, 1))
    camera = Camera(np.array([[900.0, 0, 480], [0, 900, 270], [0, 0, 1]]), pose, np.array([960.0, 540.0]))
    observations = Observations.empty(frames, (960, 540))
    observations.body_image[2] = 5.0
    observations.body_confidence[2] = 0.5
    return Take(
        fps=24000 / 1001,
        frame_start=101,
        local_rotations=local,
        root_translation=rng.normal(0, 1, (frames, 3)) + [0, 0, 1],
        rest_offsets=t_pose_offsets(1.7),
        camera=camera,
        observations=observations,
        header={"plate": {"path": "plate.mov"}},
    )


def test_saved_and_loaded_takes_are_the_same(tmp_path):
    take = sample_take()
    take.save(tmp_path / "a.npz")
    loaded = Take.load(tmp_path / "a.npz")
    assert loaded.fps == take.fps
    assert loaded.frame_start == 101
    assert loaded.joint_names == JOINT_NAMES
    np.testing.assert_array_equal(loaded.local_rotations, take.local_rotations)
    np.testing.assert_allclose(loaded.world_positions(), take.world_positions())
    np.testing.assert_array_equal(loaded.observations.body_image, take.observations.body_image)
    np.testing.assert_array_equal(loaded.camera.intrinsics, take.camera.intrinsics)
    assert loaded.header["plate"] == {"path": "plate.mov"}
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_bones_keep_their_length_and_the_hips_are_the_root():
    take = sample_take()
    positions = take.world_positions()
    np.testing.assert_array_equal(positions[:, 0], take.root_translation)
    for joint, parent in enumerate(JOINT_PARENTS):
        if parent >= 0:
            lengths = np.linalg.norm(positions[:, joint] - positions[:, parent], axis=-1)
            np.testing.assert_allclose(lengths, np.linalg.norm(take.rest_offsets[joint]), atol=1e-9)


def test_projection_follows_the_pinhole_model():
    camera = sample_take().camera
    points = np.tile([[0.0, 0.0, 2.0], [1.0, 0.5, 4.0], [0.0, 0.0, -1.0]], (7, 1, 1))
    image = camera.project(points)
    np.testing.assert_allclose(image[0, 0], [480.0, 270.0])
    np.testing.assert_allclose(image[0, 1], [480.0 + 225.0, 270.0 + 112.5])
    assert np.isnan(image[0, 2]).all()


@pytest.mark.parametrize("content", [b"", b"not a take", b"PK\x03\x04 half of an archive"])
def test_a_damaged_file_is_named_in_the_error(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(TakeError, match=r"broken\.npz"):
        Take.load(path)


def test_a_missing_file_is_named_in_the_error(tmp_path):
    with pytest.raises(TakeError, match=r"not found.*nowhere\.npz"):
        Take.load(tmp_path / "nowhere.npz")


def test_a_take_from_a_newer_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("holirep_blender.motion.take.SCHEMA_VERSION", 99)
    sample_take().save(tmp_path / "new.npz")
    monkeypatch.undo()
    with pytest.raises(TakeError, match="newer"):
        Take.load(tmp_path / "new.npz")


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="root_translation"):
        Take(24.0, 1, rotations.identity((3, 55)), np.zeros((2, 3)), t_pose_offsets())


def test_rest_skeleton_is_symmetric_and_stands_on_the_floor():
    offsets = t_pose_offsets(1.8)
    for name, index in JOINT_INDEX.items():
        np.testing.assert_allclose(offsets[JOINT_INDEX[mirrored(name)]] * [-1, 1, 1], offsets[index])
    rest = Take(24.0, 1, rotations.identity((1, 55)), offsets[:1], offsets).world_positions()[0]
    assert 0.0 < rest[JOINT_INDEX["leftToes"], 2] < 0.06
    assert 1.5 < rest[JOINT_INDEX["head"], 2] < 1.8
    assert rest[JOINT_INDEX["leftHand"], 0] > 0.5


@pytest.mark.parametrize("name", ["local_rotations", "root_translation", "blendshapes", "rest_offsets"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused(tmp_path, name, value):
    take = sample_take()
    getattr(take, name)[3, 1] = value
    with pytest.raises(ValueError, match=f"{name} .*(frame 4|joint {JOINT_NAMES[3]})"):
        take.check_finite()
    take.save(tmp_path / "broken.npz")
    with pytest.raises(TakeError, match=rf"broken\.npz .*{name}"):
        Take.load(tmp_path / "broken.npz")
