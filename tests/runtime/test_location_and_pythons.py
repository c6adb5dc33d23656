# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the runtime is, and what it can be built with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from holirep_blender.runtime.faults import RuntimeFault
from holirep_blender.runtime.location import find_runtime, require_python
from holirep_blender.runtime.process import environment_python
from holirep_blender.runtime.pythons import choose_python, find_pythons, probe_python

from .conftest import posix_only, wrapper


def place(tmp_path, preference="", environ=None, checkout=False):
    package = tmp_path / "addons" / "holirep"
    package.mkdir(parents=True)
    if checkout:
        (package.parent / "pyproject.toml").touch()
    user_folder = tmp_path / "user"
    return find_runtime(preference=preference, environ=environ or {}, package=package, user_folder=user_folder)


def test_the_preference_comes_first(tmp_path):
    found = place(tmp_path, str(tmp_path / "mine"), {"HOLIREP_RUNTIME": str(tmp_path / "other")}, checkout=True)
    assert (found.folder, found.source) == (tmp_path / "mine", "preference")
    assert found.python == environment_python(tmp_path / "mine")


def test_then_the_environment_variable(tmp_path):
    found = place(tmp_path, environ={"HOLIREP_RUNTIME": str(tmp_path / "other")}, checkout=True)
    assert (found.folder, found.source) == (tmp_path / "other", "environment")


def test_then_the_checkout_and_then_the_user_folder(tmp_path):
    assert place(tmp_path / "a", checkout=True).folder == tmp_path / "a" / "addons" / ".runtime"
    assert place(tmp_path / "b").folder == tmp_path / "b" / "user" / "runtime"


def test_an_interpreter_can_be_named_instead_of_a_folder(tmp_path):
    found = place(tmp_path, sys.executable)
    assert found.python == Path(sys.executable)
    assert found.exists
    assert require_python(found) == Path(sys.executable)


@pytest.mark.parametrize(("preference", "words"), [("", "Press Install Runtime"), ("nowhere", "the preferences name")])
def test_a_runtime_that_is_not_there_says_what_to_do(tmp_path, preference, words):
    found = place(tmp_path, preference and str(tmp_path / preference))
    with pytest.raises(RuntimeFault, match=words):
        require_python(found)


def test_this_python_is_recognised():
    found = probe_python(Path(sys.executable))
    assert found.version == sys.version_info[:3]
    assert found.bits == 64
    assert (found.problem is None) == (sys.version_info[1] <= 12)


def test_something_that_is_no_python_is_not(tmp_path):
    assert probe_python(tmp_path / "none") is None
    (tmp_path / "text").write_text("hello")
    assert probe_python(tmp_path / "text") is None


@posix_only
def test_a_suitable_python_is_found_on_the_path_and_only_a_suitable_one(tmp_path):
    answer = (
        '{{"version": [3, {minor}, 1], "bits": 64, "executable": "", "implementation": "CPython", "machine": "x", '
        '"venv": true}}'
    )
    for minor in (9, 12, 13):
        folder = tmp_path / str(minor)
        folder.mkdir()
        wrapper(folder, f"echo '{answer.format(minor=minor)}'\n").rename(folder / f"python3.{minor}")
    path = ":".join(str(tmp_path / str(minor)) for minor in (9, 12, 13))
    found = [python for python in find_pythons({"PATH": path}, tmp_path) if tmp_path in python.path.parents]
    assert [python.version[1] for python in found] == [12, 9]


@posix_only
def test_a_shim_leads_to_the_interpreter_behind_it(tmp_path):
    shim = wrapper(tmp_path, f'exec {sys.executable} "$@"\n')
    assert probe_python(shim).path == Path(sys.executable)


@posix_only
@pytest.mark.parametrize(
    ("version", "bits", "words"),
    [("[3, 13, 0]", 64, "Python 3.13.0"), ("[3, 11, 0]", 32, "32-bit"), ("[3, 8, 1]", 64, "needs 3.9 to 3.12")],
)
def test_a_choice_that_does_not_suit_says_why(tmp_path, version, bits, words):
    answer = (
        f'{{"version": {version}, "bits": {bits}, "executable": "", "implementation": "CPython", "machine": "x", '
        '"venv": true}'
    )
    chosen = wrapper(tmp_path, f"echo '{answer}'\n")
    with pytest.raises(RuntimeFault, match=words):
        choose_python(str(chosen), {}, tmp_path)


def test_a_choice_that_does_not_exist_says_so(tmp_path):
    with pytest.raises(RuntimeFault, match="does not exist"):
        choose_python(str(tmp_path / "python"), {}, tmp_path)


def test_a_choice_may_be_an_environment(runtime_python):
    assert choose_python(str(runtime_python.parents[1]), {}, Path.home()).version[0] == 3
