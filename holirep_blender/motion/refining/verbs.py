# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs for motion that is there already, of a performer or a character: clamp, plant, check."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from ..biomechanics.balance import static_balance
from ..biomechanics.engine import check_limits, limited
from ..biomechanics.exertion import ExertionOptions, check_exertion
from ..biomechanics.report import Violation, violations_over
from ..contacts import ContactOptions, Contacts, Floor, check_floor, contact_points, contacts_of, edited, grounded
from ..contacts.names import SOLE_POINTS
from ..skeleton import SIDES
from ..take import Take
from .frames import within
from .limits import limit_options
from .options import RefineOptions
from .performer import own_floor
from .provenance import made_by, noted
from .refine import refined_character
from .report import RefineReport, corrected, inside, left, let_go_words, merged, slide_mm

if TYPE_CHECKING:
    from ..contacts.soles import ContactPoints

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SLIDES = 0.002
"""Metres a frame at 30 frames a second that a foot on the floor may move before a check says so."""
_AS_MADE = "nothing changed since it was done with these settings"
"""Said where the same was done before and nothing changed since."""
_SURE = 0.1
"""Seconds from the ends of a contact in which a foot that moves does not count as sliding: it lands or leaves."""
SINKS = 0.02
"""Metres that a sole may be under the floor before a check says so: skin gives way."""


def clamped(take: Take, options: RefineOptions) -> tuple[Take, RefineReport]:
    """The take within human limits, by ``options.limits``, ``preset``, ``overrides``, ``joints`` and ``frames``.

    What the same options made before is left as it is, also with a range or half the strength.
    """
    if made_by(take, "clamp", options):
        return take, RefineReport(sentences=(_AS_MADE,))
    result, found = limited(take, limit_options(options))
    violations = inside(merged(found), options.frames)
    remain = tuple(left(violations))
    sentences = tuple(corrected(violations)) or ("nothing was corrected" if remain else "nothing exceeds the limits",)
    report = RefineReport(violations=violations, sentences=sentences, warnings=remain)
    return noted(within(take, result, options.frames), "clamp", options), report


def planted_take(take: Take, options: RefineOptions) -> tuple[Take, RefineReport]:
    """The take with its contacts held, by ``options.feet``, ``hands``, ``floor``, ``joints`` and ``frames``.

    What the same options made before is left as it is, also with a range or half the strength.

    Raises ValueError, in the user's words, where the skeleton has no feet, or the floor is not under them.
    """
    floor, contacts = found_contacts(take, options)
    if made_by(take, "plant", options):
        return take, _as_made(take, contacts)
    result, report = refined_character(take, contacts, options, floor=floor)
    if not contacts.any():
        report.sentences = ("nothing was held",)
    elif report.slide_before_mm == report.slide_before_mm:
        slide = f"{report.slide_before_mm:.2f} to {report.slide_after_mm:.2f} mm a frame"
        report.sentences = (f"sliding of the feet went from {slide}",)
    elif options.feet > 0.0:
        report.sentences = ("feet set where they touch the floor",)
    if options.limits > 0.0:  # limits win over the floor too
        sunk = _sunk(result, contact_points(result), floor, options)
        report.violations = inside(merged([*report.violations, *sunk]), options.frames)
    report.sentences += (*let_go_words(report), *corrected(report.violations))
    report.warnings = tuple([*report.warnings, *_half_chosen(take, options), *left(report.violations)])
    return noted(result, "plant", options), report


def _as_made(take: Take, contacts: Contacts) -> RefineReport:
    slide = slide_mm(_slides(take, contact_points(take), contacts), contacts.names)
    return RefineReport((), slide, slide, contacts, sentences=(_AS_MADE,))


def _half_chosen(take: Take, options: RefineOptions) -> list[str]:
    """What the user should know where the chosen joints leave no leg that could hold a foot."""
    legs = [{f"{side}{part}" for part in ("UpperLeg", "LowerLeg", "Foot")} for side in SIDES]
    whole = [leg for leg in legs if leg <= set(take.joint_names)]
    if options.joints is None or options.feet <= 0.0 or any(leg <= options.joints for leg in whole):
        return []
    return ["No foot can be held: thigh, shin and foot of a leg must all be among the chosen bones."] if whole else []


def planted_performer(take: Take, options: RefineOptions) -> tuple[Take, RefineReport]:
    """As ``planted_take``, for a performer's take: the root too is moved so that what touches rests on the floor."""
    floor, contacts = found_contacts(take, options)
    if made_by(take, "plant performer", options):
        return take, _as_made(take, contacts)
    moves_root = options.joints is None or "hips" in options.joints
    risen = grounded(take, contacts, floor, options.feet) if moves_root and contacts.any() else take
    result, report = planted_take(within(take, risen, options.frames), replace(options, floor=floor))
    # what limits did not let stand does not touch
    held = contacts if report.contacts is None else report.contacts
    return noted(held.to_take(result), "plant performer", options), report


def checked(take: Take, options: RefineOptions) -> RefineReport:
    """What is not human or does not hold in a take; nothing is changed.

    Limits, speeds and joint moments, balance, feet that slide while they touch and soles under the floor.
    """
    violations: list[Violation] = list(check_limits(take, limit_options(options)))
    contacts: Optional[Contacts] = None
    slide = float("nan")
    points = contact_points(take)
    if any(name in points.names for name in SOLE_POINTS):
        floor, contacts = found_contacts(take, options)
        slides = _slides(take, points, contacts)
        slide = slide_mm(slides, contacts.names)
        violations += _sliding(take, contacts, slides, options) + _sunk(take, points, floor, options)
        violations += static_balance(take, contacts, floor)
    violations += check_exertion(take, contacts, ExertionOptions(options.preset, options.performer_mass))
    if options.joints is not None:
        violations = [one for one in violations if not one.joint or one.joint in options.joints]
    kept = inside(merged(violations), options.frames)
    sentences = tuple(left(kept)) or ("nothing found",)
    asked = 0 if contacts is None else sum(int(contacts.touching(name).sum()) for name in contacts.names)
    return RefineReport(kept, slide, slide, contacts, asked=asked, sentences=sentences)


def found_contacts(take: Take, options: RefineOptions) -> tuple[Floor, Contacts]:
    """The floor and what touches it, with the user's edits. Raises ValueError, in the user's words, without feet."""
    points = contact_points(take)
    if not any(name in points.names for name in SOLE_POINTS):
        raise ValueError("No feet are mapped, so there is nothing to plant. Map the legs in the rig map first.")
    floor = options.floor if options.floor is not None else own_floor(take)
    check_floor(take, floor)
    found = contacts_of(take, floor, ContactOptions(hands=options.surfaces))
    return floor, edited(found, options.contact_edits)


def _slides(take: Take, points: ContactPoints, contacts: Contacts) -> Array:
    """Metres ``(T, C)`` that each touching point moved since the frame before; NaN where it did not touch in both."""
    places = points.world(take)
    result = np.full(contacts.confidence.shape, np.nan)
    for column, name in enumerate(contacts.names):
        row = points.index(name)
        if row < 0:
            continue
        moved = np.linalg.norm(np.diff(places[:, row], axis=0), axis=-1)
        touching = contacts.touching(name)
        both = touching[1:] & touching[:-1]
        result[1:, column] = np.where(both, moved, np.nan)
    return result


def _sliding(take: Take, contacts: Contacts, slides: Array, options: RefineOptions) -> list[Violation]:
    bound = SLIDES * 30.0 / take.fps
    found: list[Violation] = []
    for column, name in enumerate(contacts.names):
        if name in SOLE_POINTS:
            values = np.where(_within_stances(contacts.touching(name), take.fps), np.nan_to_num(slides[:, column]), 0.0)
            found += violations_over(
                values, np.full(len(values), bound), 0.0, kind="slide", joint=_joint(name, take), motion="",
                unit="m/frame", altered=False,
            )  # fmt: skip
    return found


def _within_stances(touching: Mask, fps: float) -> Mask:
    """Where a point touches and did so, and will, for a while: at its ends a contact is not that sure ``(T,)``."""
    inner = touching.copy()
    for step in range(1, max(1, round(_SURE * fps)) + 1):
        inner[step:] &= touching[:-step]
        inner[:-step] &= touching[step:]
    return inner


def _sunk(take: Take, points: ContactPoints, floor: Floor, options: RefineOptions) -> list[Violation]:
    heights = floor.height_of(points.world(take))
    found: list[Violation] = []
    for name in SOLE_POINTS:
        row = points.index(name)
        if row >= 0:
            depth = -heights[:, row]
            found += violations_over(
                depth, np.full(len(depth), SINKS), 0.0, kind="floor", joint=_joint(name, take), motion="",
                unit="m", altered=False,
            )  # fmt: skip
    return found


def _joint(point: str, take: Take) -> str:
    side = "left" if point.startswith("left") else "right"
    return f"{side}Toes" if point.endswith("Toes") and f"{side}Toes" in take.joint_names else f"{side}Foot"
