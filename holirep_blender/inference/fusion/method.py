# SPDX-License-Identifier: GPL-3.0-or-later
"""The method Fusion: the network's weights, the device, the performer's neutral face, and the take of it all."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
import numpy.typing as npt
import torch

from ...motion.extending import extended
from ...motion.geometric import SolveOptions
from ...motion.geometric.head import Face, solve_face
from ...motion.geometric.sightings import body_sightings
from ...motion.observations import Observations
from ...motion.resampling import resampled
from ...motion.take import Take
from ..errors import UserError
from ..runtime_report import choose_device
from .features import ASSUMED_FOCAL
from .finishing import Sight, finished
from .neutral import Neutral, neutral_face
from .second_reading import second_reading
from .solution import solve_fusion
from .weights import Trained, Weights, find_weights, load_trained

Array = npt.NDArray[np.float64]

_loaded: Optional[tuple[tuple[str, str, str], Trained]] = None
"""The network of the last job and what it was loaded from: the warm worker keeps it for the next one."""


@dataclass
class Fusion:
    """The method as the worker's requests name it; see ``inference.methods.Method``.

    Making one looks at the weights and the device; raises UserError where they cannot be used.
    """

    options: SolveOptions
    device: str
    own_weights: Optional[Path]
    neutral_frame: Optional[int]
    warn: Callable[[str], None]

    def __post_init__(self) -> None:
        """Loads the network: what is wrong with it is said before anything is tracked."""
        self.weights: Weights = find_weights(self.own_weights)
        self.second: Weights = second_reading().weights
        self.device, warning = choose_device(self.device)
        if warning:
            self.warn(warning)
        self.trained = _network(self.weights, self.device)

    def solve(self, observations: Observations, fps: float, frame_start: int, told: Callable[[float], None]) -> Take:
        """The take, over all frames; raises UserError where the performer was not seen and where a setting is wrong."""
        options = replace(self.options, fps=fps, frame_start=frame_start)
        try:
            rows = resampled(observations, fps)
        except ValueError as error:
            raise UserError(f"The plate's times cannot be used: {error}.") from error
        track = options.camera_track
        if track is not None and len(track) != len(rows):
            raise UserError(
                f"The camera track has {len(track)} frames, but the take has {len(rows)}: it needs one row for each "
                "frame."
            )
        seen = np.flatnonzero(body_sightings(rows, fps))
        if not len(seen):
            raise UserError(
                "The performer was not found in any frame of the plate. Choose another performer, or a range in which "
                "the performer is seen."
            )
        first, end = int(seen[0]), int(seen[-1]) + 1
        part = rows.part(slice(first, end))
        sight = Sight(body_sightings(part, fps), face_of(part, options, fps))
        neutral = neutral_face(sight.face, part.frame_numbers, self.neutral_frame)
        if neutral is None and self.neutral_frame is not None:
            raise UserError(
                f"No face is seen around frame {self.neutral_frame}. Choose another neutral frame, or none."
            )
        take = self._solved(_centred(part, options), _of_part(options, first, end), neutral, told)
        if options.principal_point is not None and take.camera is not None:
            take.camera.intrinsics[:2, 2] = options.principal_point
        take.observations = part
        take = finished(take, part, sight, self.trained, neutral, options)
        take = extended(take, first, len(rows) - end, observations)
        if track is not None and take.camera is not None:
            take.camera.world_from_camera = track.copy()
        take.header = {**take.header, **self._header(options, neutral)}
        return take

    def _solved(
        self, rows: Observations, options: SolveOptions, neutral: Optional[Neutral], told: Callable[[float], None]
    ) -> Take:
        # frames that only look calm may hold an expression, which the network would take off every other
        points = neutral.points if neutral is not None and neutral.given else None
        try:
            return solve_fusion(self.trained.network, rows, options, neutral=points, progress=told)
        except torch.cuda.OutOfMemoryError:
            self.warn(f"The GPU {self.device} has no memory for the network, so the CPU does the work.")
            torch.cuda.empty_cache()
            self.device = "cpu"
            self.trained = _network(self.weights, self.device)
            return solve_fusion(self.trained.network, rows, options, neutral=points, progress=told)

    def _header(self, options: SolveOptions, neutral: Optional[Neutral]) -> dict[str, Any]:
        noted = {item.name: getattr(options, item.name) for item in fields(options)}
        noted["camera_track"] = None if options.camera_track is None else "given"
        return {
            "method": "fusion",
            "solve_options": noted,
            "models": [
                {"name": used.path.name, "sha256": used.sha256, "method": "fusion"}
                for used in (self.weights, self.second)
            ],
            "fusion": {
                "device": self.device,
                "published_weights": self.weights.published,
                "neutral_frame": self.neutral_frame,
                "neutral_frames_used": 0 if neutral is None else int(neutral.frames.sum()),
            },
        }


def _network(weights: Weights, device: str) -> Trained:
    global _loaded
    key = (str(weights.path), weights.sha256, device)
    if _loaded is None or _loaded[0] != key:
        _loaded = None  # not two networks at a time
        _loaded = (key, load_trained(weights, device))
    return _loaded[1]


def face_of(rows: Observations, options: SolveOptions, fps: float) -> Face:
    """The face freed from the head's pose; the lens matters little for that."""
    focal = options.focal_length_px or ASSUMED_FOCAL * float(rows.image_size.max())
    centre = rows.image_size / 2.0 if options.principal_point is None else np.array(options.principal_point)
    return solve_face(rows.face_image, rows.face_confidence, focal, centre, rows.times, fps)


def _of_part(options: SolveOptions, first: int, end: int) -> SolveOptions:
    """The options for a part of the frames."""
    track = None if options.camera_track is None else options.camera_track[first:end]
    return replace(options, camera_track=track, principal_point=None)


def _centred(rows: Observations, options: SolveOptions) -> Observations:
    """The observations as a lens would show them whose axis meets the picture's middle, which the solve takes for
    granted.
    """
    if options.principal_point is None:
        return rows
    shift = rows.image_size / 2.0 - np.array(options.principal_point)
    moved = replace(rows)
    for name in ("body_image", "face_image", "left_hand_image", "right_hand_image"):
        points = getattr(rows, name).copy()
        points[..., :2] += shift
        setattr(moved, name, points)
    return moved
