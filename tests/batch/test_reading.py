# SPDX-License-Identifier: GPL-3.0-or-later
"""Shot lists: every value is checked, and every problem has its line and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holirep_blender.batch.problems import ListErrors
from holirep_blender.batch.reading import read_list
from holirep_blender.batch.schema import json_schema
from holirep_blender.batch.settings import SHOT
from holirep_blender.batch.source_lines import json_lines, toml_lines

GOOD = """
output = "out"
[defaults]
do = ["replicate", "apply"]
template = "template.blend"
character = "Hero"
[defaults.apply]
set_range = true
feet = 0.5
[[shots]]
name = "sh010"
plate = "a.mov"
range = "101-250"
[[shots]]
name = "sh020"
plate = "b.mov"
blend = "own.blend"
apply = { feet = 1.0, in_place = true }
"""


def problems(path: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(ListErrors) as caught:
        read_list(path)
    return [(problem.line, problem.key, problem.message) for problem in caught.value.problems]


def written(folder: Path, text: str, name: str = "shots.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_merged_table_by_table_and_a_shots_own_file_replaces_the_template(tmp_path):
    found = read_list(written(tmp_path, GOOD))
    first, second = found.shots
    assert found.output == tmp_path / "out"
    assert first.values["range"] == (101, 250)
    assert first.values["apply"] == {"set_range": True, "feet": 0.5}
    assert first.values["template"] == "template.blend"
    assert second.values["apply"] == {"set_range": True, "feet": 1.0, "in_place": True}
    assert "template" not in second.values
    assert (first.at("plate").line, first.at("character").key) == (12, "defaults.character")


def test_an_empty_text_in_a_shot_takes_a_default_away(tmp_path):
    found = read_list(written(tmp_path, GOOD))
    assert "template" not in found.shots[1].values
    text = GOOD.replace('plate = "b.mov"', 'plate = "b.mov"\ncharacter = ""')
    assert "character" not in read_list(written(tmp_path, text)).shots[1].values
    assert problems(written(tmp_path, GOOD.replace('"template.blend"', '""')))[0][1] == "defaults.template"


def test_json_means_the_same_as_toml(tmp_path):
    import tomllib

    toml = read_list(written(tmp_path, GOOD))
    same = read_list(written(tmp_path, json.dumps(tomllib.loads(GOOD), indent=2), "shots.json"))
    assert [shot.values for shot in same.shots] == [shot.values for shot in toml.shots]


def test_all_problems_are_told_at_once_with_line_and_key(tmp_path):
    text = """verson = 1
[defaults]
do = ["replicate", "aply"]

[[shots]]
plate = "x.mov"
[[shots]]
name = "no spaces"
[[shots]]
name = "ok"
range = [10, 5]
replicate = { smoothing = "some", "neutral_frame" = -2 }
person = "the tall one"
[shots.apply]
feet = 2.0
limits = true
"""
    found = problems(written(tmp_path, text))
    assert [(line, key) for line, key, _ in found] == [
        (1, "verson"),
        (3, "defaults.do"),
        (5, "shots[0]"),
        (8, "shots[1].name"),
        (11, "shots[2].range"),
        (12, "shots[2].replicate.neutral_frame"),
        (12, "shots[2].replicate.smoothing"),
        (13, "shots[2].person"),
        (15, "shots[2].apply.feet"),
        (16, "shots[2].apply.limits"),
    ]
    assert "did you mean version?" in found[0][2]


def test_what_is_no_list_is_told_in_one_sentence(tmp_path):
    assert problems(tmp_path / "none.toml")[0][2].startswith("there is no shot list at ")
    assert problems(written(tmp_path, "[[shots]\n"))[0][0] == 1
    line, _, message = problems(written(tmp_path, '{"shots": [\n  {"name": "a",}]}', "bad.json"))[0]
    assert line == 2
    assert message.startswith("this is no JSON")
    assert problems(written(tmp_path, '{"output": "a",\n "output": "b"}', "twice.json"))[0][:2] == (2, "output")
    assert "no shots" in problems(written(tmp_path, ""))[0][2]


def test_environment_variables_are_put_in_and_missing_ones_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PLATES", "/mnt/plates")
    monkeypatch.delenv("NOWHERE", raising=False)
    text = '[[shots]]\nname = "a"\nplate = "$PLATES/a.mov"\n'
    assert read_list(written(tmp_path, text)).shots[0].values["plate"] == "/mnt/plates/a.mov"
    found = problems(written(tmp_path, text.replace("$PLATES", "${NOWHERE}")))
    assert found == [(3, "shots[0].plate", "the environment variable NOWHERE is not set")]


def test_a_folder_of_shots_stands_for_a_list(tmp_path):
    (tmp_path / "defaults.toml").write_text('[defaults]\ncharacter = "Hero"\n')
    for name in ("sh020", "sh010", "_old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plate.mov").write_bytes(b"x")
    (tmp_path / "sh010" / "environment.hdr").write_bytes(b"x")
    (tmp_path / "sh010" / "shot.toml").write_text('range = [1, 9]\ncharacter_file = "hero.blend"\n')
    found = read_list(tmp_path)
    assert [shot.name for shot in found.shots] == ["sh010", "sh020"]
    values = found.shots[0].values
    assert (values["plate"], values["environment"]) == ("sh010/plate.mov", "sh010/environment.hdr")
    assert (values["character_file"], values["character"]) == ("sh010/hero.blend", "Hero")
    assert found.output == tmp_path / "_output"


def test_what_is_wrong_in_a_folder_is_told_with_its_own_file_and_line(tmp_path):
    (tmp_path / "defaults.toml").write_text('output = "o"\n[defaults]\nmethod = "magic"\n')
    for name in ("sh010", "sh020"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plate.mov").write_bytes(b"x")
    (tmp_path / "sh020" / "shot.toml").write_text("# mine\nrang = [1, 9]\n[apply]\nfeet = 3\n")
    (tmp_path / "sh010" / "plate.mov").rename(tmp_path / "sh010" / "plate.mp4")
    with pytest.raises(ListErrors) as caught:
        read_list(tmp_path)
    texts = [problem.text("shots") for problem in caught.value.problems]
    assert texts[0].startswith("shots: defaults.toml:3: defaults.method: ")
    assert texts[1].startswith("shots: sh020/shot.toml:2: rang: there is no setting of this name; did you mean range?")
    assert texts[2].startswith("shots: sh020/shot.toml:4: apply.feet: ")


def test_lines_of_toml_in_all_its_forms():
    text = '''# [no] = 1
"a b".c = """
[x]
y = 2 \\""" """
list = [ # comment ]
  1,
  { k = "}", "q" = [2, 3] },
]
[t."u.v"]
when = 2020-01-01T00:00:00Z
[[many]]
x = 'C:\\'
[[many.inner]]
y = 1
[[many]]
[many.tab]
z = -1e5 # end'''
    lines = toml_lines(text)
    assert lines[("a b", "c")] == 2
    assert lines[("list",)] == 5
    assert lines[("list", 1, "q", 1)] == 7
    assert lines[("t", "u.v", "when")] == 10
    assert lines[("many", 0, "x")] == 12
    assert lines[("many", 0, "inner", 0, "y")] == 14
    assert lines[("many", 1, "tab", "z")] == 17


def test_lines_of_json_with_braces_in_strings():
    lines, twice = json_lines('{"a": "}{,\\"",\n "b": [1,\n {"c": null}, []],\n "d": {}, "a": 2}')
    assert lines[("b", 1, "c")] == 3
    assert lines[("d",)] == 4
    assert twice == [("a",)]


def test_the_published_schema_is_that_of_the_code(repository):
    published = json.loads((repository / "docs" / "shots.schema.json").read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(json_schema()))


def test_every_option_of_the_list_is_one_of_the_command(tmp_path):
    """What the table calls an option is one of the command's, and takes such a value."""
    from holirep_blender.cli.parser import build_parser

    words = {"replicate": ["--plate", "x"], "apply": ["--take", "t", "--character", "c", "--save", "s"]}
    words |= {"light": ["--hdri", "h"], "render-preview": ["--out", "o"], "bake-shadows": ["--out", "o"]}
    samples = {"word": "estimate", "path": "p", "size": "64x64"}
    for table in SHOT:
        for setting in table.table if table.key in words else ():
            value = setting.choices[0] if setting.choices else samples.get(setting.kind, f"{setting.low or 0:g}")
            given = [setting.option, value] if setting.kind != "switch" else [setting.option]
            if setting.option:
                build_parser("holirep").parse_args([table.key, *words[table.key], *given])
