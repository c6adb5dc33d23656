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
_SQUARE = 0.01
"""By how much of it the two focal lengths of a camera with square pixels may differ."""


class CameraTrackError(UserError):
    """The file of the camera's track cannot be used."""

    kind = "disk"


def camera_settings(request: dict[str, Any]) -> dict[str, Any]:
    """The solve's settings that the request's ``camera_track`` (path of an .npz or .npy file, or null) gives.

    ``camera_track``, and where the file has ``intrinsics (3, 3)`` in pixels, ``focal_length_px`` and
    ``principal_point``. Raises CameraTrackError with the file's name where it cannot be read.
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
    return {**settings, **_lens(arrays.get("intrinsics"), name)}


def track_source(request: dict[str, Any]) -> dict[str, Any]:
    """What a take's header says of where the request's track comes from; empty where it says nothing.

    The header takes it over as it is (`{camera, scene_frame}` from a scene): who applies the take reads it.
    """
    source = request.get("camera_track_source")
    if request.get("camera_track") is None:
        return {}
    return {"camera_track_source": source if isinstance(source, dict) else None}


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


def _lens(intrinsics: Optional[npt.NDArray[Any]], name: str) -> dict[str, Any]:
    """Focal length and principal point; one in the picture's corner, as in a matrix without any, is not known."""
    if intrinsics is None:
        return {}
    if (
        intrinsics.shape != (3, 3)
        or not np.issubdtype(intrinsics.dtype, np.number)
        or not np.isfinite(intrinsics).all()
        or not intrinsics[0, 0] > 0.0
    ):
        raise CameraTrackError(f"The intrinsics in {name} must be a matrix of 3 by 3 in pixels, with a focal length.")
    if abs(intrinsics[1, 1] / intrinsics[0, 0] - 1.0) > _SQUARE:
        raise CameraTrackError(
            f"The intrinsics in {name} have another focal length across than up, but the plate's pixels must be "
            "square. Give those of the plate without its squeeze."
        )
    lens: dict[str, Any] = {"focal_length_px": float(intrinsics[0, 0])}
    if intrinsics[:2, 2].any():
        lens["principal_point"] = (float(intrinsics[0, 2]), float(intrinsics[1, 2]))
    return lens
