# SPDX-License-Identifier: GPL-3.0-or-later
"""A performer of the kit as coloured triangles that follow the canonical skeleton.

The kit's program (the one that renders with Blender) builds bodies and clothes from plain arrays; it is loaded as a
module. Here they are coloured at their vertices and posed by canonical rotations.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from holirep_blender.inference.fusion.joints import BUILD, REFERENCE_STATURE, SOLVED, SOLVED_PARENTS
from holirep_blender.motion.skeleton import FINGERS, JOINT_INDEX, SIDES, finger_joints, t_pose_offsets

Array = npt.NDArray[np.float64]

_REST = t_pose_offsets(REFERENCE_STATURE)[[JOINT_INDEX[name] for name in SOLVED]]
_CLOTH = np.array([
    (0.55, 0.08, 0.07), (0.06, 0.13, 0.36), (0.05, 0.25, 0.14), (0.75, 0.73, 0.68), (0.10, 0.10, 0.11),
    (0.62, 0.42, 0.10), (0.30, 0.12, 0.33), (0.35, 0.50, 0.62), (0.18, 0.12, 0.09), (0.70, 0.38, 0.42),
])  # fmt: skip


def load_kit_program(path: Path) -> ModuleType:
    """The renderer as a module, for its bodies."""
    spec = importlib.util.spec_from_file_location("performer_kit_program", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python program")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _frame(along: Array, across: Array) -> Array:
    """Axes as columns: ``along`` kept, ``across`` made orthogonal to it."""
    y = along / np.linalg.norm(along)
    x = across - y * (across @ y)
    x = x / np.linalg.norm(x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def alignments(names: list[str], heads: Array, tails: Array) -> dict[str, Array]:
    """For each canonical joint the rotation that lays the canonical T-pose's bone into the kit's rest pose."""
    at = {name: heads[row] for row, name in enumerate(names)}
    end = {name: tails[row] for row, name in enumerate(names)}
    result = {name: np.eye(3) for name in SOLVED}
    x, z = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    down = np.array([0.0, 0.0, -1.0])
    for side in SIDES:
        sign = 1.0 if side == "left" else -1.0
        out, forward = sign * x, np.array([0.0, -1.0, 0.0])

        def put(name: str, along: Array, across: Array, rest_along: Array, rest_across: Array) -> None:
            result[name] = _frame(along, across) @ _frame(rest_along, rest_across).T

        upper, lower, hand = (at[side + part] for part in ("UpperArm", "LowerArm", "Hand"))
        hinge = np.cross(lower - upper, hand - lower)
        palm = at[f"{side}IndexProximal"] - at[f"{side}LittleProximal"]
        put(f"{side}Shoulder", upper - at[f"{side}Shoulder"], z, out, z)
        put(f"{side}UpperArm", lower - upper, hinge, out, -sign * z)
        put(f"{side}LowerArm", hand - lower, palm, out, forward)
        along = at[f"{side}MiddleProximal"] - hand
        put(f"{side}Hand", along, palm, out, forward)
        back = np.cross(along, palm) * sign
        for finger in FINGERS:
            joints = finger_joints(side, finger)
            for first, second in zip(joints, [*joints[1:], None]):
                reach = (at[second] if second else end[first]) - at[first]
                if finger == "Thumb":
                    rest = _REST[SOLVED.index(second)] if second else _REST[SOLVED.index(first)] * [1.0, 1.0, 0.0]
                    put(first, reach, back, rest, -z)
                else:
                    put(first, reach, palm, out, forward)
        for part, after in (("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot")):
            put(side + part, at[side + after] - at[side + part], x, down, x)
    return result


class Person:
    """A body with clothes: ``offsets (52, 3)`` and ``build (12,)`` of the canonical skeleton, coloured triangles."""

    def __init__(self, program: ModuleType, kit: Path, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.body: Any = program.Body(str(kit), program.random_performer(seed))
        body = self.body
        self.names = list(body.names)
        lay = alignments(self.names, body.heads, body.tails)
        at = {name: body.heads[row] for row, name in enumerate(self.names)}
        self.offsets = np.stack([
            at[name] if parent < 0 else lay[SOLVED[parent]].T @ (at[name] - at[SOLVED[parent]])
            for name, parent in zip(SOLVED, SOLVED_PARENTS)
        ])  # fmt: skip
        carrier = [name if name in SOLVED else "head" for name in self.names]
        self.rows = np.array([SOLVED.index(name) for name in carrier])
        self.lay = np.stack([lay[name] for name in carrier])
        self.sole = float(body.heads[self.names.index("leftFoot"), 2])
        self.build = self._build()
        self._colour(program, kit, random)

    def _build(self) -> Array:
        """The build vector whose canonical skeleton is nearest."""
        size = float(self.body.V[: self.body.nb, 2].max()) / REFERENCE_STATURE
        build = [np.log(size)]
        for parts in BUILD.values():
            rows = [row for row, name in enumerate(SOLVED) if row and any(
                name == part or name in (f"left{part}", f"right{part}") or (part in FINGERS and part in name)
                for part in parts
            )]  # fmt: skip
            ours, theirs = (np.linalg.norm(side[rows], axis=-1).sum() for side in (self.offsets, _REST))
            build.append(np.log(ours / theirs / size) if rows else 0.0)
        return np.asarray(build)

    def _colour(self, program: ModuleType, kit: Path, random: np.random.Generator) -> None:
        body, assets, base = self.body, self.body.a, self.body.b
        count, faces = body.nb, base["faces"]
        skin, hair = np.array(body.p["skin"]), np.array(body.p["hair_colour"])
        colours = np.tile(skin, (count, 1))
        lips = np.zeros((count, 1))
        targets = program.Targets(str(kit / "shapes.npz"))
        for name in ("mouth-upperlip-volume-incr", "mouth-lowerlip-volume-incr"):
            moved = np.zeros((len(body.V), 3))
            targets.add(moved, name, 1.0)
            far = np.linalg.norm(moved[:count], axis=1)
            lips = np.maximum(lips, np.clip(far / far.max() * 2.2 - 0.5, 0, 1)[:, None])
        colours = colours * (1 - lips) + lips * (skin * [0.78, 0.45, 0.45])
        if body.p.get("hair"):
            cap = body.fit(body.V, body.p["hair"]).astype(np.float32)
            scalp = np.unique(faces[base["region_scalp"].astype(int)])
            scalp = scalp[scalp >= 0]
            apart = np.array([np.square(cap - body.V[row].astype(np.float32)).sum(1).min() for row in scalp]) ** 0.5
            share = np.zeros((count, 1))
            share[scalp, 0] = 0.9 * np.clip((0.016 - apart) / 0.006, 0, 1)
            colours = colours * (1 - share) + share * hair
        hidden = np.zeros(count, bool)
        for item in body.items:
            hidden[assets[item + "/hide_body_verts"].astype(int)] = True
        kept = ~hidden[np.where(faces < 0, faces[:, :1], faces)].all(1)
        rests, weights, shades, triangles, self.follows = [body.V[:count]], [body.W[:count]], [colours], [], []
        triangles.append(_split(faces[kept]))
        first, order = count, random.permutation(len(_CLOTH))
        for item in body.items:
            kind, faces, rest = str(assets[item + "/kind"]), assets[item + "/faces"], body.fit(body.V, item)
            shade = np.tile({"hair": hair, "teeth": (0.78, 0.74, 0.66)}.get(kind, hair * 0.7), (len(rest), 1))
            if kind == "eyes":
                shade = self._eyes(kit, item, len(rest))
            elif kind in ("clothes", "shoes", "hat"):
                part = assets[item + "/part"]
                if kind == "clothes":
                    shade = _pattern(random, _CLOTH[order[part % len(_CLOTH)]], rest, _CLOTH[order[5]])
                else:
                    shade = np.tile(_CLOTH[order[7]] * random.uniform(0.2, 1.0), (len(rest), 1))
            if kind == "eyebrows":
                edges = np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2), 1)
                once, times = np.unique(edges, axis=0, return_counts=True)
                rim = np.zeros(len(rest), bool)
                rim[once[times == 1].ravel()] = True
                inner = ~rim[faces].all(1)
                faces = faces[inner] if inner.sum() > 12 else faces
            rests.append(rest)
            weights.append(body.fit_skin(item))
            shades.append(shade)
            triangles.append(_split(faces) + first)
            if kind in ("eyes", "teeth", "eyebrows", "eyelashes"):
                self.follows.append((item, first, first + len(rest)))
            first += len(rest)
        grain = 1.0 + 0.06 * random.normal(size=(first, 1))
        self.rest = np.concatenate(rests)
        self.weights = np.concatenate(weights).astype(np.float32)
        self.colours = (np.concatenate(shades) * grain).clip(0.0, 1.0).astype(np.float32)
        self.triangles = np.concatenate(triangles).astype(np.int32)

    def _eyes(self, kit: Path, item: str, count: int) -> Array:
        picture = cv2.imread(str(kit / "eye_brown.png"))[..., ::-1].astype(float) / 255.0
        uv, faces, corners = (self.body.a[item + part] for part in ("/uv", "/faces", "/face_uv"))
        place = np.zeros((count, 2))
        place[faces[faces >= 0]] = uv[corners[faces >= 0]]
        rows = ((1.0 - place[:, 1]) * (picture.shape[0] - 1)).clip(0, picture.shape[0] - 1).astype(int)
        columns = (place[:, 0] * (picture.shape[1] - 1)).clip(0, picture.shape[1] - 1).astype(int)
        return np.asarray(picture[rows, columns] ** 2.2)

    def posed(self, turned: Array, placed: Array, expression: Array) -> Array:
        """Vertices ``(V, 3)`` for canonical world rotations ``(52, 3, 3)``, positions ``(52, 3)`` and the kit's
        expression weights.
        """
        body, rest = self.body, self.rest
        if np.abs(expression).max() > 1e-4:
            changed = body.V.copy()
            for row in np.flatnonzero(expression > 1e-4):
                body.expr.add(changed, body.expr.names[row], expression[row])
            rest = rest.copy()
            rest[: body.nb] = changed[: body.nb]
            for item, first, last in self.follows:
                rest[first:last] = body.fit(changed, item)
        turn = turned[self.rows] @ self.lay.transpose(0, 2, 1)
        # eyes and jaw are carried by the head; the rest by their own joints
        heads = body.heads[[self.names.index(SOLVED[row]) for row in self.rows]]
        move = placed[self.rows] - np.einsum("jik,jk->ji", turn, heads)
        mixed = self.weights @ np.concatenate([turn.reshape(-1, 9), move], axis=1).astype(np.float32)
        return np.asarray(np.einsum("vik,vk->vi", mixed[:, :9].reshape(-1, 3, 3), rest) + mixed[:, 9:])


def _split(faces: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.integer[Any]]:
    """Quads as two triangles each; a triangle has -1 as its fourth corner."""
    quads = faces[faces[:, 3] >= 0] if faces.shape[1] == 4 else faces[:0]
    return np.concatenate([faces[:, :3], quads[:, [0, 2, 3]]] if len(quads) else [faces[:, :3]])


def _pattern(random: np.random.Generator, shade: Array, rest: Array, other: Array) -> Array:
    """Stripes or checks on cloth, for some."""
    kind = random.random()
    if kind > 0.45:
        return shade
    pitch = random.uniform(0.03, 0.12)
    wave = np.sign(np.sin(2 * np.pi * rest[:, 2] / pitch))
    if kind < 0.2:
        wave = wave * np.sign(np.sin(2 * np.pi * rest[:, 0] / pitch))
    return np.asarray(np.where(wave[:, None] > 0, shade, other))
