# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates of a show from its file."""

from __future__ import annotations

import sys

import pytest

from holirep_blender.quality import gates
from holirep_blender.quality.results import DEFAULT_GATES


def test_a_show_changes_some_gates_and_keeps_the_others(tmp_path):
    (tmp_path / "show.json").write_text('{"temporal_coherence": 0.9, "overall": 0.8}', encoding="utf-8")
    read = gates.read_gates(tmp_path / "show.json")
    assert read == {**DEFAULT_GATES, "temporal_coherence": 0.9, "overall": 0.8}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TOML is read from Python 3.11 on")
def test_toml_with_and_without_a_table(tmp_path):
    for text in ("overall = 0.8\n", "title = 'Show'\n[gates]\noverall = 0.8\n"):
        (tmp_path / "show.toml").write_text(text, encoding="utf-8")
        assert gates.read_gates(tmp_path / "show.toml")["overall"] == 0.8


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{"coherence": 0.9}', "no score 'coherence'"),
        ("a.json", '{"overall": 87}', "from 0 to 1, not 87"),
        ("a.json", '{"overall": true}', "from 0 to 1"),
        ("a.json", '{"overall": NaN}', "from 0 to 1"),
        ("a.json", "[0.9]", "must be an object"),
        ("a.json", "{", "not valid JSON"),
    ],
)
def test_bad_gates_are_told_with_the_file(tmp_path, name, text, said):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(gates.GatesError, match=said) as caught:
        gates.read_gates(tmp_path / name)
    assert name in str(caught.value)


def test_toml_is_refused_with_the_way_out_where_python_cannot_read_it(tmp_path, monkeypatch):
    (tmp_path / "show.toml").write_text("overall = 0.8\n", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "tomllib", None)
    with pytest.raises(gates.GatesError, match="Write them as JSON"):
        gates.read_gates(tmp_path / "show.toml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(gates.GatesError, match=r"gone\.json"):
        gates.read_gates(tmp_path / "gone.json")
