# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as YAML is read by PyYAML as what it was."""

from __future__ import annotations

import json
import subprocess

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from holirep_blender.batch.farm.yaml_text import yaml_text

# JSON's escapes of lone surrogates are no text, and PyYAML refuses control characters even in escapes of some ranges
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=12)
PLAIN = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT
KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9_.]{0,9}", fullmatch=True).map(lambda word: f"k{word}")
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@settings(max_examples=3, suppress_health_check=list(HealthCheck), deadline=None, phases=[Phase.generate])
@given(values=st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), min_size=20, max_size=20))
def test_yaml_is_read_as_what_it_was(farm, values):
    code = "import json, sys, yaml; print(json.dumps([yaml.safe_load(text) for text in json.load(sys.stdin)]))"
    texts = json.dumps([yaml_text(value) for value in values])
    done = subprocess.run([farm / "python", "-c", code], input=texts, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == values


def test_it_is_written_for_people():
    value = {"name": "a", "list": ["x", 1], "steps": [{"name": "s", "script": {"args": [], "on": True}}]}
    assert yaml_text(value) == (
        'name: "a"\nlist: ["x", 1]\nsteps:\n  - name: "s"\n    script:\n      args: []\n      on: true\n'
    )
