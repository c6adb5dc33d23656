# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network is punished for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional

from holirep_blender.inference.fusion.constants import numbers, pick
from holirep_blender.inference.fusion.decoder import Performance
from holirep_blender.inference.fusion.features import Features
from holirep_blender.inference.fusion.joints import (
    BODY_ROWS,
    FINGER_ROWS,
    SOLVED,
    SOLVED_INDEX,
    SOLVED_PARENTS,
    rest_offsets,
)
from holirep_blender.inference.fusion.kinematics import forward_kinematics
from holirep_blender.inference.fusion.rotations import apply, gravity_view, smooth_l1
from holirep_blender.inference.fusion.surface import BALL, HEEL
from holirep_blender.motion.arkit import ARKIT_INDEX

from .face_points import LIDS, LIPS
from .synthesis.faces import Faces
from .synthesis.scene import Truth, heading

Tensor = torch.Tensor

_JOINT_WEIGHTS = [
    2.0 if name == "hips" else 0.6 if row in FINGER_ROWS else 1.6 if "Arm" in name else 0.4 if "Toes" in name else 1.0
    for row, name in enumerate(SOLVED)
]  # fmt: skip
_HIPS = [SOLVED_INDEX["leftUpperLeg"], SOLVED_INDEX["rightUpperLeg"]]
_WRISTS = [SOLVED_INDEX["leftHand"] if name.startswith("left") else SOLVED_INDEX["rightHand"]
           for name in (SOLVED[row] for row in FINGER_ROWS)]  # fmt: skip
_BODY, _FINGERS = list(BODY_ROWS), list(FINGER_ROWS)
_BONES = [row for row in BODY_ROWS if any(part in SOLVED[row] for part in ("Lower", "Hand", "Foot", "neck", "head"))]
_ABOVE = [SOLVED_PARENTS[row] for row in _BONES]
"""Ends of thighs, shins, arms, forearms and neck: their depth is what pictures tell least of."""
_BLINKS = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]
_MISSED = 0.6
"""How much worse a missed contact is than an invented one: F1 is best where odds below even are called a contact."""
POINT_WEIGHTS = [4.0 if point in LIPS or point in LIDS else 1.0 for point in range(468)]


@dataclass
class Posed:
    """A performance or the truth as positions: ``level (B, T, 52, 3)`` about the hips' middle in the frame of gravity
    and view, ``camera`` the same in the camera's axes, ``place (B, T, 3)`` of the hips' middle in the camera's axes,
    ``picture (B, T, 52, 2)`` pixels, ``turned (B, T, 52, 3, 3)``.
    """

    level: Tensor
    camera: Tensor
    place: Tensor
    picture: Tensor
    turned: Tensor


def chord(found: Tensor, truth: Tensor) -> Tensor:
    """About the angle in radians between rotation matrices, with a gradient everywhere."""
    return ((found - truth).square().sum((-1, -2)) / 2.0 + 1e-6).sqrt()


def posed(rotations: Tensor, offsets: Tensor, up: Tensor, place: Tensor, focal: Tensor, centre: Tensor) -> Posed:
    """Positions of rotations; ``centre (B, 2)`` is the middle of the plate in pixels."""
    turned, level = forward_kinematics(rotations, offsets)
    level = level - pick(level, _HIPS, 2).mean(2, keepdim=True)
    camera = apply(gravity_view(up)[:, :, None], level)
    there = camera + place[:, :, None]
    picture = there[..., :2] / there[..., 2:].clamp_min(0.15) * focal[:, None, None, None] + centre[:, None, None]
    return Posed(level, camera, place, picture, turned)


def placed(found: Performance, read: Features, centre: Tensor) -> tuple[Tensor, Tensor]:
    """The hips' middle in the camera's axes ``(B, T, 3)`` and the focal length ``(B,)`` that a performance means."""
    focal = read.focal * found.focal.clamp(-1.5, 1.5).exp()
    depth = found.depth.clamp(-4, 4).exp() * focal[:, None] / read.size
    pixels = found.hips * read.size[..., None] + read.centre - centre[:, None]
    flat = pixels / focal[:, None, None] * depth[..., None]
    return torch.cat([flat, depth[..., None]], -1), focal


def losses(
    found: Performance, read: Features, truth: Truth, faces: Faces, image_size: Tensor, face_seen: Tensor
) -> dict[str, Tensor]:  # fmt: skip
    """Named terms, already weighted; their sum is the loss."""
    centre = image_size / 2
    place, focal = placed(found, read, centre)
    offsets = rest_offsets(found.build)
    ours = posed(found.rotations, offsets, found.up, place, focal, centre)
    real = posed(truth.rotations, truth.offsets, truth.up, truth.hips, truth.focal, centre)
    terms: dict[str, Tensor] = {}
    weights = numbers(_JOINT_WEIGHTS, place)
    apart = chord(found.rotations, truth.rotations)
    terms["rotation"] = (apart * weights).mean() / weights.mean()
    terms["turned"] = 0.5 * chord(pick(ours.turned, _BODY, 2), pick(real.turned, _BODY, 2)).mean()
    target = apart.detach()
    terms["spread"] = 0.05 * (target / found.spread + found.spread.log()).mean()
    terms["level"] = 4.0 * pick(ours.level - real.level, _BODY, 2).norm(dim=-1).mean()
    terms["camera"] = 4.0 * pick(ours.camera - real.camera, _BODY, 2).norm(dim=-1).mean()
    bones = [pick(side.camera, _BONES, 2) - pick(side.camera, _ABOVE, 2) for side in (ours, real)]
    terms["bones' depth"] = 8.0 * (bones[0] - bones[1])[..., 2].abs().mean()
    fingers = [(pick(side.level, _FINGERS, 2) - pick(side.level, _WRISTS, 2)) for side in (ours, real)]
    terms["fingers"] = 8.0 * (fingers[0] - fingers[1]).norm(dim=-1).mean()
    terms["up"] = 2.0 * (found.up - truth.up).norm(dim=-1).mean()
    pixels = (pick(real.picture, _HIPS, 2).mean(2) - read.centre) / read.size[..., None]
    terms["hips"] = 2.0 * smooth_l1((found.hips - pixels).clamp(-5, 5), 0.05).mean()
    wanted = (truth.hips[..., 2].clamp_min(0.2) * read.size / truth.focal[:, None]).log()
    terms["depth"] = 1.0 * smooth_l1((found.depth - wanted).clamp(-3, 3), 0.05).mean()
    error = pick((ours.picture - real.picture) / read.size[..., None, None], _BODY, 2)
    terms["picture"] = 1.0 * smooth_l1(error.clamp(-2, 2), 0.05).mean()
    terms["velocity"] = 0.15 * (found.velocity - truth.velocity).norm(dim=-1).mean()
    speed = [torch.diff(pick(side.camera, _BODY, 2), dim=1) * 30.0 for side in (ours, real)]
    terms["speed"] = 0.15 * (speed[0] - speed[1]).norm(dim=-1).mean()
    change = [torch.diff(values, dim=1) for values in speed]
    terms["change"] = 0.10 * (change[0] - change[1]).norm(dim=-1).mean()
    way = [torch.diff(side.place, dim=1) * 30.0 for side in (ours, real)]
    terms["way"] = 0.05 * (way[0] - way[1]).norm(dim=-1).clamp_max(10.0).mean()
    flat = truth.flat[:, None, None]
    surprise = functional.binary_cross_entropy_with_logits(found.contacts, truth.contacts, reduction="none")
    terms["contacts"] = 0.8 * (surprise * (1.0 + _MISSED * truth.contacts) * flat).mean()
    terms["slide"] = 0.1 * _slide(ours, found, truth) if found.velocity.shape[1] > 1 else place.new_zeros(())
    terms["build"] = 1.0 * (found.build - truth.build).abs().mean()
    terms["focal"] = 0.3 * (found.focal - (truth.focal / read.focal).log()).abs().mean()
    moved = faces.vertices(found.coefficients - truth.coefficients) * 10.0
    points = numbers(POINT_WEIGHTS, place)
    faced = truth.faced[:, None]
    seen = (0.05 + 0.95 * face_seen) * faced
    error = (moved.square().sum(-1) + 1e-4).sqrt()
    terms["face"] = 0.15 * ((error * points).mean(-1) / points.mean() * seen).mean()
    wrong = (found.coefficients - truth.coefficients).abs()
    terms["coefficients"] = 2.0 * (wrong.mean(-1) * seen).mean()
    shut, really = pick(found.coefficients, _BLINKS, -1), pick(truth.coefficients, _BLINKS, -1)
    closed = functional.binary_cross_entropy_with_logits(
        12.0 * (shut - 0.5), (really > 0.5).float(), reduction="none"
    )  # fmt: skip
    terms["lids"] = 2.0 * (((shut - really).abs() * 0.5 + 0.05 * closed).mean(-1) * seen).mean()
    terms["face spread"] = (
        0.05 * ((wrong.detach() / found.coefficient_spread + found.coefficient_spread.log()).mean(-1) * faced).mean()
    )
    terms["gaze"] = 0.5 * ((found.gaze - truth.gaze).abs().mean(-1) * seen).mean()
    terms["identity"] = 0.03 * ((found.identity - truth.identity).abs() * faced).mean()
    lit = truth.lit
    terms["light"] = 0.10 * ((found.light - truth.light).abs().mean((-1, -2)) * lit).mean()
    terms["light direction"] = 0.10 * ((found.light_direction - truth.light_direction).norm(dim=-1) * lit).mean()
    return terms


def _slide(ours: Posed, found: Performance, truth: Truth) -> Tensor:
    """Speed in metres a second at which planted soles move when the hips' predicted velocity is believed."""
    hips = ours.turned[:, :, 0]
    step = apply(heading(hips), found.velocity)[:, :-1]
    scale = truth.build[:, 0].exp()[:, None, None]
    rates = []
    for side in ("left", "right"):
        for part, offset in (("Foot", HEEL), ("Toes", BALL)):
            row = SOLVED_INDEX[side + part]
            reach = numbers(offset, step)
            point = ours.level[:, :, row] - ours.level[:, :, 0] + apply(ours.turned[:, :, row], reach) * scale
            rates.append((torch.diff(point, dim=1) * 30.0 + step).norm(dim=-1))
    planted = truth.contacts[:, 1:, :4] * truth.contacts[:, :-1, :4] * truth.flat[:, None, None]
    return (torch.stack(rates, -1) * planted).mean()
