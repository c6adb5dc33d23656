# SPDX-License-Identifier: GPL-3.0-or-later
"""Real pairs that grow while training goes on: the files that ``rendering/crowds.py`` writes, the newest kept.

Their bodies and hands are what the real tracker's networks saw. Their faces are made up anew each time, in the place
and pose of the performer's head, as for synthesised clips.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import torch

from holirep_blender.inference.fusion.joints import BUILD_SIZE, SOLVED, SOLVED_INDEX

from .pairs import Pairs
from .synthesis.cameras import Cameras
from .synthesis.chance import Chance, Clock
from .synthesis.faces import Expressive
from .synthesis.landmarks import head_points
from .synthesis.motion import Moving
from .synthesis.scene import Stage
from .synthesis.tracker import see_face

Tensor = torch.Tensor


class Pool(Pairs):
    """Room for ``capacity`` clips of ``frames`` frames at fixed places in memory, as a recorded step needs it."""

    extra = 0.25

    def __init__(self, folder: Path, stage: Stage, capacity: int, frames: int) -> None:
        self.folder, self.stage, self.device = folder, stage, stage.device
        self.face = stage.faces.template
        self._read: set[str] = set()
        self._next = 0
        self.filled = torch.zeros((), device=self.device)

        def room(*shape: int) -> Tensor:
            return torch.zeros(capacity, *shape, device=self.device)

        self.seen = {}
        for name, points in (("body_image", 33), ("body_world", 33), ("left_hand_image", 21), ("left_hand_world", 21),
                             ("right_hand_image", 21), ("right_hand_world", 21)):  # fmt: skip
            other = name.replace("world", "image")
            valid = self.seen[other][1] if other in self.seen else room(frames)
            self.seen[name] = room(frames, points, 3), valid
        self.visibility, self.times, self.placed = room(frames, 33), room(frames), room(frames, 3)
        self.size, self.focal, self.flat = room(2), room(), room()
        self.local, self.turn = room(frames, len(SOLVED), 3, 3), room(frames, 3, 3)
        self.offsets, self.build = room(len(SOLVED), 3), room(BUILD_SIZE)
        self.origin, self.contacts = room(frames, 3), room(frames, 6)

    def __len__(self) -> int:
        return int(self.filled)

    def refresh(self) -> int:
        """Takes in files that were not read yet; how many clips there have been."""
        for path in sorted(self.folder.glob("*.pt")):
            if path.name in self._read:
                continue
            self._read.add(path.name)
            clips = torch.load(path, map_location=self.device, weights_only=True)
            capacity = len(self.size)
            rows = (self._next + torch.arange(len(clips["size"]), device=self.device)) % capacity
            for name, (values, valid) in self.seen.items():
                values[rows] = clips[name]
                valid[rows] = clips[name.replace("_image", "").replace("_world", "") + "_valid"]
            for name in ("visibility", "times", "placed", "size", "focal", "flat", "local", "turn", "offsets", "build",
                         "origin", "contacts"):  # fmt: skip
                getattr(self, name)[rows] = clips[name]
            self._next += len(rows)
            self.filled.fill_(min(self._next, capacity))
        return self._next

    def _clips(self, chance: Chance, batch: int) -> Tensor:
        return (chance.uniform(0.0, 1.0, batch) * self.filled).long().clamp_max(len(self.size) - 1)

    def _face(
        self, chance: Chance, moving: Moving, cameras: Cameras, clip: Tensor, frame: Tensor, flip: Tensor, about: Tensor
    ) -> tuple[Tensor, Tensor, Optional[Expressive]]:  # fmt: skip
        clock = Clock(self.times[0, : frame.shape[1]], 30.0)
        face = self.stage.faces.sample(chance, len(clip), clock)
        marks = head_points(moving, face.points)
        head = moving.turned[:, :, SOLVED_INDEX["head"]]
        image, found = see_face(chance, cameras, marks, -head[..., 1], self.stage.quality)
        middle = torch.cat([cameras.size / 2, torch.zeros_like(cameras.size[:, :1])], -1)[:, None, None]
        return image - middle, found.float(), face
