# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone names: taking them apart, comparing them across dialects and saying joints in words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Iterable, Sequence

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_POSER_SIDE = re.compile(r"^([lr])[A-Z]")
MAJORITY = 0.6
"""The share of an armature's bones that must carry a prefix or suffix before it is taken as decoration."""


def readable_joint(joint: str) -> str:
    """A joint's name as words: ``leftUpperArm`` becomes ``Left upper arm``."""
    words = " ".join(_WORD.findall(joint)).lower()
    return words[:1].upper() + words[1:]


def words_of(name: str) -> list[str]:
    """The words of a name in lower case, split at separators, at changes of case and at digits."""
    return [word.lower() for word in _WORD.findall(name)]


def side_of_name(name: str) -> str | None:
    """``left``, ``right`` or None, by the usual markers at either end or in the middle of a bone's name."""
    poser = _POSER_SIDE.match(name)
    if poser:
        return _SIDES[poser.group(1)]
    sides = {_SIDES[word] for word in words_of(name) if word in _SIDES}
    return sides.pop() if len(sides) == 1 else None


def plain(name: str) -> str:
    """A name without separators and case, for comparison: ``Upper_Arm.L`` becomes ``upperarml``."""
    return re.sub(r"[^0-9a-z]", "", name.lower())


def without_namespace(name: str) -> str:
    """A name without its namespaces (``mixamorig:Hips``) and node path (``Armature|Hips``)."""
    return re.split(r"[:|]", name)[-1]


def common_affixes(names: Sequence[str]) -> list[tuple[str, str]]:
    """Decorations that a studio may have put on every bone: candidates of (prefix, suffix), the plain one first.

    A prefix or suffix counts where most of the bones carry it and it ends or begins at a separator.
    """
    prefix = _majority((match.group(0) for match in map(re.compile(r"^[^_.\-\s]+[_.\-\s]+").match, names) if match),
                       len(names))  # fmt: skip
    suffix = _majority((match.group(0) for match in map(re.compile(r"[_.\-\s]+[^_.\-\s]+$").search, names) if match),
                       len(names))  # fmt: skip
    options = [("", "")]
    if prefix:
        options.append((prefix, ""))
    if suffix:
        options.append(("", suffix))
    if prefix and suffix:
        options.append((prefix, suffix))
    return options


def without_affixes(name: str, prefix: str, suffix: str) -> str:
    """A name without a decoration; unchanged where it does not carry it."""
    if prefix and name.startswith(prefix) and len(name) > len(prefix):
        name = name[len(prefix) :]
    if suffix and name.endswith(suffix) and len(name) > len(suffix):
        name = name[: -len(suffix)]
    return name


def _majority(found: Iterable[str], total: int) -> str:
    ranked = Counter(found).most_common(1)
    return ranked[0][0] if ranked and ranked[0][1] >= MAJORITY * total else ""
