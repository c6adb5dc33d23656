# SPDX-License-Identifier: GPL-3.0-or-later
"""The solve after the network, on performances of exactly known truth and a network's word that is off."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from holirep_blender.inference.fusion.joints import BODY, BUILD_SIZE
from holirep_blender.inference.fusion.solving import Clip, Evidence, Given, Start, evidence_of, solved
from holirep_blender.inference.fusion.solving import clip as solving_clip
from holirep_blender.inference.fusion.solving.descent import COLUMNS, body_figure, system_of
from holirep_blender.inference.fusion.solving.floor import also_standing
from holirep_blender.inference.fusion.solving.footholds import sole_speed
from holirep_blender.inference.fusion.solving.marks import (
    BODY_INDEX,
    MARK_JOINTS,
    MARKS,
    SOLE_JOINTS,
    shape_of,
)
from holirep_blender.inference.fusion.solving.terms import state_of
from holirep_blender.motion.geometric.articulation import exponential, logarithm
from holirep_blender.motion.observations import Observations

FPS, FOCAL = 30.0, 900.0
# a level camera that looks along +Y from 1.1 m above the floor
TURN = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
TEMPLATE = np.random.default_rng(5).normal(size=(478, 3)) * 5.0 + np.array([0.0, -9.0, 3.0])


def _waves(random, count, *shape, rate=0.9):
    t = np.arange(count)[(slice(None),) + (None,) * len(shape)] / FPS
    phase, rate = random.uniform(0, 6.3, shape), random.uniform(0.3, rate, shape)
    return np.sin(2 * np.pi * rate * t + phase)


@dataclass
class Performed:
    """A true clip, its exact evidence, and where its marks and soles are."""

    clip: Clip
    evidence: Evidence
    marks: np.ndarray
    soles: np.ndarray


def _places(clip):
    figure, shape = body_figure(), shape_of(clip.build, TEMPLATE)
    state = state_of(figure, clip, shape)
    marks = figure.points(state.turned, state.placed, MARK_JOINTS, shape.marks)
    return marks, figure.points(state.turned, state.placed, SOLE_JOINTS, shape.soles), state


def performed(count, seed=0, still_legs=False, rate=0.9):
    """Somebody who moves all joints a few metres before the camera."""
    random = np.random.default_rng(seed)
    turn = _waves(random, count, len(BODY), 3, rate=rate) * 0.25
    turn[:, [row for name, row in BODY_INDEX.items() if "LowerLeg" in name or "Toes" in name]] *= 0.2
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turn[:, BODY_INDEX[f"{side}UpperArm"], 1] += sign * 0.9
        turn[:, BODY_INDEX[f"{side}LowerArm"], 2] -= sign * 0.7
        turn[:, BODY_INDEX[f"{side}LowerLeg"], 0] += 0.3
    root = np.array([0.0, 4.0, -0.2]) + _waves(random, count, 3) * np.array([0.3, 0.3, 0.03])
    if still_legs:
        turn[:, [row for name, row in BODY_INDEX.items() if name == "hips" or "Leg" in name or "Foot" in name]] = 0.0
        root = np.tile(np.array([0.0, 4.0, -0.2]), (count, 1))
    build = random.normal(size=BUILD_SIZE) * 0.03
    places = np.zeros((count, 3))
    clip = Clip(exponential(turn), root, build, float(np.log(FOCAL)), np.tile(TURN, (count, 1, 1)), places)
    marks, soles, _ = _places(clip)
    local = marks @ TURN
    pixels = local[..., :2] / local[..., 2:] * FOCAL
    return Performed(clip, Evidence(pixels, np.full(pixels.shape[:2], 0.015)), marks, soles)


def started(truth, seed=1, off=0.15, contacts=None):
    """The network's word: slowly wrong turns and places."""
    random = np.random.default_rng(seed)
    count = len(truth.clip.root)
    turn = _waves(random, count, len(BODY), 3) * off
    root = truth.clip.root + _waves(random, count, 3) * np.array([0.05, 0.15, 0.05])
    clip = replace(truth.clip, local=exponential(turn) @ truth.clip.local, root=root)
    touching = np.zeros((count, 4)) if contacts is None else contacts
    return Start(clip, np.full((count, len(BODY)), off), touching, np.ones(count, dtype=bool), TEMPLATE, FPS)


def _error(clip, truth):
    """Mean distance in mm of the joints about the hips."""
    found, real = (_places(side)[2].placed for side in (clip, truth.clip))
    return 1000.0 * float(np.linalg.norm((found - found[:, :1]) - (real - real[:, :1]), axis=-1).mean())


def _missed(clip, truth):
    """Median pixels between the marks and their true pictures."""
    local = _places(clip)[0] @ TURN
    pixels = local[..., :2] / local[..., 2:] * np.exp(clip.focal)
    return float(np.median(np.linalg.norm(pixels - truth.evidence.pixels, axis=-1)))


KNOWN = Given(focal=True, height=True)


@pytest.mark.parametrize("term", ["picture", "ground", "word"])
def test_slopes_are_those_of_the_cost(term):
    truth = performed(6)
    start = started(truth, off=0.02, contacts=np.full((6, 4), 1.0 if term == "ground" else 0.0))
    spread = truth.evidence.spread if term == "picture" else np.full_like(truth.evidence.spread, np.inf)
    pixels = truth.evidence.pixels + np.random.default_rng(8).normal(size=truth.evidence.pixels.shape) * 20.0
    evidence = replace(truth.evidence, pixels=pixels, spread=spread)
    problem = solving_clip._problem(start, evidence, Given(), solving_clip.Tuning())
    random, figure, clip = np.random.default_rng(2), body_figure(), start.clip
    step, shared = random.normal(size=(6, COLUMNS)), random.normal(size=BUILD_SIZE + 1)

    def at(size):
        turn = exponential(size * step[:, 3:].reshape(6, -1, 3)) @ clip.local
        root, build = clip.root + size * step[:, :3], clip.build + size * shared[:-1]
        return replace(clip, local=turn, root=root, build=build, focal=clip.focal + size * shared[-1])

    here = at(0.01)
    # soles' offsets grow with the build, which the ground does not ask for
    shared = shared * (term != "ground")
    system = system_of(figure, here, problem, True)
    costs = [system_of(figure, at(0.01 + size), problem, False).cost for size in (1e-4, -1e-4)]
    slope = 2.0 * float(np.sum(system.gradient * step) + system.edge @ shared)
    assert (costs[0] - costs[1]) / 2e-4 == pytest.approx(slope, rel=0.03)


def test_the_truth_is_recovered():
    truth = performed(40)
    start = started(truth)
    clip = solved(start, truth.evidence, KNOWN)
    assert _missed(clip, truth) < 0.2 * _missed(start.clip, truth)
    assert _error(clip, truth) < 0.55 * _error(start.clip, truth)


def test_lengths_are_found_with_the_pose():
    truth = performed(60, seed=3)
    start = started(truth, off=0.05)
    build = truth.clip.build.copy()
    build[4] += 0.08
    start = replace(start, clip=replace(start.clip, build=build))
    clip = solved(start, truth.evidence, KNOWN)
    assert abs(clip.build[4] - truth.clip.build[4]) < 0.04
    assert clip.build[0] == pytest.approx(build[0], abs=1e-3)
    assert clip.focal == pytest.approx(np.log(FOCAL), abs=1e-3)


def test_outliers_do_not_pull():
    truth = performed(40)
    random = np.random.default_rng(4)
    wild = random.random(truth.evidence.spread.shape) < 0.08
    pixels = truth.evidence.pixels + wild[..., None] * random.normal(size=truth.evidence.pixels.shape) * 120.0
    start = started(truth)
    clean, spoiled = (solved(start, replace(truth.evidence, pixels=p), KNOWN) for p in (truth.evidence.pixels, pixels))
    assert _error(spoiled, truth) < _error(clean, truth) + 8.0


def test_standing_feet_stay():
    truth = performed(40, still_legs=True)
    start = started(truth, contacts=np.full((40, 4), 0.98))
    free = replace(start, contacts=np.zeros((40, 4)))
    clips = [start.clip, solved(start, truth.evidence, KNOWN), solved(free, truth.evidence, KNOWN)]
    slip = [np.linalg.norm(np.diff(_places(clip)[1], axis=0), axis=-1).mean() for clip in clips]
    assert slip[1] < 0.1 * slip[0]
    assert slip[1] < 0.6 * slip[2]


def test_the_motion_is_neither_shaken_nor_dulled():
    truth = performed(60, rate=1.8)
    random = np.random.default_rng(6)
    start = started(truth)
    shaken = exponential(random.normal(size=start.clip.local.shape[:2] + (3,)) * 0.006) @ start.clip.local
    noisy = replace(
        truth.evidence, pixels=truth.evidence.pixels + random.normal(size=truth.evidence.pixels.shape) * 2.0
    )
    clip = solved(replace(start, clip=replace(start.clip, local=shaken)), noisy, KNOWN)

    def pace(of):
        placed = _places(of)[2].placed
        return np.linalg.norm(np.diff(placed - placed[:, :1], 2, axis=0), axis=-1).mean()

    assert pace(replace(start.clip, local=shaken)) > 1.3 * pace(truth.clip)
    assert 0.8 < pace(clip) / pace(truth.clip) < 1.3


def test_unseen_frames_follow_the_word():
    truth = performed(40)
    spread = truth.evidence.spread.copy()
    spread[15:25] = np.inf
    start = started(truth)
    clip = solved(start, replace(truth.evidence, spread=spread), KNOWN)
    assert np.isfinite(clip.local).all()
    assert np.isfinite(clip.root).all()
    # what its surroundings correct carries on into the gap
    off = [np.linalg.norm(logarithm(c.local[15:25] @ np.swapaxes(truth.clip.local[15:25], -1, -2)), axis=-1).mean()
           for c in (clip, start.clip)]  # fmt: skip
    assert off[0] < 1.2 * off[1]
    nothing = solved(start, replace(truth.evidence, spread=np.full_like(spread, np.inf)), KNOWN)
    assert _error(nothing, Performed(start.clip, truth.evidence, truth.marks, truth.soles)) < 30.0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_frames_are_enough(count):
    truth = performed(count)
    start = started(truth)
    clip = solved(start, truth.evidence, KNOWN)
    assert clip.local.shape == start.clip.local.shape
    assert _missed(clip, truth) < 0.5 * _missed(start.clip, truth)


def test_long_clips_are_solved_in_stretches_without_a_seam(monkeypatch):
    truth = performed(150)
    start = started(truth)
    whole = solved(start, truth.evidence, KNOWN)
    monkeypatch.setattr(solving_clip, "_STRETCH", 50)
    monkeypatch.setattr(solving_clip, "_SAMPLES", 2)
    shares = []
    parts = solved(start, truth.evidence, KNOWN, told=shares.append)
    assert shares[-1] == 1.0
    assert len(shares) > 1
    apart = np.linalg.norm(_places(parts)[2].placed - _places(whole)[2].placed, axis=-1)
    # lengths come from a sample of the clip
    assert apart.max() < 0.06
    steps = [np.linalg.norm(np.diff(_places(c)[2].placed, 2, axis=0), axis=-1).max() for c in (parts, whole)]
    assert steps[0] < 1.15 * steps[1]


def test_joints_stay_within_human_limits():
    truth = performed(30)
    start = started(truth, off=0.05)
    bent = start.clip.local.copy()
    knee = BODY_INDEX["leftLowerLeg"]
    bent[:, knee] = exponential(np.tile([-0.5, 0.0, 0.0], (30, 1)))
    start = replace(start, clip=replace(start.clip, local=bent))
    nothing = replace(truth.evidence, spread=np.full_like(truth.evidence.spread, np.inf))
    clip = solved(start, nothing, KNOWN)
    assert logarithm(clip.local[:, knee])[:, 0].mean() > -0.2


def _observed(count):
    size, nothing = np.array([640.0, 480.0]), np.zeros(count)
    points = np.random.default_rng(0).uniform(50, 400, (count, 33, 3))
    return Observations(
        image_size=size, times=np.arange(count) / FPS, frame_numbers=np.arange(count) + 1.0, body_image=points,
        body_world=np.zeros((count, 33, 3)), body_visibility=np.ones((count, 33)), body_confidence=np.ones(count),
        face_image=np.full((count, 478, 3), np.nan), face_confidence=nothing,
        left_hand_image=np.full((count, 21, 3), np.nan), left_hand_world=np.full((count, 21, 3), np.nan),
        left_hand_confidence=nothing, right_hand_image=np.full((count, 21, 3), np.nan),
        right_hand_world=np.full((count, 21, 3), np.nan), right_hand_confidence=nothing,
        person_box=np.zeros((count, 4)),
    )  # fmt: skip


def test_what_is_not_seen_is_no_evidence():
    rows = _observed(4)
    shoulder = next(row for row, mark in enumerate(MARKS) if mark.tracker == "body" and mark.point == 11)
    face = next(row for row, mark in enumerate(MARKS) if mark.tracker == "face")
    rows.body_image[1, 11] = np.nan
    rows.body_image[2, 11, 0] = -30.0
    rows.body_visibility[3, 11] = 0.5
    found = evidence_of(rows, np.array([320.0, 240.0]))
    assert np.isfinite(found.pixels).all()
    assert np.isinf(found.spread[1:3, shoulder]).all()
    assert np.isinf(found.spread[:, face]).all()
    assert found.spread[3, shoulder] > 1.5 * found.spread[0, shoulder]
    np.testing.assert_allclose(found.pixels[0, shoulder], rows.body_image[0, 11, :2] - [320.0, 240.0])


def test_no_sole_is_in_the_floor():
    truth = performed(40, still_legs=True)
    start = started(truth, off=0.0)
    contacts = np.full((40, 4), 0.02)
    contacts[:, :2] = 0.98
    # the left foot stands on a bent leg, the right leg is straight: its foot is in the floor
    bent = start.clip.local.copy()
    for joint, turn in (("leftUpperLeg", 0.6), ("leftLowerLeg", -1.2), ("leftFoot", 0.6)):
        bent[:, BODY_INDEX[joint]] = exponential(np.tile([turn, 0.0, 0.0], (40, 1)))
    start = replace(
        start, clip=replace(start.clip, local=bent), contacts=contacts, spread=np.full((40, len(BODY)), 0.1)
    )
    nothing = replace(truth.evidence, spread=np.full_like(truth.evidence.spread, np.inf))
    depths = []
    for under in (100.0, solving_clip.Tuning().under):
        soles = _places(solved(start, nothing, KNOWN, solving_clip.Tuning(under=under)))[1]
        floor = np.median(soles[:, :2, 2])
        depths.append(float(np.maximum(floor - soles[:, 2:, 2], 0.0).mean()))
    assert depths[0] > 0.03
    assert depths[1] < 0.7 * depths[0]


def test_a_sole_that_is_seen_to_stand_is_held_though_the_word_missed_it():
    truth = performed(40, still_legs=True)
    contacts = np.full((40, 4), 0.02)
    contacts[:, :2] = 0.98
    start = started(truth, contacts=contacts)
    standing = also_standing(truth.clip, start.standing, float(truth.soles[..., 2].min()), start.seen, TEMPLATE, FPS)
    assert (standing[:, 2:] > 0.5).mean() > 0.8
    assert (also_standing(truth.clip, 0.0 * standing, 0.0, start.seen, TEMPLATE, FPS) == 0.0).all()


def test_soles_that_pass_through_the_picture_are_told():
    truth = performed(40, still_legs=True)
    standing, away = np.ones((40, 4)), np.full(40, 4.0)
    still = sole_speed(standing, truth.evidence, away, FOCAL, FPS)
    # a camera in a hand turns by 0.1 radians a second
    passing = truth.evidence.pixels + np.arange(40)[:, None, None] / FPS * np.array([0.1 * FOCAL, 0.0])
    assert still < 0.01
    seen = replace(truth.evidence, pixels=passing)
    assert sole_speed(standing, seen, away, FOCAL, FPS) == pytest.approx(0.4, rel=0.02)
    assert sole_speed(0.0 * standing, seen, away, FOCAL, FPS) == 0.0
