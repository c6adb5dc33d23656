# SPDX-License-Identifier: GPL-3.0-or-later
"""Assessments of a performance of known truth, of its corruptions, and of takes that lack something."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from standing_clip import standing

from benchmarks._quality_corruptions import CORRUPTIONS
from holirep_blender.motion.contacts import Contacts, Floor
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.take import Take
from holirep_blender.quality import assessment, face_model
from holirep_blender.quality.assessment import assess
from holirep_blender.quality.evidence import Evidence
from holirep_blender.quality.remedies import REMEDIES
from holirep_blender.quality.results import DEFAULT_GATES, OVERALL, Quality
from holirep_blender.quality.table import SPECS

SCORES = ("body", "face", *DEFAULT_GATES)


@pytest.fixture(scope="module")
def clip():
    return standing()


@pytest.fixture(scope="module")
def clean(clip):
    return assess(clip.evidence)


def check_whole(quality: Quality) -> None:
    """Everything that an assessment promises whatever it was given."""
    assert list(quality.scores)[-1] == OVERALL
    assert set(quality.measures) == {spec.name for spec in SPECS}
    for measure in quality.measures.values():
        assert (measure.score is None) == (measure.value is None) == bool(measure.missing)
        if measure.score is not None:
            assert 0.0 <= measure.score <= 1.0
            assert np.isfinite(measure.value)
        if measure.per_frame is not None:
            assert measure.per_frame.shape == (quality.frame_count,)
    for score in quality.scores.values():
        assert (score.value is None) == bool(score.missing)
        assert score.value is not None or not score.stands_on
        assert score.value is None or 0.0 <= score.value <= 1.0
        assert [cause.loss for cause in score.causes] == sorted((c.loss for c in score.causes), reverse=True)
        for cause in score.causes:
            assert 0 <= cause.first <= cause.last < quality.frame_count
            assert cause.sentence.endswith(".")
            assert cause.remedy in REMEDIES
        if score.value is not None:
            assert sum(cause.loss for cause in score.causes) <= 1.0 - score.value + 1e-9


def test_clean_truth_passes_every_gate_and_leaves_nothing_out(clean):
    check_whole(clean)
    assert clean.passed
    assert all(score.value > 0.9 for score in clean.scores.values())
    assert not [name for name, measure in clean.measures.items() if measure.missing and name != "blinks"]


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.name.replace(" ", "-"))
def test_a_corruption_lowers_what_measures_it_and_nothing_else(corruption, clip, clean):
    amount = corruption.amounts[-2]
    quality = assess(corruption.make(clip.evidence, clip.light, amount))
    check_whole(quality)
    change = {name: quality.scores[name].value - clean.scores[name].value for name in SCORES}
    assert all(change[name] < -0.03 for name in corruption.own), change
    others = set(SCORES) - set(corruption.own) - set(corruption.touched) - {OVERALL}
    assert all(abs(change[name]) < 0.1 for name in others), change
    assert change[OVERALL] < 0.0


def test_causes_name_the_frames_the_limb_and_what_helps(clip):
    evidence = clip.evidence
    local = evidence.take.local_rotations.copy()
    hand = evidence.take.joint_names.index("leftUpperArm")
    local[40:60, hand] = [1.0, 0.0, 0.0, 0.0]
    quality = assess(replace(evidence, take=replace(evidence.take, local_rotations=local)))
    cause = next(each for each in quality.scores["body"].causes if each.measure == "reprojection")
    assert (cause.part, cause.remedy) == ("leftArm", "retrack")
    assert "left arm" in cause.sentence
    assert 38 <= cause.first <= 42
    assert 57 <= cause.last <= 61


def test_a_body_lost_all_over_is_tracked_again_not_left_out_by_limbs(clip):
    confidence = np.ones_like(clip.evidence.take.joint_confidence)
    confidence[30:60] = 0.0
    quality = assess(replace(clip.evidence, take=replace(clip.evidence.take, joint_confidence=confidence)))
    cause = next(each for each in quality.scores["body"].causes if each.measure == "drop_outs")
    assert (cause.part, cause.remedy, cause.first, cause.last) == ("", "retrack", 30, 59)


def test_a_character_whose_arms_are_frozen_does_not_follow(clip, clean):
    character = clip.evidence.character
    local = character.local_rotations.copy()
    arms = [index for index, name in enumerate(character.joint_names) if name.endswith(("UpperArm", "LowerArm"))]
    local[:, arms] = local[:1, arms]
    quality = assess(replace(clip.evidence, character=replace(character, local_rotations=local)))
    check_whole(quality)
    assert quality.scores["temporal_coherence"].value < clean.scores["temporal_coherence"].value - 0.05
    cause = next(each for each in quality.scores["body"].causes if each.measure == "following")
    assert cause.part in ("leftArm", "rightArm")


def test_a_face_smoothed_alike_to_both_sides_is_not_called_late(clip):
    # an even filter turns syllables round, which correlate as well with those before as with those after
    values = clip.evidence.take.blendshapes
    padded = np.concatenate([values[:1].repeat(6, 0), values, values[-1:].repeat(6, 0)])
    smoothed = np.lib.stride_tricks.sliding_window_view(padded, 13, axis=0).mean(axis=-1)
    quality = assess(replace(clip.evidence, take=replace(clip.evidence.take, blendshapes=smoothed)))
    in_step = quality.measures["in_step"]
    assert in_step.missing or in_step.value < 40.0


def test_a_gate_of_the_show_is_used(clip):
    assert assess(clip.evidence, {"overall": 1.0}).scores[OVERALL].gate == 1.0
    with pytest.raises(ValueError, match="no score 'beauty'"):
        assess(clip.evidence, {"beauty": 0.5})


def _without(take: Take, **changes: object) -> Evidence:
    return Evidence(replace(take, **changes))


@pytest.mark.parametrize("lack", ["camera", "observations", "face", "nan", "one", "two", "none", "unseen", "legs"])
def test_a_take_that_lacks_something_says_so_and_never_fails(lack, clip):
    take = clip.evidence.take
    observed = take.observations
    count = 2 if lack == "two" else 1 if lack == "one" else 0
    evidence = {
        "camera": lambda: _without(take, camera=None),
        "observations": lambda: _without(take, observations=None),
        "face": lambda: _without(take, blendshape_confidence=np.zeros_like(take.blendshapes)),
        "nan": lambda: _without(take, observations=Observations.empty(take.frame_count, observed.image_size)),
        "one": lambda: Evidence(_first(take, count)),
        "two": lambda: Evidence(_first(take, count)),
        "none": lambda: Evidence(_first(take, count)),
        "unseen": lambda: _without(take, joint_confidence=np.zeros_like(take.joint_confidence), observations=None),
        "legs": lambda: _without(take, observations=_legless(observed)),
    }[lack]()
    quality = assess(evidence)
    check_whole(quality)
    assert quality.scores["lighting_realism"].missing
    assert quality.notes
    expected = {
        "camera": ("reprojection", "no camera"), "observations": ("reprojection", "no tracked points"),
        "face": ("face_reprojection", "no face"), "nan": ("reprojection", "saw the body in no frame"),
        "one": ("jitter", "too short"), "two": ("acceleration", "too short"), "none": ("limits", "no frames"),
        "unseen": ("drop_outs", "No joint"), "legs": ("foot_slide", "no feet"),
    }  # fmt: skip
    name, words = expected[lack]
    assert words in quality.measures[name].missing
    left_out = {each for score in quality.scores.values() for each in score.left_out}
    assert name in left_out
    assert (quality.scores[OVERALL].value is None) == (lack == "none")
    assert (quality.scores["temporal_coherence"].value is None) == (lack not in ("camera", "face", "legs"))


def _first(take: Take, count: int) -> Take:
    rows = slice(0, count)
    camera = replace(take.camera, world_from_camera=take.camera.world_from_camera[rows])
    return replace(
        take, local_rotations=take.local_rotations[rows], root_translation=take.root_translation[rows],
        joint_confidence=take.joint_confidence[rows], blendshapes=take.blendshapes[rows],
        blendshape_confidence=take.blendshape_confidence[rows], contacts=take.contacts[rows], camera=camera,
        observations=take.observations.part(rows),
    )  # fmt: skip


def _legless(observed: Observations) -> Observations:
    visibility = observed.body_visibility.copy()
    visibility[:, 25:] = 0.01
    return replace(observed, body_visibility=visibility)


def test_without_weights_the_face_is_left_out_and_the_reason_given(clip, monkeypatch):
    monkeypatch.setattr(face_model, "_WEIGHTS", face_model._WEIGHTS.with_name("gone.safetensors"))
    face_model.face_model.cache_clear()
    try:
        quality = assess(clip.evidence)
    finally:
        face_model.face_model.cache_clear()
    check_whole(quality)
    assert "face model is missing" in quality.measures["face_reprojection"].missing


def test_a_floor_or_contacts_that_do_not_fit_are_no_error(clip):
    evidence = replace(clip.evidence, floor=Floor((0.0, 0.0, 9.0)), contacts=Contacts(("leftHeel",), np.ones((3, 1))))
    check_whole(assess(evidence))


def test_a_character_of_its_own_rate_is_judged_on_the_takes_frames(clip):
    character = clip.evidence.character
    rows = slice(None, None, 2)
    slower = Take(
        fps=character.fps / 2, frame_start=1, local_rotations=character.local_rotations[rows],
        root_translation=character.root_translation[rows], rest_offsets=character.rest_offsets,
    )  # fmt: skip
    quality = assess(replace(clip.evidence, character=slower))
    check_whole(quality)
    assert quality.scores["environmental_integration"].value > 0.9


def test_a_camera_that_does_not_fit_the_take_is_left_out_and_told(clip):
    take = clip.evidence.take
    still = replace(take.camera, world_from_camera=take.camera.world_from_camera[:1])
    assert assess(replace(clip.evidence, take=replace(take, camera=still))).notes == ()
    for camera in (
        replace(take.camera, world_from_camera=take.camera.world_from_camera[:7]),
        replace(take.camera, intrinsics=np.full((3, 3), np.nan)),
    ):
        quality = assess(replace(clip.evidence, take=replace(take, camera=camera)))
        check_whole(quality)
        assert "left out" in quality.notes[0]
        assert quality.measures["reprojection"].score is None


def test_observations_of_no_frame_are_as_none(clip):
    take = clip.evidence.take
    quality = assess(Evidence(replace(take, observations=Observations.empty(0, take.camera.image_size))))
    check_whole(quality)
    assert quality.measures["following"].missing


def test_a_body_that_was_tracked_and_lost_throughout_is_missed(clip):
    take = clip.evidence.take
    quality = assess(Evidence(replace(take, joint_confidence=np.zeros_like(take.joint_confidence))))
    assert quality.measures["drop_outs"].value == 1.0
    assert quality.scores["body"].value < 0.6


@pytest.mark.slow
def test_ten_thousand_frames_take_seconds(clip):
    take = clip.evidence.take
    rows = np.resize(np.concatenate([np.arange(120), np.arange(118, 0, -1)]), 10_000)
    observed = take.observations
    fields = {
        name: getattr(observed, name)[rows]
        for name in vars(observed) if name not in ("image_size", "times", "frame_numbers")
    }  # fmt: skip
    observed = Observations(
        image_size=observed.image_size, times=np.arange(10_000) / take.fps, frame_numbers=np.arange(10_000), **fields
    )
    long = replace(
        take, local_rotations=take.local_rotations[rows], root_translation=take.root_translation[rows],
        joint_confidence=take.joint_confidence[rows], blendshapes=take.blendshapes[rows],
        blendshape_confidence=take.blendshape_confidence[rows], contacts=take.contacts[rows],
        camera=replace(take.camera, world_from_camera=take.camera.world_from_camera[rows]), observations=observed,
    )  # fmt: skip
    start = time.process_time()
    quality = assessment.assess(Evidence(long, replace(long, observations=None)))
    # 2.9 s on a quiet core
    assert time.process_time() - start < 10.0
    assert quality.scores["body"].value > 0.9
