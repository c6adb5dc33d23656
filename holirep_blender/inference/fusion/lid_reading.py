# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each eye is shut: a small network reads the lids' points over the whole clip beside what the fusion network
said, since how far a performer's lids close to the tracker shows only in how they move.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from ...motion.arkit import ARKIT_INDEX
from .constants import numbers, pick
from .decoder import Performance
from .features import head_pose
from .observed import Observed
from .ticks import RATE, Ticks

Tensor = torch.Tensor

_RIGHT = (246, 161, 160, 159, 158, 157, 173, 7, 163, 144, 145, 153, 154, 155, 33, 133, 468)
_LEFT = (466, 388, 387, 386, 385, 384, 398, 249, 390, 373, 374, 380, 381, 382, 263, 362, 473)
"""The lids' points and the iris of each eye, in the same order."""
_SAID = ("eyeBlink", "eyeSquint", "eyeWide", "eyeLookDown", "eyeLookUp")
SHUT = (ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"])
_WIDTH = 80
CHANNELS = 3 * 3 * len(_LEFT) + 2 * len(_SAID) + 2 + 6 + 3


class LidNetwork(nn.Module):
    """Recurrent both ways: readings ``(B, T, CHANNELS)`` of eyes to how far each is shut ``(B, T)``, 0..1."""

    def __init__(self, width: int = _WIDTH) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(CHANNELS, width), nn.GELU(), nn.Linear(width, width))
        self.along = nn.GRU(width, width, num_layers=2, batch_first=True, bidirectional=True)
        self.leave = nn.Linear(3 * width, 1)

    def forward(self, readings: Tensor) -> Tensor:
        """Clips of any length."""
        hidden = self.enter(readings)
        return torch.sigmoid(self.leave(torch.cat([hidden, self.along(hidden)[0]], -1))[..., 0])


def shut_eyes(
    network: LidNetwork, observed: Observed, said: Performance, template: Tensor, fps: float = RATE
) -> Performance:  # fmt: skip
    """The same performance with both ``eyeBlink`` coefficients as the lids' points show them where a face was seen."""
    readings = readings_of(observed, said, template)
    ticks = Ticks(readings.shape[2], fps)
    if not ticks.alike:
        readings = torch.as_tensor(ticks.of_frames(readings.movedim(2, 0).numpy())).float().movedim(0, 2)
    found = network(readings.flatten(0, 1)).unflatten(0, readings.shape[:2]).movedim(0, -1)
    if not ticks.alike:
        found = torch.as_tensor(ticks.to_frames(found.movedim(1, 0).numpy())).float().movedim(0, 1)
    coefficients = said.coefficients.clone()
    seen = observed.face_valid[..., None] > 0
    coefficients[..., SHUT] = torch.where(seen, found, coefficients[..., SHUT])
    return replace(said, coefficients=coefficients)


def readings_of(observed: Observed, said: Performance, template: Tensor) -> Tensor:
    """What the network reads of the left and the right eye ``(2, B, T, CHANNELS)``, the right one as in a mirror."""
    seen = observed.face_valid[..., None]
    turn, scale, freed = head_pose(observed.face_image, template)
    known = observed.neutral_known[:, None]
    rest = head_pose(observed.neutral, template)[2]
    frames = seen.sum(1).clamp_min(1.0)
    eyes = []
    for own, sign, side, other in ((_LEFT, 1.0, "Left", "Right"), (_RIGHT, -1.0, "Right", "Left")):
        mirror = numbers((sign, 1.0, 1.0), seen)

        def lids(points: Tensor, rows: tuple[int, ...], mirror: Tensor = mirror) -> Tensor:
            """Points ``(..., 17 * 3)`` of an eye over the mean face's, about their middle, in units of 2 mm."""
            moved = (pick(points, rows, -2) - pick(template, rows, 0)) * mirror * 5.0
            return (moved - moved.mean(-2, keepdim=True)).clamp(-8.0, 8.0).flatten(-2)

        near = lids(freed, own) * seen
        usual = (near.sum(1) / frames)[:, None]
        neutral = lids(rest, own) * known
        words = [said.coefficients[..., ARKIT_INDEX[name + which]] for which in (side, other) for name in _SAID]
        trust = said.coefficient_spread[..., [ARKIT_INDEX["eyeBlink" + side], ARKIT_INDEX["eyeBlink" + other]]]
        head = torch.cat([turn[..., :, 1] * mirror, turn[..., :, 2] * mirror], -1)
        facts = [scale.clamp_min(1e-3).log()[..., None], seen, known[:, None].expand_as(seen)]
        eyes.append(torch.cat([
            near, (near - usual) * seen, neutral[:, None].expand_as(near), 4.0 * torch.stack(words, -1) * seen,
            trust.log() * seen, head * seen, facts[0] * seen, *facts[1:],
        ], -1))  # fmt: skip
    return torch.stack(eyes)
