# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera's path that was tracked elsewhere, as a file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from .errors import UserError

NAMES = ("world_from_camera", "camera_track")
"""What the track may be called in an .npz file; an .npy file holds nothing else."""


class CameraTrackError(UserError):
    """The file of the camera's track cannot be used."""

    kind = "disk"


def camera_settings(request: dict[str, Any]) -> dict[str, Any]:
    """The solve's settings that the request's ``camera_track`` (path of an .npz or .npy file, or null) gives.

    ``camera_track``, and ``focal_length_px`` where the file has ``intrinsics (3, 3)`` in pixels. Raises
    CameraTrackError with the file's name where it cannot be read.
    """
    name = request.get("camera_track")
    if name is None:
        return {}
    if not isinstance(name, str) or not name.strip():
        raise CameraTrackError("The camera track must be the path of an .npz or .npy file.")
    arrays = _arrays(Path(name))
    track = next((arrays[key] for key in NAMES if key in arrays), None)
    if track is None:
        raise CameraTrackError(f"{name} holds no camera track: it needs an array called {' or '.join(NAMES)}.")
    settings: dict[str, Any] = {"camera_track": track}
    focal = _focal_length(arrays.get("intrinsics"), name)
    return settings if focal is None else {**settings, "focal_length_px": focal}


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {NAMES[0]: loaded}
        with loaded:
            return dict(loaded)
    except FileNotFoundError:
        raise CameraTrackError(f"Camera track not found: {path}") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CameraTrackError(f"Not a readable camera track (.npz or .npy): {path}") from error


def _focal_length(intrinsics: Optional[npt.NDArray[Any]], name: str) -> Optional[float]:
    if intrinsics is None:
        return None
    if intrinsics.shape != (3, 3) or not np.issubdtype(intrinsics.dtype, np.number) or not intrinsics[0, 0] > 0.0:
        raise CameraTrackError(f"The intrinsics in {name} must be a matrix of 3 by 3 in pixels, with a focal length.")
    return float(intrinsics[0, 0])
