# SPDX-License-Identifier: GPL-3.0-or-later
"""Performers in motion: windows of motion capture, varied beyond what was captured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional

import numpy as np
import torch

from holirep_blender.inference.fusion.constants import index, numbers, pick
from holirep_blender.inference.fusion.joints import (
    BODY,
    BODY_ROWS,
    BUILD_SIZE,
    HEAD_RATIO,
    REFERENCE_STATURE,
    SOLVED,
    SOLVED_INDEX,
    rest_offsets,
)
from holirep_blender.inference.fusion.kinematics import forward_kinematics
from holirep_blender.inference.fusion.rotations import apply, compose, from_quaternion, from_six, from_vector, to_six
from holirep_blender.inference.fusion.surface import BALL, HEEL
from holirep_blender.motion.skeleton import mirrored

from .chance import Chance, Clock
from .fingers import finger_poses

Tensor = torch.Tensor

_ROW = {name: index for index, name in enumerate(BODY)}
_UPPER = [row for name, row in _ROW.items() if not any(part in name for part in ("hips", "Leg", "Foot", "Toes"))]
_ARM = {
    side: [
        row
        for name, row in _ROW.items()
        if name.startswith(side) and any(p in name for p in ("Shoulder", "Arm", "Hand"))
    ]
    for side in ("left", "right")
}
_LEG = {side: [row for name, row in _ROW.items() if name.startswith(side) and row not in _ARM[side]]
        for side in ("left", "right")}  # fmt: skip
_TRUNK = [_ROW[name] for name in ("spine", "chest", "upperChest", "neck", "head")]
_SWAPPED = [_ROW[mirrored(name)] for name in BODY]
_SPREADS = {
    "Shoulder": 0.07,
    "UpperArm": 0.45,
    "Hand": 0.30,
    "UpperLeg": 0.35,
    "Foot": 0.30,
    "neck": 0.18,
    "head": 0.22,
    "spine": 0.14,
    "chest": 0.08,
    "upperChest": 0.08,
}
"""Radians by which smooth random turns vary what was captured."""
_AS_CAPTURED = 0.12
"""Share of the performers who move as somebody really did."""
_OTHER_LEGS, _OTHER_LEG, _OTHER_TRUNK = 0.12, 0.08, 0.15
"""How often both legs, one leg alone, or the trunk are those of somebody else."""
_NEAR_LOWEST, _STANDS_LOW, _STANDS_SLOW = 0.012, 0.035, 0.3
"""Metres over the lowest point of the soles within which others carry too; metres and metres a second below which a
sole stands of whom it is not known.
"""
_BUILD_SPREADS = (0.07, 0.08, 0.08, 0.09, 0.08, 0.08, 0.07, 0.14, 0.08, 0.07, 0.06, 0.06)


@dataclass
class Moving:
    """``local (B, T, 52, 3, 3)`` with the hips' world rotation first; ``turned``, ``placed`` in the world, metres, the
    floor at 0; ``build (B, 12)``, ``offsets (B, 52, 3)``; ``contacts (B, T, 6)``; ``flat (B,)`` 1 where contacts hold.
    """

    local: Tensor
    turned: Tensor
    placed: Tensor
    build: Tensor
    offsets: Tensor
    contacts: Tensor
    flat: Tensor


class Motions:
    """The clips of a pack, resident on the device."""

    def __init__(self, pack: Mapping[str, np.ndarray], chosen: np.ndarray, device: torch.device) -> None:
        starts = np.concatenate([[0], np.cumsum(pack["lengths"])[:-1]])
        self.device = device
        self.starts = torch.as_tensor(starts[chosen], device=device)
        self.lengths = torch.as_tensor(pack["lengths"][chosen], device=device)
        self.flat = torch.as_tensor(pack["flat"][chosen].astype(np.float32), device=device)
        self.local = torch.as_tensor(pack["local"].astype(np.float32), device=device)
        self.root = torch.as_tensor(pack["root"], device=device)
        self.contacts = torch.as_tensor(pack["contacts"].astype(np.float32), device=device)

    def _window(self, chance: Chance, batch: int, passed: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Quaternions ``(B, T, 22, 4)``, root, contacts and flatness at ``passed (B, T)`` captured frames from the
        first. Clips too short are played back and forth.
        """
        clip = chance.choice(self.lengths.float() ** 0.75, batch)
        length = self.lengths[clip].float()
        room = (length - 1 - passed[:, -1]).clamp_min(0.0)
        frame = (chance.uniform(0.0, 1.0, batch) * room)[:, None] + passed
        last = (length - 1)[:, None]
        frame = last - (frame.remainder(2.0 * last) - last).abs()
        before = frame.floor().clamp_max(1e9).long().clamp_min(0)
        after = torch.minimum(before + 1, last.long())
        share = (frame - before)[..., None]
        low, high = self.starts[clip][:, None] + before, self.starts[clip][:, None] + after
        local = torch.lerp(self.local[low], self.local[high], share[..., None])
        local = local / local.norm(dim=-1, keepdim=True)
        root = torch.lerp(self.root[low], self.root[high], share)
        nearest = torch.where(share > 0.5, self.contacts[high], self.contacts[low])
        flip = chance.happens(0.5, batch)
        sign = numbers((1.0, 1.0, -1.0, -1.0), local)
        local = torch.where(flip[:, None, None, None], pick(local, _SWAPPED, 2) * sign, local)
        root = torch.where(flip[:, None, None], root * numbers((-1.0, 1.0, 1.0), root), root)
        swapped = pick(nearest, (2, 3, 0, 1, 5, 4), -1)
        return local, root, torch.where(flip[:, None, None], swapped, nearest), self.flat[clip]

    def sample(
        self, chance: Chance, batch: int, clock: Clock, *, vary: bool, build: Optional[Tensor] = None
    ) -> Moving:  # fmt: skip
        """``batch`` performers over a clock; without ``vary`` only mirrored, of various builds or the one given."""
        count = len(clock)
        rate = 30.0 / clock.fps
        speed = chance.uniform(0.67, 1.4, batch) if vary else torch.ones(batch, device=self.device)
        pace = (speed * rate)[:, None].expand(-1, count)
        if vary:
            # now a little faster, now slower
            uneven = chance.happens(0.6, batch, 1) * chance.uniform(0.0, 0.35, batch, 1)
            pace = pace * (uneven * chance.waves(batch, clock, 1, 0.6)[..., 0].clamp(-2, 2)).exp()
        passed = pace.cumsum(1) - pace[:, :1]
        local, root, contacts, flat = self._window(chance, batch, passed)
        plain, captured = chance.happens(_AS_CAPTURED, batch), local
        if vary:
            other = self._window(chance, batch, passed)[0]
            for rows, probability in ((_UPPER, 0.35), (_ARM["left"], 0.3), (_ARM["right"], 0.3)):
                part = numbers([float(row in rows) for row in range(len(BODY))], local)[:, None] > 0
                local = torch.where(chance.happens(probability, batch)[:, None, None, None] & part, other, local)
            third, legs = self._window(chance, batch, passed)[0], chance.uniform(0.0, 1.0, batch)
            borrowed = legs < _OTHER_LEGS + _OTHER_LEG
            for rows, happens in ((_LEG["left"], borrowed), (_LEG["right"], legs < _OTHER_LEGS),
                                  (_TRUNK, chance.happens(_OTHER_TRUNK, batch))):  # fmt: skip
                part = numbers([float(row in rows) for row in range(len(BODY))], local)[:, None] > 0
                local = torch.where(happens[:, None, None, None] & part, third, local)
            local = _blended(chance, local, other, clock)
        body = from_quaternion(local)
        if vary:
            varied, floats, steps = _varied(chance, body, clock)
            body = torch.where(plain[:, None, None, None, None], from_quaternion(captured), varied)
            flat = flat * (plain | ~floats).float()
            stepping = (steps | borrowed) & ~plain & (flat > 0)
            body = _with_collars(chance, body)
        if build is None:
            build = chance.normal(batch, BUILD_SIZE) * numbers(_BUILD_SPREADS, local)
        offsets = rest_offsets(build)
        whole = torch.eye(3, device=self.device).expand(batch, count, len(SOLVED), 3, 3).clone()
        whole[:, :, index(BODY_ROWS, whole)] = body
        whole = finger_poses(chance, whole, clock)
        turned, placed = forward_kinematics(whole, offsets)
        root = _grounded(root, turned, placed, build, contacts * flat[:, None, None], flat)
        if vary:
            carried, stands = _carried(turned, placed, build, clock.fps)
            root = torch.where(stepping[:, None, None], carried, root)
            stands = torch.cat([stands, torch.zeros_like(stands[..., :2])], -1)
            contacts = torch.where(stepping[:, None, None], stands, contacts)
        return Moving(whole, turned, placed + root[:, :, None], build, offsets, contacts, flat)


def _with_collars(chance: Chance, body: Tensor) -> Tensor:
    """For some performers collar bones that follow the arm less than the rule has it; the arm's own turn stays."""
    batch, still = len(body), torch.eye(3, device=body.device)
    share = torch.where(chance.happens(0.5, batch), chance.uniform(0.0, 1.0, batch), 1.0)[:, None, None]
    result = body.clone()
    for side in ("left", "right"):
        collar, arm = _ROW[f"{side}Shoulder"], _ROW[f"{side}UpperArm"]
        less = from_six(torch.lerp(to_six(still), to_six(body[:, :, collar]), share))
        result[:, :, collar] = less
        result[:, :, arm] = compose(less.transpose(-1, -2), compose(body[:, :, collar], body[:, :, arm]))
    return result


def _blended(chance: Chance, local: Tensor, other: Tensor, clock: Clock) -> Tensor:
    """For some performers, trunk and arms between those of two clips, now nearer to one and now to the other."""
    batch = len(local)
    sign = torch.where((local * other).sum(-1, keepdim=True) < 0, -1.0, 1.0)
    share = torch.sigmoid(1.5 * chance.waves(batch, clock, 1, 0.5) + chance.normal(batch, 1, 1))
    upper = numbers([float(row in _UPPER) for row in range(len(BODY))], local)
    share = share * upper * chance.happens(0.3, batch, 1, 1)
    mixed = torch.lerp(local, other * sign, share[..., None])
    return mixed / mixed.norm(dim=-1, keepdim=True).clamp_min(1e-6)


def _varied(chance: Chance, body: Tensor, clock: Clock) -> tuple[Tensor, Tensor, Tensor]:
    """Smooth random turns of the joints, bent elbows, forearm and upper-arm twists, sitting and lying poses; who sits
    or lies, and whose legs move otherwise than the captured.
    """
    batch, count = body.shape[:2]
    spread = numbers([_SPREADS.get(name.replace("left", "").replace("right", ""), 0.0) for name in BODY], body)
    amount = chance.uniform(0.0, 1.0, batch, 1, 1, 1) * chance.happens(0.75, batch, 1, 1, 1)
    steady = chance.normal(batch, 1, len(BODY), 3) * 0.8
    moving = chance.waves(batch, clock, len(BODY) * 3).unflatten(-1, (len(BODY), 3)) * 0.5
    legs = numbers([float("Leg" in name or "Foot" in name) for name in BODY], body)[:, None]
    stepping = chance.happens(0.45, batch)
    turn = (steady + moving) * spread[:, None] * amount
    turn = turn * (1.0 - legs * (~stepping).float()[:, None, None, None])
    # wild arms: poses that no clip has
    wild = chance.happens(0.25, batch, 1, 1, 1) * chance.uniform(0.5, 1.5, batch, 1, 1, 1)
    arms = numbers([0.8 * ("UpperArm" in name) for name in BODY], body)
    turn = turn + (steady + moving) * arms[:, None] * wild
    changed = compose(body, from_vector(turn))
    forearm = torch.zeros(batch, count, len(BODY), 3, device=body.device)
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        row = _ROW[f"{side}LowerArm"]
        bend = chance.uniform(-0.15, 1.2, batch, 1) * chance.happens(0.4, batch, 1)
        forearm[:, :, row, 2] = -sign * bend * (0.7 + 0.3 * chance.waves(batch, clock, 1)[..., 0].tanh())
        for part, size in (("LowerArm", 0.7), ("UpperArm", 0.35)):
            twist = chance.normal(batch, 1) + 0.5 * chance.waves(batch, clock, 1)[..., 0]
            forearm[:, :, _ROW[f"{side}{part}"], 0] += twist.clamp(-2, 2) * size * chance.happens(0.5, batch, 1)
    for side in ("left", "right"):
        knee = chance.uniform(-0.2, 1.2, batch, 1) * (chance.happens(0.5, batch, 1) & stepping[:, None])
        forearm[:, :, _ROW[f"{side}LowerLeg"], 0] = knee * (0.7 + 0.3 * chance.waves(batch, clock, 1)[..., 0].tanh())
    changed = compose(changed, from_vector(forearm))
    # sitting: thighs forward, knees bent; lying: the whole body turned over
    sits = chance.happens(0.07, batch)
    seat = torch.zeros(batch, 1, len(BODY), 3, device=body.device)
    for side in ("left", "right"):
        sign = 1.0 if side == "left" else -1.0
        seat[:, 0, _ROW[f"{side}UpperLeg"], 0] = -chance.uniform(0.9, 1.8, batch)
        seat[:, 0, _ROW[f"{side}UpperLeg"], 1] = -sign * chance.uniform(-0.1, 0.5, batch)
        seat[:, 0, _ROW[f"{side}LowerLeg"], 0] = chance.uniform(0.8, 2.1, batch)
    seated = from_vector(seat + turn * 0.3)
    mask = sits[:, None, None, None, None]
    changed = torch.where(mask & (legs[..., None] > 0), seated, changed)
    # seated hips do not run about: their turn is the clip's first, slowly varied
    first = compose(changed[:, :1, :1], from_vector(chance.waves(batch, clock, 3, 0.4)[:, :, None] * 0.08))
    changed[:, :, :1] = torch.where(mask, first, changed[:, :, :1])
    lies = chance.happens(0.04, batch)
    over = torch.zeros(batch, 3, device=body.device)
    heading = chance.uniform(0.0, 6.283, batch)
    over[:, 0], over[:, 1] = heading.cos(), heading.sin()
    over = from_vector(over * chance.uniform(0.5, 1.9, batch, 1) * lies[:, None])
    changed[:, :, 0] = compose(over[:, None], changed[:, :, 0])
    return changed, sits | lies, stepping


def sole_points(turned: Tensor, placed: Tensor, build: Tensor) -> Tensor:
    """Heel and ball of the left and the right foot ``(B, T, 4, 3)``."""
    scale = build[:, 0].exp()[:, None, None]
    points = []
    for side in ("left", "right"):
        for part, offset in (("Foot", HEEL), ("Toes", BALL)):
            row = SOLVED_INDEX[side + part]
            reach = numbers(offset, turned)
            points.append(placed[:, :, row] + apply(turned[:, :, row], reach) * scale)
    return torch.stack(points, dim=2)


def _grounded(root: Tensor, turned: Tensor, placed: Tensor, build: Tensor, contacts: Tensor, flat: Tensor) -> Tensor:
    """The hips' way ``(B, T, 3)`` for legs of other lengths: planted feet stay where they are, and on the floor."""
    legs = (placed[:, :, SOLVED_INDEX["leftFoot"]] - placed[:, :, SOLVED_INDEX["leftLowerLeg"]]).norm(dim=-1)
    legs = legs + (placed[:, :, SOLVED_INDEX["leftLowerLeg"]] - placed[:, :, SOLVED_INDEX["leftUpperLeg"]]).norm(dim=-1)
    root = root * (legs[:, :1] / (0.4910 * REFERENCE_STATURE))[..., None]
    points = sole_points(turned, placed, build) + root[:, :, None]
    planted = contacts[:, 1:, :4] * contacts[:, :-1, :4]
    slip = (planted[..., None] * (points[:, 1:] - points[:, :-1])).sum(2) / planted.sum(2).clamp_min(1.0)[..., None]
    slip = slip * (planted.sum(2) > 0)[..., None]
    slide = torch.cat([torch.zeros_like(slip[:, :1]), slip.cumsum(1)], dim=1)
    slide[..., 2] = 0.0
    down = contacts[..., :4]
    lift = (down * points[..., 2]).sum(-1) / down.sum(-1).clamp_min(1.0)
    weight = (down.sum(-1) > 0).float() + 1e-4
    frame = torch.arange(root.shape[1], device=root.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * ((frame[:, None] - frame[None]) / 5.0) ** 2)
    smooth = (weight * lift) @ kernel / (weight @ kernel)
    lowest = torch.minimum(points[..., 2].amin((1, 2)), (placed[..., 2] + root[:, :, None, 2]).amin((1, 2)) - 0.05)
    grounded = root - slide * flat[:, None, None]
    height = torch.where(flat[:, None] > 0, smooth, lowest[:, None].expand_as(smooth))
    return torch.cat([grounded[..., :2], grounded[..., 2:] - height[..., None]], dim=-1)


def _carried(turned: Tensor, placed: Tensor, build: Tensor, fps: float) -> tuple[Tensor, Tensor]:
    """The hips' way ``(B, T, 3)`` of bodies whose lowest sole carries them, wherever the captured hips went, and which
    soles ``(B, T, 4)`` stand then.
    """
    points = sole_points(turned, placed, build)
    share = torch.softmax(-points[..., 2] / _NEAR_LOWEST, -1)
    frame = torch.arange(points.shape[1], device=points.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * ((frame[:, None] - frame[None]) / 1.5) ** 2)
    kernel = kernel / kernel.sum(0)
    low = (share * points[..., 2]).sum(-1) @ kernel
    share = torch.einsum("btk,ts->bsk", share, kernel)
    carries = torch.minimum(share[:, 1:], share[:, :-1]) + 1e-6
    carries = (carries / carries.sum(-1, keepdim=True))[..., None]
    slip = (carries * torch.diff(points, dim=1)).sum(2).cumsum(1)
    way = -torch.cat([torch.zeros_like(slip[:, :1]), slip], 1)
    root = torch.cat([way[..., :2], -low[..., None]], -1)
    points = points + root[:, :, None]
    step = torch.diff(points, dim=1).norm(dim=-1) * fps
    speed = (torch.cat([step[:, :1], step], 1) + torch.cat([step, step[:, -1:]], 1)) / 2
    return root, ((points[..., 2] < _STANDS_LOW) & (speed < _STANDS_SLOW)).float()


def stature(build: Tensor) -> Tensor:
    """Metres ``(B,)``."""
    return REFERENCE_STATURE * build[:, 0].exp()


def head_scale(build: Tensor) -> Tensor:
    """Size of the head ``(B,)`` over the reference's."""
    return (build[:, 0] + build[:, HEAD_RATIO]).exp()
