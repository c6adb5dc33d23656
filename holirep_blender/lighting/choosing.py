# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the light that stands out becomes lamps, and how many each takes.

A lamp lights from one direction, the light it stands for comes from many; surfaces that see only a part of it show the
difference. Lamps are taken as long as that stays within a tolerance, and wide ones are split while more lamps may be
had.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .finding import Patch
from .irradiance import disk_cosine
from .lamps import Moments, disk_angle, moments
from .sphere import Array, even_directions
from .windows import Mask

TOLERANCE = 2e-4
"""Root mean square error of irradiance over all normals, as a part of its mean, up to which weaker lamps are taken."""
_STRONG = 0.1, 0.25
"""What holds so large a part of the light is a lamp whatever the tolerance; the second for what is wide."""
_NARROW = np.radians(1.5)
_DISK = 0.08
"""What is narrow, or differs from a disk of uniform radiance by less than this part of how it differs from a point."""
_GLOW = 1.5
"""A glow belongs to its lamp: it is taken up to so many times the tolerance."""
_NORMALS = even_directions(200)


@dataclass
class Source:
    """Light that one lamp is to stand for: pixels of patches.

    ``parts`` are a patch's number and which of its region's pixels ``(n,)``; ``core`` counts the parts that tell the
    lamp's size, the first ones; ``group`` is the number of the patch that it came from.
    """

    parts: List[Tuple[int, Mask]]
    core: int
    group: int
    directions: Array = field(repr=False)
    energies: Array = field(repr=False)
    middle: Moments = field(init=False)
    error: Array = field(init=False, repr=False)
    whole: bool = field(init=False)
    _halves: Optional[Tuple[Source, Source]] = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.middle = moments(self.directions, self.energies)
        seen = np.maximum(_NORMALS.astype(np.float32) @ self.directions.T.astype(np.float32), 0.0)
        light = np.asarray(seen @ self.energies.astype(np.float32), dtype=np.float64)
        cosines, angle = _NORMALS @ self.middle.direction, disk_angle(self.middle.variance)
        self.error = light - self.middle.energy * np.maximum(cosines, 0.0)
        as_disk = light - self.middle.energy * (1 - self.middle.variance / 2) * disk_cosine(cosines, angle / 2)
        self.whole = angle < _NARROW or float((as_disk**2).sum()) < _DISK**2 * float((self.error**2).sum())

    def halves(self) -> Optional[Tuple[Source, Source]]:
        """The two sides of its middle across its longest axis; None where it is better left whole."""
        if self.whole:
            return None
        if self._halves is None:
            side = (self.directions - self.middle.direction) @ self.middle.axis > 0
            made = [self._part(side), self._part(~side)]
            if made[0] is None or made[1] is None:
                return None
            self._halves = made[0], made[1]
        return self._halves

    def _part(self, wanted: Mask) -> Optional[Source]:
        if not self.energies[wanted].sum() > 0:
            return None
        parts, first = [], 0
        for number, mask in self.parts:
            last = first + int(mask.sum())
            kept = mask.copy()
            kept[mask] = wanted[first:last]
            parts.append((number, kept))
            first = last
        return Source(parts, self.core, self.group, self.directions[wanted], self.energies[wanted])


def choose(
    patches: List[Patch], luminance: npt.ArrayLike, total: float, count: int, tolerance: float = TOLERANCE
) -> List[Source]:
    """The light of each lamp, at most ``count``, the strongest first.

    ``total`` is the map's luminance times solid angle. Always taken is what leads, the brightest down to the first peak
    that is too weak to be a lamp, and what holds much of the light; all else only within the tolerance, and a glow only
    with what it surrounds.
    """
    weights = np.asarray(luminance, dtype=np.float64)
    every = [_source(number, patch, weights) for number, patch in enumerate(patches)]
    limit = tolerance * total / 4  # the mean irradiance of all normals is a quarter of the flux
    leading = [
        one
        for one, patch in zip(every, patches)
        if patch.parent is None and (patch.leads or one.middle.energy >= _STRONG[patch.wide] * total)
    ]
    taken = sorted(leading, key=lambda one: -one.middle.energy)[:count]
    split = _split(taken, count, limit)
    for one, patch in zip(every, patches):
        if any(one is other for other in taken) or len(taken) >= count or not _stands(patch, taken):
            continue
        if _error([*(split), one]) <= limit and len(split) < count:
            taken.append(one)
            split = [*split, one]
    numbers: Dict[int, int] = {one.group: place for place, one in enumerate(taken)}
    for one, patch in zip(every, patches):
        if patch.parent is None or one.group in numbers or patch.parent not in numbers:
            continue
        place = numbers[patch.parent]
        joined = _joined(taken[place], one)
        trial = [*taken[:place], joined, *taken[place + 1 :]]
        if _error(_split(trial, count, limit)) <= max(_GLOW * limit, _error(_split(taken, count, limit))):
            taken = trial
    return sorted(_split(taken, count, limit), key=lambda one: -one.middle.energy)


def _source(number: int, patch: Patch, weights: Array) -> Source:
    energies = (patch.removed @ weights) * patch.solid_angles
    lit = energies > 0
    return Source([(number, lit)], 1, number, patch.directions[lit], energies[lit])


def _stands(patch: Patch, taken: List[Source]) -> bool:
    return patch.parent is None or any(one.group == patch.parent for one in taken)


def _joined(core: Source, glow: Source) -> Source:
    directions = np.concatenate([core.directions, glow.directions])
    energies = np.concatenate([core.energies, glow.energies])
    return Source([*core.parts, *glow.parts], core.core, core.group, directions, energies)


def _split(sources: List[Source], count: int, limit: float) -> List[Source]:
    """Splits the worst until the error is within the limit or there are as many as there may be."""
    made = list(sources)
    while len(made) < count and _error(made) > limit:
        order = sorted(range(len(made)), key=lambda place: -float((made[place].error ** 2).sum()))
        worst = next((place for place in order if made[place].halves() is not None), None)
        if worst is None:
            break
        made[worst : worst + 1] = made[worst].halves() or ()
    return made


def _error(sources: List[Source]) -> float:
    """Root mean square error of irradiance (luminance) over normals."""
    if not sources:
        return 0.0
    return float(np.sqrt((np.sum([one.error for one in sources], axis=0) ** 2).mean()))
