# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shape keys of a mesh show which ARKit coefficient, in ARKit's own names and in the common dialects.

The dialects are in ``shape_key_dialects.json``: for each key the coefficients that it shows and their factors;
``{s}`` and ``{side}`` stand for L/R and Left/Right. Dialects with ``~`` in front are approximations, used only for
coefficients that nothing better shows.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Iterable, Mapping

from ..arkit import ARKIT_NAMES

DIALECTS = Path(__file__).with_name("shape_key_dialects.json")
VOWELS = "~VRM vowels"
"""The dialect of one-letter names: believed only where several of them are found, and only when written exactly so."""
LEAST_VOWELS = 3
SHARED_PREFIX = 3
"""A prefix before a known name is taken as decoration where at least so many keys carry it."""
DECORATIONS = frozenset(
    ("", "a", "ak", "arkit", "bs", "blendshape", "face", "head", "facs", "facsbs", "target", "ctrlexpressions", "key")
)
EXACT, HALVES, DIALECT, MERGED, APPROXIMATE = range(5)
"""How well a key fits a coefficient, the best first: itself, one half of it, a dialect, both sides in one, roughly."""

_SIDES = (("L", "Left"), ("R", "Right"))


@dataclass(frozen=True)
class _Meaning:
    """What a key of a certain name shows; `part` tells apart the keys that show a coefficient only together."""

    rank: int
    part: str
    factors: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class _Found:
    key: str
    prefix: str
    meaning: _Meaning


def find_shape_key_map(names: Iterable[str]) -> dict[str, list[tuple[str, float]]]:
    """The shape keys of one mesh that show each ARKit coefficient.

    Parameters
    ----------
    names : names of the mesh's shape keys.

    Returns
    -------
    ARKit name to a list of (shape key, factor), coefficients in Apple's order and without those that no key shows. A
    key's value is the sum of factor times coefficient over all coefficients that name it, so that a key that merges
    both sides shows their mean. A mesh without usable keys gives an empty dict.
    """
    keys = list(names)
    found = _read_keys(keys)
    result: dict[str, list[tuple[str, float]]] = {}
    for coefficient in ARKIT_NAMES:
        options = [entry for entry in found if any(name == coefficient for name, _ in entry.meaning.factors)]
        if not options:
            continue
        best = min(entry.meaning.rank for entry in options)
        chosen: dict[str, _Found] = {}
        for entry in sorted(options, key=lambda entry: len(entry.prefix)):
            if entry.meaning.rank == best:
                chosen.setdefault(entry.meaning.part, entry)
        rows = [(entry.key, dict(entry.meaning.factors)[coefficient]) for entry in chosen.values()]
        result[coefficient] = sorted(rows, key=lambda row: keys.index(row[0]))
    return result


def _read_keys(keys: list[str]) -> list[_Found]:
    """What each key shows; keys that say nothing are left out."""
    meanings, vowels = _vocabulary()
    spoken = [(key, vowels[key.casefold()]) for key in keys if key.casefold() in vowels]
    found = [_Found(key, "", meaning) for key, meaning in spoken] if len(spoken) >= LEAST_VOWELS else []
    candidates: list[_Found] = []
    for key in keys:
        form = _plain(key)
        start = next((start for start in range(len(form)) if form[start:] in meanings), None)
        if start is not None:
            candidates.extend(_Found(key, form[:start], meaning) for meaning in meanings[form[start:]])
    shared = Counter(entry.prefix for entry in candidates)
    return found + [
        entry for entry in candidates if entry.prefix in DECORATIONS or shared[entry.prefix] >= SHARED_PREFIX
    ]


def _plain(name: str) -> str:
    """A key's name without namespace, separators, digits and case: ``blendShape1.AK_25_JawOpen`` → ``akjawopen``."""
    bare = re.sub(r"^blendshape\d*\.", "", name, flags=re.IGNORECASE)
    return re.sub(r"[^a-z]", "", bare.lower())


@lru_cache(maxsize=1)
def _vocabulary() -> tuple[Mapping[str, tuple[_Meaning, ...]], Mapping[str, _Meaning]]:
    """All known names in plain form, and the one-letter names as they are written."""
    meanings: dict[str, list[_Meaning]] = {}
    for form, meaning in _arkit_forms():
        if meaning not in meanings.setdefault(form, []):
            meanings[form].append(meaning)
    vowels: dict[str, _Meaning] = {}
    data: dict[str, dict[str, dict[str, float]]] = json.loads(DIALECTS.read_text(encoding="utf-8"))
    for dialect, keys in data.items():
        rank = APPROXIMATE if dialect.startswith("~") else DIALECT
        for template, factors in keys.items():
            for key, sided in _both_sides(template, factors):
                part = _plain(key) if rank == DIALECT else ""
                meaning = _Meaning(rank, part, tuple(sided.items()))
                if dialect == VOWELS:
                    vowels[key.casefold()] = meaning
                elif _plain(key) not in meanings:
                    meanings[_plain(key)] = [meaning]
    return {form: tuple(entries) for form, entries in meanings.items()}, vowels


def _both_sides(template: str, factors: Mapping[str, float]) -> list[tuple[str, dict[str, float]]]:
    rows = []
    for mark, side in _SIDES:
        key = template.replace("{s}", mark).replace("{side}", side)
        rows.append((key, {name.replace("{Side}", side): factor for name, factor in factors.items()}))
    return rows if rows[0][0] != rows[1][0] else rows[:1]


def _arkit_forms() -> list[tuple[str, _Meaning]]:
    """The plain forms of ARKit's names: the side as a word or a letter, before or after; halves; both sides merged."""
    forms: list[tuple[str, _Meaning]] = []
    for name in ARKIT_NAMES:
        side = next((mark for mark in _SIDES if name.endswith(mark[1])), None)
        if side is None:
            forms.append((name.lower(), _Meaning(EXACT, "", ((name, 1.0),))))
            for mark, word in _SIDES:
                half = _Meaning(HALVES, word, ((name, 1.0),))
                forms.extend((form, half) for form in _with_side(name.lower(), mark, word))
            continue
        base = name[: -len(side[1])]
        whole = _Meaning(EXACT, "", ((name, 1.0),))
        forms.extend((form, whole) for form in _with_side(base.lower(), *side))
        if base not in ("mouth", "jaw"):
            both = tuple((f"{base}{word}", 0.5) for _, word in _SIDES)
            forms.append((base.lower(), _Meaning(MERGED, "", both)))
    return forms


def _with_side(base: str, mark: str, word: str) -> list[str]:
    mark, word = mark.lower(), word.lower()
    return [base + word, base + mark, word + base, mark + base]
