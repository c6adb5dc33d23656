# SPDX-License-Identifier: GPL-3.0-or-later
"""``doctor --farm``: its answer and its exit codes, with the real runtime."""

from __future__ import annotations

import json

from tests.extension.conftest import run_command


def answer(done):
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_node_that_is_ready(tmp_path):
    done = run_command("doctor", "--farm", "--out", str(tmp_path), "--json")
    found = answer(done)
    assert done.returncode == 0, done.stderr
    assert found["ok"]
    topics = {finding["topic"] for finding in found["findings"]}
    assert {"Blender", "Runtime", "Models", "Weights", "Output folder", "Clock", "Temporary folder", "Cycles"} <= topics


def test_a_folder_that_is_missing_ends_with_the_code_for_files(tmp_path):
    done = run_command("doctor", "--farm", "--out", str(tmp_path / "gone"), "--json")
    found = answer(done)
    assert done.returncode == found["exit_code"] == 7
    assert str(tmp_path / "gone") in found["error"]


def test_out_belongs_to_farm(tmp_path):
    done = run_command("doctor", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "--farm" in done.stderr
