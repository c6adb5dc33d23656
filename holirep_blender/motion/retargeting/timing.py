# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes by time, not by frame number: the plate's frame rate and the scene's need not agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..take import Camera, Take

Array = npt.NDArray[np.float64]


def scene_frames(take: Take, scene_fps: float, start: float) -> Array:
    """The scene's frame of each of the take's frames ``(T,)``; fractions where the two rates do not agree."""
    return frames_of_times(take.times, scene_fps, start)


def frames_of_times(times: npt.ArrayLike, scene_fps: float, start: float) -> Array:
    """The scene's frames ``(T,)`` of ``times (T,)``, seconds after the scene's frame ``start``."""
    frames = start + np.asarray(times, dtype=np.float64) * scene_fps
    whole = np.round(frames)
    return np.asarray(np.where(np.abs(frames - whole) < 1e-3, whole, frames))


def on_whole_frames(take: Take, scene_fps: float, start: float = 0.0) -> Take:
    """The take as it is at each whole frame of a scene that runs at ``scene_fps``.

    ``start`` is the scene's frame of the take's first one; where that is none of the scene's, the result begins at the
    next one.
    """
    late = float(np.ceil(start - 1e-6) - start)
    if abs(take.fps - scene_fps) < 1e-9 and abs(late) < 1e-3:
        return take
    last = take.times[-1] if take.frame_count else 0.0
    count = max(int(np.floor(last * scene_fps - late + 1e-6)) + 1, 1)
    return at_times(take, (np.arange(count) + late) / scene_fps, scene_fps)


def at_times(take: Take, times: npt.ArrayLike, fps: float) -> Take:
    """The take at ``times (N,)`` seconds from its first frame; rotations by slerp, the rest linearly.

    The result has no observations, which belong to the plate's own frames.
    """
    clock = np.clip(np.asarray(times, dtype=np.float64) * take.fps, 0.0, max(take.frame_count - 1, 0))
    low = np.minimum(np.floor(clock).astype(int), max(take.frame_count - 2, 0))
    high = np.minimum(low + 1, take.frame_count - 1)
    share = clock - low

    def mixed(values: Array) -> Array:
        part = share.reshape((-1,) + (1,) * (values.ndim - 1))
        return np.asarray(values[low] * (1.0 - part) + values[high] * part)

    turned = rotations.slerp(take.local_rotations[low], take.local_rotations[high], share[:, None])
    return replace(
        take,
        fps=fps,
        local_rotations=rotations.normalized(turned),
        root_translation=mixed(take.root_translation),
        joint_confidence=mixed(take.joint_confidence),
        blendshapes=mixed(take.blendshapes),
        blendshape_confidence=mixed(take.blendshape_confidence),
        contacts=mixed(take.contacts),
        camera=None if take.camera is None else _camera_at(take.camera, low, high, share),
        observations=None,
    )


def _camera_at(camera: Camera, low: npt.NDArray[np.int_], high: npt.NDArray[np.int_], share: Array) -> Camera:
    matrices = camera.world_from_camera
    result = matrices[low].copy()
    turns = rotations.from_matrix(matrices[:, :3, :3])
    result[:, :3, :3] = rotations.to_matrix(rotations.slerp(turns[low], turns[high], share))
    result[:, :3, 3] = matrices[low, :3, 3] * (1.0 - share[:, None]) + matrices[high, :3, 3] * share[:, None]
    return Camera(camera.intrinsics, result, camera.image_size)
