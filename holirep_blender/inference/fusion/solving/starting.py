# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's word as a clip in one world."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt
import torch

from ....motion import filters, rotations
from ....motion.observations import Observations
from ....motion.take import CONTACT_NAMES
from ..features import ASSUMED_FOCAL
from ..joints import BODY_ROWS, BUILD, rest_offsets
from ..rotations import gravity_view
from ..windows import Predicted
from .clip import Start
from .marks import BODY_INDEX
from .terms import Clip

Array = npt.NDArray[np.float64]

_LENS_SAID = 0.5
"""How far the network's word on the lens counts against what is usual: one performer shows it little (on rendered
performers the network errs by 30 to 40 %, the usual lens by 22 to 27 %; on emulated ones by 13 and 43 %)."""
_SHOULDERS = -0.05
"""Logarithm by which the network says the shoulders of rendered performers too broad; half of what was found, as it is
not so of all of them.
"""
_DEPTH_CUTOFF = 1.5
"""Hertz; distance from the camera is seen worst of all and people do not leap along the view more often."""


def start_of(
    said: Predicted,
    rows: Observations,
    template: Array,
    *,
    fps: float,
    camera_track: Optional[Array] = None,
    lens_known: bool = False,
) -> Start:
    """What a prediction over ``rows`` means in a world whose Z is up.

    Without ``camera_track (T, 4, 4)``, world from camera, one camera stands on sticks at the world's origin and looks
    along +Y. ``template (478, 3)`` is the network's mean face in centimetres.
    """
    performance, count = said.performance, len(rows)
    turn, place = _camera(performance.up[0].double().numpy(), count, camera_track)
    up = performance.up[0].double() if camera_track is None else torch.as_tensor(turn[:, 2])
    upright = gravity_view(up).numpy()
    local = performance.rotations[0][:, list(BODY_ROWS)].double().numpy().copy()
    local[:, 0] = turn @ upright @ local[:, 0]
    focal = float(said.focal[0])
    lens = focal if lens_known else _likely_focal(focal, float(np.max(rows.image_size)))
    build = performance.build[0].double().clone()
    build[1 + list(BUILD).index("shoulders")] += _SHOULDERS
    offsets = rest_offsets(build).numpy()[list(BODY_ROWS)]
    # a longer lens sees the same from farther away
    there = said.place[0].double().numpy() * np.array([1.0, 1.0, lens / focal])
    if count > 12:
        depth = np.exp(filters.zero_phase(np.log(np.maximum(there[:, 2:], 0.1)), fps, _DEPTH_CUTOFF))
        there = there / np.maximum(there[:, 2:], 0.1) * depth
    pelvis = (offsets[BODY_INDEX["leftUpperLeg"]] + offsets[BODY_INDEX["rightUpperLeg"]]) / 2.0
    root = np.einsum("tij,tj->ti", turn, there) + place - local[:, 0] @ pelvis
    touching = torch.sigmoid(performance.contacts[0, :, : len(CONTACT_NAMES)]).double().numpy()
    return Start(
        clip=Clip(local, root, build.numpy(), float(np.log(lens)), turn, place),
        spread=performance.spread[0][:, list(BODY_ROWS)].double().numpy(),
        contacts=touching,
        seen=np.asarray(np.nan_to_num(rows.body_confidence) > 0.0),
        template=template,
        fps=fps,
    )


def _likely_focal(said: float, longer: float) -> float:
    """The focal length in pixels of a picture whose longer side is ``longer``, by the network's word and the usual."""
    return float(np.exp(_LENS_SAID * np.log(said) + (1.0 - _LENS_SAID) * np.log(ASSUMED_FOCAL * longer)))


def _camera(up: Array, count: int, track: Optional[Array]) -> tuple[Array, Array]:
    """The camera's turns ``(T, 3, 3)`` to the world and places ``(T, 3)``."""
    if track is not None:
        return track[:, :3, :3].copy(), track[:, :3, 3].copy()
    # one camera on sticks: its tilt is the clip's, not each frame's
    steady = rotations.normalized(np.median(up, axis=0))
    turn = gravity_view(torch.as_tensor(steady)).numpy().T
    return np.tile(turn, (count, 1, 1)), np.zeros((count, 3))
