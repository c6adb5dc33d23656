# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact shadows: where a foot stands the plate must become dark, and where it is high it must not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

DARK = 0.4
"""Luminance of the multiply pass under a foot that stands. Measured on a shoe in three environments: 0.08 to 0.24 where
it stands, 0.32 with one centimetre of air below it, 0.48 with four."""
HIGH = 0.15
"""Metres from which on a foot is high: then its shadow is elsewhere, or soft."""
APART = 0.03
"""Metres above or in the ground from which on a standing foot does not stand, however dark it is there: soles are soft,
shoes have heels, but what is dark then is another's shadow."""
FLOATS = 0.015
"""Metres above the ground from which on air is the cause where it is too bright."""
_AS_DARK = 0.05
_DIFFUSE = 0.7
"""Part of the light from the environment from which on that alone can keep a contact bright."""


@dataclass(frozen=True)
class ContactSample:
    """What was seen under a foot in a frame.

    ``gap``: metres between sole and ground, below 0 where it is in it; ``darkness``: luminance of the multiply pass on
    the ground under it; ``diffuse``: part of the light there that comes from the environment, without the character.
    """

    frame: int
    point: str
    touching: bool
    gap: float
    darkness: float
    diffuse: float


@dataclass(frozen=True)
class ContactFailure:
    """A frame in which a contact shadow is not right, and what is likely to be the cause."""

    frame: int
    point: str
    darkness: float
    cause: str


@dataclass
class ContactReport:
    """How many standing feet were looked at, and what failed. ``off_screen``: those that the camera does not see."""

    checked: int = 0
    high: int = 0
    off_screen: int = 0
    failing: list[ContactFailure] = field(default_factory=list)
    median_darkness: float = float("nan")
    median_gap: float = float("nan")

    @property
    def sentences(self) -> list[str]:
        """What was found, for the user: a sentence for all, and one for each cause."""
        if not self.checked:
            return ["No standing foot is in the picture in these frames, so contact shadows were not checked."]
        frames = len({each.frame for each in self.failing})
        lines = [
            f"Contact shadows: {self.checked} contacts of feet checked, "
            + (f"trouble in {frames} frame{'s' if frames > 1 else ''}" if frames else "all dark where the feet stand")
            + "."
        ]
        causes: dict[str, list[int]] = {}
        for each in self.failing:
            causes.setdefault(f"{each.point}: {each.cause}", []).append(each.frame)
        lines += [f"Frames {_ranges(found)}, {cause}" for cause, found in sorted(causes.items(), key=lambda p: p[1])]
        return lines

    def rows(self) -> dict[str, Any]:
        """The report for a JSON object."""
        known = np.isfinite(self.median_darkness)
        return {
            "checked": self.checked,
            "high": self.high,
            "off_screen": self.off_screen,
            "median_darkness": round(self.median_darkness, 4) if known else None,
            "median_gap": round(self.median_gap, 4) if known else None,
            "failing": [vars(each) for each in self.failing],
        }


def judge_contacts(samples: Sequence[ContactSample], off_screen: int = 0) -> ContactReport:
    """Looks for standing feet too bright below, in the air or in the ground, and for high ones as dark as those."""
    standing = [each for each in samples if each.touching]
    high = [each for each in samples if not each.touching and each.gap > HIGH]
    report = ContactReport(len(standing), len(high), off_screen)
    if not standing:
        return report
    report.median_darkness = float(np.median([each.darkness for each in standing]))
    report.median_gap = float(np.median([each.gap for each in standing]))
    for each in standing:
        if each.darkness > DARK or abs(each.gap) > APART:
            report.failing.append(
                ContactFailure(each.frame, each.point, each.darkness, _cause(each, report.median_gap))
            )
    for each in high:
        if each.darkness < min(DARK, report.median_darkness) + _AS_DARK and report.median_darkness < DARK:
            cause = (
                f"as dark as a contact although it is {100 * each.gap:.0f} cm high: something else shades the ground"
            )
            report.failing.append(ContactFailure(each.frame, each.point, each.darkness, cause))
    report.failing.sort(key=lambda each: (each.frame, each.point))
    return report


def _cause(sample: ContactSample, usual: float) -> str:
    apart = 100 * abs(sample.gap)
    if sample.gap > FLOATS:
        if usual > FLOATS and abs(sample.gap - usual) < 0.5 * usual + 0.005:
            return f"the ground is too low: feet stand {100 * usual:.0f} cm above it nearly everywhere; raise it"
        return f"the foot floats {apart:.0f} cm above the ground: plant it, or edit the contact"
    if sample.gap < -APART:
        if usual < -APART:
            return f"the ground is too high: feet are {100 * abs(usual):.0f} cm in it nearly everywhere; lower it"
        return f"the foot is {apart:.0f} cm in the ground: plant it"
    if sample.diffuse > _DIFFUSE:
        return f"the light is too diffuse: {100 * sample.diffuse:.0f} % of it comes from the environment"
    return "light gets in from the side: look whether the shoe covers the ground there"


def _ranges(frames: Sequence[int]) -> str:
    found: list[list[int]] = []
    for frame in sorted(set(frames)):
        if found and frame == found[-1][1] + 1:
            found[-1][1] = frame
        else:
            found.append([frame, frame])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
