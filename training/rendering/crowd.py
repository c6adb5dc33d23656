# SPDX-License-Identifier: GPL-3.0-or-later
"""Performers drawn many frames at a time on one device: bodies, light, surroundings, things that stand about."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as functional

from holirep_blender.inference.fusion.constants import numbers
from holirep_blender.inference.fusion.rotations import apply

from ..environment_light import light_of
from ..synthesis.chance import Chance
from .device import NOTHING, covered, painted
from .people import Person

Tensor = torch.Tensor

_LOBE = (1.0, *[2.0 / 3.0] * 3, *[0.25] * 5)
"""Lambert's cosine lobe over pi in each band (Ramamoorthi & Hanrahan 2001)."""
_CELLS = 12
"""Squares along a box's edge: one thread of the GPU fills a whole triangle, so none may be large."""
_MOST_BOXES = 5
_COARSE = 4
"""Pixels along the side of one in which shadows are drawn."""


def person_arrays(program: Any, kit: Path, seed: int) -> dict[str, npt.NDArray[Any]]:
    """A performer of the kit as plain arrays, with one expression for good."""
    person, random = Person(program, kit, seed), np.random.default_rng(seed)
    frames = program.face_motion(person.body.expr, 8, 30.0, float(random.uniform(0.3, 1.0)), seed)
    body, rest = person.body, person.rest.copy()
    changed = body.V.copy()
    for row in np.flatnonzero(frames[4] > 1e-4):
        body.expr.add(changed, body.expr.names[row], frames[4][row])
    rest[: body.nb] = changed[: body.nb]
    for item, first, last in person.follows:
        rest[first:last] = body.fit(changed, item)
    a, b, c = (rest[person.triangles[:, k]] for k in range(3))
    normals = np.zeros_like(rest)
    for k in range(3):
        np.add.at(normals, person.triangles[:, k], np.cross(b - a, c - a))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    return {
        "rest": rest.astype(np.float32), "normals": normals.astype(np.float32), "colours": person.colours,
        "weights": person.weights.astype(np.float16), "triangles": person.triangles, "rows": person.rows,
        "lay": person.lay.astype(np.float32), "heads": body.heads.astype(np.float32),
        "offsets": person.offsets.astype(np.float32), "build": person.build.astype(np.float32),
    }  # fmt: skip


class Somebody:
    """A performer on the device."""

    def __init__(self, arrays: dict[str, npt.NDArray[Any]], device: torch.device) -> None:
        def tensor(name: str) -> Tensor:
            return torch.as_tensor(arrays[name], device=device)

        self.rest, self.normals, self.colours = tensor("rest"), tensor("normals"), tensor("colours")
        self.weights, self.triangles = tensor("weights"), tensor("triangles").int().contiguous()
        self.rows, self.lay, self.heads = tensor("rows").long(), tensor("lay"), tensor("heads")
        self.offsets, self.build = tensor("offsets"), tensor("build")

    def posed(self, turned: Tensor, placed: Tensor) -> tuple[Tensor, Tensor]:
        """Vertices and normals ``(T, V, 3)`` for canonical world rotations and positions."""
        turn = turned[:, self.rows] @ self.lay.transpose(-1, -2)
        # eyes and jaw are carried by the head; the rest by their own joints
        move = placed[:, self.rows] - apply(turn, self.heads)
        mixed = torch.einsum("vj,tjk->tvk", self.weights.float(), torch.cat([turn.flatten(-2), move], -1))
        rotation = mixed[..., :9].unflatten(-1, (3, 3))
        return apply(rotation, self.rest) + mixed[..., 9:], apply(rotation, self.normals)


@dataclass
class Surroundings:
    """A radiance map: ``sky (256, 512, 3)`` of mean luminance 1, its harmonics ``(9, 3)``, whence most light comes."""

    sky: Tensor
    coefficients: Tensor
    direction: Tensor

    @classmethod
    def read(cls, path: Path, device: torch.device) -> Surroundings:
        """From a file that OpenCV reads."""
        coefficients, direction = light_of(path)
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.float32)
        image = cv2.resize(image, (512, 256), interpolation=cv2.INTER_AREA)
        rows = np.sin((np.arange(256) + 0.5) / 256 * np.pi)
        image /= float((image.mean(-1) * rows[:, None]).mean() / rows.mean())
        return cls(*(torch.as_tensor(np.ascontiguousarray(values), dtype=torch.float32, device=device)
                     for values in (image, coefficients, direction)))  # fmt: skip


def harmonics(directions: Tensor) -> Tensor:
    """Real spherical harmonics ``(..., 9)`` of unit directions ``(..., 3)``, Z up, bands 0 to 2."""
    x, y, z = directions.unbind(-1)
    return torch.stack([
        torch.full_like(x, 0.282095), 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y, 1.092548 * y * z,
        0.315392 * (3.0 * z * z - 1.0), 1.092548 * x * z, 0.546274 * (x * x - y * y),
    ], dim=-1)  # fmt: skip


def _blurred(planes: Tensor, sigma: float) -> Tensor:
    """``(N, H, W, ...)`` softened along rows and columns."""
    reach = max(1, round(3.0 * sigma))
    weights = [float(np.exp(-0.5 * (step / sigma) ** 2)) for step in range(-reach, reach + 1)]
    for axis in (1, 2):
        size = planes.shape[axis]
        first, last = planes.narrow(axis, 0, 1), planes.narrow(axis, size - 1, 1)
        shape = [reach if number == axis else -1 for number in range(planes.dim())]
        padded = torch.cat([first.expand(shape), planes, last.expand(shape)], axis)
        planes = padded.narrow(axis, 0, size) * (weights[0] / sum(weights))
        for step, weight in enumerate(weights[1:], 1):
            planes.add_(padded.narrow(axis, step, size), alpha=weight / sum(weights))
    return planes


@functools.lru_cache(maxsize=2)
def _box(device: torch.device) -> tuple[Tensor, Tensor]:
    """A box of unit size on the floor in small triangles: corners ``(V, 3)``, triangles ``(N, 3)``."""
    edge = torch.linspace(0.0, 1.0, _CELLS + 1)
    u, v = (values.flatten() for values in torch.meshgrid(edge, edge, indexing="ij"))
    square = torch.arange(_CELLS)[:, None] * (_CELLS + 1) + torch.arange(_CELLS)
    a, b, c, d = (square.flatten() + step for step in (0, 1, _CELLS + 1, _CELLS + 2))
    face = torch.cat([torch.stack([a, b, d], -1), torch.stack([a, d, c], -1)])
    corners, triangles = [], []
    for axis in range(3):
        for end in (0.0, 1.0):
            points = torch.stack([u, v, torch.full_like(u, end)], -1).roll(axis + 1, -1)
            triangles.append(face + len(u) * len(corners))
            corners.append(points - torch.tensor([0.5, 0.5, 0.0]))
    return torch.cat(corners).to(device), torch.cat(triangles).int().to(device)


def things(chance: Chance, random: np.random.Generator, way: Tensor, camera: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes that stand about, some between camera and performer: corners ``(N, V, 3)``, colours, triangles.

    ``way (T, 3)`` of the hips and the camera's mean position ``(3,)`` keep their distance.
    """
    device = way.device
    box, triangles = _box(device)
    corners, colours = [], []
    for _ in range(int(random.integers(0, _MOST_BOXES + 1)) if random.random() < 0.6 else 0):
        size = torch.as_tensor(random.uniform([0.1, 0.1, 0.2], [0.9, 0.9, 1.4]), dtype=torch.float32, device=device)
        around, far = random.uniform(0, 2 * np.pi), random.uniform(0.7, 3.5)
        place = way.mean(0) * torch.tensor([1.0, 1.0, 0.0], device=device)
        place = place + far * torch.tensor([np.cos(around), np.sin(around), 0.0], dtype=torch.float32, device=device)
        reach = 0.5 + 0.7 * float(size[:2].max())
        if float((way - place)[:, :2].norm(dim=-1).min()) < reach or float((camera - place)[:2].norm()) < reach + 0.3:
            continue
        turn = random.uniform(0, np.pi)
        c, s = np.cos(turn), np.sin(turn)
        about = torch.tensor([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float32, device=device)
        corners.append(apply(about, box * size) + place)
        shades = torch.as_tensor(random.uniform(0.6, 1.2, (2, 2, 2)), dtype=torch.float32, device=device)
        inside = box * 2.0 - numbers((0.0, 0.0, 1.0), box)
        shade = functional.grid_sample(shades[None, None], inside[None, None, None], align_corners=True).flatten()
        hue = torch.as_tensor(random.uniform(0.03, 0.7, 3), dtype=torch.float32, device=device)
        colours.append(shade[:, None] * hue)
    if not corners:
        none = torch.zeros(0, len(box), 3, device=device)
        return none, none, triangles[:0]
    every = torch.cat([triangles + len(box) * number for number in range(len(corners))])
    return torch.stack(corners), torch.stack(colours), every


def drawn(
    chance: Chance, random: np.random.Generator, person: Somebody, sky: Surroundings, vertices: Tensor, normals: Tensor,
    way: Tensor, turn: Tensor, origin: Tensor, focal: float, size: tuple[int, int],
) -> Tensor:  # fmt: skip
    """Pictures ``(T, H, W, 3)`` uint8 of a performer's ``vertices``, ``normals (T, V, 3)`` in the world.

    ``way (T, 3)`` of the hips; ``turn (T, 3, 3)`` to world and ``origin (T, 3)`` of the camera; ``size`` columns, rows.
    """
    columns, rows = size
    frames, device = len(vertices), vertices.device
    yaw = float(random.uniform(0, 2 * np.pi))
    middle = way.mean(0) * torch.tensor([1.0, 1.0, 0.0], device=device)

    def lit(surface: Tensor) -> Tensor:
        c, s = float(np.cos(yaw)), float(np.sin(yaw))
        x, y, z = surface.unbind(-1)
        around = torch.stack([c * x + s * y, -s * x + c * y, z], -1)
        lobe = torch.tensor(_LOBE, device=device)
        return ((harmonics(around) * lobe) @ sky.coefficients).clamp_min(0.02)

    boxes, hues, sides = things(chance, random, way, origin.mean(0))
    # boxes are lit as if they were balls: enough for something to hide behind
    outwards = functional.normalize(boxes - boxes.mean(1, keepdim=True), dim=-1).flatten(0, 1)
    boxes, hues = boxes.flatten(0, 1), hues.flatten(0, 1)
    tint = torch.as_tensor(random.uniform(0.85, 1.15, 3), dtype=torch.float32, device=device)
    colours = lit(normals) * person.colours * tint
    colours = torch.cat([colours, (lit(outwards) * hues).expand(frames, -1, -1)], 1).contiguous()
    everything = torch.cat([vertices, boxes.expand(frames, -1, -1)], 1)
    triangles = torch.cat([person.triangles, sides + vertices.shape[1]]).contiguous()

    def projected(points: Tensor, scale: float) -> Tensor:
        local = torch.einsum("tvk,tkj->tvj", points - origin[:, None], turn)
        flat = local[..., :2] / local[..., 2:].clamp_min(0.02) * focal
        flat = flat + torch.tensor([columns, rows], device=device) / 2
        return torch.cat([flat * scale, local[..., 2:]], -1).contiguous()

    c, s = float(np.cos(yaw)), float(np.sin(yaw))
    x, y, z = sky.direction.tolist()
    towards = torch.tensor([c * x - s * y, s * x + c * y, max(0.7, z)], dtype=torch.float32, device=device)
    fallen = vertices - towards * (vertices[..., 2:] / towards[2])
    low, narrow = max(1, rows // _COARSE), max(1, columns // _COARSE)
    dark = (covered(projected(fallen, 1.0 / _COARSE), person.triangles, low, narrow) != NOTHING).float()
    shadow = _blurred(dark, max(0.5, 0.012 * narrow))[:, None]
    shadow = functional.interpolate(shadow, (rows, columns), mode="bilinear", align_corners=False)[:, 0].contiguous()
    corners = projected(everything, 2.0)
    keys = covered(corners, triangles, 2 * rows, 2 * columns)
    floor = torch.as_tensor(
        random.uniform(0.05, 0.5) * random.uniform(0.7, 1.0, 3), dtype=torch.float32, device=device
    )  # fmt: skip
    floor = floor * lit(torch.tensor([0.0, 0.0, 1.0], device=device)) * tint
    brightness, radius = random.uniform(0.3, 1.0), random.choice([random.uniform(2.0, 6.0), 40.0])
    stage = torch.tensor([focal, yaw, brightness, *floor.tolist(), radius, random.uniform(0.4, 4.0),
                          random.uniform(0.0, 0.4)], dtype=torch.float32, device=device)  # fmt: skip
    place = origin - middle
    cameras = torch.cat([turn.flatten(-2), place], -1).contiguous()
    picture = painted(corners, colours, triangles, keys, cameras, stage, sky.sky, shadow)
    blur, noise = float(random.uniform(0.0, 1.2)), float(random.uniform(0.0, 6.0))
    if blur > 0.3:
        picture = _blurred(picture, blur)
    picture = picture + noise * chance.normal(frames, rows, columns, 1)
    return picture.clamp(0.0, 255.0).round().to(torch.uint8)
