# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb made of an action, noted in the action: run again in the same way it then changes nothing.

The note holds as long as the keys are those that were written, whoever saved and opened the file meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import bpy
import numpy as np

from ..motion.refining.options import RefineOptions
from ..motion.refining.provenance import noted, settings_of
from ..motion.take import Take
from .action_channels import ActionChannels
from .motion_reading import ActiveMotion, read_motion

NOTE = "holirep_refined"
"""Custom property of the action."""
_SAMPLES = 5
"""So many frames are looked at where keys alone do not say what the bones do."""
_DECIMALS = 4


def note(context: bpy.types.Context, active: ActiveMotion, verb: str, options: RefineOptions) -> None:
    """Notes in the active action that this verb made its keys as they are now."""
    told = _told(active, verb, options)
    active.channels.action[NOTE] = json.dumps({**told, "keys": _digest(context, active)})


def with_note(context: bpy.types.Context, active: ActiveMotion, take: Take, verb: str, options: RefineOptions) -> Take:
    """The take as read, with the note that the verb made it where the action says so and nothing changed since."""
    try:
        found = json.loads(active.channels.action.get(NOTE, "{}"))
    except (TypeError, ValueError):
        return take
    told = _told(active, verb, options)
    if not isinstance(found, dict) or {key: found.get(key) for key in told} != told:
        return take
    return noted(take, verb, options) if found.get("keys") == _digest(context, active) else take


def _told(active: ActiveMotion, verb: str, options: RefineOptions) -> dict[str, Any]:
    """The verb, all that it was told, and the frames that it was given."""
    return {**settings_of(verb, options), "read": [float(active.frames[0]), float(active.frames[-1])]}


def digest_of_keys(armature: bpy.types.Object) -> hashlib._Hash:
    """A digest of all keys in an armature object's active action, to which more may be added."""
    digest = hashlib.sha1(usedforsecurity=False)
    for (path, index), curve in sorted(ActionChannels(armature).curves.items()):
        count = len(curve.keyframe_points)
        digest.update(f"{path} {index} {count}".encode())
        for name in ("co", "handle_left", "handle_right"):
            values = np.empty(2 * count, dtype=np.float32)
            curve.keyframe_points.foreach_get(name, values)
            digest.update(values.tobytes())
    return digest


def _digest(context: bpy.types.Context, active: ActiveMotion) -> str:
    """A number for what the armature object does: for its keys, and for poses where more than keys moves its bones."""
    digest = digest_of_keys(active.armature)
    matrix = np.array(active.armature.matrix_world if not active.evaluated else np.eye(4))
    digest.update(np.round(matrix, _DECIMALS).tobytes())
    if active.evaluated:
        for frame in np.unique(np.linspace(active.frames[0], active.frames[-1], _SAMPLES).round()).astype(int):
            now = read_motion(context, active.armature, active.base, active.rig_map, int(frame), int(frame), True)
            # + 0.0 makes a negative zero a positive one
            digest.update((np.round(now.heads, _DECIMALS) + 0.0).tobytes())
    return digest.hexdigest()
