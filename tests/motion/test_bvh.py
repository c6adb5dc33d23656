# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.bvh import BvhError, read_bvh, take_from_bvh, write_bvh
from holirep_blender.motion.skeleton import JOINT_NAMES
from tests.motion.retargeting.clips import lively_take, mocap_take

SMALL = """HIERARCHY
ROOT Hips Of Someone
{
  OFFSET 1 2 3
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Arm
  {
    OFFSET 0 10 0
    CHANNELS 3 Yrotation Zrotation Xrotation
    End Site
    {
      OFFSET 0 5 0
    }
  }
}
MOTION
Frames:	2
Frame Time:	0.04
0 0 0 0 0 0 0 0 0
1 0 0 90 0 0 0 90 0
"""


def test_names_channels_and_pose_are_read(tmp_path):
    path = tmp_path / "small.bvh"
    path.write_bytes(SMALL.replace("\n", "\r\n").encode())
    clip = read_bvh(path)
    assert clip.names == ["Hips Of Someone", "Arm"]
    assert clip.parents == [-1, 0]
    assert clip.channels[1] == ("Yrotation", "Zrotation", "Xrotation")
    assert clip.fps == pytest.approx(25.0)
    assert clip.end_sites["Arm"].tolist() == [0, 5, 0]
    positions, turned = clip.pose()
    assert np.allclose(positions[0], [[1, 2, 3], [1, 12, 3]])
    assert np.allclose(positions[1], [[2, 2, 3], [-8, 2, 3]])  # a quarter turn about Z takes Y to -X
    assert np.allclose(rotations.rotate(turned[1, 1], [0, 1, 0]), [0, -1, 0])


def test_a_take_survives_the_file(tmp_path):
    take = lively_take(frames=12)
    write_bvh(take, tmp_path / "take.bvh")
    clip = read_bvh(tmp_path / "take.bvh")
    assert clip.fps == pytest.approx(30.0)
    again = take_from_bvh(clip, {name: name for name in JOINT_NAMES})
    assert np.allclose(again.world_positions(), take.world_positions(), atol=1e-5)
    assert rotations.angle_between(again.world_rotations(), take.world_rotations()).max() < 1e-5
    assert np.abs(np.diff(clip.values[:, 3:], axis=0)).max() < 150.0  # no jumps by whole turns


@pytest.mark.parametrize("name", ["cmu_salsa_01", "cmu_001_08"])
def test_a_take_from_motion_capture_has_the_clips_own_joints(shared_data, name):
    take = mocap_take(shared_data, name, every=50)
    positions = take.world_positions()
    head, foot = (positions[:, take.joint_names.index(joint), 2] for joint in ("head", "leftFoot"))
    assert np.median(head - foot) > 1.0
    clip = read_bvh(shared_data / "mocap" / f"{name}.bvh")
    hand = next(index for index, joint in enumerate(clip.names) if joint in ("lHand", "CC_Base_L_Hand"))
    world = clip.pose()[0][::50, hand] @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]).T / 100
    assert np.allclose(positions[:, take.joint_names.index("leftHand")], world, atol=1e-6)


def test_blender_reads_what_we_write(tmp_path):
    bpy = pytest.importorskip("bpy")
    take = lively_take(frames=6)
    write_bvh(take, tmp_path / "take.bvh")
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.scene.render.fps = 30
    bpy.ops.import_anim.bvh(filepath=str(tmp_path / "take.bvh"), global_scale=0.01, axis_forward="-Z", axis_up="Y")
    armature = bpy.context.object
    wanted = take.world_positions()
    for index in (0, 3, 5):
        bpy.context.scene.frame_set(index + 1)
        for joint in ("hips", "leftHand", "rightFoot", "head"):
            head = armature.matrix_world @ armature.pose.bones[joint].head
            assert np.allclose(head, wanted[index, JOINT_NAMES.index(joint)], atol=1e-4), joint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "HIERARCHY"),
        ("HIERARCHY\nMOTION\nFrames: 1\nFrame Time: 0.1\n", "no joints"),
        (SMALL.replace("OFFSET 0 10 0", "OFFSET a b c"), "line 8"),
        (SMALL.replace("OFFSET 0 10 0", "SPHERE 1"), "SPHERE"),
        (SMALL.rsplit("1 0 0 90", 1)[0], "18|numbers|understood"),
        (SMALL.replace("0.04", "0"), "frame time"),
        (SMALL.replace("Frames:", "Pictures"), "MOTION"),
    ],
)
def test_broken_files_are_one_clear_error(tmp_path, text, message):
    path = tmp_path / "broken.bvh"
    path.write_text(text)
    with pytest.raises(BvhError, match=message) as caught:
        read_bvh(path)
    assert "broken.bvh" in str(caught.value)


def test_a_missing_file_and_a_clip_without_hips(tmp_path):
    with pytest.raises(BvhError, match=r"gone\.bvh"):
        read_bvh(tmp_path / "gone.bvh")
    (tmp_path / "small.bvh").write_text(SMALL)
    with pytest.raises(BvhError, match="hips"):
        take_from_bvh(read_bvh(tmp_path / "small.bvh"), {"hips": "Pelvis"})


def test_a_full_disk_leaves_the_older_file(tmp_path, monkeypatch):
    path = tmp_path / "take.bvh"
    path.write_text("older")
    from pathlib import Path

    def full(self, *_arguments, **_options):
        with open(self, "w") as stream:
            stream.write("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="space"):
        write_bvh(lively_take(frames=3), path)
    assert path.read_bytes() == b"older"
    assert [each.name for each in tmp_path.iterdir()] == ["take.bvh"]
