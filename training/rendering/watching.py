# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker over many clips at the same time, on one device.

The same networks and the same rules as the product's tracker has for one performer: body and hands are followed from
frame to frame, calm frames are skipped, legs are told apart. What finds people is not run: a few times a second, where
the product looks for people, a body that was lost or has slipped is looked for where the truth, roughly, says that it
is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from holirep_blender.inference.fusion.constants import numbers, pick
from holirep_blender.inference.tracking.torch_networks.network import TensorFlowLite

from ..synthesis.chance import Chance
from ..synthesis.tracker import SIDES_SWAPPED
from .device import squares

Tensor = torch.Tensor

STRIDE = 8
"""Frames from one look for people to the next."""
# the product's own constants: tracking/body.py, hand_rules.py, hands.py, hand_search.py, legs.py, regions.py
_PRESENT, _SEEN_POINTS, _CALM, _SLIPPED = 0.5, 6, 0.06, 0.35
_HAND_PRESENT, _FAINT, _HAND_HOPELESS, _WRIST_REACH, _USUAL_SIZE = 0.5, 0.25, 0.02, 0.22, 0.35
_DOUBT, _AGREEMENT, _WORTH_KEEPING = 0.4, 0.035, 0.25
_CORE = [11, 12, 13, 14, 23, 24, 25, 26]
_JOINTS = [row in (0, 7, 8, *range(11, 17), *range(23, 33)) for row in range(33)]
_LEGS, _LEGS_SWAPPED = [25, 27, 29, 31, 26, 28, 30, 32], [26, 28, 30, 32, 25, 27, 29, 31]
_PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]
_ARM = ((15, 17, 19), (16, 18, 20))
"""Wrist, little finger and index finger, left and right."""


@dataclass
class Body:
    """Bodies of ``N`` pictures: ``image (N, 33, 3)``, ``world (N, 33, 3)``, ``visibility (N, 33)``, ``centre``,
    ``circle (N, 2)``, ``found``, ``score (N,)``.
    """

    image: Tensor
    world: Tensor
    visibility: Tensor
    centre: Tensor
    circle: Tensor
    found: Tensor
    score: Tensor


@dataclass
class Hand:
    """Hands of ``N`` pictures: ``image``, ``world (N, 21, 3)``, ``score``, ``right (N,)``."""

    image: Tensor
    world: Tensor
    score: Tensor
    right: Tensor


@dataclass
class Watched:
    """``N`` clips of ``T`` frames as the tracker saw them; ``hands`` left and right along axis 2."""

    body_image: Tensor
    body_world: Tensor
    visibility: Tensor
    body_valid: Tensor
    hand_image: Tensor
    hand_world: Tensor
    hand_valid: Tensor


def _turn(rotation: Tensor, points: Tensor) -> Tensor:
    """Points ``(N, K, 2 or 3)`` turned about the viewing axis."""
    c, s = rotation.cos()[:, None], rotation.sin()[:, None]
    x, y = points[..., 0], points[..., 1]
    return torch.cat([torch.stack([c * x - s * y, s * x + c * y], -1), points[..., 2:]], -1)


def _upright(origin: Tensor, above: Tensor) -> Tensor:
    way = above - origin
    return torch.pi / 2 - torch.atan2(-way[:, 1], way[:, 0])


def _shifted(region: Tensor, down: float, scale: float) -> Tensor:
    """Regions ``(N, 4)`` (x, y, side, rotation) moved by parts of their sides along their own axes, then scaled."""
    move = _turn(region[:, 3], numbers((0.0, 1.0), region)[None, None] * (down * region[:, 2])[:, None, None])[:, 0]
    return torch.cat([region[:, :2] + move, region[:, 2:3] * scale, region[:, 3:]], -1)


def hand_region(points: Tensor) -> Tensor:
    """Around hands seen before."""
    knuckles = 0.25 * (points[:, 5, :2] + points[:, 13, :2]) + 0.5 * points[:, 9, :2]
    turn = _upright(points[:, 0, :2], knuckles)
    local = _turn(-turn, pick(points, _PALM, 1)[..., :2])
    low, high = local.amin(1), local.amax(1)
    middle = _turn(turn, ((low + high) / 2)[:, None])[:, 0]
    return _shifted(torch.cat([middle, (high - low).amax(-1, keepdim=True), turn[:, None]], -1), -0.1, 2.0)


class Watcher:
    """Body and hand networks on a device. ``folder`` is ``mediapipe/modules``."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.kind = torch.float16 if device.type == "cuda" else torch.float32
        paths = ("pose_landmark/pose_landmark_full.tflite", "hand_landmark/hand_landmark_full.tflite")
        self.pose = TensorFlowLite(folder / paths[0], (0, 1, 3, 4), self.kind).to(device)
        self.hand = TensorFlowLite(folder / paths[1], (0, 1, 2, 3), self.kind).to(device)

    def _cut(
        self, pictures: Tensor, which: Tensor, sizes: Tensor, region: Tensor, size: int, mirrored: bool = False
    ) -> Tensor:  # fmt: skip
        flag = torch.full_like(region[:, :1], float(mirrored))
        rows = torch.cat([which[:, None].float(), sizes.flip(-1), region, flag], -1)
        return squares(pictures, rows, size, self.kind).contiguous(memory_format=torch.channels_last)

    def body(
        self, pictures: Tensor, which: Tensor, sizes: Tensor, centre: Tensor, circle: Tensor, mirrored: bool = False
    ) -> Body:  # fmt: skip
        """The bodies about which ``centre`` and ``circle (N, 2)`` lie, in pictures ``which (N,)`` of ``sizes``."""
        side = 2.5 * (circle - centre).norm(dim=-1).clamp_min(4.0)
        turn = _upright(centre, circle)
        region = torch.cat([centre, side[:, None], turn[:, None]], -1)
        points, score, heat, world = self.pose(self._cut(pictures, which, sizes, region, 256, mirrored))
        points, world = points.float().view(-1, 39, 5), world.float().view(-1, 39, 3)[:, :33]
        score = score.float()[:, 0]
        flat = _refined(points[..., :2] / 256.0, heat)
        if mirrored:
            order = [*SIDES_SWAPPED, *range(33, 39)]
            points, world = pick(points, order, 1), pick(world, SIDES_SWAPPED, 1) * numbers((-1.0, 1.0, 1.0), world)
            flat = pick(flat, order, 1) * numbers((-1.0, 1.0), flat) + numbers((1.0, 0.0), flat)
        plate = _turn(turn, (flat - 0.5) * side[:, None, None]) + centre[:, None]
        image = torch.cat([plate, points[..., 2:3] / 256.0 * side[:, None, None]], -1)
        visibility = torch.sigmoid(points[:, :33, 3])
        inside = ((plate[:, :33] > 0) & (plate[:, :33] < sizes[:, None])).all(-1) & (visibility > 0.5)
        found = (score >= _PRESENT) & (inside.sum(-1) >= _SEEN_POINTS)
        return Body(image[:, :33], _turn(turn, world), visibility, plate[:, 33], plate[:, 34], found, score)

    def sighted(self, pictures: Tensor, which: Tensor, sizes: Tensor, centre: Tensor, circle: Tensor) -> Body:
        """The bodies about a first guess, found where a mirrored second look sees the same (tracking/scan.py)."""
        first = self.body(pictures, which, sizes, centre, circle)
        second = self.body(pictures, which, sizes, first.centre, first.circle, mirrored=True)
        side = 2.5 * (first.circle - first.centre).norm(dim=-1)
        seen = pick(torch.minimum(first.visibility, second.visibility), _CORE, 1).clamp_min(0.05)
        apart = pick((first.image - second.image)[..., :2], _CORE, 1).norm(dim=-1)
        relative = (apart * seen).sum(-1) / seen.sum(-1) / side
        evidence = torch.minimum(first.score, second.score) * torch.exp(-((relative / (2.0 * _AGREEMENT)) ** 2))
        here = self.body(pictures, which, sizes, first.centre, first.circle)
        here.found &= evidence >= _WORTH_KEEPING
        return here

    def hands(self, pictures: Tensor, which: Tensor, sizes: Tensor, region: Tensor) -> Hand:
        """The hands in regions ``(N, 4)``."""
        points, score, right, world = self.hand(self._cut(pictures, which, sizes, region, 224))
        points = points.float().view(-1, 21, 3) / 224.0
        plate = _turn(region[:, 3], (points[..., :2] - 0.5) * region[:, None, 2:3]) + region[:, None, :2]
        image = torch.cat([plate, points[..., 2:] * 0.4 * region[:, None, 2:3]], -1)
        return Hand(image, _turn(region[:, 3], world.float().view(-1, 21, 3)), score.float()[:, 0], right.float()[:, 0])

    @torch.no_grad()
    def watch(self, chance: Chance, pictures: Tensor, sizes: Tensor, hips: Tensor, shoulders: Tensor) -> Watched:
        """Clips ``pictures (N, T, H, W, 3)`` uint8 of which ``sizes (N, 2)`` columns and rows are in use.

        ``hips`` and ``shoulders (N, T, 2)`` are where their middles truly are in the picture.
        """
        count, frames = pictures.shape[:2]
        flat, clip = pictures.flatten(0, 1), torch.arange(count, device=pictures.device)
        bodies: list[Body] = []
        for frame in range(frames):
            which = clip * frames + frame
            spine = shoulders[:, frame] - hips[:, frame]
            length = spine.norm(dim=-1, keepdim=True).clamp_min(6.0)
            off = chance.normal(count, 2) * 0.1 * length
            centre = hips[:, frame] + off
            way = spine / length + 0.15 * chance.normal(count, 2)
            circle = centre + way * length * chance.uniform(1.5, 2.4, count, 1)
            if frame == 0:
                here = self.sighted(flat, which, sizes, centre, circle)
            else:
                last = bodies[-1]
                here = self.body(flat, which, sizes, last.centre, last.circle)
                here.found &= last.found
                if frame % STRIDE == 0:
                    radius = (here.circle - here.centre).norm(dim=-1)
                    wrong = ~here.found | ((here.centre - hips[:, frame]).norm(dim=-1) > _SLIPPED * radius)
                    rows = wrong.nonzero()[:, 0]
                    if len(rows):
                        again = self.sighted(flat, which[rows], sizes[rows], centre[rows], circle[rows])
                        for name in Body.__dataclass_fields__:
                            getattr(here, name)[rows] = getattr(again, name)
            bodies.append(here)
        names = Body.__dataclass_fields__
        stacked = _calmed(Body(*(torch.stack([getattr(body, name) for body in bodies], 1) for name in names)))
        hands = self._both_hands(flat, sizes, stacked)
        image, world, visibility = _legs_apart(stacked)
        return Watched(image, world, visibility, stacked.found, *hands)

    def _both_hands(self, flat: Tensor, sizes: Tensor, body: Body) -> tuple[Tensor, Tensor, Tensor]:
        count, frames = body.found.shape
        clip = torch.arange(count, device=sizes.device)
        twice, size = clip.repeat(2), sizes.repeat(2, 1)
        rows, other = torch.tensor(_ARM), (_ARM[1][0], _ARM[0][0])
        is_left = torch.arange(2 * count, device=sizes.device) < count
        last: Hand | None = None
        held = torch.zeros(2 * count, dtype=torch.bool, device=sizes.device)
        images, worlds, valids = [], [], []
        for frame in range(frames):
            points = body.image[:, frame, :, :2]
            wrist, little, index = (torch.cat([points[:, rows[0, k]], points[:, rows[1, k]]]) for k in range(3))
            away = torch.cat([points[:, other[0]], points[:, other[1]]])
            radius = (body.circle[:, frame] - body.centre[:, frame]).norm(dim=-1).repeat(2)
            middle = (2.0 * index + little) / 3.0
            turn = _upright(wrist, middle)
            guess = torch.cat([middle, 2.0 * (middle - wrist).norm(dim=-1, keepdim=True), turn[:, None]], -1)
            guess = _shifted(guess, -0.1, 2.7)
            guess = torch.cat([guess[:, :2], (_USUAL_SIZE * radius)[:, None], guess[:, 3:]], -1)
            if last is not None:
                before = torch.cat([body.image[:, frame - 1, row, :2] for row in rows[:, 0].tolist()])
                follow = hand_region(last.image)
                follow = torch.cat([follow[:, :2] + wrist - before, follow[:, 2:]], -1)
                guess = torch.where(held[:, None], follow, guess)
            guess = guess.nan_to_num(1.0)
            which = twice * frames + frame
            answer = self.hands(flat, which, size, guess)
            search = ((~held) & (answer.score > _HAND_HOPELESS)).nonzero()[:, 0]
            if len(search):
                again = self.hands(flat, which[search], size[search], hand_region(answer.image[search]))
                for name in Hand.__dataclass_fields__:
                    getattr(answer, name)[search] = getattr(again, name)
            own, near_other = ((answer.image[:, 0, :2] - place).norm(dim=-1) for place in (wrist, away))
            wrong = torch.where(is_left, answer.right, 1.0 - answer.right)
            faint = held & (answer.score >= _FAINT) & (own < 0.4 * _WRIST_REACH * radius) & (wrong < 0.5)
            side = hand_region(answer.image)[:, 2]
            good = ((answer.score >= _HAND_PRESENT) | faint) & (own <= _WRIST_REACH * radius)
            good &= (side > 0.08 * radius) & (side < 0.9 * radius)
            good &= ~((near_other < own + 0.05 * radius) & (wrong > 0.8))
            good &= ((wrist > 0) & (wrist < size)).all(-1) & body.found[:, frame].repeat(2)
            # never both on one hand: it belongs to the nearer wrist
            apart = (answer.image[:count] - answer.image[count:])[..., :2].norm(dim=-1).median(-1).values
            same = (apart < 0.1 * side[:count]) & good[:count] & good[count:]
            misfit = own / (_WRIST_REACH * radius.clamp_min(1.0)) + 0.5 * wrong
            left_keeps = misfit[:count] <= misfit[count:]
            good = good & ~torch.cat([same & ~left_keeps, same & left_keeps])
            last, held = answer, good
            images.append(torch.stack([answer.image[:count], answer.image[count:]], 1))
            worlds.append(torch.stack([answer.world[:count], answer.world[count:]], 1))
            valids.append(torch.stack([good[:count], good[count:]], 1))
        return torch.stack(images, 1), torch.stack(worlds, 1), torch.stack(valids, 1)


def _refined(points: Tensor, heat: Tensor) -> Tensor:
    """Points ``(N, K, 2)`` of 0..1 moved to the heatmaps' ``(N, K, H, W)`` centre of mass about them."""
    count, kinds, rows, columns = heat.shape
    column, row = (points[..., 0] * columns).long(), (points[..., 1] * rows).long()
    inside = (points >= 0).all(-1) & (column < columns) & (row < rows)
    reach = torch.arange(-3, 4, device=points.device)
    across = column[..., None, None] + reach
    down = row[..., None, None] + reach[:, None]
    within = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
    place = (down.clamp(0, rows - 1) * columns + across.clamp(0, columns - 1)).flatten(2)
    share = torch.sigmoid(heat.flatten(2).gather(2, place).float()).view(count, kinds, 7, 7) * within
    total = share.sum((-1, -2))
    use = inside & (share.amax((-1, -2)) >= 0.5)
    middle = torch.stack([(share * across).sum((-1, -2)) / columns, (share * down).sum((-1, -2)) / rows], -1)
    return torch.where(use[..., None], middle / total.clamp_min(1e-9)[..., None], points)


def _calmed(body: Body) -> Body:
    """Where a performer is calm every second frame is half-way between its neighbours, as the product skips it."""
    count, frames = body.found.shape
    joints = torch.tensor(_JOINTS, device=body.image.device)

    def is_calm(a: int, b: int) -> Tensor:
        seen = joints & (body.visibility[:, a] > 0.5) & (body.visibility[:, b] > 0.5)
        step = ((body.image[:, b] - body.image[:, a])[..., :2].norm(dim=-1) * seen).amax(-1)
        radius = (body.circle[:, a] - body.centre[:, a]).norm(dim=-1)
        return seen.any(-1) & (step < _CALM * radius) & body.found[:, a] & body.found[:, b]

    calm = torch.zeros(count, dtype=torch.bool, device=body.image.device)
    done = torch.zeros_like(calm)
    halved = []
    for frame in range(1, frames):
        look = calm & ~done if frame % STRIDE != 0 and frame + 1 < frames else torch.zeros_like(calm)
        half = look & is_calm(frame - 1, frame + 1) if frame + 1 < frames else look
        halved.append((frame, half))
        plain = is_calm(frame - 1, frame)
        after = is_calm(frame, frame + 1) if frame + 1 < frames else plain
        calm = torch.where(done | half, calm, torch.where(look, after, plain))
        done = look
    for frame, half in halved:
        if frame + 1 >= frames:
            continue
        for name in ("image", "world"):
            values = getattr(body, name)
            middle = (values[:, frame - 1] + values[:, frame + 1]) / 2
            values[:, frame] = torch.where(half[:, None, None], middle, values[:, frame])
        least = torch.minimum(body.visibility[:, frame - 1], body.visibility[:, frame + 1])
        body.visibility[:, frame] = torch.where(half[:, None], least, body.visibility[:, frame])
    return body


def _legs_apart(body: Body) -> tuple[Tensor, Tensor, Tensor]:
    """Image, world, visibility with the legs exchanged where that makes their motion smooth (tracking/legs.py)."""
    image, world, visibility = body.image, body.world, body.visibility
    count, frames = body.found.shape
    torso = (image[:, :, 11:13, :2].mean(2) - image[:, :, 23:25, :2].mean(2)).norm(dim=-1)
    torso = torso.median(1).values.clamp_min(1.0)
    points = torch.cat([image[..., :2] / torso[:, None, None, None], world[..., 2:]], -1)
    both = torch.stack([pick(points, _LEGS, 2), pick(points, _LEGS_SWAPPED, 2)], 2)
    best = torch.zeros(count, 2, 2, device=image.device)
    best[:, 1, :] += _DOUBT
    best[:, :, 1] += _DOUBT
    came = []
    for row in range(2, frames):
        now, then, before = (both[:, row - back] for back in range(3))
        bend = now[:, None, None, :] - 2.0 * then[:, None, :, None] + before[:, :, None, None]
        there = (body.found[:, row] & body.found[:, row - 1] & body.found[:, row - 2]).float()
        cost = best[..., None] + 2.0 * bend.norm(dim=-1).mean(-1) * there[:, None, None, None]
        least = cost.min(dim=1)
        came.append(least.indices)
        best = least.values.clone()
        best[:, :, 1] += _DOUBT
    labels = torch.zeros(count, frames, dtype=torch.long, device=image.device)
    end = best.flatten(1).argmin(-1)
    labels[:, -2], labels[:, -1] = end // 2, end % 2
    clip = torch.arange(count, device=image.device)
    for row in range(frames - 1, 1, -1):
        labels[:, row - 2] = came[row - 2][clip, labels[:, row - 1], labels[:, row]]
    order = torch.arange(33, device=image.device)
    swapped = order.clone()
    swapped[_LEGS] = torch.tensor(_LEGS_SWAPPED, device=image.device)
    exchange = labels[..., None].bool()
    visibility = torch.where(exchange, visibility[..., swapped], visibility)
    exchange = exchange[..., None]
    return (torch.where(exchange, image[:, :, swapped], image), torch.where(exchange, world[:, :, swapped], world),
            visibility)  # fmt: skip
