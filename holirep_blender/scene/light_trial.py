# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig tried against the environment itself: three balls and a floor with shadows, rendered by both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ..lighting.differences import difference, in_blocks, relative_error, systematic_error
from ..lighting.environment_map import EnvironmentMap, reduced
from ..lighting.lamps import Lamp
from ..lighting.progress import Tell, nobody, part
from .light_stage import BALLS, LightStage, Look
from .pictures import Pixels, shown

_WIDEST = 4096
_BLOCK, _DIFFERENCE_GAIN = 4, 5.0


def try_rig(
    environment: EnvironmentMap,
    lamps: Sequence[Lamp],
    residual: EnvironmentMap,
    samples: int = 64,
    size: int = 200,
    tell: Tell = nobody,
) -> tuple[dict[str, Any], dict[str, npt.NDArray[np.float32]]]:
    """Figures for the JSON object, and the pictures ``balls`` and ``shadow``, encoded ``(H, W, 4)``.

    Rendered in Cycles in a scene that is gone afterwards. The camera stands 60 degrees aside of the strongest lamp.
    """
    environment, residual = _bounded(environment), _bounded(residual)
    azimuth = -math.pi / 2
    if lamps:
        strongest = max(lamps, key=lambda lamp: lamp.share)
        azimuth = math.atan2(strongest.direction[1], strongest.direction[0]) - math.pi / 3
    ball_look = Look(samples=samples, size=(size, size))
    balls, strips = _try_balls(environment, lamps, residual, azimuth, ball_look, part(tell, 0.0, 0.6))
    look = Look(samples=samples, size=(2 * size, 2 * size * 2 // 3))
    shadow, floors = _try_shadow(environment, lamps, residual, azimuth, look, part(tell, 0.6, 1.0))
    facts = {"engine": "Cycles", "samples": samples, "azimuth": math.degrees(azimuth), "balls": balls, "shadow": shadow}
    return facts, {"balls": strips, "shadow": floors}


def _try_balls(
    environment: EnvironmentMap, lamps: Sequence[Lamp], residual: EnvironmentMap, azimuth: float, look: Look, tell: Tell
) -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
    seeds = {"environment": 0, "again": 1, "rig": 2}
    taken: dict[str, list[Pixels]] = {}
    with LightStage("balls", azimuth) as stage:
        stage.show_environment(environment)
        for name, seed in seeds.items():
            if name == "rig":
                stage.show_rig(lamps, residual)
            taken[name] = []
            for ball in BALLS:
                tell(sum(map(len, taken.values())) / (len(seeds) * len(BALLS)))
                stage.look_at_ball(ball)
                taken[name].append(stage.rendered(Look(samples=look.samples, seed=seed, size=look.size)))
    facts = {}
    for number, ball in enumerate(BALLS):
        truth, again, rig = (taken[name][number] for name in seeds)
        inside = truth[..., 3] > 0.99
        ours, noise = (asdict(difference(each[inside][:, :3], truth[inside][:, :3])) for each in (rig, again))
        facts[ball] = {**ours, **{f"noise_{name}": value for name, value in noise.items()}}
    rows = []
    exposures = [
        0.25 / max(float(np.mean(np.minimum(colours, 4 * np.median(colours)))), 1e-9)
        for each in taken["environment"]
        for colours in [each[each[..., 3] > 0.99][:, :3]]
    ]
    for name in ("environment", "rig"):
        strip = [shown(each * each[..., 3:], exposure) for each, exposure in zip(taken[name], exposures, strict=True)]
        rows.append(np.concatenate(strip, axis=1))
    return facts, np.concatenate(rows, axis=0)


def _try_shadow(
    environment: EnvironmentMap, lamps: Sequence[Lamp], residual: EnvironmentMap, azimuth: float, look: Look, tell: Tell
) -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
    def seeded(seed: int) -> Pixels:
        tell(seed / 4)
        return stage.rendered(Look(samples=look.samples, seed=seed, size=look.size))

    with LightStage("floor", azimuth) as stage:
        stage.show_environment(environment)
        mask = stage.floor_mask(look.size)
        truth, again = seeded(0), seeded(1)
        stage.show_rig(lamps, residual)
        rig, rig_again = seeded(2), seeded(3)
    blocks = [in_blocks(each[..., :3], _BLOCK, mask) for each in (truth, again, rig, rig_again)]
    facts = {
        "error": relative_error(blocks[2], blocks[0]),
        "noise": relative_error(blocks[1], blocks[0]),
        "systematic": systematic_error(blocks[2], blocks[3], blocks[0], blocks[1]),
        "block": _BLOCK,
        "difference_gain": _DIFFERENCE_GAIN,
    }
    exposure = 0.45 / max(float(np.percentile(truth[mask][:, :3], 70)), 1e-9)
    pictures = [truth, rig, np.abs(rig - truth) * _DIFFERENCE_GAIN]
    return facts, np.concatenate([shown(each, exposure) for each in pictures], axis=1)


def _bounded(environment: EnvironmentMap) -> EnvironmentMap:
    """The map with at most so many columns as a picture of a few hundred pixels can show a difference of."""
    if environment.width <= _WIDEST:
        return environment
    return EnvironmentMap(reduced(environment, _WIDEST).radiance, environment.luminance)
