# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a rig, said in the user's words."""

from __future__ import annotations


class RigError(ValueError):
    """A rig, a rig map or a preset that cannot be used; the message is one sentence for the user."""


class NoUsableBonesError(RigError):
    """No part of a body could be found among the bones of an armature."""


class PresetError(RigError):
    """A rig map preset that is missing, unreadable or not a rig map."""
