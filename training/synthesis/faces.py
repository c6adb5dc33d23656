# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces in motion: identities, expressions, blinks, speech, gaze, and where the 478 points then are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

import numpy as np
import torch

from holirep_blender.inference.fusion.constants import index, numbers, pick
from holirep_blender.inference.fusion.decoder import IDENTITIES
from holirep_blender.motion.arkit import ARKIT_INDEX, ARKIT_NAMES

from .chance import Chance, Clock

Tensor = torch.Tensor

_IRIS_DEPTH, _IRIS_RADIUS = 1.28, 0.585
_YAW, _PITCH = np.radians(32.0), np.radians(24.0)
"""Turn of an eye whose look coefficient is 1."""
_SPEECH = ("jawOpen", "mouthFunnel", "mouthPucker", "mouthClose", "mouthLowerDownLeft", "mouthLowerDownRight",
           "mouthUpperUpLeft", "mouthUpperUpRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
           "mouthStretchLeft", "mouthStretchRight", "mouthPressLeft", "mouthPressRight")  # fmt: skip
_LIDS = [float("Blink" in name) for name in ARKIT_NAMES]
_LOOKS = tuple(name for name in ARKIT_NAMES if name.startswith("eyeLook"))
_OPPOSITES = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"), ("mouthSmileLeft", "mouthFrownLeft"),
              ("mouthSmileRight", "mouthFrownRight"), ("eyeWideLeft", "eyeSquintLeft"),
              ("eyeWideRight", "eyeSquintRight"), ("browDownLeft", "browOuterUpLeft"),
              ("browDownRight", "browOuterUpRight"))  # fmt: skip


@dataclass
class Expressive:
    """``coefficients (B, T, 52)``, ``gaze (B, T, 4)`` yaw and pitch of left and right eye in radians, ``identity
    (B, 40)``, ``points (B, T, 478, 3)`` and ``neutral (B, 478, 3)`` in centimetres and head axes.
    """

    coefficients: Tensor
    gaze: Tensor
    identity: Tensor
    points: Tensor
    neutral: Tensor


class Faces:
    """The face basis of a pack, resident on the device."""

    def __init__(self, pack: Mapping[str, np.ndarray], device: torch.device) -> None:
        def tensor(name: str) -> Tensor:
            return torch.as_tensor(pack[name].astype(np.float32), device=device)

        self.device = device
        self.neutral, self.normals, self.eyes = tensor("face_neutral"), tensor("face_normals"), tensor("face_eyes")
        self.expressions = tensor("face_expressions")
        self.identities = tensor("face_identities")
        still = torch.zeros(1, 1, 4, device=device)
        self.template = torch.cat([self.neutral, self._irises(self.neutral[None, None], still)[0, 0]])

    def _irises(self, points: Tensor, gaze: Tensor) -> Tensor:
        """Centres and rims of the right and the left iris ``(B, T, 10, 3)``, in the tracker's order."""
        corners = ((33, 133), (362, 263))
        usual = ((self.neutral[33] + self.neutral[133]) / 2, (self.neutral[362] + self.neutral[263]) / 2)
        result = []
        rim = numbers(((0.0, 0, 0), (1, 0, 0), (0, 0, 1), (-1, 0, 0), (0, 0, -1)), points)
        for number, (a, b) in enumerate(corners):
            eye = self.eyes[1 - number] + (points[:, :, a] + points[:, :, b]) / 2 - usual[number]
            yaw, pitch = gaze[..., 2 - 2 * number], gaze[..., 3 - 2 * number]
            ahead = torch.stack([yaw.sin() * pitch.cos(), -yaw.cos() * pitch.cos(), pitch.sin()], -1)
            result.append((eye + _IRIS_DEPTH * ahead)[:, :, None] + _IRIS_RADIUS * rim)
        return torch.cat(result, dim=2)

    def vertices(self, coefficients: Tensor) -> Tensor:
        """How far coefficients ``(..., 52)`` move the 468 points ``(..., 468, 3)``, centimetres."""
        return (coefficients @ self.expressions.flatten(1)).unflatten(-1, (468, 3))

    def shape(self, coefficients: Tensor, gaze: Tensor, identity: Tensor) -> Tensor:
        """The 478 points ``(B, T, 478, 3)``."""
        face = self.neutral + (identity @ self.identities[: identity.shape[-1]].flatten(1)).unflatten(-1, (468, 3))
        points = face[:, None] + self.vertices(coefficients)
        return torch.cat([points, self._irises(points, gaze)], dim=2)

    def sample(self, chance: Chance, batch: int, clock: Clock) -> Expressive:
        """Faces that move over a clock."""
        coefficients = _expressions(chance, batch, clock)
        gaze = _look(coefficients)
        identity = chance.normal(batch, len(self.identities)) * chance.uniform(0.3, 1.1, batch, 1)
        # the tracker shows less than there is, of the eyelids least
        shown = chance.uniform(0.8, 1.0, batch, 1, 1) * torch.where(
            numbers(_LIDS, coefficients) > 0,
            chance.uniform(0.5, 1.0, batch, 1, 1),
            torch.ones_like(coefficients[:, :1]),
        )
        points = self.shape(coefficients * shown, gaze, identity)
        zero = torch.zeros_like(coefficients[:, :1])
        neutral = self.shape(zero, torch.zeros_like(gaze[:, :1]), identity)[:, 0]
        return Expressive(coefficients, gaze, identity[:, :IDENTITIES], points, neutral)


def _look(coefficients: Tensor) -> Tensor:
    """Gaze ``(B, T, 4)`` of the look coefficients: yaw to the performer's left, pitch upwards."""

    def at(name: str) -> Tensor:
        return coefficients[..., ARKIT_INDEX[name]]

    left = (at("eyeLookOutLeft") - at("eyeLookInLeft")) * _YAW
    right = (at("eyeLookInRight") - at("eyeLookOutRight")) * _YAW
    up = [(at(f"eyeLookUp{side}") - at(f"eyeLookDown{side}")) * _PITCH for side in ("Left", "Right")]
    return torch.stack([left, up[0], right, up[1]], -1)


def _expressions(chance: Chance, batch: int, clock: Clock) -> Tensor:
    """Coefficients ``(B, T, 52)``: a few expressions that come and go, blinks, speech, eyes that look about."""
    count, device = len(clock), clock.times.device
    names = len(ARKIT_NAMES)
    active = chance.happens(0.3, batch, 1, names)
    level = chance.uniform(-0.3, 0.9, batch, 1, names)
    swing = chance.waves(batch, clock, names, 1.5) * chance.uniform(0.1, 0.6, batch, 1, names)
    values = (level + swing).clamp(0.0, 1.0) * active
    # most expressions are the same on both sides
    mirrored = [ARKIT_INDEX[name[:-4] + "Right" if name.endswith("Left") else name] for name in ARKIT_NAMES]
    alike = chance.happens(0.7, batch, 1, 1)
    skew = chance.uniform(0.7, 1.3, batch, 1, names)
    values = torch.where(alike, (pick(values, mirrored, -1) * skew).clamp(0.0, 1.0), values)
    speaking = chance.happens(0.4, batch, 1, 1)
    talk = chance.waves(batch, clock, len(_SPEECH), 5.0)
    talk = (0.35 * talk + chance.uniform(-0.2, 0.25, batch, 1, len(_SPEECH))).clamp(0.0, 1.0)
    rows = index([ARKIT_INDEX[name] for name in _SPEECH], values)
    # a jaw is wide open at 1, and nobody speaks so
    talk = talk * numbers([0.55 if name == "jawOpen" else 1.0 for name in _SPEECH], values)
    values[..., rows] = torch.where(speaking, torch.maximum(values[..., rows], talk), values[..., rows])
    for first, second in _OPPOSITES:
        a, b = ARKIT_INDEX[first], ARKIT_INDEX[second]
        shared = torch.minimum(values[..., a], values[..., b])
        values[..., a], values[..., b] = values[..., a] - shared, values[..., b] - shared
    # the mouth closes no further than the jaw has opened
    close, jaw = ARKIT_INDEX["mouthClose"], ARKIT_INDEX["jawOpen"]
    values[..., close] = torch.minimum(values[..., close], values[..., jaw])
    yaw, pitch = (chance.waves(batch, clock, 2, 1.0) * 0.35 + 0.25 * chance.normal(batch, 1, 2)).unbind(-1)
    vergence = 0.05 * chance.normal(batch, 1).abs()
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        out = sign * yaw - vergence
        for name, value in (("Out", out), ("In", -out), ("Up", pitch), ("Down", -pitch)):
            values[..., ARKIT_INDEX[f"eyeLook{name}{side}"]] = value.clamp(0.0, 1.0)
    blink = torch.zeros(batch, count, device=device)
    for _ in range(3):
        centre = chance.uniform(-0.2, 1.0, batch, 1) * clock.seconds
        half = chance.uniform(0.08, 0.22, batch, 1)
        shape = (1.35 - (clock.times[None] - centre).abs() / half * 1.35).clamp(0.0, 1.0)
        blink = torch.maximum(blink, shape * chance.happens(0.6, batch, 1) * chance.uniform(0.8, 1.1, batch, 1))
    shut = chance.happens(0.06, batch, 1)
    one_sided = chance.happens(0.08, batch, 1)
    for side in ("Left", "Right"):
        row = ARKIT_INDEX[f"eyeBlink{side}"]
        own = blink * (1.0 - one_sided.float() * (side == "Left"))
        closed = torch.maximum(own.clamp(0.0, 1.0), shut * 0.95)
        values[..., row] = torch.maximum(values[..., row] * 0.6, closed)
        # what is shut is neither wide nor squinted
        values[..., ARKIT_INDEX[f"eyeWide{side}"]] *= 1.0 - closed
    values[..., ARKIT_INDEX["tongueOut"]] = 0.0
    at_rest = chance.happens(0.2, batch, 1, 1)
    keep = [float(name in _LOOKS or "Blink" in name) for name in ARKIT_NAMES]
    return torch.where(at_rest, values * numbers(keep, values), values)
