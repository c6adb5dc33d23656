# SPDX-License-Identifier: GPL-3.0-or-later
"""The methods that make a take of observations, behind one interface: what was asked for, checked before tracking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional, Protocol

from ..motion.geometric import SolveError, SolveOptions, solve
from ..motion.observations import Observations
from ..motion.take import Take
from ..protocol.methods import DEFAULT_METHOD, FUSION, METHODS
from .camera_tracks import camera_settings
from .errors import UserError
from .runtime_report import choose_device

OPTIONS = ("smoothing", "smoothing_strength", "focal_length_px", "performer_height", "floor")


class Method(Protocol):
    """One way from observations to a take."""

    options: SolveOptions

    def solve(self, observations: Observations, fps: float, frame_start: int, told: Callable[[float], None]) -> Take:
        """The take, without its provenance; ``told`` how much is done, 0 to 1. Raises UserError."""


class Geometric:
    """Joint angles from the tracked points alone."""

    def __init__(self, options: SolveOptions) -> None:
        self.options = options

    def solve(self, observations: Observations, fps: float, frame_start: int, told: Callable[[float], None]) -> Take:
        """See :class:`Method`."""
        try:
            return solve(observations, replace(self.options, fps=fps, frame_start=frame_start))
        except SolveError as error:
            raise UserError(str(error)) from error


def method_of(request: dict[str, Any], warn: Callable[[str], None], default: str = DEFAULT_METHOD) -> Method:
    """The method that a request asks for, with its settings.

    ``warn`` is told what the user should know although the job goes on. Raises UserError for a wrong setting, and for
    weights that are missing or damaged: whoever tracks for an hour wants to know before.
    """
    name = request.get("method") or default
    if name not in METHODS:
        raise UserError(f"There is no method '{name}'; choose one of: {', '.join(METHODS)}.")
    options = solve_options_of(request)
    device = str(request.get("device") or "auto")
    if name == FUSION:
        from .fusion.method import Fusion  # loads PyTorch

        return Fusion(options, device, _weights_of(request), _neutral_frame_of(request), warn)
    if request.get("neutral_frame") is not None:
        raise UserError("A neutral frame counts only with the method Fusion. Choose that, or leave the frame out.")
    if device.startswith("cuda"):
        # The geometric solve computes on the CPU; but who asks for a GPU wants to know that it will not do.
        _, warning = choose_device(device)
        if warning:
            warn(warning)
    return Geometric(options)


def solve_options_of(request: dict[str, Any]) -> SolveOptions:
    """The request's settings that all methods share; raises UserError for a wrong one."""
    given = {name: request[name] for name in OPTIONS if request.get(name) is not None}
    try:
        # what the user sets wins over what the track's file holds
        return SolveOptions(**{**camera_settings(request), **given})
    except SolveError as error:
        raise UserError(str(error)) from error
    except TypeError as error:
        raise UserError(f"A setting of the solve is not a number: {error}.") from error


def _weights_of(request: dict[str, Any]) -> Optional[Path]:
    name = request.get("weights")
    if name is None or name == "":
        return None
    if not isinstance(name, str):
        raise UserError("The network's weights must be the path of a .safetensors file.")
    return Path(name)


def _neutral_frame_of(request: dict[str, Any]) -> Optional[int]:
    frame = request.get("neutral_frame")
    if frame is None:
        return None
    if isinstance(frame, bool) or not isinstance(frame, int):
        raise UserError("The neutral frame must be the number of a frame of the plate.")
    return frame
