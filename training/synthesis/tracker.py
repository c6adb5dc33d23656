# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tracker makes of a performer: biased, jittery, sometimes wrong, sometimes nothing at all."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from holirep_blender.inference.fusion.constants import numbers, pick
from holirep_blender.inference.fusion.rotations import from_vector, unapply

from .cameras import Cameras
from .chance import Chance

Tensor = torch.Tensor

SIDES_SWAPPED = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9] + [row + 1 if row % 2 else row - 1 for row in range(11, 33)]
"""Body points with left and right exchanged."""
_ARM_POINTS, _LEG_POINTS = list(range(11, 23)), list(range(23, 33))
_LOOSE = [0.5] * 11 + [0.8] * 2 + [1.1] * 2 + [1.3] * 2 + [1.5] * 6 + [0.9] * 2 + [1.1] * 2 + [1.3] * 2 + [1.5] * 4
"""How loosely each body point is held, about 1."""
_CAN_CROSS = [0.0] * 13 + [1.0] * 10 + [0.0] * 2 + [1.0] * 8
"""Points that may be hidden by the other side's: arms below the shoulder, legs below the hip."""
_DEPTH = (
    [0.060] * 11 + [0.045] * 2 + [0.070] * 2 + [0.110] * 2 + [0.115] * 6 + [0.012] * 2 + [0.050] * 2 + [0.080] * 2
    + [0.085] * 4
)  # fmt: skip
"""Metres of error in depth of the world landmarks."""
# Where the tracker imagines points that are out of the picture, metres in camera axes from shoulder or hip: somebody
# who stands with hanging arms
_IMAGINED = {13: (0.0, 0.26, 0.03), 15: (0.0, 0.45, -0.12), 17: (0.0, 0.53, -0.15), 19: (0.0, 0.54, -0.16),
             21: (0.0, 0.50, -0.15), 25: (0.0, 0.40, 0.0), 27: (0.0, 0.78, 0.08), 29: (0.0, 0.82, 0.10),
             31: (0.0, 0.87, -0.03)}  # fmt: skip
_IMAGINED_FROM = [row if row < 13 else (11 if row < 23 else 23) + (row + 1) % 2 for row in range(33)]
_IMAGINED_AT = [_IMAGINED.get(row if row % 2 else row - 1, (0.0, 0.0, 0.0)) for row in range(33)]
_TIP_POINTS = (4, 8, 12, 16, 20)
_WORLD_SIZE = 0.96
"""The world landmarks' size over the reference skeleton's, nearly whatever the performer's stature."""


@dataclass(frozen=True)
class Quality:
    """How well the tracker works; the figures are shares of the torso's length, or of the palm's or the eyes' distance.

    Bias, spread, memory, depth and turn as measured with the real tracker on rendered performers of known truth.
    """

    bias: float = 0.018
    slow: float = 0.018
    fast: float = 0.009
    white: float = 0.003
    turn: tuple[float, float, float] = (0.095, 0.085, 0.030)
    wander: tuple[float, float, float] = (0.065, 0.105, 0.026)
    swaps: float = 0.06
    outliers: float = 0.08
    hand: float = 0.02
    face: float = 0.006


@dataclass
class Seen:
    """``body_image (B, T, 33, 3)``, ``body_world``, ``visibility (B, T, 33)``, ``body (B, T)`` valid."""

    image: Tensor
    world: Tensor
    visibility: Tensor
    valid: Tensor


def see_body(chance: Chance, cameras: Cameras, points: Tensor, stature: Tensor, quality: Quality) -> Seen:
    """The 33 body points: ``points (B, T, 33, 3)`` in the world."""
    batch, count, device = len(points), points.shape[1], points.device
    local = cameras.local(points)
    picture = cameras.picture(local)
    hips = local[:, :, 23:25].mean(2)
    shoulders = local[:, :, 11:13].mean(2)
    torso = (points[:, :, 11:13].mean(2) - points[:, :, 23:25].mean(2)).norm(dim=-1).mean(1)
    pixels = cameras.focal[:, None] / hips[..., 2].clamp_min(0.3)
    loose = numbers(_LOOSE, picture)
    skill = torch.exp(0.35 * chance.normal(batch, 1, 1))

    # far side of the body, and arms before or behind the trunk, are guessed
    # out of the picture the tracker imagines
    size = cameras.size[:, None, None]
    first = (torch.maximum(-picture, picture - size).amax(-1) / (torso[:, None] * pixels)[..., None]).clamp(0.0, 4.0)
    wander = 0.08 * chance.normal(batch, 1, 33, 3) + 0.03 * chance.wandering(batch, count, 99, 8.0).unflatten(
        -1, (33, 3)
    )
    imagined = pick(local, _IMAGINED_FROM, 2) + numbers(_IMAGINED_AT, local) + wander
    imagined = torch.cat([imagined[..., :2], imagined[..., 2:].clamp_min(0.3)], -1)
    local = torch.lerp(local, imagined, (first * 4.0 - 0.2).clamp(0.0, 1.0)[..., None])
    behind = (local[..., 2] - (hips[..., 2:] + shoulders[..., 2:]) / 2).clamp(-0.4, 0.4)
    axis = (shoulders - hips)[:, :, None, :2]
    along = ((local[..., :2] - hips[:, :, None, :2]) * axis).sum(-1) / axis.square().sum(-1).clamp_min(0.02)
    foot = hips[:, :, None, :2] + along.clamp(0, 1)[..., None] * axis
    beside = (local[..., :2] - foot).norm(dim=-1)
    hidden = (
        torch.sigmoid((behind - 0.04) * 40) * torch.sigmoid((0.20 - beside) * 30) * ((along > -0.1) & (along < 1.1))
    )
    out, picture = first, cameras.picture(local)
    # the farther of two limbs that cross in the picture; heels behind toes; limbs that clothes or light make unclear
    partner = pick(local, SIDES_SWAPPED, 2)
    crossed = torch.sigmoid((0.13 - (local[..., :2] - partner[..., :2]).norm(dim=-1)) * 40)
    crossed = crossed * torch.sigmoid((local[..., 2] - partner[..., 2] - 0.06) * 40) * numbers(_CAN_CROSS, local)
    ahead = torch.sigmoid((local[:, :, 29:31, 2] - local[:, :, 31:33, 2] - 0.10) * 40) * 0.4
    heels = torch.cat([torch.zeros_like(hidden[..., :29]), ahead, torch.zeros_like(ahead)], dim=-1)
    unclear = (chance.happens(0.08, batch, 1, 33) | chance.runs(batch, count, 0.1, 20)[..., None]).float() * 0.5
    unclear = unclear * numbers(_CAN_CROSS, local) * chance.happens(0.5, batch, 1, 33)
    # head and trunk are always believed, whatever is before them
    hidden = hidden * (0.25 + 0.75 * numbers(_CAN_CROSS, local))
    hidden = torch.stack([hidden, crossed, heels, unclear]).amax(0)
    effort = skill * loose * (1.0 + 3.0 * hidden + 1.0 * out.clamp_max(1.0))

    def noise(channels: int) -> Tensor:
        speed = torch.diff(local[..., :channels], dim=1, prepend=local[:, :1, :, :channels]).norm(dim=-1)
        white = quality.white * (1.0 + 10.0 * speed / torso[:, None, None])
        slow = chance.wandering(batch, count, 33 * channels, 3.0) + 0.7 * chance.wandering(
            batch, count, 33 * channels, 14.0
        )
        slow = slow.unflatten(-1, (33, channels)) * quality.slow
        fast = chance.drifting(batch, count, 33 * channels, 2.0).unflatten(-1, (33, channels)) * quality.fast
        bias = chance.normal(batch, 1, 33, channels) * quality.bias
        return bias + slow + fast + white[..., None] * chance.normal(batch, count, 33, channels)

    flat = noise(2) * effort[..., None]
    gross = torch.zeros(batch, count, 33, device=device)
    for _ in range(2):
        run = chance.runs(batch * 3, count, quality.outliers, 5).view(batch, 3, count)
        which = chance.integers(33, batch, 3)
        for number in range(3):
            gross.scatter_add_(
                2, which[:, None, number : number + 1].expand(-1, count, -1), run[:, number, :, None] * 0.35
            )
    flat = flat + gross[..., None] * chance.normal(batch, 1, 33, 2)
    image = picture + flat * (torso[:, None] * pixels)[..., None, None]

    depth = numbers(_DEPTH, picture) * skill * (1.0 + hidden)
    deep = chance.normal(batch, 1, 33) * 0.5 + chance.wandering(batch, count, 33, 14.0) * 0.6
    deep = deep + chance.wandering(batch, count, 33, 3.5) * 0.5 + chance.drifting(batch, count, 33, 2.0) * 0.12
    world = local - local[:, :, 23:25].mean(2, keepdim=True)
    # in the picture's own parallel view: what perspective turns, the tracker does not undo
    ray = torch.atan2(hips[..., :2], hips[..., 2:])
    away = torch.stack([ray[..., 1], -ray[..., 0], torch.zeros_like(ray[..., 0])], -1) * -0.5
    world = unapply(from_vector(away)[:, :, None], world)
    world = torch.cat([world[..., :2] + flat * torso[:, None, None, None], world[..., 2:]
                       * chance.uniform(0.5, 1.0, batch, 1, 1, 1) + (deep * depth)[..., None]], -1)  # fmt: skip
    lean = chance.normal(batch, 1, 3) * numbers(quality.turn, world)
    lean = lean + chance.wandering(batch, count, 3, 8.0) * numbers(quality.wander, world)
    world = unapply(from_vector(lean)[:, :, None], world)
    height = (stature / 1.70) ** -0.65
    world = world * (_WORLD_SIZE * height * (1.0 + 0.06 * chance.normal(batch)))[:, None, None, None]

    for rows, probability in ((_LEG_POINTS, 0.6), (_ARM_POINTS, 0.25), (list(range(33)), 0.25)):
        run = chance.runs(batch, count, quality.swaps * probability, 24) | chance.happens(
            0.2 * quality.swaps * probability, batch, 1
        )
        run = run[..., None, None]
        order = list(range(33))
        for row in rows:
            order[row] = SIDES_SWAPPED[row]
        image = torch.where(run, pick(image, order, 2), image)
        world = torch.where(run, pick(world, order, 2), world)
    world = world - world[:, :, 23:25].mean(2, keepdim=True)
    error = (flat.norm(dim=-1) / 0.05).clamp_max(4.0)
    visibility = torch.sigmoid(5.5 - 6.5 * hidden - 0.6 * error + chance.normal(batch, count, 33) * 0.6)
    visibility = visibility * torch.sigmoid((0.1 - out) * 60)
    scale = (pixels / (_WORLD_SIZE * height)[:, None])[..., None]
    z = world[..., 2] * scale * 3.4
    valid = (
        ~chance.happens(0.05, batch, 1) & ~chance.runs(batch, count, 0.25, 20) & ~chance.runs(batch, count, 0.06, 64)
    )
    inside = out <= 0.0
    valid = valid & (pick(inside.long(), (0, 11, 12, 23, 24), 2).sum(-1) >= 1)
    return Seen(torch.cat([image, z[..., None]], -1), world, visibility, valid)


def see_hand(chance: Chance, cameras: Cameras, points: Tensor, quality: Quality) -> tuple[Tensor, Tensor, Tensor]:
    """A hand's image points, world points ``(B, T, 21, 3)`` and where it was found ``(B, T)``."""
    batch, count = len(points), points.shape[1]
    local = cameras.local(points)
    picture = cameras.picture(local)
    pixels = (cameras.focal[:, None] / local[:, :, 0, 2].clamp_min(0.2))[..., None, None]
    palm = (points[:, :, 9] - points[:, :, 0]).norm(dim=-1)[..., None, None]
    reach = palm * pixels
    loose = numbers([1.6 if point in _TIP_POINTS else 1.0 for point in range(21)], picture)
    skill = torch.exp(0.35 * chance.normal(batch, 1, 1, 1))

    def noise(share: float) -> Tensor:
        slow = chance.normal(batch, 1, 21, 3) * 0.8 + (
            chance.wandering(batch, count, 63, 4.0) + 0.2 * chance.drifting(batch, count, 63, 2.0)
        ).unflatten(-1, (21, 3))
        return (slow + 0.25 * chance.normal(batch, count, 21, 3)) * share * loose[:, None] * skill

    shared = noise(quality.hand)
    whole = chance.wandering(batch, count, 3, 5.0)[:, :, None] * quality.hand * 1.2
    image = picture + (shared + whole)[..., :2] * reach
    z = (local[..., 2] - local[:, :, :1, 2]) * pixels[..., 0] * chance.uniform(0.2, 0.4, batch, 1, 1)
    image = torch.cat([image, z[..., None] + shared[..., 2:] * 2.5 * reach], -1)
    middle = local.mean(2, keepdim=True)
    world = (local - middle) * numbers((1.0, 1.0, 0.92), local) + (
        shared * numbers((1.0, 1.0, 2.0), local) + 0.3 * noise(quality.hand)
    ) * palm
    lean = (chance.normal(batch, 1, 3) + 0.7 * chance.wandering(batch, count, 3, 7.0)) * 0.12
    world = unapply(from_vector(lean)[:, :, None], world)
    world = world * (1.0 + 0.08 * chance.normal(batch, 1, 1, 1))
    world = world * (~chance.happens(0.08, batch, 1, 1, 1)).float()
    size = cameras.size[:, None, None]
    inside = ((picture > 0) & (picture < size)).all(-1).float().mean(-1) > 0.8
    large = reach[..., 0, 0] > 9.0 + 8.0 * chance.uniform(0.0, 1.0, batch, 1)
    found = inside & large & ~chance.happens(0.18, batch, 1)
    for longest, probability in ((50, 0.35), (20, 0.35), (4, 0.4)):
        found = found & ~chance.runs(batch, count, probability, longest)
    return image, world, found


def see_face(
    chance: Chance, cameras: Cameras, points: Tensor, facing: Tensor, quality: Quality
) -> tuple[Tensor, Tensor]:
    """The face's image points ``(B, T, 478, 3)`` and where it was found ``(B, T)``; ``facing (B, T, 3)`` its normal."""
    batch, count, device = len(points), points.shape[1], points.device
    local = cameras.local(points)
    picture = cameras.picture(local)
    middle = local.mean(2)
    pixels = cameras.focal[:, None] / middle[..., 2].clamp_min(0.2)
    eyes = (points[:, :, 33] - points[:, :, 263]).norm(dim=-1) * pixels
    skill = torch.exp(0.4 * chance.normal(batch, 1, 1, 1)) * quality.face
    # neighbouring points err together: a few smooth fields over the face, and a little of their own
    centred = (points[0, 0] - points[0, 0].mean(0)) / points[0, 0].std()
    phase = torch.arange(12, device=device)
    fields = torch.cos(centred @ (chance.normal(3, 12) * 1.6) + phase).T
    fields = torch.cat([torch.ones_like(fields[:1]), fields])
    slow = (chance.drifting(batch, count, 39, 12.0) + chance.normal(batch, 1, 39)).unflatten(-1, (13, 3))
    common = torch.einsum("btkc,kn->btnc", slow, fields) * 0.45
    # what no face of the model looks like, for the whole clip: 1.2 mm, as the faces of real people leave over
    odd = (
        torch.einsum("btkc,kn->btnc", chance.normal(batch, 1, len(fields), 3), fields)
        * 0.0035
        * eyes.mean(1)[:, None, None, None]
    )
    own = chance.drifting(batch, count, 478 * 3, 2.5).unflatten(-1, (478, 3)) + 0.8 * chance.normal(batch, 1, 478, 3)
    error = (common + 0.5 * own) * skill * (1.0 + 12.0 / eyes.clamp_min(8.0))[..., None, None]
    error = torch.cat([error[..., :2], error[..., 2:] * 3.0], -1) * eyes[..., None, None]
    z = (local[..., 2] - middle[..., 2:]) * pixels[..., None] * chance.uniform(0.88, 1.08, batch, 1, 1)
    image = torch.cat([picture, z[..., None]], -1) + error + odd
    towards = -unapply(cameras.rotation, facing)
    view = middle / middle.norm(dim=-1, keepdim=True)
    frontal = (towards * view).sum(-1)
    inside = ((picture > 0) & (picture < cameras.size[:, None, None])).all(-1).float().mean(-1) > 0.75
    found = inside & (frontal > 0.10 + 0.25 * chance.uniform(0.0, 1.0, batch, 1)) & (eyes > 14.0)
    found = found & ~chance.happens(0.10, batch, 1)
    for longest, probability in ((25, 0.2), (4, 0.2)):
        found = found & ~chance.runs(batch, count, probability, longest)
    return image, found
