# SPDX-License-Identifier: GPL-3.0-or-later
"""The character's face as it is keyed, beside what the take's coefficients come to on its shape keys."""

from __future__ import annotations

import bpy
import numpy as np

from ..motion.take import Take
from ..quality.face_keys import FaceKeys
from .action_channels import ActionChannels, evaluated
from .shape_keys import face_channels


def face_keys(character: bpy.types.Object, take: Take, frames: np.ndarray) -> FaceKeys:
    """The shape keys that a take's face drives, at the scene's ``frames (T,)`` of the take's rows.

    A shape key without keys stays as it is. Raises ValueError, in the user's words, where the face is not keyed at all.
    """
    faces = face_channels(take, character, [])
    if not faces:
        raise ValueError(f"{character.name} has no shape keys for the face")
    names: list[str] = []
    made, wanted, ranges = [], [], []
    for face in faces:
        data = face.key.animation_data
        if data is None or data.action is None:
            continue
        curves = ActionChannels(face.key).curves
        for channel in face.channels:
            block = face.key.path_resolve(channel.path.rpartition(".")[0])
            curve = curves.get((channel.path, 0))
            names.append(block.name if len(faces) == 1 else f"{face.mesh_name} {block.name}")
            made.append(np.full(len(frames), block.value) if curve is None else evaluated(curve, frames))
            wanted.append(channel.values)
            ranges.append((block.slider_min, block.slider_max))
    if not names:
        raise ValueError(f"The shape keys of {character.name} have no keys: the take's face was not applied")
    shown = set().union(*(face.driven_by for face in faces))
    unshown = tuple(name for name in take.blendshape_names if name not in shown)
    lowest, highest = np.array(ranges).T
    return FaceKeys(tuple(names), np.stack(made, axis=1), np.stack(wanted, axis=1), lowest, highest, unshown)
