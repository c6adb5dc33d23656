# SPDX-License-Identifier: GPL-3.0-or-later
"""An assessment made by hand, of any length, for what shows assessments."""

from __future__ import annotations

import numpy as np

from holirep_blender.quality.results import DEFAULT_GATES, OVERALL, TEMPORAL_COHERENCE, Cause, Measure, Quality, Score


def slide(frames: int, peak: float = 43.21, seed: int = 3) -> np.ndarray:
    """A foot that hardly slides, and for one frame slides far; unseen for a tenth of the clip."""
    values = np.abs(np.random.default_rng(seed).normal(2.0, 0.7, frames))
    values[frames // 2] = peak
    values[frames // 10 : frames // 5] = np.nan
    return values


def assessment(frames: int = 200, copies: int = 1, peak: float = 43.21, fps: float = 29.97) -> Quality:
    """One measure of each kind; ``copies`` of the first, for size."""
    measures = {}
    for number in range(copies):
        name = "foot_slide" if number == 0 else f"foot_slide_{number}"
        values = slide(frames, peak, number)
        value = float(np.nanmean(values))
        measures[name] = Measure(
            name, "Foot slide", "body", "mm", value, "mean over frames", values, 3.0, 20.0, 0.8713579,
            "How far a foot that stands moves in a frame.", "Figures of our own",
        )  # fmt: skip
    measures["confidence"] = Measure(
        "confidence", "Seen", "face", "", 0.75, "whole clip", np.linspace(0.2, 1.0, frames), 0.9, 0.1, 0.8125,
        "Mean confidence <of> the face.", "Figures of our own",
    )  # fmt: skip
    measures["irradiance"] = Measure(
        "irradiance", "Irradiance", "lighting", "", None, "", None, 0.0, 0.5, None,
        "Rig against environment.", "Figures of our own", "The shot has no environment.",
    )  # fmt: skip
    middle = frames // 2
    cause = Cause("foot_slide", "leftLeg", max(middle - 3, 0), middle, peak, 0.21, "A foot slides.", "edit_contacts")
    per_frame = np.clip(1.0 - np.nan_to_num(slide(frames, peak)) / 60.0, 0.0, 1.0)
    scores = {
        TEMPORAL_COHERENCE: Score(
            TEMPORAL_COHERENCE, "Temporal coherence", 0.9137, DEFAULT_GATES[TEMPORAL_COHERENCE], ("foot_slide",), (),
            per_frame, (cause,),
        ),
        "lighting_realism": Score(
            "lighting_realism", "Lighting realism", None, 0.9, (), ("irradiance",), None, (), "There is no light.",
        ),
        OVERALL: Score(
            OVERALL, "Overall", 0.8812, DEFAULT_GATES[OVERALL], (TEMPORAL_COHERENCE,), ("lighting_realism",),
            per_frame, (cause,),
        ),
    }  # fmt: skip
    return Quality(fps, 101, frames, measures, scores)
