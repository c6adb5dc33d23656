# SPDX-License-Identifier: GPL-3.0-or-later
"""From a list to stages, and what a plan must not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from holirep_blender.batch.checking import BlendFacts, check_files
from holirep_blender.batch.child import job_of, read_job
from holirep_blender.batch.digests import Digests
from holirep_blender.batch.plan import Plan
from holirep_blender.batch.planning import make_plan
from holirep_blender.batch.plate_checking import Seen, check_plates
from holirep_blender.batch.problems import ListErrors, Problem
from holirep_blender.batch.reading import read_list
from holirep_blender.batch.standing import Keys
from holirep_blender.batch.whole_files import write_whole

ALL = """
[defaults]
template = "template.blend"
character_file = "hero.blend"
character = "Hero"
environment = "set.hdr"
do = ["export", "render-preview", "bake-shadows", "light", "apply", "clean-plate", "replicate"]
export = ["bvh", "fbx"]
[[shots]]
name = "sh010"
plate = "a.mov"
"""


def planned(folder: Path, text: str) -> Plan:
    path = folder / "shots.toml"
    path.write_text(text, encoding="utf-8")
    return make_plan(read_list(path))


def told(folder: Path, text: str) -> list[str]:
    with pytest.raises(ListErrors) as caught:
        planned(folder, text)
    return [problem.text("l") for problem in caught.value.problems]


def test_stages_follow_each_other_as_the_files_do(tmp_path):
    plan = planned(tmp_path, ALL)
    assert [stage.name for stage in plan.stages] == [
        "replicate",
        "clean-plate",
        "apply",
        "light",
        "bake-shadows",
        "render-preview",
        "export.fbx",
        "export.bvh",
    ]
    needs = {stage.name: [need.partition("/")[2] for need in stage.needs] for stage in plan.stages}
    assert needs["apply"] == needs["clean-plate"] == ["replicate"]
    assert needs["light"] == ["apply"]
    assert needs["render-preview"] == needs["bake-shadows"] == needs["export.fbx"] == ["light"]
    assert needs["export.bvh"] == ["replicate"]
    # the character is brought in once, by the first stage that works on a scene
    assert plan.stage("sh010/apply").opens == {
        "blend": "blend",
        "character_file": "character_file",
        "character": "Hero",
        "bring_in": "link",
    }
    assert plan.stage("sh010/light").opens == {"blend": "blend"}


def test_no_stage_holds_a_path_of_the_machine(tmp_path):
    for stage in planned(tmp_path, ALL).stages:
        assert str(tmp_path) not in str(stage.to_json())


def test_quality_has_the_lists_gates_and_holds_exports_back_where_that_is_asked_for(tmp_path):
    text = ALL.replace('"replicate"]', '"replicate", "quality"]')
    text += "[defaults.quality]\noverall = 0.8\nlighting_realism = 0.7\nbefore_export = true\n"
    text += "[shots.quality]\noverall = 0.9\n"
    plan = planned(tmp_path, text)
    stage = plan.stage("sh010/quality")
    assert stage.recipe["gates"] == {"overall": 0.9, "lighting_realism": 0.7}
    assert stage.needs == ("sh010/replicate", "sh010/light")
    assert stage.words[:6] == ("quality", "{take}", "--report", "{quality}", "--character", "Hero")
    for name in ("sh010/export.fbx", "sh010/export.bvh"):
        assert "sh010/quality" in plan.stage(name).needs
    for name in ("a.mov", "template.blend", "hero.blend", "set.hdr"):
        (tmp_path / name).write_bytes(name.encode())
    stricter = planned(tmp_path, text.replace("overall = 0.9", "overall = 0.95"))
    keys = [Keys(one, Digests()) for one in (plan, stricter)]
    same = {stage.id: keys[0].of(stage) == keys[1].of(stricter.stage(stage.id)) for stage in plan.stages}
    assert [name for name, equal in same.items() if not equal] == ["sh010/quality"]


def test_two_usd_exports_do_not_share_a_folder_of_textures(tmp_path):
    text = ALL.replace('"bvh", "fbx"', '"usd"') + 'outputs = { export = "flat_{shot}" }\n[[shots]]\nname = "b"\n'
    found = told(tmp_path, text + 'plate = "b.mov"\noutputs = { export = "b" }\n')
    assert "b/export.usd and sh010/export.usd would write their textures into the same folder" in found[0]


def test_ranges_are_held_against_their_plates(tmp_path):
    (tmp_path / "seq").mkdir()
    for number in (1, 2, 4):
        (tmp_path / "seq" / f"a.{number:04d}.png").write_bytes(b"x")
    for name in ("long.mov", "torn.mov"):
        (tmp_path / name).write_bytes(name.encode())
    rows = (("long.mov", "[1, 9]"), ("long.mov", "[1, 11]"), ("torn.mov", "[1, 4]"), ("torn.mov", "[1, 6]"))
    rows += (("seq", "[1, 2]"), ("seq/a.####.png", "[1, 4]"), ("seq/a.0001.png", "[2, 5]"))
    text = "".join(
        f'[[shots]]\nname = "s{number}"\nplate = "{plate}"\nrange = {frames}\nperson = "5,5@2"\n'
        for number, (plate, frames) in enumerate(rows)
    )
    path = tmp_path / "shots.toml"
    path.write_text(text.replace("5,5@2", "5,5@3", 1), encoding="utf-8")
    asked = []

    def look(wanted):
        asked.append([(file.name, frames) for file, frames in wanted])
        torn = {(file, frames): file.name == "torn.mov" and frames != (1, 4) for file, frames in wanted}
        return {key: Seen(message="cut off") if broken else Seen((1, 10)) for key, broken in torn.items()}

    shots = read_list(path)
    found = [problem.text("l") for problem in sorted(check_plates(shots, make_plan(shots), look))]
    assert found == [
        "l:9: shots[1].range: the range 1-11 is outside the plate long.mov, which has the frames 1-10",
        "l:19: shots[3].range: cut off",
        "l:29: shots[5].range: a.####.png lacks the frames 3: add them, or choose a range without the gap",
        "l:34: shots[6].range: the range 2-5 is outside the plate a.0001.png, which has the frames 1-4",
    ]
    assert asked == [[("long.mov", None), ("torn.mov", None)], [("torn.mov", (1, 4)), ("torn.mov", (1, 6))]]


def test_frames_are_cut_into_chunks(tmp_path):
    text = ALL + '[shots.render-preview]\nformat = "png"\nframes = [1, 25]\nchunk = 10\n'
    chunks = [stage for stage in planned(tmp_path, text).stages if stage.kind == "render-preview"]
    assert [stage.frames for stage in chunks] == [(1, 10), (11, 20), (21, 25)]
    assert len({output.path for stage in chunks for output in stage.outputs}) == 6
    assert "--range 21-25" in " ".join(chunks[2].words)


def test_a_shot_may_build_on_what_another_leaves(tmp_path):
    text = """
[[shots]]
name = "second"
do = ["apply"]
take = "x.npz"
blend = "shots_output/first/first_apply.blend"
character = "B"
[[shots]]
name = "first"
do = ["apply"]
take = "x.npz"
blend = "own.blend"
character = "A"
"""
    plan = planned(tmp_path, text)
    assert [stage.id for stage in plan.stages] == ["first/apply", "second/apply"]
    assert plan.stage("second/apply").needs == ("first/apply",)
    circle = text.replace("own.blend", "shots_output/second/second_apply.blend")
    assert "wait for each other" in told(tmp_path, circle)[0]
    found: list[Problem] = []
    path = tmp_path / "shots.toml"
    shots = read_list(path)
    plan = make_plan(shots, None, found)  # what else is wrong can still be looked for
    assert "there is no take" in " ".join(one.message for one in check_files(shots, plan, lambda _file: BlendFacts()))


def test_bad_names_and_missing_parts_are_told_together(tmp_path):
    found = told(
        tmp_path,
        """
[[shots]]
name = "a"
do = ["replicate", "apply", "light", "quality"]
outputs = { take = "../../x.npz", light = "{s}.blend" }
[[shots]]
name = "A"
plate = "x.mov"
outputs = { take = ".holirep/a.npz" }
[[shots]]
name = "c"
plate = "x.mov"
outputs = { take = "same.npz" }
[[shots]]
name = "d"
plate = "x.mov"
outputs = { take = "same.npz" }
""",
    )
    text = "\n".join(found)
    for part in (
        "l:4: shots[0].do: replicate needs a plate",
        "l:4: shots[0].do: light needs an environment",
        "quality needs a take",
        "l:5: shots[0].outputs.take: ../../x.npz is outside the output folder",
        "l:7: shots[1].name: two shots have the name 'A'; the first is in line 2",
        ".holirep/a.npz is where the batch notes what is done",
        "d/replicate and c/replicate would write the same file same.npz",
    ):
        assert part in text
    outside = told(tmp_path, ALL.replace("[[shots]]", '[defaults.outputs]\ntake = "../{shot}.npz"\n[[shots]]'))
    assert "../sh010.npz is outside the output folder" in outside[0]


def test_a_link_that_leads_out_of_the_output_folder_is_found(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shots_output").mkdir()
    (tmp_path / "shots_output" / "sh010").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert "is outside the output folder" in told(tmp_path, ALL)[0]


def test_files_are_looked_at_before_any_work(tmp_path):
    path = tmp_path / "shots.toml"
    path.write_text(ALL, encoding="utf-8")
    (tmp_path / "hero.blend").write_bytes(b"x")
    shots = read_list(path)
    looked = []

    def look(file: Path) -> BlendFacts:
        looked.append(file.name)
        return BlendFacts(objects=frozenset({"Villain"}))

    found = "\n".join(problem.text("l") for problem in check_files(shots, make_plan(shots), look))
    assert looked == ["hero.blend"]
    assert f"l:11: shots[0].plate: there is no plate at {tmp_path / 'a.mov'}" in found
    assert "defaults.template: there is no file at" in found
    assert "defaults.environment: there is no environment at" in found
    assert "has no object named 'Hero'; it has Villain" in found


def test_a_character_is_not_brought_into_its_own_file(tmp_path):
    path = tmp_path / "shots.toml"
    lines = ["[[shots]]", 'name = "a"', 'do = ["apply"]', 'take = "a.npz"', 'character = "Hero"']
    lines += ['template = "h.blend"', 'character_file = "./h.blend"']
    path.write_text("\n".join(lines), encoding="utf-8")
    for name in ("a.npz", "h.blend"):
        (tmp_path / name).write_bytes(b"x")
    shots = read_list(path)
    found = check_files(shots, make_plan(shots), lambda file: BlendFacts(objects=frozenset({"Hero"})))
    (text,) = [problem.text("l") for problem in found]
    assert text.startswith("l:7: shots[0].character_file: ")
    assert "leave character_file out" in text


def test_a_job_holds_its_stage_and_what_that_is_made_from(tmp_path):
    plan = planned(tmp_path, ALL)
    file = tmp_path / "job.json"
    import json

    write_whole(file, json.dumps(job_of(plan, plan.stage("sh010/light"), {"device": "cpu"})))
    again, stage, travelling = read_job(file)
    assert stage == plan.stage("sh010/light")
    assert {one.name for one in again.stages} == {"light", "apply", "replicate"}
    assert (again.root, again.output, travelling) == (plan.root, plan.output, {"device": "cpu"})
