# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the rig map of a character by itself: by the names of a known family, else by structure."""

from __future__ import annotations

from dataclasses import dataclass

from ..skeleton import JOINT_NAMES, REQUIRED_JOINTS
from .conflicts import nearest_mapped_parent
from .errors import NoUsableBonesError
from .family_tables import FamilyTable, family_tables
from .names import common_affixes, plain, without_affixes, without_namespace
from .rig import Rig
from .rig_map import RigMap, usable
from .structure import map_by_structure

SURE = 0.75
"""From this score on names are believed without a look at the structure."""
RESOLVE_ORDER: tuple[str, ...] = ("hips", "head") + tuple(
    joint for joint in JOINT_NAMES if joint not in ("hips", "head")
)
SPINE: tuple[str, ...] = ("spine", "chest", "upperChest")
TRUNK: tuple[str, ...] = (*SPINE, "neck")


@dataclass(frozen=True)
class _Match:
    rig_map: RigMap
    rank: tuple[float, int, int]


def find_rig_map(rig: Rig) -> RigMap:
    """The rig map of a character.

    Raises
    ------
    NoUsableBonesError
        Where neither the bones' names nor their structure show a body.
    """
    named = _best_by_names(rig)
    if named is not None and named.rig_map.score >= SURE and usable(named.rig_map):
        return named.rig_map
    by_structure = map_by_structure(rig)
    candidates = [candidate for candidate in (named.rig_map if named else None, by_structure) if candidate]
    candidates = [candidate for candidate in candidates if usable(candidate)]
    if not candidates:
        raise NoUsableBonesError(
            f"No body was recognised in {rig.name} ({len(rig.bone_names)} bones): choose at least the hips and the "
            "upper and lower bones of one limb in the rig map, or pick another armature."
        )
    return max(candidates, key=lambda candidate: candidate.score)


def _best_by_names(rig: Rig) -> _Match | None:
    best: _Match | None = None
    names = [without_namespace(name) for name in rig.bone_names]
    for prefix, suffix in common_affixes(names):
        bare = [without_affixes(name, prefix, suffix) for name in names]
        for table in family_tables():
            match = _match(rig, table, bare)
            if match is not None and (best is None or match.rank > best.rank):
                best = match
    return best


def _match(rig: Rig, table: FamilyTable, bare_names: list[str]) -> _Match | None:
    """One family's table on a rig whose names were freed from decoration; None where it cannot be that family."""
    found: dict[str, list[int]] = {}
    for index, name in enumerate(bare_names):
        for form in {plain(name), plain(table.without_prefix(name))}:
            found.setdefault(form, []).append(index)

    def has(bone: str) -> bool:
        return bone[1:] in bare_names if bone.startswith("=") else plain(bone) in found

    if not all(map(has, table.requires)) or any(map(has, table.refuses)):
        return None
    bones = _resolve(rig, table, found)
    if not bones:
        return None
    follows = {
        bones[joint]: bones[other] for joint, other in table.follows.items() if joint in bones and other in bones
    }
    hierarchy = rig.with_parents(follows)
    rightly = sum(_is_rightly_placed(joint, bones, hierarchy) for joint in bones)
    required = sum(joint in bones for joint in REQUIRED_JOINTS) / len(REQUIRED_JOINTS)
    score = required * rightly / len(bones)
    marks = len(table.requires) + sum(map(has, table.marks))
    rig_map = RigMap(table.family, bones, _settings(rig, table, found), follows, score)
    return _Match(rig_map, (score, len(bones), marks))


def _resolve(rig: Rig, table: FamilyTable, found: dict[str, list[int]]) -> dict[str, str]:
    """Joint by joint the first of its bones that is there, unused and in a fitting place."""
    bones: dict[str, str] = {}
    follows = table.follows
    for joint in RESOLVE_ORDER:
        options = [index for name in table.joints.get(joint, ()) for index in found.get(plain(name), ())]
        options = [index for index in options if rig.bone_names[index] not in bones.values()]
        if not options:
            continue
        parent = nearest_mapped_parent(joint, bones)
        above = rig.index(bones[parent]) if parent and joint not in follows else -1
        fitting = [index for index in options if above < 0 or above in rig.ancestors(index)]
        if joint in TRUNK and "head" in bones:
            to_head = rig.ancestors(rig.index(bones["head"]))
            fitting = [index for index in fitting if index in to_head]
            if not fitting and len(table.joints[joint]) > 1:
                continue
        bones[joint] = rig.bone_names[(fitting or options)[0]]
    spine = [bones.pop(joint) for joint in SPINE if joint in bones]
    return {**bones, **dict(zip(SPINE, spine))}  # A spine of fewer bones begins at the bottom.


def _is_rightly_placed(joint: str, bones: dict[str, str], rig: Rig) -> bool:
    parent = nearest_mapped_parent(joint, bones)
    return parent is None or rig.is_below(bones[joint], bones[parent])


def _settings(rig: Rig, table: FamilyTable, found: dict[str, list[int]]) -> tuple[tuple[str, str, float], ...]:
    """The family's settings that this rig has; where the rig's properties are unknown the newest names are taken."""
    rows = []
    for setting in table.settings:
        for index in found.get(plain(setting.bone), ())[:1]:
            bone = rig.bone_names[index]
            known = rig.properties.get(bone, ()) if rig.properties else setting.properties
            name = next((name for name in setting.properties if name in known), None)
            if name is not None:
                rows.append((bone, name, setting.value))
    return tuple(rows)
