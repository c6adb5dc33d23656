# SPDX-License-Identifier: GPL-3.0-or-later
"""What of HoliRep itself a stage's result depends on, so that a release that makes other results does them again."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from ..protocol.methods import DEFAULT_METHOD, FUSION

ENGINES = {
    "replicate": 1,
    "clean-plate": 1,
    "apply": 1,
    "light": 1,
    "bake-shadows": 1,
    "render-preview": 1,
    "quality": 1,
    "export": 1,
}
"""How often what a kind of stage makes has become another. Raised with a release in which the same input and settings
give another result, and not with one that only mends or adds something."""

_PACKAGE = Path(__file__).resolve().parents[1]


def network_of(method: str | None, weights: str | None) -> str:
    """What identifies the network of a method: the digest of the weights that are published with HoliRep.

    Empty for a method without one, and with own ``weights``, which are an input of the stage.
    """
    return _published() if (method or DEFAULT_METHOD) == FUSION and not weights else ""


def holirep_version() -> str:
    """The extension's version, by its manifest."""
    for line in (_PACKAGE / "blender_manifest.toml").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "version":
            return value.strip().strip('"')
    raise ValueError("blender_manifest.toml states no version")


@lru_cache(maxsize=1)
def _published() -> str:
    table = json.loads((_PACKAGE / "inference" / "fusion" / "trained" / "weights.json").read_text(encoding="utf-8"))
    return "+".join(str(table[name]) for name in sorted(table))
