# SPDX-License-Identifier: GPL-3.0-or-later
"""A performance of known truth: a walking figure with moving fingers, seen by a known camera, as perfect points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.geometric.camera import WORLD_FROM_LEVEL_CAMERA, facing_rays
from holirep_blender.motion.geometric.landmarks import HIP, body_attachments
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.skeleton import FINGERS, JOINT_INDEX, JOINT_NAMES, SIDES, finger_joints, t_pose_offsets
from holirep_blender.motion.take import Camera, Take

FPS = 30.0
SIZE = np.array([1280.0, 720.0])


@dataclass
class Performance:
    take: Take
    camera: Camera
    observations: Observations


def _turn(axis, angles):
    return rotations.from_axis_angle(np.array(axis, float), angles)


def walking(frames: int = 90, heading: float = 0.6, height: float = 1.70) -> Take:
    """A walk of 0.7 m/s along its heading; elbows and fingers bend and stretch."""
    t = np.arange(frames) / FPS
    phase = 2 * np.pi * 0.9 * t
    local = rotations.identity((frames, len(JOINT_NAMES)))

    def put(name, quaternion):
        local[:, JOINT_INDEX[name]] = quaternion

    put("hips", rotations.multiply(_turn([0, 0, 1], np.full(frames, heading)), _turn([0, 0, 1], 0.08 * np.sin(phase))))
    for name, share in (("spine", 0.4), ("chest", 0.35), ("upperChest", 0.25)):
        put(
            name,
            rotations.multiply(_turn([0, 0, 1], -0.25 * share * np.sin(phase)), _turn([1, 0, 0], share * 0.1 + 0 * t)),
        )
    for sign, side, offset in ((1, "left", 0.0), (-1, "right", np.pi)):
        swing = phase + offset
        put(f"{side}UpperLeg", _turn([1, 0, 0], -0.45 * np.sin(swing)))
        put(f"{side}LowerLeg", _turn([1, 0, 0], 0.45 + 0.4 * np.cos(swing)))
        put(f"{side}Foot", _turn([1, 0, 0], -0.1 + 0.1 * np.sin(swing)))
        down = _turn([0, 1, 0], np.full(frames, sign * 1.15))
        put(f"{side}UpperArm", rotations.multiply(_turn([1, 0, 0], 0.5 * np.sin(swing)), down))
        put(f"{side}LowerArm", _turn([0, 0, 1], -sign * (0.7 + 0.4 * np.sin(swing))))
        for number, finger in enumerate(FINGERS[1:]):
            bend = 0.5 + 0.4 * np.sin(phase * 0.5 + number)
            for joint, share in zip(finger_joints(side, finger), (0.8, 1.0, 0.5)):
                put(joint, _turn([0, sign, 0], bend * share))
    offsets = t_pose_offsets(height)
    way = 0.7 * (t - t.mean())
    root = np.stack([np.sin(heading) * way, -np.cos(heading) * way, 0.0 * t], axis=-1)
    take = Take(FPS, 1, local, root, offsets)
    feet = [JOINT_INDEX[name] for name in ("leftFoot", "rightFoot")]
    ankle = offsets[JOINT_INDEX["hips"], 2] + sum(offsets[JOINT_INDEX[f"left{p}Leg"], 2] for p in ("Upper", "Lower"))
    ankle += offsets[JOINT_INDEX["leftFoot"], 2]
    take.root_translation[:, 2] += ankle - take.world_positions()[:, feet, 2].min(axis=1)
    return take


def level_camera(frames: int, focal: float, distance: float = 4.5, height: float = 1.3, pitch: float = 0.0) -> Camera:
    intrinsics = np.array([[focal, 0, SIZE[0] / 2], [0, focal, SIZE[1] / 2], [0, 0, 1.0]])
    pose = np.eye(4)
    turn = rotations.to_matrix(rotations.from_rotation_vector(np.array([pitch, 0.0, 0.0])))
    pose[:3, :3] = WORLD_FROM_LEVEL_CAMERA @ turn
    pose[:3, 3] = [0.0, -distance, height]
    return Camera(intrinsics, np.repeat(pose[None], frames, 0), SIZE)


def observed(take: Take, camera: Camera) -> Observations:
    """What a perfect tracker that works on crops would see."""
    frames = take.frame_count
    rows = Observations.empty(frames, SIZE)
    rows.times = np.arange(frames) / FPS
    rows.frame_numbers = np.arange(1.0, frames + 1)
    turned, placed = rotations.to_matrix(take.world_rotations()), take.world_positions()
    attachments = body_attachments(take.rest_offsets, float(take.rest_offsets[0, 2] / t_pose_offsets(1.70)[0, 2]))
    world = np.zeros((frames, 33, 3))
    for landmark, joint, offset in zip(attachments.landmarks, attachments.joints, attachments.offsets):
        world[:, landmark] = placed[:, JOINT_INDEX[joint]] + turned[:, JOINT_INDEX[joint]] @ offset
    used = np.zeros(33, bool)
    used[attachments.landmarks] = True
    world[:, ~used] = world[:, :1]
    focal, centre = camera.intrinsics[0, 0], SIZE / 2
    axes, origin = camera.world_from_camera[:, :3, :3], camera.world_from_camera[:, None, :3, 3]
    pixels = camera.project(world)
    rows.body_image[..., :2], rows.body_image[..., 2] = pixels, 0.0
    local = (world - origin) @ axes
    seen_along = facing_rays(pixels[:, used].mean(1), focal, centre)
    rows.body_world = (local - local[:, HIP].mean(1, keepdims=True)) @ seen_along
    rows.body_visibility[:], rows.body_confidence[:] = 1.0, 1.0
    low, high = pixels.min(1), pixels.max(1)
    rows.person_box = np.concatenate([low, high], axis=1)
    for side in SIDES:
        points = hand_world(take, side, turned, placed)
        image = camera.project(points)
        local = (points - origin) @ axes
        along = facing_rays(image[:, 0], focal, centre)
        getattr(rows, f"{side}_hand_image")[..., :2] = image
        getattr(rows, f"{side}_hand_image")[..., 2] = 0.0
        getattr(rows, f"{side}_hand_world")[:] = (local - local.mean(1, keepdims=True)) @ along
        getattr(rows, f"{side}_hand_confidence")[:] = 1.0
    return rows


def hand_world(take: Take, side: str, turned: np.ndarray, placed: np.ndarray) -> np.ndarray:
    points = [placed[:, JOINT_INDEX[f"{side}Hand"]]]
    for finger in FINGERS:
        joints = [JOINT_INDEX[name] for name in finger_joints(side, finger)]
        points += [placed[:, joint] for joint in joints]
        tip = 0.9 * take.rest_offsets[joints[2]]
        points.append(placed[:, joints[2]] + turned[:, joints[2]] @ tip)
    return np.stack(points, axis=1)


def performance(frames: int = 90, focal: float = 1400.0, heading: float = 0.6, pitch: float = 0.0) -> Performance:
    take = walking(frames, heading)
    camera = level_camera(frames, focal, pitch=pitch)
    return Performance(take, camera, observed(take, camera))
