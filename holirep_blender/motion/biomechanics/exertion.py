# SPDX-License-Identifier: GPL-3.0-or-later
"""Speeds and joint moments beyond human ones: found, and slowed where that is asked for.

Speeds are judged first, on the motion as it is, for a jerk is found where it is made. Moments are judged on what is
left when such jerks are smoothed over: one wrong elbow would otherwise be reported once more at every joint down to the
feet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

from ..contacts.detect import detect_contacts
from ..contacts.floor import estimate_floor
from ..contacts.record import Contacts
from ..take import Take
from .attenuation import Attenuator
from .inverse_dynamics import body_model
from .report import Violation
from .strength import StrengthTable


@dataclass(frozen=True)
class ExertionOptions:
    """How strong the performer is, and whether what exceeds that is slowed.

    Attributes
    ----------
    preset : one of ``limit_table.PRESETS``.
    mass_kg : the body's mass; None: the usual one for the skeleton's stature.
    attenuate : slow what exceeds; otherwise only warn.
    """

    preset: str = "average_adult"
    mass_kg: Optional[float] = None
    attenuate: bool = False


def check_exertion(
    take: Take, contacts: Optional[Contacts] = None, options: Optional[ExertionOptions] = None
) -> list[Violation]:
    """What no human could do, by frame and joint; the take is not changed. ``contacts`` None: they are detected.

    Raises ValueError in the user's words for an unknown preset, a mass that is none, contacts of another length, and
    values that are not numbers.
    """
    return _examined(take, contacts, options or ExertionOptions())[0]


def attenuated(
    take: Take, contacts: Optional[Contacts] = None, options: Optional[ExertionOptions] = None
) -> tuple[Take, list[Violation]]:
    """The take with what exceeds speed or strength slowed as little as needed, and what was found.

    Without ``options.attenuate`` the take comes back as it is. Slowed are the joints that exceed, or where that does
    not help the whole body, in a window of at most ``attenuation.REACH`` seconds around; the root follows so far as
    touching points would slip. Every other frame is exactly as before. Entries marked ``altered`` were found and
    slowed; entries not marked are what the result still exceeds. Raises ValueError as ``check_exertion``.
    """
    options = options or ExertionOptions()
    found, attenuator, steadied = _examined(take, contacts, options)
    if not options.attenuate or not found:
        return take, found
    result = attenuator.lightened(steadied)
    if result is take:
        return take, found
    left = _examined(result, attenuator.contacts, options)[0]
    stayed = {(v.kind, v.joint, v.motion, v.worst_frame) for v in left}
    altered = [replace(v, altered=True) for v in found if (v.kind, v.joint, v.motion, v.worst_frame) not in stayed]
    return result, _sorted(altered + left)


def _examined(
    take: Take, contacts: Optional[Contacts], options: ExertionOptions
) -> tuple[list[Violation], Attenuator, Take]:
    """What a take exceeds, what slows it, and the take with its jerks smoothed over."""
    take.check_finite()
    table = StrengthTable.load(options.preset)
    model = body_model(take, options.mass_kg)
    contacts = contacts if contacts is not None else detect_contacts(take, estimate_floor(take))
    attenuator = Attenuator(take, contacts, model, table)
    fast = attenuator.speeds(take)
    steady, jumps = attenuator.bridged(take, fast)
    steadied = attenuator.steadied(steady, fast if steady is take else attenuator.speeds(steady))
    return _sorted(fast + jumps + attenuator.overloads(steadied)), attenuator, steadied


def _sorted(violations: list[Violation]) -> list[Violation]:
    return sorted(violations, key=lambda v: (v.first_frame, v.kind, v.joint, v.motion))
