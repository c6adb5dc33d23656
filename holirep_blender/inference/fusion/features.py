# SPDX-License-Identifier: GPL-3.0-or-later
"""From observations to the numbers that the encoders read: independent of the plate's resolution and framing."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .constants import pick
from .joints import REFERENCE_STATURE
from .observed import Observed
from .rotations import from_quaternion, normalized, to_six, unapply

Tensor = torch.Tensor

ASSUMED_FOCAL = 1.1
"""Focal length over the plate's longer side where the lens is unknown: about 49° along that side."""
STABLE: tuple[int, ...] = (
    33,
    133,
    362,
    263,
    168,
    6,
    197,
    195,
    5,
    4,
    10,
    151,
    9,
    8,
    127,
    356,
    234,
    454,
    67,
    297,
    103,
    332,
    54,
    284,
    21,
    251,
)
"""Face points that expressions move little."""
BODY_SIZE = 33 * 2 + 33 * 3 * 2 + 6 + 33 + 4 + 2 * (21 * 2 + 21 * 3 * 2 + 6 + 3 + 2)
FACE_SIZE = 478 * 3 + 6 + 3 + 1
ENVIRONMENT_SIZE = 3 + 4 + 2 + 2 + 2 + 2 + 48 + 1 + 31
_POWER_STEPS = 7


@dataclass
class Features:
    """``body (B, T, BODY_SIZE)``, ``face (B, T, FACE_SIZE)``, ``environment (B, T, ENVIRONMENT_SIZE)``; the framing in
    which picture quantities are told: ``centre (B, T, 2)`` and ``size (B, T)`` pixels; ``focal (B,)`` pixels, given or
    assumed; ``times (B, T)`` in thirtieths of a second.
    """

    body: Tensor
    face: Tensor
    environment: Tensor
    neutral: Tensor
    centre: Tensor
    size: Tensor
    focal: Tensor
    times: Tensor


def framing(observed: Observed) -> tuple[Tensor, Tensor]:
    """Where the performer is in the picture: centre ``(B, T, 2)`` and size ``(B, T)`` in pixels.

    By the body's points, else the face's; the whole picture where neither was found.
    """

    def spread(points: Tensor, factor: float) -> tuple[Tensor, Tensor]:
        middle = points.mean(-2)
        return middle, factor * (points - middle[..., None, :]).square().sum(-1).mean(-1).sqrt().clamp_min(1.0)

    body, body_size = spread(observed.body_image[..., :2], 3.0)
    face, face_size = spread(observed.face_image[..., :2], 16.0)
    has_body, has_face = observed.body_valid[..., None] > 0, observed.face_valid[..., None] > 0
    whole = (observed.image_size / 2)[:, None].expand_as(body)
    centre = torch.where(has_body, body, torch.where(has_face, face, whole))
    longer = observed.image_size.amax(-1)[:, None].expand_as(body_size)
    size = torch.where(has_body[..., 0], body_size, torch.where(has_face[..., 0], face_size, longer))
    return centre, size


def head_pose(points: Tensor, template: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotation ``(..., 3, 3)`` and scale ``(...)`` of face points ``(..., 478, 3)`` over ``template (478, 3)``, and the
    points freed from both, in the template's unit. Horn's quaternion (1987) by repeated squaring.
    """
    source = pick(template, STABLE, 0)
    source_middle, target = source.mean(0), pick(points, STABLE, -2)
    middle = target.mean(-2, keepdim=True)
    source, target = source - source_middle, target - middle
    scale = (target.square().sum((-1, -2)) / source.square().sum()).clamp_min(1e-12).sqrt()
    s = torch.einsum("ni,...nj->...ij", source, target) / (scale[..., None, None] * source.square().sum())
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = (row.unbind(-1) for row in s.unbind(-2))
    horn = torch.stack(
        [
            xx + yy + zz,
            yz - zy,
            zx - xz,
            xy - yx,
            yz - zy,
            xx - yy - zz,
            xy + yx,
            zx + xz,
            zx - xz,
            xy + yx,
            yy - xx - zz,
            yz + zy,
            xy - yx,
            zx + xz,
            yz + zy,
            zz - xx - yy,
        ],
        dim=-1,
    ).unflatten(-1, (4, 4))
    power = horn + 2.0 * torch.eye(4, device=points.device)
    for _ in range(_POWER_STEPS):
        power = power @ power
        power = power / power.abs().amax((-1, -2), keepdim=True).clamp_min(1e-12)
    strongest = power.square().sum(-2).argmax(-1)
    q = torch.gather(power, -1, strongest[..., None, None].expand(power.shape[:-1] + (1,)))[..., 0]
    rotation = from_quaternion(q / q.norm(dim=-1, keepdim=True).clamp_min(1e-9))
    freed = unapply(rotation[..., None, :, :], points - middle) / scale[..., None, None] + source_middle
    return rotation, scale, freed


def own_frame(first: Tensor, second: Tensor) -> Tensor:
    """Rotations ``(..., 3, 3)`` whose first column lies along ``first (..., 3)`` and second nearest to ``second``."""
    x = normalized(first)
    y = normalized(second - (second * x).sum(-1, keepdim=True) * x)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)


def features(observed: Observed, template: Tensor) -> Features:
    """The encoders' inputs; nothing that was not found or is not known leaks into them."""
    centre, size = framing(observed)
    longer = observed.image_size.amax(-1)
    focal = torch.where(observed.focal_known > 0, observed.focal, ASSUMED_FOCAL * longer)
    times = (observed.times - observed.times[:, :1]) * 30.0
    whole = observed.image_size[:, None] / 2

    has = observed.body_valid[..., None]
    box = (observed.body_image[..., :2] - centre[..., None, :]) / size[..., None, None]
    ray = (centre - whole) / focal[:, None, None]
    place = torch.cat([ray, (size / focal[:, None]).log()[..., None], torch.ones_like(has)], dim=-1)
    # the picture's own third coordinate is left out: its scale is not the picture's
    body = [box.clamp(-5, 5).flatten(-2) * has]
    world = observed.body_world * 2.0
    across = world[..., 11, :] - world[..., 12, :] + world[..., 23, :] - world[..., 24, :]
    upwards = world[..., 11, :] + world[..., 12, :] - world[..., 23, :] - world[..., 24, :]
    trunk = own_frame(across, upwards)
    # the same points in the trunk's own axes: what the limbs do, wherever the performer faces
    body += [to_six(trunk) * has, unapply(trunk[..., None, :, :], world).clamp(-5, 5).flatten(-2) * has]
    body += [world.clamp(-5, 5).flatten(-2) * has, observed.body_visibility * has, place * has]
    for side in range(2):
        seen = observed.hand_valid[:, :, side, None]
        points, world = observed.hand_image[:, :, side], observed.hand_world[:, :, side]
        palm = (points[..., 9, :2] - points[..., 0, :2]).norm(dim=-1).clamp_min(1.0)
        extent = (points[..., :2] - points[..., :1, :2]).norm(dim=-1).mean(-1).clamp_min(1.0)
        shape = (points - points[..., :1, :])[..., :2] / (extent[..., None, None] * 1.5)
        wrist = (points[..., 0, :2] - centre) / size[..., None]
        where = torch.cat([wrist, (torch.maximum(palm, extent) / size).log()[..., None]], -1)
        turned = (world - world[..., :1, :]) * 10.0
        # some trackers give no metric hand
        deep = seen * (turned.abs().amax((-1, -2)) > 1e-3).float()[..., None]
        palm_axes = own_frame(turned[..., 9, :], turned[..., 5, :] - turned[..., 17, :])
        own = unapply(palm_axes[..., None, :, :], turned)
        body += [shape.clamp(-5, 5).flatten(-2) * seen, turned.clamp(-5, 5).flatten(-2) * deep, where * seen, seen]
        body += [to_six(palm_axes) * deep, own.clamp(-5, 5).flatten(-2) * deep, deep]

    seen = observed.face_valid[..., None]
    rotation, scale, freed = head_pose(observed.face_image, template)
    middle = (observed.face_image[..., :2].mean(-2) - centre) / size[..., None]
    face = torch.cat(
        [
            (freed - template).clamp(-8, 8).flatten(-2) * seen,
            to_six(rotation) * seen,
            torch.cat([middle, (scale.clamp_min(1e-3) / size).log()[..., None] + 4.0], -1) * seen,
            seen,
        ],
        dim=-1,
    )
    # told in any pose and size, for instance as the tracker saw it
    rest = head_pose(observed.neutral, template)[2]
    neutral = ((rest - template) * observed.neutral_known[:, None, None]).flatten(-2)
    neutral = torch.cat([neutral, observed.neutral_known[:, None]], -1)

    count = observed.times.shape[1]

    def spread(values: Tensor, known: Tensor) -> Tensor:
        both = torch.cat([values.reshape(len(values), -1) * known[:, None], known[:, None]], dim=-1)
        return both[:, None].expand(-1, count, -1)

    step = torch.diff(times, dim=1, prepend=times[:, :1] - (times[:, 1:2] - times[:, :1] if count > 1 else 1.0))
    plate = torch.cat([(observed.image_size / longer[:, None])[:, None].expand(-1, count, -1), step[..., None]], -1)
    lit = torch.cat([observed.light.flatten(-2), observed.light_direction], -1)
    environment = torch.cat(
        [
            plate,
            torch.cat(
                [
                    observed.up * observed.up_known[:, None, None],
                    spread(observed.up_known[:, None], observed.up_known)[..., :1],
                ],
                -1,
            ),
            spread((focal / longer).log(), observed.focal_known),
            spread((observed.height.clamp_min(0.3) / REFERENCE_STATURE).log(), observed.height_known),
            spread(observed.floor, observed.floor_known),
            torch.stack([observed.depth.clamp_min(0.1).log() * observed.depth_known, observed.depth_known], -1),
            observed.skin.flatten(-2) * observed.skin_known[..., None],
            observed.skin_known[..., None],
            spread(lit, observed.light_known),
        ],
        dim=-1,
    )
    return Features(torch.cat(body, -1), face, environment, neutral, centre, size, focal, times)
