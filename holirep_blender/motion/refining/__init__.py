# SPDX-License-Identifier: GPL-3.0-or-later
"""Refining: captured motion made to hold: human limits, world, contacts, and the character's own proportions.

``performer`` and ``refine`` hold what is done to takes that are applied, ``verbs`` to motion that is there already.
Nothing but the options is imported here, because settings need no more than those.
"""

from .options import RefineOptions

__all__ = ["RefineOptions"]
