# SPDX-License-Identifier: GPL-3.0-or-later
"""What else of a body rests: knees on the floor, the seat on something, hands on a surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..skeleton import SIDES
from .floor import Floor
from .soles import ContactPoints
from .stance import Calm, graded, held, without_flicker

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LEG = 0.85
_KNEE_SPEED, _KNEE_HEIGHT = (0.25, 0.35), (0.05, 0.08)
_SEAT_SPEED, _HAND_SPEED = (0.10, 0.18), (0.08, 0.14)
"""Speeds in m/s and heights in metres at which a contact begins and ends, in clean motion of a grown human."""
_NOISE_SPEED = 0.10
"""What a tracker's noise adds to the speeds."""
_LONG, _LONGER = 0.2, 0.5
"""Seconds of the shortest contact of a knee, and of the seat or a hand."""
_LEVEL_THIGH = 0.65
"""A thigh is nearer to level than to upright where the knee is lower than the hip by less than this share of it."""
_UPRIGHT_THIGH = 0.85
"""The same share from which on a thigh hangs, so that nothing is sat on."""
_BALANCE = 0.22
"""Distance of the trunk's middle from the line between the ankles, as a share of the leg, that feet do not carry."""
_ON_FLOOR = 0.12
"""Height of seat or palm over the floor, as a share of the leg, that is on the floor."""
_OTHERWISE = 0.3
"""Share of the confidence that stillness alone has."""
_HANGING = np.cos(np.radians(25.0))
"""A hand within this angle of straight under its shoulder hangs."""


@dataclass(frozen=True)
class Body:
    """What the tests of this file look at.

    ``joints``: name to world positions ``(T, 3)``; ``points`` and how they move without noise; ``size`` over a grown
    human's.
    """

    joints: Mapping[str, Array]
    points: ContactPoints
    calm: Calm
    floor: Floor
    fps: float
    size: float
    sensitivity: float

    def has(self, *names: str) -> bool:
        """Whether the skeleton has all these joints."""
        return all(name in self.joints for name in names)

    def point(self, name: str) -> tuple[Array, Array]:
        """Speeds and heights over the floor ``(T, 1)`` of a contact point."""
        part = self.calm.part([self.points.index(name)])
        return part.speeds(self.fps), part.heights

    def speed_limits(self, limits: tuple[float, float]) -> Array:
        """Begin and end of a contact in m/s for this body and noise."""
        slack = np.array([1.0, 2.0]) * _NOISE_SPEED * self.calm.noise
        return np.asarray((np.array(limits) + slack) * np.sqrt(self.size) * self.sensitivity)

    def flat(self, places: Array) -> Array:
        """Places ``(..., 3)`` in the floor's own axes, height dropped: ``(..., 2)``."""
        return np.asarray((places - np.array(self.floor.point)) @ self.floor.axes()[:2].T)


def knees_kneeling(body: Body) -> dict[str, Array]:
    """Confidences of the knees that rest on the floor."""
    result = {}
    for name in (f"{side}Knee" for side in SIDES):
        if body.points.index(name) < 0:
            continue
        speed, height = body.point(name)
        limit = body.speed_limits(_KNEE_SPEED)
        low = np.array(_KNEE_HEIGHT) * body.size * body.sensitivity + 0.02 * body.calm.noise
        touching = held((speed < limit[0]) & (height < low[0]), (speed < limit[1]) & (height < low[1]))
        touching = _lasting(touching, body.fps, _LONG)
        result[name] = graded(touching, speed / limit[1], height / low[1])[:, 0]
    return result


def seat_resting(body: Body) -> dict[str, Array]:
    """Confidence of a seat that rests: still, the thighs near level, the trunk where the feet cannot carry it.

    Who squats is balanced over the feet and does not sit.
    """
    legs = [f"{side}{part}" for side in SIDES for part in ("UpperLeg", "LowerLeg", "Foot")]
    top = next((name for name in ("neck", "upperChest", "chest", "head") if body.has(name)), None)
    if body.points.index("hips") < 0 or top is None or not body.has(*legs):
        return {}
    leg = body.size * _LEG
    speed, height = body.point("hips")
    thighs = [body.joints[f"{side}UpperLeg"] - body.joints[f"{side}LowerLeg"] for side in SIDES]
    drop = np.mean(
        [thigh @ body.floor.up / np.maximum(np.linalg.norm(thigh, axis=1), 1e-9) for thigh in thighs], axis=0
    )
    trunk = 0.5 * (body.joints[top] + 0.5 * (body.joints["leftUpperLeg"] + body.joints["rightUpperLeg"]))
    feet = (body.flat(body.joints[f"{side}Foot"]) for side in SIDES)
    away = _from_line(body.flat(trunk), *feet) / leg
    sits = ((drop < _LEVEL_THIGH) & ((away > _BALANCE) | (height[:, 0] < _ON_FLOOR * leg)))[:, None]
    # thighs that hang leave no doubt
    doubt = np.clip((_UPRIGHT_THIGH - drop) / (_UPRIGHT_THIGH - _LEVEL_THIGH), 0.0, 1.0)[:, None]
    limit = body.speed_limits(_SEAT_SPEED)
    touching = held(sits & (speed < limit[0]), sits & (speed < limit[1]))
    touching = _lasting(touching, body.fps, _LONGER)
    return {"hips": (doubt * _unless(sits & touching, graded(touching, speed / limit[1])))[:, 0]}


def _from_line(places: Array, first: Array, second: Array) -> Array:
    """Distances ``(T,)`` of places ``(T, 2)`` from the lines between two others."""
    along = second - first
    share = np.sum((places - first) * along, axis=-1) / np.maximum(np.sum(along**2, axis=-1), 1e-12)
    return np.asarray(np.linalg.norm(places - first - np.clip(share, 0.0, 1.0)[:, None] * along, axis=-1))


def hands_resting(body: Body) -> dict[str, Array]:
    """Confidences of hands that keep their place: on the floor, a table, a wall; not those that merely hang."""
    result = {}
    for side in SIDES:
        name, shoulder = f"{side}Hand", f"{side}UpperArm"
        if body.points.index(name) < 0:
            continue
        speed, height = body.point(name)
        on_floor = height < _ON_FLOOR * body.size * _LEG
        holds = np.ones_like(on_floor)
        if body.has(shoulder):
            arm = body.joints[name] - body.joints[shoulder]
            down = -(arm @ body.floor.up) / np.maximum(np.linalg.norm(arm, axis=1), 1e-9)
            holds = (down < _HANGING)[:, None]
        limit = body.speed_limits(_HAND_SPEED)
        rests = on_floor | holds
        touching = _lasting(held(rests & (speed < limit[0]), rests & (speed < limit[1])), body.fps, _LONGER)
        result[name] = _unless(rests, graded(touching, speed / limit[1]))[:, 0]
    return result


def _unless(posed: Mask, confidence: Array) -> Array:
    """Confidences, low where the posture is not one that rests, however still it is."""
    return np.where(posed, confidence, _OTHERWISE * confidence)


def _lasting(touching: Mask, fps: float, shortest: float) -> Mask:
    """Decisions without lifts and contacts shorter than so many seconds; a clip shorter than that is believed."""
    return without_flicker(touching, round(min(shortest * fps, len(touching))))
