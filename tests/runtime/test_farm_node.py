# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor of a farm's node finds: real folders, a clock that is wrong, weights that are not whole."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest

from holirep_blender.runtime import farm_node


def levels(findings):
    return [(finding.level, finding.topic) for finding in findings]


def test_a_folder_that_takes_results(tmp_path):
    assert levels(farm_node.output_findings(tmp_path))[1] == ("ok", "Clock")
    assert farm_node.output_findings(tmp_path)[0].level in ("ok", "note")
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_folder_that_is_not_there(tmp_path):
    (finding,) = farm_node.output_findings(tmp_path / "gone")
    assert finding.level == "problem"
    assert str(tmp_path / "gone") in finding.text
    assert "Mount" in finding.todo


def test_a_folder_that_may_not_be_written():
    if os.name != "posix":
        pytest.skip("needs POSIX permissions")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        if os.getuid() == 0:
            os.seteuid(65534)  # root may write everywhere
        try:
            (finding,) = farm_node.output_findings(folder)
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
    assert "no permission to write" in finding.text


@pytest.mark.parametrize(
    ("skew", "level", "said"),
    [(0.3, "ok", "as that of"), (-30.0, "note", "29.9 s ahead of"), (400.0, "problem", "399.9 s behind")],
)
def test_the_clock_is_compared_with_the_file_servers(tmp_path, skew, level, said):
    finding = farm_node.clock_finding(tmp_path, skew, 0.1)
    assert finding.level == level
    assert said in finding.text


def test_damaged_weights_are_found(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"half")
    (tmp_path / "weights.json").write_text(json.dumps({"a.safetensors": "00"}), encoding="utf-8")
    assert "a.safetensors is damaged" in farm_node._weights_finding(tmp_path).text
    (tmp_path / "a.safetensors").unlink()
    assert farm_node._weights_finding(tmp_path).level == "problem"
    assert farm_node._weights_finding(farm_node.WEIGHTS).level == "ok"


def test_too_old_a_blender_and_too_little_memory():
    assert farm_node._blender_finding((4, 1, 0), (4, 2, 0)).level == "problem"
    assert farm_node._blender_finding((4, 2, 0), (4, 2, 0)).level == "ok"
    assert farm_node._memory_finding(2.0).level == "problem"
    assert "2 jobs" in farm_node._memory_finding(6.5).text
    assert farm_node._memory_finding(None).level == "note"
