# SPDX-License-Identifier: GPL-3.0-or-later
"""Refining on the character that a take was retargeted to, and what is kept of all refining for the next time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..biomechanics.engine import limited
from ..contacts import ContactEdit, Contacts, Floor, Grounding
from ..planting import CharacterTake, PlantMemo, PlantOptions, character_floor, character_take, planted, to_motion
from ..retargeting import RetargetedMotion
from ..take import Take
from .frames import ends_held, within
from .let_go import contacts_let_go
from .limits import limb_limits, limit_options
from .motion_memo import MotionMemo
from .options import RefineOptions
from .performer import RefinedTake, with_balance
from .report import RefineReport, corrected, found, inside, let_go_words, merged, slide_mm
from .rest_pose import folded_joint

if TYPE_CHECKING:
    from ..biomechanics.report import Violation
    from ..retargeting.motion import RigLike, RigMapLike

Array = npt.NDArray[np.float64]

_ROUNDING = 1e-9
"""Another root leaves so much in rotations that are the same otherwise: directions are differences of places."""


@dataclass
class RefineCache:
    """What of refining does not depend on contacts, kept for the next time: an edit of a contact is then quick.

    ``take``, ``key``, ``result``, ``grounding`` : the performer's side, for one take by identity and for the options
    that matter. ``edits`` : of the contacts, one after the other, with the contacts and the root's path after each.
    ``pose``, ``limits``, ``within_limits`` : a character's take, the limits that it was brought within, and what came
    of that; it holds for the same rotations, wherever the root is.
    ``planting`` : what came of its contacts; only what is around an edit is solved again. ``motions`` : and its bones.
    """

    take: Optional[Take] = None
    key: Optional[RefineOptions] = None
    result: Optional[RefinedTake] = None
    grounding: Optional[Grounding] = None
    edits: list[tuple[ContactEdit, Contacts, Grounding]] = field(default_factory=list)
    pose: Optional[Take] = None
    limits: Optional[RefineOptions] = None
    within_limits: tuple[Optional[Take], list[Violation]] = (None, [])
    planting: PlantMemo = field(default_factory=PlantMemo)
    motions: MotionMemo = field(default_factory=MotionMemo)


def refined_motion(
    refined: RefinedTake,
    motion: RetargetedMotion,
    rig: RigLike,
    rig_map: RigMapLike,
    object_matrix: Optional[npt.ArrayLike],
    options: RefineOptions,
    cache: Optional[RefineCache] = None,
    at_once: bool = False,
) -> tuple[RetargetedMotion, RefineReport]:
    """Planting and limits on the character that the take was retargeted to.

    Parameters
    ----------
    refined : the performer's take, ``T`` frames.
    motion : that take retargeted, ``T`` frames.
    rig : in the hierarchy that the motion was made for.
    object_matrix : (4, 4) the armature object's world matrix in metres.
    cache : what to keep for the next time with another edit of the contacts.
    at_once : rather have a first answer to such an edit than wait long; ``RefineReport.unfinished`` tells.
    """
    made = character_take if cache is None else cache.motions.character_take
    character = made(motion, rig, rig_map, object_matrix, fps=refined.take.fps)
    folded = folded_joint(character.take)
    if folded:
        warning = (
            f"The character's rest pose is folded up (see the {folded}): which way its joints bend cannot be told, "
            "so it was not refined. Give it an upright rest pose."
        )
        return motion, RefineReport(
            with_balance(refined, options).violations, contacts=refined.contacts, warnings=(warning,)
        )
    floor = character_floor(character, refined.take, refined.floor)
    posed = character.take
    if refined.contacts.any() and options.feet > 0.0:
        ground = options.ground or (Floor() if character.space == "character" else floor)
        posed, floor = within(posed, stood_on(posed, floor, ground), options.frames), ground
    result, report = refined_character(
        posed, refined.contacts, options, floor=floor, source=refined.take, cache=cache, at_once=at_once
    )
    result = within(posed, ends_held(posed, result, refined.take.joint_confidence), options.frames)
    if not report.unfinished:
        refined = with_balance(refined, options)
    report.violations = merged([*refined.violations, *report.violations])
    report.sentences = (
        *_held(report, options),
        *let_go_words(report),
        *corrected(report.violations),
        *found(report.violations),
    )
    report.places = in_armature(character, report.places)
    return (to_motion if cache is None else cache.motions.to_motion)(character, result, motion), report


def refined_character(
    take: Take,
    contacts: Contacts,
    options: RefineOptions,
    *,
    floor: Optional[Floor] = None,
    source: Optional[Take] = None,
    cache: Optional[RefineCache] = None,
    at_once: bool = False,
) -> tuple[Take, RefineReport]:
    """Limits and planting on one skeleton, without words on what was done.

    Parameters
    ----------
    take : on the skeleton that is to hold, usually a character's.
    contacts : what touches when.
    floor : in the take's world; None for that of the rest pose.
    source : the performer's take that was retargeted, if there is one.
    """
    result, violations = _limited(take, options, cache)
    report = RefineReport(contacts=contacts)
    if options.feet > 0.0 or options.hands > 0.0:
        held = planted(
            result,
            contacts,
            PlantOptions(
                options.feet,
                options.hands,
                floor,
                options.joints,
                limb_limits(options) if options.limits > 0.0 else None,
            ),
            source=source,
            memo=None if cache is None else cache.planting,
            at_once=at_once,
        )
        result, violations = held.take, [*violations, *held.violations]
        report.contacts, report.places = held.contacts, held.places
        if options.feet >= 1.0:
            report.asked, report.let_go = contacts_let_go(contacts, held.contacts, violations, options.limits > 0.0)
        report.slide_before_mm = slide_mm(held.slide_before, held.contacts.names)
        report.slide_after_mm = slide_mm(held.slide_after, held.contacts.names)
        report.warnings, report.unfinished = held.sentences, held.unfinished
    report.violations = inside(merged(violations), options.frames)
    return within(take, result, options.frames), report


def _limited(take: Take, options: RefineOptions, cache: Optional[RefineCache]) -> tuple[Take, list[Violation]]:
    """The take within human limits, from the cache where only its root differs."""
    if options.limits <= 0.0:
        return take, []
    key = RefineOptions(options.limits, options.preset, options.overrides, joints=options.joints)
    before, kept = (None, None) if cache is None else (cache.pose, cache.within_limits[0])
    if (
        before is not None
        and kept is not None
        and cache is not None
        and cache.limits == key
        and before.joint_names == take.joint_names
        and before.fps == take.fps
        and np.array_equal(before.rest_offsets, take.rest_offsets)
        and before.local_rotations.shape == take.local_rotations.shape
        and np.abs(before.local_rotations - take.local_rotations).max(initial=0.0) < _ROUNDING
    ):
        return replace(take, local_rotations=kept.local_rotations), cache.within_limits[1]
    result, violations = limited(take, limit_options(options))
    if cache is not None:
        cache.pose, cache.limits, cache.within_limits = take, key, (result, violations)
    return result, violations


def stood_on(take: Take, floor: Floor, ground: Floor) -> Take:
    """The take lifted from one plane to another, each frame by what lies between the two at its root."""
    if floor == ground:
        return take
    root = take.root_translation
    lift = _height(ground, root) - _height(floor, root)
    return replace(take, root_translation=root + lift[:, None] * np.array([0.0, 0.0, 1.0]))


def _height(plane: Floor, points: Array) -> Array:
    """Z of a plane ``(T,)`` under or over points ``(T, 3)``."""
    level = points * np.array([1.0, 1.0, 0.0])
    return np.asarray(-plane.height_of(level) / max(float(plane.up[2]), 0.1))


def in_armature(character: CharacterTake, places: Array) -> Array:
    """Places ``(T, P, 3)`` of a character's take in its armature's space."""
    return np.asarray(
        rotations.rotate(rotations.inverse(character.to_world), places - character.origin) / character.scale
    )


def _held(report: RefineReport, options: RefineOptions) -> list[str]:
    """What was held, in words."""
    if report.contacts is None:
        return []
    hands = any(report.contacts.touching(name).any() for name in report.contacts.names if name.endswith("Hand"))
    done = [("feet", options.feet > 0.0 and bool(np.isfinite(report.slide_after_mm)))]
    done += [("hands", options.hands > 0.0 and hands)]
    words = [word for word, held in done if held]
    return [f"{' and '.join(words)} held"] if words else []
