# SPDX-License-Identifier: GPL-3.0-or-later
"""Registering: complete or not at all."""

from __future__ import annotations

import bpy
import pytest

import holirep_blender
from holirep_blender import panels, properties, registration
from holirep_blender.operators import session
from tests.extension.smoke import differences, traces


def _fails() -> None:
    raise RuntimeError("no room in the status bar")


@pytest.mark.parametrize(
    ("owner", "name"),
    [(properties, "register"), (session, "register"), (panels, "register"), (registration, "_add_key")],
)
def test_what_was_added_is_taken_back_where_a_later_part_fails(monkeypatch, owner, name):
    before = traces()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _fails)
        with pytest.raises(RuntimeError, match="no room"):
            holirep_blender.register()
    assert differences(before, traces()) == {}
    with pytest.raises(RuntimeError, match="not registered"):
        session.current()
    holirep_blender.register()  # and then it can be registered
    try:
        assert bpy.context.scene.holirep.smoothing == "ZERO_PHASE"
    finally:
        holirep_blender.unregister()
    assert differences(before, traces()) == {}


def test_a_class_that_blender_refuses_takes_the_others_with_it(monkeypatch):
    broken = type("HOLIREP_OT_broken", (bpy.types.Operator,), {"bl_idname": "no dot", "bl_label": "Broken"})
    before = traces()
    monkeypatch.setattr(registration, "_CLASSES", (*registration._CLASSES, broken))
    with pytest.raises((RuntimeError, ValueError)):
        holirep_blender.register()
    assert differences(before, traces()) == {}
