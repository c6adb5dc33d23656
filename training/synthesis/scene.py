# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole batch: what the tracker sees, and the truth that it should have been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

import numpy as np
import torch

from holirep_blender.inference.fusion.constants import numbers, pick
from holirep_blender.inference.fusion.joints import SOLVED_INDEX
from holirep_blender.inference.fusion.observed import SKIN_POINTS, Observed
from holirep_blender.inference.fusion.rotations import apply, compose, gravity_view, normalized, unapply

from .cameras import Cameras, place
from .chance import Chance, Clock
from .faces import Expressive, Faces
from .landmarks import body_points, hand_points, head_points
from .lights import Lights, irradiance
from .motion import Motions, Moving, stature
from .tracker import Quality, see_body, see_face, see_hand

Tensor = torch.Tensor

_HIPS = (SOLVED_INDEX["leftUpperLeg"], SOLVED_INDEX["rightUpperLeg"])


@dataclass
class Truth:
    """What was really there.

    ``rotations (B, T, 52, 3, 3)`` local, the hips' in the frame of gravity and view; ``up (B, T, 3)``; ``hips (B, T,
    3)`` middle of the hip joints in the camera's axes; ``velocity (B, T, 3)`` of the hips in their heading frame, m/s;
    ``contacts (B, T, 6)`` with ``flat (B,)``; ``build``, ``offsets``; ``focal (B,)`` pixels; ``picture (B, T, 33, 2)``
    clean pixels and ``points (B, T, 33, 3)`` clean in camera axes; ``coefficients``, ``gaze``, ``identity``; ``light``,
    ``light_direction`` in the first frame's frame of gravity and view; ``lit (B,)`` where the light could be known;
    ``faced (B,)`` where the face's truth is known.
    """

    rotations: Tensor
    up: Tensor
    hips: Tensor
    velocity: Tensor
    contacts: Tensor
    flat: Tensor
    build: Tensor
    offsets: Tensor
    focal: Tensor
    picture: Tensor
    points: Tensor
    coefficients: Tensor
    gaze: Tensor
    identity: Tensor
    light: Tensor
    light_direction: Tensor
    lit: Tensor
    faced: Tensor


class Stage:
    """Makes batches from a pack; everything stays on the device."""

    def __init__(
        self, pack: Mapping[str, np.ndarray], device: torch.device, *, held_out: bool, quality: Quality | None = None
    ) -> None:
        self.motions = Motions(pack, pack["held_out"] == held_out, device)
        self.faces = Faces(pack, device)
        self.lights = Lights(pack, pack["light_held_out"] == held_out, device)
        self.quality = quality or Quality()
        self.device = device

    @torch.no_grad()
    def batch(self, chance: Chance, size: int, count: int, *, vary: bool, fps: float = 30.0) -> tuple[Observed, Truth]:
        """``size`` clips of ``count`` frames."""
        clock = Clock(torch.arange(count, device=self.device) / fps, fps)
        return self.seen(chance, self.moving(chance, size, clock, vary=vary), clock)

    @torch.no_grad()
    def moving(self, chance: Chance, size: int, clock: Clock, *, vary: bool) -> Moving:
        """``size`` performers over a clock."""
        return turned_about(chance, self.motions.sample(chance, size, clock, vary=vary))

    @torch.no_grad()
    def seen(self, chance: Chance, moving: Moving, clock: Clock) -> tuple[Observed, Truth]:
        """The same performers with faces, as the tracker sees them."""
        face = self.faces.sample(chance, len(moving.placed), clock)
        cameras = place(chance, moving.placed, moving.placed[:, :, SOLVED_INDEX["head"]], clock)
        return self._seen(chance, moving, face, cameras, clock)

    def _seen(
        self, chance: Chance, moving: Moving, face: Expressive, cameras: Cameras, clock: Clock
    ) -> tuple[Observed, Truth]:
        size, count = moving.placed.shape[:2]
        tall = stature(moving.build)
        marks = head_points(moving, face.points)
        hands = (hand_points(moving, "left"), hand_points(moving, "right"))
        body = body_points(chance, moving, marks, hands)
        seen = see_body(chance, cameras, body, tall, self.quality)
        head = moving.turned[:, :, SOLVED_INDEX["head"]]
        face_image, face_found = see_face(chance, cameras, marks, -head[..., 1], self.quality)
        parts = [see_hand(chance, cameras, hand, self.quality) for hand in hands]
        up = cameras.rotation[:, :, 2]
        view = compose(cameras.rotation, gravity_view(up)).transpose(-1, -2)
        rotations = moving.local.clone()
        rotations[:, :, 0] = compose(view, moving.local[:, :, 0])
        light, direction = self.lights.sample(chance, size)
        skin, skin_known = self._skin(chance, moving, light, face_found)
        hips = cameras.local(pick(moving.placed, _HIPS, 2)).mean(2)

        def known(probability: float) -> Tensor:
            return chance.happens(probability, size).float()

        light_known, neutral_known = known(0.3), known(0.6)
        # the light is told in the frame of the first frame's view; the world's heading is the camera's at rest
        noisy_light = light * torch.exp(0.1 * chance.normal(size, 1, 1)) + 0.08 * chance.normal(size, 9, 3)
        lean = normalized(direction + 0.1 * chance.normal(size, 3))
        observed = Observed(
            times=clock.times[None].expand(size, -1),
            image_size=cameras.size,
            body_image=seen.image,
            body_world=seen.world,
            body_visibility=seen.visibility,
            body_valid=seen.valid.float(),
            face_image=face_image,
            face_valid=face_found.float(),
            hand_image=torch.stack([part[0] for part in parts], 2),
            hand_world=torch.stack([part[1] for part in parts], 2),
            hand_valid=torch.stack([part[2] for part in parts], 2).float(),
            focal=cameras.focal * torch.exp(0.03 * chance.normal(size)),
            focal_known=known(0.4),
            up=normalized(up + 0.025 * chance.normal(size, 1, 3)),
            up_known=known(0.25),
            height=tall * (1.0 + 0.01 * chance.normal(size)),
            height_known=known(0.35),
            floor=cameras.origin[:, 0, 2] + 0.03 * chance.normal(size),
            floor_known=known(0.1),
            depth=hips[..., 2] * torch.exp(0.08 * chance.normal(size, 1)),
            depth_known=known(0.1)[:, None].expand(-1, count),
            skin=skin,
            skin_known=skin_known,
            light=noisy_light,
            light_direction=lean,
            light_known=light_known,
            neutral=face.neutral + 0.1 * chance.normal(size, 478, 3),
            neutral_known=neutral_known,
        )
        observed = _another_person(chance, observed)
        rate = clock.fps
        world_hips = moving.placed[:, :, 0]
        step = torch.diff(world_hips, dim=1) * rate
        step = torch.cat([step, step[:, -1:]], 1)
        velocity = unapply(heading(moving.turned[:, :, 0]), step)
        local = cameras.local(body)
        truth = Truth(
            rotations=rotations,
            up=up,
            hips=hips,
            velocity=velocity,
            contacts=moving.contacts,
            flat=moving.flat,
            build=moving.build,
            offsets=moving.offsets,
            focal=cameras.focal,
            picture=cameras.picture(local),
            points=local,
            coefficients=face.coefficients,
            gaze=face.gaze,
            identity=face.identity,
            light=light,
            light_direction=direction,
            lit=((light_known > 0) | (skin_known.mean(1) > 0.3)).float(),
            faced=torch.ones(size, device=self.device),
        )
        return observed, truth

    def _skin(self, chance: Chance, moving: Moving, light: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
        """Colours of the skin ``(B, T, 16, 3)`` and where they were sampled."""
        size = len(light)
        turned = apply(moving.turned[:, :, SOLVED_INDEX["head"], None], pick(self.faces.normals, SKIN_POINTS, 0))
        tone = chance.uniform(0.12, 0.65, size, 1, 1, 1) * numbers((1.0, 0.72, 0.58), light)
        exposure = torch.exp(0.5 * chance.normal(size, 1, 1, 1))
        colours = irradiance(light, turned) * tone * exposure
        colours = colours * (1.0 + 0.06 * chance.normal(size, 1, len(SKIN_POINTS), 1))
        colours = (colours + 0.01 * chance.normal(*colours.shape)).clamp(0.0, 1.0)
        return colours, (found & chance.happens(0.5, size, 1)).float()


def heading(hips: Tensor) -> Tensor:
    """The hips' turn about the vertical alone ``(..., 3, 3)`` of their world rotation: their left made level."""
    left = hips[..., :, 0] * numbers((1.0, 1.0, 0.0), hips)
    left = normalized(left)
    up = numbers((0.0, 0.0, 1.0), left).expand_as(left)
    return torch.stack([left, torch.linalg.cross(up, left), up], dim=-1)


def turned_about(chance: Chance, moving: Moving) -> Moving:
    """The performer at a random heading, about where the clip's middle is; towards the camera more often than not."""
    size = len(moving.placed)
    left = moving.turned[:, moving.turned.shape[1] // 2, 0, :, 0]
    now = torch.atan2(left[:, 1], left[:, 0])
    wanted = torch.where(chance.happens(0.5, size), 0.6 * chance.normal(size), chance.uniform(-3.1416, 3.1416, size))
    angle = wanted - now
    turn = torch.zeros(size, 3, 3, device=angle.device)
    turn[:, 0, 0] = turn[:, 1, 1] = angle.cos()
    turn[:, 1, 0], turn[:, 0, 1], turn[:, 2, 2] = angle.sin(), -angle.sin(), 1.0
    about = moving.placed[:, :, 0].mean(1) * numbers((1.0, 1.0, 0.0), left)
    placed = apply(turn[:, None, None], moving.placed - about[:, None, None])
    turned = compose(turn[:, None, None], moving.turned)
    local = torch.cat([turned[:, :, :1], moving.local[:, :, 1:]], dim=2)
    return Moving(local, turned, placed, moving.build, moving.offsets, moving.contacts, moving.flat)


def _another_person(chance: Chance, observed: Observed) -> Observed:
    """For a few frames the tracker follows somebody else: the next performer of the batch."""
    size, count = observed.times.shape
    run = chance.runs(size, count, 0.05, 15)

    def jumped(values: Tensor) -> Tensor:
        mask = run.view(run.shape + (1,) * (values.dim() - 2))
        return torch.where(mask, values.roll(1, 0), values)

    for name in ("body_image", "body_world", "body_visibility", "body_valid", "face_image", "face_valid"):
        setattr(observed, name, jumped(getattr(observed, name)))
    return observed
