# SPDX-License-Identifier: GPL-3.0-or-later
"""Which soles stand: a small network weighs what the fusion network said against how the soles move and were seen.

It reads a performance before the solve, which wants to know what stands, and once more the solved one, which shows it
more sharply. Both feet are read by the same numbers, each beside the other one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ...motion.contacts.stance import calmed, stance
from ...motion.observations import Observations
from .solving import Clip, Start
from .solving.floor import floor_height, soles
from .ticks import RATE, Ticks
from .windows import Predicted

Tensor = torch.Tensor
Array = npt.NDArray[np.float64]

_MARKS = ((27, 29, 31), (28, 30, 32))
"""The tracker's ankle, heel and toe of the left and the right foot."""
_AROUND = 64
"""Ticks around each in which a sole's lowest place and the stillest frames are looked for."""
_SLOW = 3
"""Frames to both sides over which a sole's slow motion is told."""
_WIDTH, _DILATIONS = 64, (1, 2, 4, 8, 1, 2)
GROUPS = {"said": (4, 8), "shown": (8, 12), "seen": (12, 25)}
"""Columns of what was said by the fusion network, of what thresholds find in the motion, of what the tracker saw."""
CHANNELS = 44


class FootingNetwork(nn.Module):
    """Convolutions over 0.6 s to both sides: readings ``(B, T, CHANNELS)`` of feet to logits ``(B, T, 2)`` that heel
    and ball stand.
    """

    def __init__(self, width: int = _WIDTH) -> None:
        super().__init__()
        self.enter = nn.Conv1d(CHANNELS, width, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.GroupNorm(1, width),
                nn.Conv1d(width, width, 3, padding=reach, dilation=reach),
                nn.GELU(),
                nn.Dropout(0.3),
                nn.Conv1d(width, width, 1),
            )
            for reach in _DILATIONS
        )
        self.leave = nn.Conv1d(width, 2, 1)

    def forward(self, readings: Tensor) -> Tensor:
        """Logits of clips of any length."""
        hidden = self.enter(readings.transpose(1, 2))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return torch.as_tensor(self.leave(hidden).transpose(1, 2))


@torch.inference_mode()
def standing(network: FootingNetwork, said: Predicted, start: Start, clip: Clip, rows: Observations) -> Array:
    """How surely left heel, left ball, right heel, right ball stand ``(T, 4)``, 0..1, in ``clip``: the start's own or
    the solved one.
    """
    readings = torch.as_tensor(readings_of(said, start, clip, rows), dtype=torch.float32)
    found = torch.sigmoid(network(readings)).double().numpy()
    return Ticks(len(rows), start.fps).to_frames(np.concatenate([found[0], found[1]], axis=1))


def readings_of(said: Predicted, start: Start, clip: Clip, rows: Observations) -> Array:
    """What the network reads of the left and the right foot ``(2, N, CHANNELS)`` at each tick."""
    ticks = Ticks(len(rows), start.fps)
    at = ticks.of_frames
    size = float(np.exp(clip.build[0]))
    world = soles(clip, start.template)
    floor = floor_height([clip], [start.standing], start.template)
    shown = stance(calmed(world, world[..., 2] - floor, start.fps, seen=start.seen), start.fps)
    places, turn, camera = at(world), at(clip.turn), at(clip.place)
    seen = at(start.seen[:, None])
    local = np.einsum("tni,tij->tnj", places - camera[:, None], turn)
    depth = np.maximum(local[..., 2:], 0.2)
    focal = float(np.exp(clip.focal))
    picture = local[..., :2] / depth * focal + rows.image_size / 2.0
    metres = (depth.mean(axis=1) / focal / size)[:, None]
    marks = np.stack([at(rows.body_image[:, columns, :2]) for columns in _MARKS])
    sure = np.stack([at(rows.body_visibility[:, columns]) for columns in _MARKS])
    deep = [np.einsum("tnj,tj->tn", at(rows.body_world[:, columns[1:]]), turn[:, 2]) for columns in _MARKS]
    heights = (places[..., 2] - floor) / size
    moving = _rate(places) / size
    speed, slow = np.linalg.norm(moving, axis=-1), np.linalg.norm(_rate(places, _SLOW), axis=-1) / size
    logits = at(said.performance.contacts[0, :, :4].numpy())
    shown, lowest = at(shown), _around(heights, 5.0)
    hips = np.linalg.norm(at(said.performance.velocity[0].numpy())[:, :2], axis=1, keepdims=True)
    still = _around(speed, 10.0, together=True)
    feet = []
    for foot, other in ((0, 1), (1, 0)):
        own, far = slice(2 * foot, 2 * foot + 2), slice(2 * other, 2 * other + 2)
        drift = _rate(marks[foot]) * metres
        off = ((marks[foot][:, 1:] - picture[:, own]) * metres).reshape(len(ticks), 4)
        feet.append(np.concatenate([
            10.0 * heights[:, own], 10.0 * (heights - lowest)[:, own],
            0.5 * logits[:, own], 0.5 * logits[:, far],
            4.0 * shown[:, own] - 2.0, 4.0 * shown[:, far] - 2.0,
            np.log1p(4.0 * np.linalg.norm(drift, axis=-1)) * seen, drift[..., 1] * seen, sure[foot],
            5.0 * np.clip(off, -0.5, 0.5) * seen,
            3.0 * (deep[foot] - deep[other]) * seen, 10.0 * (heights[:, own] - heights[:, far]),
            np.log1p(4.0 * speed[:, own]), np.log1p(4.0 * slow[:, own]), moving[:, own, 2],
            10.0 * heights[:, far], np.log1p(4.0 * speed[:, far]),
            -turn[:, 2, 2:], 3.0 * still, np.log1p(hips), seen, np.ones_like(seen),
        ], axis=1))  # fmt: skip
    return np.clip(np.stack(feet), -6.0, 6.0)


def _rate(values: Array, reach: int = 1) -> Array:
    """Change in a second of values ``(N, ...)`` between so many ticks before and after."""
    index = np.arange(len(values))
    after, before = np.minimum(index + reach, len(values) - 1), np.maximum(index - reach, 0)
    span = np.maximum(after - before, 1).reshape((-1,) + (1,) * (values.ndim - 1))
    return np.asarray((values[after] - values[before]) * (RATE / span))


def _around(values: Array, percentile: float, together: bool = False) -> Array:
    """A percentile of values ``(N, K)`` over the ticks around each: of each column, or of all together ``(N, 1)``."""
    size = min(_AROUND, len(values))
    every = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)
    found = np.percentile(every, percentile, axis=(1, 2) if together else 2)
    first = np.clip(np.arange(len(values)) - size // 2, 0, len(values) - size)
    return np.asarray(found[first].reshape(len(values), -1))
