# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender on a virtual screen for each file of tests, and where its pictures go."""

from __future__ import annotations

import configparser
import os
import shutil
import time
from pathlib import Path
from typing import Iterator

import pytest

from tests.extension.build import build

from .screen import SIZE, Screen


@pytest.fixture(scope="module")
def pictures(repository: Path) -> Path:
    """Where the pictures go that a person is to look at."""
    return repository / "build" / "gui"


@pytest.fixture(scope="module")
def runtime(repository: Path) -> Path:
    """The runtime that the worker is started in."""
    folder = Path(os.environ.get("HOLIREP_RUNTIME") or repository / ".runtime")
    if not folder.is_dir():
        pytest.skip(f"there is no runtime at {folder}: set it up with `make test`")
    return folder


@pytest.fixture(scope="module")
def plate(repository: Path) -> Path:
    """The sample plate."""
    path = repository / "build" / "plates" / "demo.mp4"
    if not path.is_file():
        pytest.skip("the sample plate is not here: `make test-gui` fetches it")
    return path


@pytest.fixture(scope="module")
def screen(
    request: pytest.FixtureRequest,
    repository: Path,
    runtime: Path,
    plate: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Screen]:
    """Blender with a clean profile, the built zip installed and the sidebar open.

    A file of tests may say the screen's ``SIZE``, and which are its ``OPEN_PANELS``; without, all are as they come.
    """
    work = tmp_path_factory.mktemp("gui")
    shown = Screen(work, [repository, _base_of(runtime)], getattr(request.module, "SIZE", SIZE))
    if shown.reason:
        pytest.skip(shown.reason)
    (work / "home" / ".config").mkdir(parents=True)
    (work / "zip").mkdir()
    archive = build(work / "zip")
    shown.run("blender", "--command", "extension", "install-file", "-r", "user_default", "-e", archive)
    driver = work / "driver.py"
    shutil.copyfile(Path(__file__).with_name("driver.py"), driver)
    try:
        shown.open(driver, HOLIREP_RUNTIME=str(runtime))
        if hasattr(request.module, "OPEN_PANELS"):
            shown.python(f"driver.open_only({list(request.module.OPEN_PANELS)!r})")
        shown.python("driver.view().spaces.active.show_region_ui = True")
        time.sleep(1.0)
        shown.python(
            "driver.region('UI').active_panel_category = 'HoliRep'; driver.region('UI').tag_redraw();"
            "bpy.data.objects.remove(bpy.data.objects['Cube']);"
            "bpy.ops.ed.undo_push(message='Cube removed')"
        )
        yield shown
    finally:
        shown.close()


def _base_of(runtime: Path) -> Path:
    """The installation of Python that an environment is made from: its interpreter is a link to there."""
    text = "[environment]\n" + (runtime / "pyvenv.cfg").read_text()
    settings = configparser.ConfigParser()
    settings.read_string(text)
    return Path(settings["environment"]["home"]).parent
