# SPDX-License-Identifier: GPL-3.0-or-later
"""Speeds and joint moments beyond human ones: found, and slowed where that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from ..take import Take

if TYPE_CHECKING:
    from ..contacts.record import Contacts
    from .report import Violation


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
    """What no human could do, by frame and joint; the take is not changed."""
    raise NotImplementedError


def attenuated(
    take: Take, contacts: Optional[Contacts] = None, options: Optional[ExertionOptions] = None
) -> tuple[Take, list[Violation]]:
    """The take with what exceeds speed or strength slowed as little as needed, and what was found."""
    raise NotImplementedError
