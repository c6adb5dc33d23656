# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip: built, validated, installed, used, removed."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from holirep_blender.licences import read_licences
from tests.extension.blender_matrix import smoke
from tests.extension.build import SOURCE, build, run_tool

TRAINED = SOURCE / "inference" / "fusion" / "trained"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("zip"))


def test_the_zip_holds_what_runs_and_nothing_else(archive):
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
    assert {"blender_manifest.toml", "licences.toml", "__init__.py", "inference/__main__.py"} <= set(names)
    assert any(name.startswith("runtime/lock/") for name in names)
    assert {f"inference/fusion/trained/{file.name}" for file in TRAINED.iterdir()} <= set(names)
    unwanted = [name for name in names if "__pycache__" in name or name.startswith(("tests", ".")) or ".whl" in name]
    assert unwanted == []


def test_the_tool_rejects_a_manifest_that_breaks_the_rules(tmp_path):
    """The build really is checked: a full stop at the end of the tagline is against the rules."""
    copy = tmp_path / "holirep"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__", "motion", "inference"))
    manifest = copy / "blender_manifest.toml"
    manifest.write_text(manifest.read_text().replace("on your own character", "on your own character."))
    assert run_tool("validate", copy).returncode != 0


@pytest.mark.slow
def test_the_zip_installs_works_and_leaves_nothing_behind(archive):
    done = smoke(Path(sys.executable), archive)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "smoke: ok" in done.stdout


def test_every_model_in_the_list_of_licences_is_the_one_in_the_runtime(runtime):
    site = next(runtime.glob("lib/python3.*/site-packages"), runtime / "Lib" / "site-packages")
    models = [entry for entry in read_licences() if entry.sha256]
    assert len(models) >= 5
    own = {hashlib.sha256(file.read_bytes()).hexdigest() for file in TRAINED.glob("*.safetensors")}
    assert own == {entry.sha256 for entry in models if entry.source.startswith("this package")}
    for entry in models:
        if entry.sha256 not in own:
            file = site / entry.source.split(": ", 1)[1]
            assert hashlib.sha256(file.read_bytes()).hexdigest() == entry.sha256, entry.name


def test_every_model_that_the_tracker_names_is_in_the_list_of_licences():
    listed = {Path(entry.source).name for entry in read_licences()}
    text = "".join(path.read_text(encoding="utf-8") for path in (SOURCE / "inference").rglob("*.py"))
    named = {word for line in text.splitlines() for word in line.replace('"', " ").split() if word.endswith(".tflite")}
    assert named
    assert {Path(word).name for word in named} <= listed


# What may be used commercially and goes with the GPL, version 3.
USABLE = {"Apache-2.0", "BSD-3-Clause", "MIT", "CC0-1.0", "GPL-2.0-or-later", "GPL-3.0-or-later", "LGPL-3.0-or-later"}


def test_every_entry_has_a_name_a_licence_and_a_source():
    for entry in read_licences():
        assert entry.name, entry
        assert entry.licence in USABLE, entry
        assert entry.source, entry
