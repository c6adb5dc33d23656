# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's quality: everything measured that can be, scores made of it, and what pulls them down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from ..motion.take import Take
from . import body, crossing, face, face_keys, feet, light, table
from .causes import Losses, causes_of
from .evidence import Evidence
from .face_fit import fit_face
from .gates import checked_gates
from .limits import beyond_limits
from .marks import body_marks
from .poses import pose_of
from .results import OVERALL, TEMPORAL_COHERENCE, Measure, Quality, Score
from .scoring import UNMEASURED, Array, clip_score, frame_weights, ramp, whole
from .specs import Found, measured
from .timeline import rows_of


def assess(evidence: Evidence, gates: Optional[Mapping[str, float]] = None) -> Quality:
    """The quality of a take.

    What cannot be measured is left out and says why; nothing is made up in its place. No exception is raised for what a
    take lacks.

    Parameters
    ----------
    gates : the least value at which each score passes, by its name; those that are not given are the default ones.

    Raises GatesError where the gates name an unknown score or are no numbers from 0 to 1.
    """
    levels = checked_gates(gates or {})
    take, told = _with_sound_camera(evidence.take)
    evidence = replace(evidence, take=take)
    frames = take.frame_count
    found = _found(evidence)
    measures = {spec.name: measured(spec, found[spec.name], frames) for spec in table.SPECS}
    graded = {name: _graded(measure, frames) for name, measure in measures.items()}
    scores: dict[str, Score] = {}
    losses: dict[str, Losses] = {}
    for name, title in table.TITLES.items():
        if name == TEMPORAL_COHERENCE:
            scored, lost, stands_on, left_out = _coherence(measures, graded, frames)
        else:
            stands_on = tuple(each for each in table.STANDS_ON[name] if measures[each].score is not None)
            left_out = tuple(each for each in table.STANDS_ON[name] if measures[each].score is None)
            essential = table.ESSENTIAL.get(name, stands_on)
            if not set(essential) & set(stands_on):
                stands_on, left_out = (), tuple(table.STANDS_ON[name])
            scored, lost = _combined({each: graded[each] for each in stands_on}, frames)
        losses[name] = lost
        scores[name] = _score(
            name, title, levels.get(name, 0.0), scored, stands_on, left_out, lost, found, measures, take.fps
        )
    unknown = [name for name, score in scores.items() if score.value is None and levels.get(name) != 0.0]
    scores[OVERALL] = _overall(scores, losses, unknown, levels[OVERALL], found, measures, take)
    if unknown and scores[OVERALL].value is not None:
        titles = ", ".join(scores[name].title for name in unknown)
        told = (
            *told,
            f"{titles}: not measured, so counted as {UNMEASURED:g} in the overall score. What is not asked for is left "
            "out of it by a gate of 0.",
        )
    return Quality(take.fps, take.frame_start, frames, measures, scores, (*told, *_notes(evidence)))


def _with_sound_camera(take: Take) -> tuple[Take, tuple[str, ...]]:
    """The take with a camera that has a row for each of its frames, or without one and why."""
    if take.camera is None:
        return take, ()
    poses = take.camera.world_from_camera
    if len(poses) == 1:
        poses = np.repeat(poses, take.frame_count, axis=0)
    if len(poses) != take.frame_count:
        told = f"The take's camera has {len(poses)} frames, but the take has {take.frame_count}: it was left out."
        return replace(take, camera=None), (told,)
    if not (np.isfinite(poses).all() and np.isfinite(take.camera.intrinsics).all()):
        return replace(take, camera=None), ("The take's camera holds values that are not numbers: it was left out.",)
    return replace(take, camera=replace(take.camera, world_from_camera=poses)), ()


def _notes(evidence: Evidence) -> tuple[str, ...]:
    """What was judged in the stead of what is not there."""
    notes = []
    if evidence.character is None:
        notes.append("The performer's own motion was judged, not a character's: " + _reason(evidence, "character"))
    if evidence.face_keys is not None:
        lacking = face_keys.unshown(evidence.face_keys, evidence.take.blendshapes, evidence.take.blendshape_names)
        notes += [lacking] if lacking else []
    if evidence.floor is None:
        notes.append("The floor is the level one where the feet stand most: " + _reason(evidence, "floor"))
    if evidence.contacts is None:
        notes.append("Contacts are those that the take holds or its motion shows: " + _reason(evidence, "contacts"))
    if evidence.take.observations is None:
        notes.append(
            "The take holds no tracked points: a frozen or over-smoothed motion cannot be told from a true one."
        )
    return tuple(notes)


def _reason(evidence: Evidence, part: str) -> str:
    told = evidence.missing.get(part, f"no {part} {'were' if part == 'contacts' else 'was'} given")
    return told.rstrip(".") + "."


def _found(evidence: Evidence) -> dict[str, Found]:
    take, judged = evidence.take, evidence.judged
    if take.frame_count == 0 or judged.frame_count == 0:
        return {spec.name: Found(missing="The take has no frames.") for spec in table.SPECS}
    with np.errstate(invalid="ignore", divide="ignore"):
        pose = pose_of(take)
        own = pose if evidence.character is None else pose_of(judged)
        marks, fit, ground = body_marks(take, pose), fit_face(take), feet.ground(evidence, own)
        found: dict[str, Found] = {}

        found["limits"] = _on_take(beyond_limits(judged), evidence)
        found["jitter"] = _on_take(body.jitter(judged, own.placed), evidence)
        found["acceleration"] = _on_take(body.acceleration(judged, own.placed), evidence)
        found["drop_outs"] = body.drop_outs(take)
        if isinstance(marks, str):
            for name in ("bone_length", "reprojection", "following"):
                found[name] = Found(missing=marks)
        else:
            found["bone_length"] = body.bone_length(marks, take.fps)
            found["reprojection"] = body.reprojection(marks)
            found["following"] = body.following(marks, take.fps)
            if evidence.character is not None:
                kept = body.kept(take, pose, judged, own, rows_of(judged, take))
                found["following"] = _worse(found["following"], kept)
        if isinstance(ground, str):
            for name in ("foot_slide", "penetration", "feet_on_floor", "horizon"):
                found[name] = Found(missing=ground)
        else:
            found["foot_slide"], found["penetration"] = feet.foot_slide(ground), feet.penetration(ground)
            found["feet_on_floor"], found["horizon"] = feet.feet_on_floor(ground), feet.lean(evidence, ground)
        keys = evidence.face_keys
        fits = keys is not None and len(keys.made) == take.frame_count
        found["saturation"] = face.saturation(take, face_keys.beyond(keys) if keys is not None and fits else None)
        why = evidence.missing.get("face_keys", "No face keys of a character were given").rstrip(".") + "."
        found["face_keys"] = face_keys.following(why if keys is None else keys, take.fps, take.frame_count)
        found["face_jitter"] = face.jitter(take, None if isinstance(fit, str) else fit)
        found["face_drop_outs"] = face.drop_outs(take, pose)
        fitted = (
            "face_reprojection", "face_following", "face_amplitude", "symmetry", "blinks", "lip_closure", "head_pose",
            "gaze",
        )  # fmt: skip
        if isinstance(fit, str):
            for name in (*fitted, "in_step"):
                found[name] = Found(missing=fit)
        else:
            found["face_reprojection"], found["face_following"] = face.reprojection(fit), face.following(fit, take.fps)
            found["face_amplitude"] = face.amplitude(fit, take.fps)
            found["symmetry"], found["blinks"] = face.symmetry(fit), face.blinks(take, fit)
            found["lip_closure"] = face.lip_closure(take, fit)
            found["head_pose"], found["gaze"] = crossing.head_pose(take, pose, fit), crossing.gaze(take, fit)
            if isinstance(marks, str):
                found["in_step"] = Found(missing=marks)
            else:
                found["in_step"] = crossing.in_step(marks, fit, take.fps)
        for name in ("irradiance_error", "sphere_rmse", "shadow_error", "plate_colour_angle", "plate_contrast"):
            found[name] = light.number(evidence, name)
        for name in ("exposure", "contact_shadow"):
            found[name] = light.series(evidence, name)
        found["light_flicker"], found["face_light"] = light.flicker(evidence), light.face_light(evidence)
    return found


def _worse(first: Found, second: Found) -> Found:
    """The greater figure of two in each frame, where the first one is known; parts likewise."""
    if first.per_frame is None or second.per_frame is None:
        return first
    parts = {
        name: np.fmax(values, second.parts[name]) if name in second.parts else values
        for name, values in first.parts.items()
    }
    value = np.where(np.isfinite(first.per_frame), np.fmax(first.per_frame, second.per_frame), np.nan)
    return Found(value, missing=first.missing, parts=parts)


def _on_take(found: Found, evidence: Evidence) -> Found:
    """What was measured on the judged motion's frames, on the take's."""
    if evidence.character is None or found.per_frame is None:
        return found
    rows = rows_of(evidence.judged, evidence.take)
    return Found(rows.of(found.per_frame), parts={name: rows.of(values) for name, values in found.parts.items()})


def _graded(measure: Measure, frames: int) -> Array:
    """Scores ``(T,)`` of a measure; a figure of the whole clip counts in every frame."""
    if measure.per_frame is not None:
        return ramp(measure.per_frame, measure.good, measure.bad)
    return np.full(frames, np.nan if measure.score is None else measure.score)


def _combined(parts: Mapping[str, Array], frames: int) -> tuple[Array, Losses]:
    if not parts:
        return np.full(frames, np.nan), {}
    value, lost = whole(list(parts.values()))
    return value, dict(zip(parts, lost))


def _coherence(
    measures: Mapping[str, Measure], graded: Mapping[str, Array], frames: int
) -> tuple[Array, Losses, tuple[str, ...], tuple[str, ...]]:
    """The mean of body, face and light, each the worst of its measures.

    Calm alone tells nothing, for a frozen take is calm: a face of which it is not known whether it follows is left out,
    a body, which is in every take, counts as what is just not good enough.
    """
    stands_on: list[str] = []
    left_out: list[str] = []
    parts: list[tuple[tuple[str, ...], Array]] = []
    for needed, names in table.COHERENCE:
        known = tuple(name for name in names if measures[name].score is not None)
        follows = not needed or needed in known
        if not follows and needed != table.ALWAYS:
            known = ()
        stands_on += known
        left_out += [name for name in names if name not in known]
        if known:
            values = np.stack([graded[name] for name in known])
            parts.append((known, values if follows else np.minimum(values, UNMEASURED)))
    if not set(table.ESSENTIAL[TEMPORAL_COHERENCE]) & set(stands_on):
        return np.full(frames, np.nan), {}, (), (*left_out, *stands_on)
    each = np.stack([_least(values) for _, values in parts])
    count = np.isfinite(each).sum(axis=0)
    value = np.where(count > 0, np.nansum(np.nan_to_num(each), axis=0) / np.maximum(count, 1), np.nan)
    lost: Losses = {}
    for (names, values), least in zip(parts, each):
        guilty = np.argmin(np.where(np.isfinite(values), values, np.inf), axis=0)
        for row, name in enumerate(names):
            share = np.where(np.isfinite(least) & (guilty == row), (1.0 - least) / np.maximum(count, 1), 0.0)
            lost[name] = share
    return value, lost, tuple(stands_on), tuple(left_out)


def _least(values: Array) -> Array:
    known = np.isfinite(values)
    return np.where(known.any(axis=0), np.where(known, values, np.inf).min(axis=0), np.nan)


def _score(
    name: str,
    title: str,
    gate: float,
    per_frame: Array,
    stands_on: tuple[str, ...],
    left_out: tuple[str, ...],
    lost: Losses,
    found: Mapping[str, Found],
    measures: Mapping[str, Measure],
    fps: float,
) -> Score:
    value = clip_score(per_frame)
    if not np.isfinite(value):
        needed = table.ESSENTIAL.get(name, left_out)
        reasons = dict.fromkeys(measures[each].missing.rstrip(".") + "." for each in needed if measures[each].missing)
        return Score(name, title, None, gate, (), left_out, None, (), " ".join(reasons))
    moving = any(measures[each].per_frame is not None for each in stands_on)
    causes = causes_of(lost, frame_weights(per_frame), measures, found, fps)
    return Score(name, title, value, gate, stands_on, left_out, per_frame if moving else None, causes)


def _overall(
    scores: Mapping[str, Score],
    losses: Mapping[str, Losses],
    unknown: Sequence[str],
    gate: float,
    found: Mapping[str, Found],
    measures: Mapping[str, Measure],
    take: Take,
) -> Score:
    """The whole of all scores; those that are asked for but ``unknown`` count as what is just not good enough."""
    known = {name: score for name, score in scores.items() if score.value is not None}
    left_out = tuple(name for name in scores if name not in known)
    if not known:
        return Score(OVERALL, "Overall", None, gate, (), left_out, None, (), "Nothing of this take could be measured.")
    frames = take.frame_count
    series = {
        name: np.full(frames, score.value) if score.per_frame is None else score.per_frame
        for name, score in known.items()
    }
    series.update((name, np.full(frames, UNMEASURED)) for name in unknown)
    per_frame, costs = _combined(series, frames)
    lost: Losses = {}
    for name, cost in costs.items():
        own = losses[name] if name in known else {}
        total = np.maximum(sum(own.values(), np.zeros(frames)), 1e-12)
        for measure, values in own.items():
            lost[measure] = lost.get(measure, np.zeros(frames)) + cost * values / total
    value = clip_score(per_frame)
    causes = causes_of(lost, frame_weights(per_frame), measures, found, take.fps)
    moving = any(score.per_frame is not None for score in known.values())
    return Score(OVERALL, "Overall", value, gate, tuple(known), left_out, per_frame if moving else None, causes)
