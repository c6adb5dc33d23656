# SPDX-License-Identifier: GPL-3.0-or-later
"""From the network's word to a clip that agrees with the picture, the ground and human limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt

from ....motion.geometric.articulation import exponential, logarithm
from ..joints import BODY, BUILD_SIZE
from .descent import Problem, body_figure, descended
from .evidence import Evidence
from .floor import also_standing, floor_height, level_turn, turned
from .footholds import sole_speed
from .knees import with_knees_seen
from .limits import bounds_of
from .pace import pace_of
from .terms import Clip, Ground, Word

Array = npt.NDArray[np.float64]
Told = Optional[Callable[[float], None]]

_STRETCH, _OVERLAP = 240, 24
"""Frames that are solved together, and those in which one stretch fades into the next: memory does not grow with the
clip, and what frames know of each other is forgotten within a second."""
_SAMPLES, _SAMPLE = 5, 48
"""A long clip's build and lens are found from so many stretches of so many frames, spread over it."""
_ROUNDS = (3, 2)
"""Steps between which the ground and the limits are looked at again."""


@dataclass(frozen=True)
class Tuning:
    """How far everything is trusted; figures as found on rendered performers through the real tracker."""

    memory: float = 0.2
    """Seconds over which errors of points and of the network's word last: so far apart are independent ones."""
    outlier: float = 3.0
    """Spreads of a point from which on it counts less and less."""
    said: float = 1.5
    """The network's real error over the one that it expects: as good as 2 on rendered performers, better on emulated
    ones."""
    least_said: float = float(np.radians(6.0))
    depth: float = 0.06
    """Share by which the network's distance errs."""
    build: float = 0.04
    stature: float = 0.04
    focal: float = 0.02
    """Logarithm of the focal length: held, for what marks and bodies differ in would pass for perspective (freed, it
    comes out a fifth too long on rendered performers, and the distance with it)."""
    correction: float = 140.0
    """Radians a second squared with which the network's errors change."""
    turning: float = 45.0
    """Radians a second squared by which a joint's motion differs from the network's without its jitter."""
    moving: float = 7.0
    """Metres a second squared of the hips' motion, likewise."""
    vigour: float = 12.0
    """So many times the network's own accelerations are added to them: who moves fast is not slowed down."""
    rest: float = 0.01
    """Metres from frame to frame at 30 a second by which a standing sole moves."""
    level: float = 0.04
    """Metres over or under the floor at which a standing sole is."""
    under: float = 0.015
    """Metres in the floor of any sole."""
    passing: float = 0.2
    """Metres a second at which a standing sole that passes through the picture is half believed: on a still camera's
    plates they drift by 0.03 to 0.13 with the tracker's errors, before a camera in a hand by 0.2 to 0.8."""
    limits: float = 0.02
    """Radians beyond a limit."""


@dataclass(frozen=True)
class Given:
    """What is known and not to be solved."""

    focal: bool = False
    height: bool = False
    camera: bool = False


@dataclass(frozen=True)
class Start:
    """The network's word as a clip, with ``spread (T, 22)`` its expected errors in radians, ``contacts (T, 4)`` 0..1,
    the frames ``seen (T,)`` and the ``template (478, 3)`` of the face in centimetres.
    """

    clip: Clip
    spread: Array
    contacts: Array
    seen: npt.NDArray[np.bool_]
    template: Array
    fps: float

    @property
    def standing(self) -> Array:
        """How surely soles ``(T, 4)`` stand: 0 where standing is less likely than not, or nobody was seen."""
        return np.asarray(np.clip(2.0 * self.contacts - 1.0, 0.0, 1.0) * self.seen[:, None])


def solved(
    start: Start, evidence: Evidence, given: Given | None = None, tuning: Tuning | None = None, told: Told = None
) -> Clip:
    """The clip solved; ``told`` hears how much is done, 0 to 1. Time and memory are linear in its length."""
    given, tuning = given or Given(), tuning or Tuning()
    start = replace(start, clip=with_knees_seen(start.clip, evidence, start.seen, start.template))
    if not given.camera:
        tuning = _believing(tuning, start, evidence)
    problem = _problem(start, evidence, given, tuning)
    count, clip = len(start.clip.root), start.clip
    if count <= _STRETCH + 2 * _OVERLAP:
        return _solved_together(start, [slice(0, count)], problem, given, tuning)[0]
    firsts = np.linspace(0, count - _SAMPLE, _SAMPLES).astype(int)
    sample = _solved_together(start, [slice(first, first + _SAMPLE) for first in firsts], problem, given, tuning)[0]
    # a longer lens sees the same from farther away
    farther = (np.exp(sample.focal - clip.focal) - 1.0) * problem.depth[:, None] * clip.turn[:, :, 2]
    clip = replace(clip, build=sample.build, focal=sample.focal, root=clip.root + farther)
    if not given.camera:
        clip = turned(clip, sample.turn[0] @ clip.turn[0].T)
    start, known = replace(start, clip=clip), Given(True, True, True)
    return _by_stretches(start, replace(_problem(start, evidence, known, tuning), shared=False), known, tuning, told)


def _by_stretches(start: Start, problem: Problem, given: Given, tuning: Tuning, told: Told) -> Clip:
    count = len(start.clip.root)
    turn, root = np.zeros((count, len(BODY), 3)), np.zeros((count, 3))
    firsts = [*range(0, count - _STRETCH - 2 * _OVERLAP, _STRETCH), None]
    begin = 0
    for number, _ in enumerate(firsts):
        last = number == len(firsts) - 1
        end = count if last else begin + _STRETCH + _OVERLAP
        rows = slice(begin, end)
        found = _solved_together(start, [rows], problem, given, tuning)[0]
        share = np.ones(end - begin)
        edge = (np.arange(_OVERLAP) + 1.0) / (_OVERLAP + 1.0)
        if begin:
            share[:_OVERLAP] = edge
        if not last:
            share[-_OVERLAP:] = edge[::-1]
        turn[rows] += share[:, None, None] * logarithm(found.local @ np.swapaxes(start.clip.local[rows], -1, -2))
        root[rows] += share[:, None] * found.root
        begin = end - _OVERLAP
        if told is not None:
            told(end / count)
    return replace(start.clip, local=exponential(turn) @ start.clip.local, root=root)


def _solved_together(
    start: Start, stretches: list[slice], problem: Problem, given: Given, tuning: Tuning
) -> list[Clip]:
    """Stretches of one performer by one lens."""
    figure = body_figure()
    clips = [start.clip.part(rows) for rows in stretches]
    problems = [problem.part(rows) for rows in stretches]
    standing = [start.standing[rows] for rows in stretches]
    for number, steps in enumerate(_ROUNDS):
        if number:
            if not given.camera:
                lean = level_turn(clips, standing, start.template, start.fps)
                clips = [turned(clip, lean) for clip in clips]
                problems = [part.turned(lean) for part in problems]
            floor = floor_height(clips, standing, start.template)
            for place, (clip, rows) in enumerate(zip(clips, stretches)):
                standing[place] = also_standing(
                    clip, standing[place], floor, start.seen[rows], start.template, start.fps
                )
                problems[place] = replace(problems[place], ground=_ground(standing[place], start.fps, tuning))
                held = bounds_of(clip, start.template, start.fps, tuning.limits)
                held = replace(held, pull=held.pull * problem.image_weight)
                problems[place] = replace(problems[place], bounds=held)
        floor = floor_height(clips, standing, start.template)
        problems = [replace(part, ground=replace(part.ground, height=floor)) for part in problems]
        clips = descended(figure, clips, problems, steps)
    return clips


def _problem(start: Start, evidence: Evidence, given: Given, tuning: Tuning) -> Problem:
    """What the clip is compared with."""
    clip, fps = start.clip, start.fps
    # so many frames are worth one
    frames = max(1.0, tuning.memory * fps)
    along, pace = _along(clip), pace_of(clip, fps)
    spread = np.maximum(start.spread * tuning.said, tuning.least_said) / np.sqrt(3.0)
    build = np.full(BUILD_SIZE, tuning.build)
    build[0] = 1e-5 if given.height else tuning.stature
    word = Word(
        local=clip.local,
        pull=1.0 / (spread**2 * frames),
        depth=np.log(along) - clip.focal,
        depth_pull=1.0 / (tuning.depth**2 * frames),
        build=clip.build,
        build_pull=1.0 / build**2,
        focal=clip.focal,
        focal_pull=1.0 / (1e-5 if given.focal else tuning.focal) ** 2,
    )
    # second differences of frames; a second's weight does not depend on the rate
    rate = fps**2 * np.sqrt(30.0 / fps)
    return Problem(
        evidence=evidence,
        word=word,
        ground=_ground(start.standing, fps, tuning),
        bounds=None,
        depth=along,
        template=start.template,
        stiff=np.full(len(BODY), (rate / tuning.correction) ** 2),
        expected=pace.expected,
        joints=rate**2 / (tuning.turning**2 + (tuning.vigour * pace.turning) ** 2),
        root=rate**2 / (tuning.moving**2 + (tuning.vigour * pace.moving) ** 2),
        image_weight=1.0 / frames,
        outlier=tuning.outlier,
    )


def _along(clip: Clip) -> Array:
    """Metres ``(T,)`` to the hips along the optical axis."""
    return np.maximum(np.einsum("ti,ti->t", clip.root - clip.place, clip.turn[:, :, 2]), 0.2)


def _believing(tuning: Tuning, start: Start, evidence: Evidence) -> Tuning:
    """The tuning with a ground that holds the less the faster standing soles pass through the picture."""
    clip = start.clip
    speed = sole_speed(start.contacts, evidence, _along(clip), float(np.exp(clip.focal)), start.fps)
    loose = float(np.sqrt(1.0 + (speed / tuning.passing) ** 4))
    return replace(tuning, rest=tuning.rest * loose, level=tuning.level * loose, under=tuning.under * loose)


def _ground(standing: Array, fps: float, tuning: Tuning) -> Ground:
    frames = max(1.0, tuning.memory * fps)
    # a sole's slip from frame to frame is a speed
    slip = tuning.rest * 30.0 / fps
    return Ground(
        rest=np.minimum(standing[1:], standing[:-1]) / (slip**2 * frames),
        level=standing / (tuning.level**2 * frames),
        height=0.0,
        # who never stands shows no floor
        under=1.0 / (tuning.under**2 * frames) if standing.any() else 0.0,
    )
