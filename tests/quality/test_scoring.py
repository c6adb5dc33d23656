# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps from figures to scores: bounded, monotone, and with costs that add up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holirep_blender.quality.scoring import clip_score, frame_weights, ramp, whole
from holirep_blender.quality.table import SPECS

_score = st.floats(0.0, 1.0)
_scores = st.lists(_score, min_size=1, max_size=60)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_measure_maps_nothing_to_one_good_to_nearly_one_and_bad_to_zero(spec):
    assert spec.good < spec.bad
    assert spec.formula
    assert spec.source
    assert spec.sentence
    assert ramp([0.0, spec.good, (spec.good + spec.bad) / 2, spec.bad, 10 * spec.bad], spec.good, spec.bad) == (
        pytest.approx([1.0, 0.96, 0.48, 0.0, 0.0])
    )


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.sampled_from(SPECS))
def test_a_worse_figure_never_scores_higher(value, more, spec):
    better, worse = ramp([value, value + more], spec.good, spec.bad)
    assert 0.0 <= worse <= better <= 1.0


@given(_scores, st.integers(0, 59), _score)
def test_a_worse_frame_never_raises_the_clip(scores, at, factor):
    before = np.array(scores)
    after = before.copy()
    after[at % len(after)] *= factor
    assert 0.0 <= clip_score(after) <= clip_score(before) + 1e-12 <= 1.0 + 1e-12


@given(_scores)
def test_weights_of_frames_add_up_and_missing_ones_have_none(scores):
    values = np.array([*scores, np.nan])
    weights = frame_weights(values)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[-1] == 0.0
    assert clip_score(values) == pytest.approx(clip_score(values[:-1]))
    assert clip_score(values) <= np.nanmean(values) + 1e-12  # bad frames weigh more


@given(st.lists(st.lists(_score, min_size=3, max_size=3), min_size=1, max_size=6), _score)
def test_a_worse_part_never_raises_the_whole_and_costs_add_up(parts, factor):
    table = [np.array(part) for part in parts]
    value, costs = whole(table)
    assert np.sum(costs, axis=0) == pytest.approx(1.0 - value, abs=1e-9)
    table[0] = table[0] * factor
    assert (whole(table)[0] <= value + 1e-12).all()


def test_a_part_that_was_not_measured_does_not_count():
    value, _ = whole([np.array([0.5, 0.5]), np.array([np.nan, 1.0])])
    assert value == pytest.approx([0.5, 0.625])


def test_the_page_tells_every_measure_with_its_bounds():
    page = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
    for spec in SPECS:
        unit = spec.unit or "ratio"
        row = (
            f"| `{spec.name}` {spec.title} | {unit} | {spec.good:g} | {spec.bad:g} | {spec.formula.replace('|', '∣')} |"
        )
        assert row in page, spec.name
