# SPDX-License-Identifier: GPL-3.0-or-later
"""Damped Gauss-Newton steps (Levenberg 1944, Marquardt 1963) for a stretch of frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional, Sequence

import numpy as np

from ....motion.geometric.articulation import BALL, Articulation, exponential
from ....motion.skeleton import JOINT_INDEX, JOINT_NAMES, JOINT_PARENTS
from ..joints import BODY
from .evidence import Evidence
from .marks import BODY_INDEX, shape_of
from .system import Array, System, steps_of
from .terms import Bounds, Clip, Ground, Word, bounds, ground, image, motion, shared_word, state_of, word

COLUMNS = 3 + 3 * len(BODY)
_LONGEST_TURN, _LONGEST_WAY, _LONGEST_CHANGE = 0.6, 0.5, 0.2
"""Radians, metres and logarithms of a step: what is further was not seen from where the equations were linearised."""
_ENOUGH = 1e-3
"""A step that lowers the cost by less than this share is the last."""


@dataclass(frozen=True)
class Problem:
    """Everything that a stretch is compared with; ``template (478, 3)`` centimetres; ``depth (T,)`` metres; squared
    weights ``stiff (22,)``, ``joints (T - 2, 22)``, ``root (T - 2,)`` of bends that differ from the ``expected (T - 2,
    69)``. ``shared``: whether build and lens are solved as well.
    """

    evidence: Evidence
    word: Word
    ground: Ground
    bounds: Optional[Bounds]
    depth: Array
    template: Array
    stiff: Array
    expected: Array
    joints: Array
    root: Array
    image_weight: float
    outlier: float
    shared: bool = True

    def part(self, rows: slice) -> Problem:
        """The problem of some frames."""
        inner = slice(rows.start, max(rows.start, rows.stop - 2))
        return replace(
            self, evidence=self.evidence.part(rows), word=self.word.part(rows), ground=self.ground.part(rows),
            bounds=None if self.bounds is None else self.bounds.part(rows), depth=self.depth[rows],
            expected=self.expected[inner], joints=self.joints[inner], root=self.root[inner],
        )  # fmt: skip

    def turned(self, turn: Array) -> Problem:
        """The problem in a world turned by ``turn (3, 3)``."""
        expected = self.expected.copy()
        # the root moves in the world, and the hips turn in it
        expected[:, :6] = (expected[:, :6].reshape(-1, 2, 3) @ turn.T).reshape(-1, 6)
        return replace(self, word=self.word.turned(turn), expected=expected)


def body_figure() -> Articulation:
    """The body's 22 joints as balls; their offsets are set by the build."""
    parents = [BODY_INDEX[JOINT_NAMES[JOINT_PARENTS[JOINT_INDEX[name]]]] if name != "hips" else -1 for name in BODY]
    return Articulation(BODY, parents, np.zeros((len(BODY), 3)), {name: BALL for name in BODY})


def system_of(figure: Articulation, clip: Clip, problem: Problem, complete: bool) -> System:
    """A stretch's equations."""
    state = state_of(figure, clip, shape_of(clip.build, problem.template))
    system = System.zero(len(clip.root), COLUMNS, state.border if problem.shared else 0, complete)
    image(state, problem.evidence, problem.depth, problem.image_weight, problem.outlier, system)
    word(state, problem.word, problem.stiff, system)
    motion(state, problem.expected, problem.joints, problem.root, system)
    ground(state, problem.ground, system)
    bounds(state, problem.bounds, system)
    return system


def _systems(figure: Articulation, clips: Sequence[Clip], problems: Sequence[Problem], complete: bool) -> list[System]:
    systems = [system_of(figure, clip, problem, complete) for clip, problem in zip(clips, problems)]
    if problems[0].shared:
        # build and lens are told once, however many stretches there are
        shared_word(clips[0], problems[0].word, systems[0])
    return systems


def descended(figure: Articulation, clips: Sequence[Clip], problems: Sequence[Problem], steps: int) -> list[Clip]:
    """Stretches of one performer by one lens after some steps; a step that does not lower the cost is not taken."""
    damping, clips = 1e-4, list(clips)
    systems = _systems(figure, clips, problems, True)
    cost = sum(system.cost for system in systems)
    for left in range(steps - 1, -1, -1):
        try:
            moves, shared = steps_of(systems, damping)
        except np.linalg.LinAlgError:
            damping = max(damping, 1e-4) * 30.0
            continue
        moved = [_moved(clip, move, shared) for clip, move in zip(clips, moves)]
        following = _systems(figure, moved, problems, left > 0)
        lower = sum(system.cost for system in following)
        if not lower < cost:
            damping = max(damping, 1e-4) * 30.0
            continue
        gain = 1.0 - lower / cost
        clips, systems, cost, damping = moved, following, lower, damping * 0.3
        if gain < _ENOUGH:
            break
    return clips


def _moved(clip: Clip, step: Array, shared: Array) -> Clip:
    turn = step[:, 3:].reshape(len(step), -1, 3)
    long = np.linalg.norm(turn, axis=-1, keepdims=True)
    turn = turn * np.minimum(1.0, _LONGEST_TURN / np.maximum(long, 1e-9))
    way = np.linalg.norm(step[:, :3], axis=-1, keepdims=True)
    root = clip.root + step[:, :3] * np.minimum(1.0, _LONGEST_WAY / np.maximum(way, 1e-9))
    clip = replace(clip, local=exponential(turn) @ clip.local, root=root)
    if not len(shared):
        return clip
    shared = np.clip(shared, -_LONGEST_CHANGE, _LONGEST_CHANGE)
    return replace(clip, build=clip.build + shared[:-1], focal=clip.focal + float(shared[-1]))
