# SPDX-License-Identifier: GPL-3.0-or-later
"""Real pairs in training: what the real tracker saw of drawn performers (``rendering/pairs.py``), with their truth.

python -m training.pairs FOLDER pairs.npz        # packs a folder of clips into one small file
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt
import torch

from holirep_blender.inference.fusion.constants import numbers, pick
from holirep_blender.inference.fusion.decoder import IDENTITIES
from holirep_blender.inference.fusion.joints import SOLVED, SOLVED_INDEX
from holirep_blender.inference.fusion.kinematics import forward_kinematics
from holirep_blender.inference.fusion.observed import HARMONICS, SKIN_POINTS, Observed
from holirep_blender.inference.fusion.rotations import compose, from_vector, gravity_view, normalized, unapply
from holirep_blender.motion.skeleton import mirrored

from .bending import bent, seen_bent
from .synthesis.cameras import Cameras
from .synthesis.chance import Chance, Clock
from .synthesis.faces import Expressive
from .synthesis.motion import Moving, stature
from .synthesis.scene import Truth, heading
from .synthesis.tracker import SIDES_SWAPPED

Tensor = torch.Tensor
Array = npt.NDArray[np.float64]

_POINTS = ("body_image", "body_world", "face_image", "left_hand_image", "left_hand_world", "right_hand_image",
           "right_hand_world")  # fmt: skip
_ROWS_SWAPPED = [SOLVED_INDEX[mirrored(name)] for name in SOLVED]
_HIPS = (SOLVED_INDEX["leftUpperLeg"], SOLVED_INDEX["rightUpperLeg"])
FLIP = (-1.0, 1.0, 1.0)


def pack(paths: Sequence[Path], out: Path, frames: int = 64) -> int:
    """Writes clips of ``frames`` frames as one file in half precision; how many there were."""
    clips: list[dict[str, Array]] = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as stored:
                clip = {name: stored[name] for name in stored.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            # half written: drawing was stopped in the midst of it
            continue
        if len(clip["local"]) != frames or not (clip["seen_body_confidence"] > 0).mean() > 0.3:
            continue
        clips.append(clip)
    result: dict[str, npt.NDArray[np.generic]] = {}
    for name in _POINTS:
        values = np.stack([clip["seen_" + name] for clip in clips]).astype(np.float32)
        valid = np.isfinite(values).all(axis=(2, 3)) & (
            np.stack(
                [clip["seen_" + name.replace("_image", "").replace("_world", "") + "_confidence"] for clip in clips]
            )
            > 0
        )
        result[name + "_valid"] = valid
        if "image" in name:
            # sixteenths of a pixel; from the picture's middle
            middle = np.stack([clip["seen_image_size"] for clip in clips])[:, None, None] / 2
            values[..., :2] -= middle
            result[name] = np.clip(np.round(values[valid] * 16), -32000, 32000).astype(np.int16)
        else:
            result[name] = values[valid].astype(np.float16)
    result["visibility"] = np.round(np.stack([clip["seen_body_visibility"] for clip in clips]) * 255).astype(np.uint8)
    result["size"] = np.stack([clip["seen_image_size"] for clip in clips]).astype(np.float32)
    result["times"] = np.stack([clip["seen_times"] for clip in clips]).astype(np.float32)
    result["six"] = np.stack([clip["local"][..., :2] for clip in clips]).astype(np.float16)
    for name in ("placed", "offsets", "build", "turn", "origin"):
        result[name] = np.stack([clip[name] for clip in clips]).astype(np.float32)
    result["contacts"] = np.stack([clip["contacts"] for clip in clips])
    result["flat"], result["focal"] = (
        np.array([float(clip[name]) for clip in clips], np.float32) for name in ("flat", "focal")
    )
    np.savez_compressed(out, **result)
    return len(clips)


def _full(packed: dict[str, npt.NDArray[np.generic]], name: str, device: torch.device) -> tuple[Tensor, Tensor]:
    valid, rows = packed[name + "_valid"], packed[name]
    values = np.zeros(valid.shape + rows.shape[1:], np.float32)
    values[valid] = rows.astype(np.float32) / (16.0 if rows.dtype == np.int16 else 1.0)
    return torch.as_tensor(values, device=device), torch.as_tensor(valid, device=device).float()


class Pairs:
    """Clips of the real tracker, resident on the device, each also mirrored."""

    extra = 1.0
    """How much noise is added to what the tracker saw, so that few clips are not learnt by heart."""
    face: Optional[Tensor] = None
    """The mean face ``(478, 3)`` where clips may be bent (``bending.py``): those whose faces are made up anew."""

    def __init__(self, packed: dict[str, npt.NDArray[np.generic]], device: torch.device, faces: int = 478) -> None:
        def tensor(name: str) -> Tensor:
            return torch.as_tensor(packed[name].astype(np.float32), device=device)

        self.device = device
        self.seen = {name: _full(packed, name, device) for name in _POINTS}
        self.visibility = tensor("visibility") / 255.0
        self.size, self.times, self.focal, self.flat = (tensor(name) for name in ("size", "times", "focal", "flat"))
        first, second = tensor("six").unbind(-1)
        first = normalized(first)
        second = normalized(second - (first * second).sum(-1, keepdim=True) * first)
        self.local = torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)
        self.placed, self.offsets, self.build = (tensor(name) for name in ("placed", "offsets", "build"))
        self.turn, self.origin, self.contacts = (tensor(name) for name in ("turn", "origin", "contacts"))

    def __len__(self) -> int:
        return len(self.size)

    def _clips(self, chance: Chance, batch: int) -> Tensor:
        """Some clips at random."""
        return chance.integers(len(self), batch)

    def _face(
        self, chance: Chance, moving: Moving, cameras: Cameras, clip: Tensor, frame: Tensor, flip: Tensor, about: Tensor
    ) -> tuple[Tensor, Tensor, Optional[Expressive]]:  # fmt: skip
        """The face's points about the picture's middle, where it was found, and its truth where that is known.

        A mirrored clip has none: which of the points lies opposite which is not known here.
        """
        values, valid = self.seen["face_image"]
        there = valid[clip[:, None], frame] * (~flip[:, None]).float()
        return unapply(about[:, None, None], values[clip[:, None], frame]), there, None

    @torch.no_grad()
    def sample(
        self, chance: Chance, batch: int, frames: Optional[int] = None, *, vary: bool = True
    ) -> tuple[Observed, Truth]:  # fmt: skip
        """``batch`` clips, or their first ``frames``.

        Varied: mirrored, backwards, rolled about the view, with parts missing and facts known or not.
        """
        device, count = self.device, frames or self.times.shape[1]
        clip = self._clips(chance, batch) if vary else torch.arange(batch, device=device) % len(self)
        flip = chance.happens(0.5 if vary else 0.0, batch)
        # the same motion backwards
        frame = torch.arange(count, device=device).expand(batch, -1)
        back = chance.happens(0.5 if vary else 0.0, batch, 1)
        frame = torch.where(back, count - 1 - frame, frame)
        which = clip[:, None]
        roll = 0.2 * chance.normal(batch) * chance.happens(0.5 if vary else 0.0, batch)
        sign = numbers(FLIP, roll)

        def chosen(values: Tensor, other: Tensor) -> Tensor:
            return torch.where(flip.view((-1,) + (1,) * (values.dim() - 1)), other, values)

        # the performer and the camera
        def reflected(values: Tensor) -> Tensor:
            return values * sign[:, None] * sign

        local = self.local[which, frame]
        local = chosen(local, reflected(pick(local, _ROWS_SWAPPED, 2)))
        offsets = self.offsets[clip]
        offsets = chosen(offsets, pick(offsets, _ROWS_SWAPPED, 1) * sign)
        placed, origin, turn = (values[which, frame] for values in (self.placed, self.origin, self.turn))
        placed, origin = chosen(placed, placed * sign), chosen(origin, origin * sign)
        turn = chosen(turn, reflected(turn))
        c, s, zero, one = roll.cos(), roll.sin(), torch.zeros_like(roll), torch.ones_like(roll)
        about = torch.stack([c, -s, zero, s, c, zero, zero, zero, one], -1).view(batch, 3, 3)
        turn = compose(turn, about[:, None])
        turned, relative = forward_kinematics(local, offsets)
        joints = relative + placed[:, :, None]
        contacts = self.contacts[which, frame]
        contacts = chosen(contacts, pick(contacts, (2, 3, 0, 1, 5, 4), -1))
        build, focal, flat, size = self.build[clip], self.focal[clip], self.flat[clip], self.size[clip]
        drawn = moving = Moving(local, turned, joints, build, offsets, contacts, flat)
        if vary and self.face is not None:
            moving = bent(chance, drawn, Clock(self.times[0, :count], 30.0))
            local, turned, joints, flat = moving.local, moving.turned, moving.placed, moving.flat
        camera = unapply(turn[:, :, None], joints - origin[:, :, None])
        up = turn[:, :, 2]
        view = compose(turn, gravity_view(up)).transpose(-1, -2)
        rotations = local.clone()
        rotations[:, :, 0] = compose(view, local[:, :, 0])
        hips = pick(camera, _HIPS, 2).mean(2)
        step = torch.diff(placed, dim=1) * 30.0
        velocity = unapply(heading(turned[:, :, 0]), torch.cat([step, step[:, -1:]], 1))

        # what the tracker saw
        def seen(name: str) -> tuple[Tensor, Tensor]:
            values, valid = self.seen[name]
            return values[which, frame], valid[which, frame]

        def turned_back(points: Tensor) -> Tensor:
            """Rolled about the middle."""
            return unapply(about[:, None, None], points)

        parts: dict[str, tuple[Tensor, Tensor]] = {}
        for name in _POINTS:
            if "face" in name:
                continue
            other = name.replace("left", "*").replace("right", "left").replace("*", "right")
            (values, valid), (across, there) = seen(name), seen(other)
            if "body" in name:
                across = pick(across, SIDES_SWAPPED, 2)
            parts[name] = turned_back(chosen(values, across * sign)), chosen(valid, there)
        cameras = Cameras(turn, origin, focal, size)
        face_points, face_there, faced = self._face(chance, moving, cameras, clip, frame, flip, about)
        visibility = self.visibility[which, frame]
        visibility = chosen(visibility, pick(visibility, SIDES_SWAPPED, 2))
        if vary and self.face is not None:
            parts.update(seen_bent(drawn, moving, cameras, parts, visibility, self.face))
        middle = torch.cat([size / 2, torch.zeros_like(size[:, :1])], -1)[:, None, None]

        def kept(probability: float) -> Tensor:
            if not vary:
                return torch.ones(batch, count, device=device)
            mask = ~chance.happens(probability, batch, 1) & ~chance.runs(batch, count, 2 * probability, 20)
            return mask.float()

        if vary:
            # a little more noise, so that no clip is seen twice as it was
            points, valid = parts["body_image"]
            spread = (points[..., :2] - points[..., :2].mean(2, keepdim=True)).norm(dim=-1).mean((1, 2))
            amount = chance.uniform(0.0, 0.025, batch) * self.extra
            noise = chance.normal(batch, 1, 99) + chance.wandering(batch, count, 99, 6.0)
            noise = noise.unflatten(-1, (33, 3)) * amount[:, None, None, None]
            shift = torch.cat([noise[..., :2] * spread[:, None, None, None], torch.zeros_like(noise[..., 2:])], -1)
            parts["body_image"] = points + shift, valid
            points, valid = parts["body_world"]
            lean = from_vector(0.05 * self.extra * chance.normal(batch, 1, 3))
            deeper = noise * numbers((0.5, 0.5, 1.0), noise)
            parts["body_world"] = unapply(lean[:, :, None], points + deeper), valid
        body, face, left, right = kept(0.04), kept(0.15), kept(0.12), kept(0.12)
        body_valid = parts["body_image"][1] * body
        face_valid = face_there * body_valid * face
        hands = [
            (parts[f"{side}_hand_image"], parts[f"{side}_hand_world"], keep)
            for side, keep in (("left", left), ("right", right))
        ]

        def shown(points: Tensor, valid: Tensor, shift: bool) -> Tensor:
            return (points + middle if shift else points) * valid[..., None, None]

        def known(probability: float) -> Tensor:
            return chance.happens(probability if vary else 0.0, batch).float()

        tall = stature(build)
        frames, none = torch.zeros(batch, count, device=device), torch.zeros(batch, device=device)
        blank = torch.zeros(batch, count, len(SKIN_POINTS), 3, device=device)
        light = torch.zeros(batch, HARMONICS, 3, device=device)
        still = torch.zeros(batch, 3, device=device)
        still[:, 2] = 1.0
        observed = Observed(
            times=self.times[clip][:, :count], image_size=size,
            body_image=shown(parts["body_image"][0], body_valid, True),
            body_world=shown(parts["body_world"][0], body_valid, False),
            body_visibility=visibility * body_valid[..., None], body_valid=body_valid,
            face_image=shown(face_points, face_valid, True), face_valid=face_valid,
            hand_image=torch.stack([shown(image[0], image[1] * keep, True) for image, _, keep in hands], 2),
            hand_world=torch.stack([shown(world[0], world[1] * keep, False) for _, world, keep in hands], 2),
            hand_valid=torch.stack([image[1] * keep for image, _, keep in hands], 2),
            focal=focal * torch.exp(0.03 * chance.normal(batch)), focal_known=known(0.4),
            up=normalized(up + 0.025 * chance.normal(batch, 1, 3)), up_known=known(0.2),
            height=tall * (1.0 + 0.01 * chance.normal(batch)), height_known=known(0.35),
            floor=origin[:, 0, 2] + 0.03 * chance.normal(batch), floor_known=known(0.1),
            depth=hips[..., 2] * torch.exp(0.08 * chance.normal(batch, 1)),
            depth_known=known(0.1)[:, None].expand(-1, count), skin=blank, skin_known=frames, light=light,
            light_direction=still, light_known=none,
            neutral=torch.zeros(batch, 478, 3, device=device) if faced is None else faced.neutral,
            neutral_known=none if faced is None else known(0.6),
        )  # fmt: skip
        truth = Truth(
            rotations=rotations, up=up, hips=hips, velocity=velocity, contacts=contacts, flat=flat, build=build,
            offsets=offsets, focal=focal, picture=torch.zeros(batch, count, 33, 2, device=device),
            points=torch.zeros(batch, count, 33, 3, device=device),
            coefficients=torch.zeros(batch, count, 52, device=device) if faced is None else faced.coefficients,
            gaze=torch.zeros(batch, count, 4, device=device) if faced is None else faced.gaze,
            identity=torch.zeros(batch, IDENTITIES, device=device) if faced is None else faced.identity, light=light,
            light_direction=still, lit=none, faced=none if faced is None else torch.ones_like(none),
        )  # fmt: skip
        return observed, truth


def joined(first: tuple[Observed, Truth], second: tuple[Observed, Truth]) -> tuple[Observed, Truth]:
    """Two batches as one."""

    def both(a: object, b: object) -> dict[str, Tensor]:
        return {field.name: torch.cat([getattr(a, field.name), getattr(b, field.name)]) for field in fields(a)}  # type: ignore[arg-type]

    return Observed(**both(first[0], second[0])), Truth(**both(first[1], second[1]))


def chosen(
    packed: dict[str, npt.NDArray[np.generic]], rows: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.generic]]:
    """Some of the clips of a packed file."""
    result = {}
    for name, values in packed.items():
        if name in _POINTS:
            valid = packed[name + "_valid"]
            values = values[np.repeat(rows, valid.sum(1))]
        else:
            values = values[rows]
        result[name] = values
    return result


def main(arguments: list[str]) -> int:
    """Packs a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    count = pack(sorted(options.folder.glob("*.npz")), options.out)
    print(f"{count} clips, {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
