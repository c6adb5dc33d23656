# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the light that stands out becomes lamps, and how many each takes.

A lamp lights from one direction, the light it stands for comes from many; surfaces that see only a part of it show the
difference. Lamps are taken as long as that stays within a tolerance, and wide ones are split while more lamps may be
had.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional, Set, Tuple

import numpy as np
import numpy.typing as npt

from .finding import Patch
from .irradiance import disk_cosine
from .lamps import Moments, disk_angle, moments
from .sphere import Array, even_directions
from .windows import Mask

TOLERANCE = 1.5e-4
"""Root mean square error of irradiance over all normals, as a part of its mean, up to which weaker lamps are taken."""
_STRONG = 0.1, 0.25
"""What holds so large a part of the light is a lamp whatever the tolerance; the second for what is wide."""
_NARROW, _ROUND = np.radians(1.5), np.radians(16.0)
_DISK, _STEPS = 0.08, 0.5
"""What is narrow, or narrower than the second and differs from a disk of uniform radiance by less than this part of how
it differs from a point, is better left whole; for the steps of its edge the second, over the root of its pixels, is
added."""
_SOFT = 4.0
"""Where what must be a lamp is so wide that it exceeds the tolerance by this, other lights may be as wide, up to:"""
_WORST = 1.5e-3, 2.2e-3
"""The second for what is strong: beside one large softbox another is no detail."""
_HOT_SPOT = 2.0
"""What has a glow with so many times its own light is a part of that."""
_BLUR = 1.5
"""A lamp that its glow makes so many times worse is parted from it."""
_CONCENTRIC = 0.15
"""A glow whose middle is off its lamp's by less than this part of its own width is around it, not beside it."""
_AUREOLE, _GLARE = 10.0, 0.15
"""How many times wider than the sun its aureole may be; the part of a softbox's light that is in its glare at least."""
_SLIGHT = 0.004, 0.02
"""A glow with less than this part of its lamp's light changes nothing about it; the second where that is no disk."""
_SEEN, _PLAIN = 0.02, 0.015
"""Who looks at the map sees a light that holds so much; a disk or point already with the second."""
_NORMALS = even_directions(200)


@dataclass
class Source:
    """Light that one lamp is to stand for: pixels of patches.

    ``parts`` are a patch's number and which of its region's pixels ``(n,)``; ``core`` counts the parts that tell the
    lamp's size, the first ones; ``group`` is the number of the patch that it came from. ``whole``: it is narrow, or a
    round, even disk, which a Sun lamp matches by itself; ``error`` ``(n,)`` what it then differs from the light by at
    normals, else what a point does. ``single``: it is never split. ``blur``: how much
    (root mean square) a point differs.
    """

    parts: List[Tuple[int, Mask]]
    core: int
    group: int
    directions: Array = field(repr=False)
    energies: Array = field(repr=False)
    single: bool = False
    middle: Moments = field(init=False)
    error: Array = field(init=False, repr=False)
    whole: bool = field(init=False)
    narrow: bool = field(init=False)
    blur: float = field(init=False)
    _halves: Optional[Tuple[Source, Source]] = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.middle = moments(self.directions, self.energies)
        count = self._count()
        inner = self.middle if count == len(self.energies) else moments(self.directions[:count], self.energies[:count])
        light = _received(self.directions, self.energies)
        cosines, angle = _NORMALS @ self.middle.direction, disk_angle(inner.variance)
        as_point = light - self.middle.energy * np.maximum(cosines, 0.0)
        as_disk = light - self.middle.energy * (1 - inner.variance / 2) * disk_cosine(cosines, angle / 2)
        even = _DISK + _STEPS / np.sqrt(count)
        disk = angle < _ROUND and float((as_disk**2).sum()) < even**2 * float((as_point**2).sum())
        self.narrow = angle < _NARROW
        self.whole = self.narrow or disk or self.single
        self.error = as_disk if self.whole else as_point
        self.blur = float(np.sqrt((as_point**2).mean()))

    def _count(self) -> int:
        return sum(int(mask.sum()) for _, mask in self.parts[: self.core])

    def halves(self, least: float) -> Optional[Tuple[Source, Source]]:
        """The lamp and its glow, if that holds ``least``, or the two sides across its longest axis.

        None where it is better left whole.
        """
        count = self._count()
        if self.narrow and not self.single and float(self.energies[count:].sum()) >= least:
            lamp, glow = self._kept(count)
            if float((self.error**2).sum()) > _BLUR**2 * float((lamp.error**2).sum()):
                return lamp, glow
        if self.whole:
            return None
        if self._halves is None:
            side = (self.directions - self.middle.direction) @ self.middle.axis > 0
            made = [self._part(side), self._part(~side)]
            if made[0] is None or made[1] is None:
                return None
            self._halves = made[0], made[1]
        return self._halves

    def _kept(self, count: int) -> Tuple[Source, Source]:
        inner, outer = slice(None, count), slice(count, None)
        return (
            Source(self.parts[: self.core], self.core, self.group, self.directions[inner], self.energies[inner]),
            Source(self.parts[self.core :], 1, self.group, self.directions[outer], self.energies[outer]),
        )

    def _part(self, wanted: Mask) -> Optional[Source]:
        if not self.energies[wanted].sum() > 0:
            return None
        parts, first, core = [], 0, 0
        for order, (number, mask) in enumerate(self.parts):
            last = first + int(mask.sum())
            if wanted[first:last].any():
                kept = mask.copy()
                kept[mask] = wanted[first:last]
                parts.append((number, kept))
                core += order < self.core
            first = last
        return Source(parts, core or len(parts), self.group, self.directions[wanted], self.energies[wanted])


def choose(
    patches: List[Patch],
    luminance: npt.ArrayLike,
    total: float,
    count: int,
    least: float,
    tolerance: float = TOLERANCE,
    single: bool = False,
) -> List[Source]:
    """The light of each lamp, at most ``count``, the strongest first.

    ``total`` is the map's luminance times solid angle, ``least`` the share of it below which nothing is a lamp. Always
    taken is what leads, the brightest down to the first peak that is too weak to be a lamp, with its halo, and what
    holds much of the light; all else only within the tolerance, and a glow only with what it surrounds. With ``single``
    each light is one lamp, as wide as it is, and never split.
    """
    weights = np.asarray(luminance, dtype=np.float64)
    every = [_source(number, patch, weights, single) for number, patch in enumerate(patches)]
    limit = tolerance * total / 4  # the mean irradiance of all normals is a quarter of the flux
    taken = _leading(patches, every, total, count, least)

    def error(sources: List[Source]) -> float:
        return _error(_split(sources, count, limit, least * total))

    reached = error(taken)
    soft = single or reached > _SOFT * limit
    numbers = {number for source in taken for number, _ in source.parts}
    for one in _weaker(patches, every, numbers):
        parent = patches[one.group].parent
        alone = one.middle.energy >= least * total and (parent is None or parent in numbers)
        if len(taken) >= count or not alone:
            continue
        bound = max(limit, reached)
        if soft and one.middle.energy >= _SEEN * total:
            bound = max(bound, _WORST[one.middle.energy >= _STRONG[0] * total] * total / 4)
        trial = error([*taken, one])
        if parent is not None and not single:  # a glow is no disk, even where it is round and even
            trial = max(trial, one.blur if one.whole else 0.0)
        if trial <= bound:
            taken.append(one)
            numbers.update(number for number, _ in one.parts)
            reached = max(reached, trial)
    for one, patch in zip(every, patches):
        if patch.parent is None or one.group in numbers or patch.parent not in numbers:
            continue
        place = next(at for at, source in enumerate(taken) if any(part == patch.parent for part, _ in source.parts))
        lamp = taken[place]
        strong = lamp.middle.energy >= _STRONG[0] * total
        if lamp.whole and not (_belongs(one, lamp, _SLIGHT[0]) if strong else _near(one, lamp)):
            continue
        joined = [*taken[:place], _joined(lamp, one), *taken[place + 1 :]]
        lamps = len(_split(taken, count, limit, least * total))
        if _error(_split(joined, lamps, limit, least * total)) <= max(limit, reached):
            taken = joined
            numbers.add(one.group)
    return sorted(_split(taken, count, limit, least * total), key=lambda one: -one.middle.energy)


def _leading(patches: List[Patch], every: List[Source], total: float, count: int, least: float) -> List[Source]:
    """The lights that must be lamps: a halo around one is part of it, one beside it a lamp while there are any left."""
    hot_spots = {
        patch.parent
        for one, patch in zip(every, patches)
        if patch.parent is not None and one.middle.energy > _HOT_SPOT * every[patch.parent].middle.energy
    }
    leading = [
        one
        for one, patch in zip(every, patches)
        if patch.parent is None
        and (patch.leads or one.group not in hot_spots)
        and (patch.leads or one.middle.energy >= (_PLAIN if one.whole else _STRONG[patch.wide]) * total)
    ]
    taken = sorted(leading, key=lambda one: -one.middle.energy)[:count]
    for one, patch in zip(every, patches):
        place = next((at for at, source in enumerate(taken) if patch.halo and source.group == patch.parent), None)
        if place is None:
            continue
        lamp = taken[place]
        if _belongs(one, lamp, _SLIGHT[not lamp.whole]):
            taken[place] = _joined(lamp, one)
        elif one.middle.energy >= least * total and len(taken) < count:
            taken.append(one)
    return taken


def _near(glow: Source, lamp: Source) -> bool:
    """Whether a glow is not much wider than its lamp."""
    return disk_angle(glow.middle.variance) < _AUREOLE * disk_angle(lamp.middle.variance)


def _belongs(glow: Source, lamp: Source, slight: float) -> bool:
    """Whether a glow is the lamp's own: around it, or with less than a part ``slight`` of its light.

    What lies behind a sun or a disk with a sharp edge is not theirs.
    """
    energy = glow.middle.energy / lamp.middle.energy
    if energy < slight:
        return lamp.narrow or not lamp.whole
    aside = float(np.arccos(np.clip(glow.middle.direction @ lamp.middle.direction, -1.0, 1.0)))
    if aside > _CONCENTRIC * disk_angle(glow.middle.variance):
        return False
    if lamp.narrow:
        return _near(glow, lamp)
    return not lamp.whole or energy > _GLARE


def _weaker(patches: List[Patch], every: List[Source], numbers: Set[int]) -> List[Source]:
    """What is no lamp yet, the strongest first; a hot spot in something much stronger is one with it."""
    rest = {one.group: one for one in every if one.group not in numbers}
    for number in list(rest):
        parent = patches[number].parent
        if parent in rest and rest[number].middle.energy > _HOT_SPOT * rest[parent].middle.energy:
            both = _joined(rest[parent], rest.pop(number))
            rest[parent] = Source(both.parts, len(both.parts), parent, both.directions, both.energies, both.single)
    return sorted(rest.values(), key=lambda one: -one.middle.energy)


def _source(number: int, patch: Patch, weights: Array, single: bool) -> Source:
    energies = (patch.removed @ weights) * patch.solid_angles
    lit = energies > 0
    return Source([(number, lit)], 1, number, patch.directions[lit], energies[lit], single)


def _joined(core: Source, glow: Source) -> Source:
    directions = np.concatenate([core.directions, glow.directions])
    energies = np.concatenate([core.energies, glow.energies])
    parts = [*core.parts, *glow.parts]
    return Source(parts, core.core if core.narrow else len(parts), core.group, directions, energies, core.single)


def _split(sources: List[Source], count: int, limit: float, least: float) -> List[Source]:
    """Splits the worst until the error is within the limit or there are as many as there may be.

    Nothing that would leave less than ``least`` in each half is split.
    """
    made = list(sources)
    while len(made) < count and _error(made) > limit:
        order = sorted(range(len(made)), key=lambda place: -float((made[place].error ** 2).sum()))
        strong = (place for place in order if made[place].middle.energy >= 2 * least)
        worst = next((place for place in strong if made[place].halves(least) is not None), None)
        if worst is None:
            break
        made[worst : worst + 1] = made[worst].halves(least) or ()
    return made


def _received(places: Array, energies: Array) -> Array:
    """Irradiance at the normals from light with luminance times solid angle ``energies``."""
    seen = np.maximum(_NORMALS.astype(np.float32) @ places.T.astype(np.float32), 0.0)
    return np.asarray(seen @ energies.astype(np.float32), dtype=np.float64)


def _error(sources: List[Source]) -> float:
    """Root mean square error of irradiance (luminance) over normals."""
    if not sources:
        return 0.0
    return float(np.sqrt((np.sum([one.error for one in sources], axis=0) ** 2).mean()))
