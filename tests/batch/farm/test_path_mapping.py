# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of another machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holirep_blender.batch.path_mapping import PathMapping, PathMappingError


def rules(*triples: tuple[str, str, str]) -> dict:
    keys = ("source_path_format", "source_path", "destination_path")
    return {"version": "pathmapping-1.0", "path_mapping_rules": [dict(zip(keys, one)) for one in triples]}


def test_the_most_particular_rule_counts():
    found = PathMapping.from_json(rules(("POSIX", "/mnt", "/a"), ("POSIX", "/mnt/plates", "/b")), "r")
    assert found.map("/mnt/plates/s/p.mov") == str(Path("/b/s/p.mov"))
    assert found.map("/mnt/other.blend") == str(Path("/a/other.blend"))
    assert found.map("/mnt") == str(Path("/a"))
    assert found.map("/mntx/p.mov") == "/mntx/p.mov"
    assert found.map("plates/p.mov") == "plates/p.mov"


def test_windows_paths_lead_here():
    found = PathMapping.from_json(rules(("WINDOWS", r"P:\Show", "/show")), "r")
    assert found.map(r"p:\show\sh010\plate.mov") == str(Path("/show/sh010/plate.mov"))
    assert found.map("P:/Show/x.exr") == str(Path("/show/x.exr"))


def test_where_rules_come_from(tmp_path):
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_text(json.dumps(rules(("POSIX", "/x", "/1"))), encoding="utf-8")
    second.write_text(json.dumps(rules(("POSIX", "/x", "/2"))), encoding="utf-8")
    assert PathMapping.chosen(None, {}).map("/x/p") == "/x/p"
    assert PathMapping.chosen(None, {"HOLIREP_PATH_MAPPING": str(second)}).map("/x/p") == str(Path("/2/p"))
    assert PathMapping.chosen(first, {"HOLIREP_PATH_MAPPING": str(second)}).map("/x/p") == str(Path("/1/p"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ('{"version": "2"}', 'not of the version "pathmapping-1.0"'),
        ('{"version": "pathmapping-1.0"}', "has no list path_mapping_rules"),
        (json.dumps(rules(("POSIX", "", "/a"))), "Rule 1 of the path mapping .* needs"),
        (json.dumps(rules(("URI", "s3://a", "/a"))), "POSIX or WINDOWS"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, said):
    path = tmp_path / "rules.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PathMappingError, match=said):
        PathMapping.load(path)
    with pytest.raises(PathMappingError, match="cannot be read"):
        PathMapping.load(tmp_path / "gone.json")
    path.write_text("{}", encoding="utf-8")
    assert PathMapping.load(path).rules == (), "a session without rules has an empty object"
