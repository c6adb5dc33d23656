# SPDX-License-Identifier: GPL-3.0-or-later
"""Refining on the performer: smoothing, limits, exertion, contacts, and the root that goes with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import filters, rotations
from ..biomechanics.balance import static_balance
from ..biomechanics.engine import limited
from ..biomechanics.exertion import ExertionOptions, attenuated, check_exertion
from ..contacts import (
    ContactEdit,
    ContactOptions,
    Contacts,
    Floor,
    Grounding,
    check_floor,
    contacts_of,
    edited,
    edited_frames,
    estimate_floor,
    grounding,
    regrounded,
)
from ..take import Take
from .frames import ends_held, within
from .limits import limit_options
from .options import RefineOptions
from .report import inside, merged

if TYPE_CHECKING:
    from ..biomechanics.report import Violation
    from .refine import RefineCache

Array = npt.NDArray[np.float64]

_CUTOFF_HZ = (12.0, 3.0)
"""Cutoff of the smoothing at the smallest and the full strength: human motion has little above 12 Hz (Winter 2009,
2.2.4), and below 3 Hz it looks as under water."""


@dataclass
class RefinedTake:
    """A take after refining on the performer: with its contacts, the floor and what was found."""

    take: Take
    contacts: Contacts
    floor: Floor
    violations: tuple[Violation, ...] = ()
    balanced: bool = True
    """Whether ``violations`` say where the body is out of balance."""


def refined_take(
    take: Take, options: RefineOptions, cache: Optional[RefineCache] = None, at_once: bool = False
) -> RefinedTake:
    """Smoothing, limits, exertion, contacts and grounding, on the performer's own skeleton.

    ``at_once``: balance is not looked at yet; ``with_balance`` does so.
    Raises ValueError, in the user's words, where an option makes no sense for this take: a floor above the head, say.
    """
    body = _body(take, options, cache)
    contacts = edited(body.contacts, options.contact_edits)
    violations = list(body.violations)
    result = body.take
    moves_root = options.joints is None or "hips" in options.joints
    if options.feet > 0.0 and moves_root and contacts.any():
        ground = _grounding(body, contacts, options.contact_edits, cache)
        placed = result if ground is None else ground.apply(result, body.floor, options.feet)
        result = within(take, ends_held(result, placed, take.joint_confidence), options.frames)
    refined = RefinedTake(
        contacts.to_take(result), contacts, body.floor, inside(merged(violations), options.frames), balanced=False
    )
    return refined if at_once else with_balance(refined, options)


def with_balance(refined: RefinedTake, options: RefineOptions) -> RefinedTake:
    """The same take with what ``static_balance`` finds among its violations."""
    if refined.balanced:
        return refined
    found = static_balance(refined.take, refined.contacts, refined.floor) if refined.contacts.any() else []
    violations = inside(merged([*refined.violations, *found]), options.frames)
    return replace(refined, violations=violations, balanced=True)


def _grounding(
    body: RefinedTake, contacts: Contacts, edits: tuple[ContactEdit, ...], cache: Optional[RefineCache]
) -> Optional[Grounding]:
    """How the root moves with the contacts: as with those that were found, and around each edit after the other.

    So an edit moves the root around itself alone, whatever was edited before.
    """
    kept = cache is not None and cache.result is body
    base = cache.grounding if cache is not None and kept else None
    if base is None:
        base = grounding(body.take, body.contacts, body.floor)
        if cache is not None:
            cache.grounding, cache.edits = base, []
    if base is None:
        return grounding(body.take, contacts, body.floor)
    known = cache.edits if cache is not None and kept else []
    same = 0
    while same < min(len(known), len(edits)) and known[same][0] == edits[same]:
        same += 1
    known = known[:same]
    marks, result = known[-1][1:] if known else (body.contacts, base)
    for edit in edits[same:]:
        before, marks = marks, edited(marks, (edit,))
        changed = edited_frames(before, marks)
        if changed.any():
            result = regrounded(body.take, marks, body.floor, result, changed)
        known.append((edit, marks, result))
    if cache is not None:
        cache.edits = known
    return result


def _body(take: Take, options: RefineOptions, cache: Optional[RefineCache]) -> RefinedTake:
    """All that comes before the contacts' edits."""
    key = replace(options, contact_edits=(), feet=1.0, hands=1.0, ground=None)
    if cache is not None and cache.result is not None and cache.take is take and cache.key == key:
        return cache.result
    result = take
    violations: list[Violation] = []
    if options.smoothing > 0.0:
        result = smoothed(result, options.smoothing, options.joints)
    if options.limits > 0.0:
        result, violations = limited(result, limit_options(options))
    result = within(take, result, options.frames)
    floor = options.floor if options.floor is not None else own_floor(result)
    check_floor(result, floor)
    contacts = contacts_of(result, floor, ContactOptions(hands=options.surfaces))
    exertion = ExertionOptions(options.preset, options.performer_mass, options.attenuate)
    if options.attenuate:
        slowed, exceeded = attenuated(result, contacts, exertion)
        result = within(take, slowed, options.frames)
    else:
        exceeded = check_exertion(result, contacts, exertion)
    body = RefinedTake(result, contacts, floor, tuple([*violations, *exceeded]))
    if cache is not None:
        cache.take, cache.key, cache.result, cache.grounding = take, key, body, None
    return body


def own_floor(take: Take) -> Floor:
    """Where a take has its floor: what was solved from a plate knows it, in other takes it is estimated."""
    height = take.header.get("floor_height")
    if height is None and take.header.get("method") == "geometric":
        height = 0.0  # solved before heights were noted: the world's origin was on the floor
    return estimate_floor(take) if height is None else Floor((0.0, 0.0, float(height)))


def smoothed(take: Take, strength: float, joints: Optional[frozenset[str]] = None) -> Take:
    """The take through a zero-phase low-pass; ``strength`` 0..1 lowers the cutoff."""
    high, low = _CUTOFF_HZ
    cutoff = high * (low / high) ** float(np.clip(strength, 0.0, 1.0))

    def lowpass(samples: Array) -> Array:
        return filters.zero_phase(samples, take.fps, cutoff)

    chosen = [joint for joint, name in enumerate(take.joint_names) if joints is None or name in joints]
    turned = rotations.continuous(take.local_rotations)
    turned[:, chosen] = filters.filtered_rotations(turned[:, chosen], lowpass)
    moves_root = joints is None or "hips" in joints
    root = lowpass(take.root_translation) if moves_root else take.root_translation
    return replace(take, local_rotations=turned, root_translation=root)
