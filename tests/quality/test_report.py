# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality report: every number on the page is one of the JSON file's, no peak is lost, nothing missing is 0."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.quality.report_comparison import aligned, comparison
from holirep_blender.quality.report_facts import About, report_facts
from holirep_blender.quality.report_page import Pictures, page
from holirep_blender.quality.report_plots import peaks_kept
from holirep_blender.quality.serialising import figures
from tests.quality.assessments import assessment
from tests.quality.page_numbers import check_numbers

HEADER = {
    "method": "fusion",
    "plate": {"path": "/plates/shot_010.mov", "sha256": "ab12", "fps": 29.97, "size": [1920, 1080], "rate": "constant"},
    "models": [{"name": "pose.tflite", "sha256": "9ba9"}],
    "solve_options": {"smoothing_strength": 0.5, "performer_height": None},
}


def made(frames=400, copies=2, other=None):
    about = About(
        "take", "/takes/take.npz", "the character, as it is keyed", HEADER, ("Note <1>.",), (("N 1", "L 2.0", "S"),),
        {"edit_contacts": ("Edit Contacts", "Say when it stands.")},
    )  # fmt: skip
    facts = report_facts(assessment(frames, copies), about)
    pictures = Pictures()
    if other is not None:
        facts["comparison"] = comparison(facts, other, "second", "/takes/second.npz", {**HEADER, "method": "geometric"})
        curve = other.measures["foot_slide"].per_frame
        pictures = Pictures(other_measures={"foot_slide": aligned(curve, 101, 101, frames)})
    return json.loads(json.dumps(facts)), pictures


def test_every_number_of_the_page_is_in_the_json():
    facts, pictures = made(other=assessment(400, 2, 30.0))
    assert check_numbers(page(facts, pictures), facts) > 90


def test_missing_figures_have_a_reason_and_are_no_zero():
    facts, pictures = made()
    missing = facts["measures"]["irradiance"]
    assert missing["value"] is None
    assert missing["score"] is None
    html = page(facts, pictures)
    assert "The shot has no environment." in html
    assert "There is no light." in html
    assert facts["scores"]["lighting_realism"]["passed"] is None
    row = html[html.index("<b>Lighting realism</b>") :]
    assert row[: row.index("</tr>")].count("–") == 1
    assert "not measured" in row[: row.index("</tr>")]
    assert facts["standing"].endswith("The shot has no environment.")


def test_a_long_clip_keeps_its_peaks_and_gaps():
    column = np.sin(np.arange(10_000) / 300.0)
    column[4321], column[8765], column[2000:2100] = 9.0, -9.0, np.nan
    kept = peaks_kept(column)
    assert len(kept) < 1000
    assert (4321, 9.0) in kept
    assert (8765, -9.0) in kept
    assert [row for row, value in kept if np.isnan(value)], "the gap stays one"
    assert all(np.isnan(value) or value == column[row] for row, value in kept)


def test_ten_thousand_frames_are_quick_and_small():
    start = time.process_time()
    facts, pictures = made(10_000, 36)
    text, html = json.dumps(facts, separators=(",", ":")), page(facts, pictures)
    assert time.process_time() - start < 5.0
    assert len(text) + len(html) < 4_000_000
    assert facts["plots"]["foot_slide"]["worst_frame"] == 101 + 5000
    assert facts["film_strip"][0]["frame"] == 101 + 5000


def test_a_comparison_says_which_is_better():
    better = assessment(400, 1, 5.0)
    slide = replace(better.measures["foot_slide"], value=1.0)
    other = replace(better, measures={**better.measures, "foot_slide": slide})
    told = made(copies=1, other=other)[0]["comparison"]
    row = told["measures"]["foot_slide"]
    assert row["better"] == "other"
    assert row["difference"] == pytest.approx(row["other"] - row["this"], rel=1e-5)
    assert told["measures"]["confidence"]["better"] == "alike"
    assert told["measures"]["irradiance"] == {"this": None, "other": None, "difference": None, "better": ""}
    assert told["made"] == [{"what": "method", "this": "fusion", "other": "geometric"}]
    assert told["notes"] == []
    assert aligned(np.arange(5.0), 99, 101, 4).tolist()[:3] == [2.0, 3.0, 4.0]


def test_figures_of_frames_have_four_digits():
    given = np.array([0.0, 0.123456, np.nan, 12345.678, -1e-9, np.inf])
    assert figures(given) == [0.0, 0.1235, None, 12350.0, -1e-9, None]
