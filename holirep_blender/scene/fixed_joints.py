# SPDX-License-Identifier: GPL-3.0-or-later
"""Joints whose keys cannot be changed: locked or muted channels, modifiers, keys that are on the NLA only.

The verbs do their work on the other joints, as if these had not been chosen, and name those that stand in their way.
"""

from __future__ import annotations

from dataclasses import replace

from ..motion.biomechanics.engine import check_limits
from ..motion.refining.limits import limit_options
from ..motion.refining.options import RefineOptions
from ..motion.skeleton import SIDES
from ..motion.take import Take
from .motion_reading import ActiveMotion, MotionError
from .motion_writing import unchangeable

_LEG = ("UpperLeg", "LowerLeg", "Foot")


def fixed_joints(active: ActiveMotion) -> dict[str, str]:
    """Mapped joints whose keys cannot be changed, with a sentence on each for the user."""
    bones = unchangeable(active)
    result = {
        joint: f"{bone} was left alone: {bones[bone]}." for joint, bone in active.rig_map.bones.items() if bone in bones
    }
    mover = active.location_bone
    if mover in bones and "hips" not in result:
        result["hips"] = f"{mover} was left alone: {bones[mover]}."
    return result


def without_fixed(options: RefineOptions, fixed: dict[str, str], take: Take, plants: bool) -> RefineOptions:
    """The options for all but the fixed joints of a take. Raises MotionError where a verb can then do nothing."""
    joints = (frozenset(take.joint_names) if options.joints is None else options.joints) - fixed.keys()
    legs = [{f"{side}{part}" for part in _LEG} for side in SIDES]
    wanted = [leg for leg in legs if options.joints is None or leg <= options.joints]
    feet = plants and options.feet > 0.0 and wanted and not any(leg <= joints for leg in wanted)
    if not joints or (feet and any(leg & fixed.keys() for leg in wanted)):
        told = [fixed[joint] for joint in sorted(fixed) if not joints or any(joint in leg for leg in wanted)]
        raise MotionError(f"{'No foot can be held' if feet else 'Nothing can be changed'}: {' '.join(told[:3])}")
    return replace(options, joints=joints)


def in_the_way(fixed: dict[str, str], asked: RefineOptions, result: Take, plants: bool) -> list[str]:
    """Sentences on the fixed joints without which what was asked for could not be done wholly."""
    wanted = fixed.keys() if asked.joints is None else fixed.keys() & asked.joints
    if not wanted:
        return []
    if plants:
        limbs = [joint for joint in fixed if joint in wanted and (joint == "hips" or joint.endswith((*_LEG, "Toes")))]
        unheld = [side for side in SIDES if any(f"{side}{part}" in wanted for part in _LEG)]
        return [*(fixed[joint] for joint in limbs), *(f"So the {side} foot was not held." for side in unheld)]
    beyond = {one.joint for one in check_limits(result, replace(limit_options(asked), joints=frozenset(wanted)))}
    return [fixed[joint] for joint in sorted(beyond)]
