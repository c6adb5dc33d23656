# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoke test of the built zip, for any Blender: python smoke.py ZIP, or blender --background --python smoke.py -- ZIP.

Expects a clean profile (BLENDER_USER_RESOURCES). Prints "smoke: ok" last; anything wrong ends it with a traceback.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.holirep"


def traces() -> dict[str, object]:
    """Everything that an extension can leave in Blender."""
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    keys = {}
    if keyconfig is not None:
        keys = {keymap.name: sorted(item.idname for item in keymap.keymap_items) for keymap in keyconfig.keymaps}
    return {
        "types": set(dir(bpy.types)),
        "handlers": {
            name: [function.__qualname__ for function in functions]
            for name in dir(bpy.app.handlers)
            if isinstance(functions := getattr(bpy.app.handlers, name), list)
        },
        "keys": keys,
        "scene": set(bpy.types.Scene.bl_rna.properties.keys()),
        "object": set(bpy.types.Object.bl_rna.properties.keys()),
        "window manager": set(bpy.types.WindowManager.bl_rna.properties.keys()),
        "status bar": [
            function.__qualname__ for function in getattr(bpy.types.STATUSBAR_HT_header.draw, "_draw_funcs", ())[1:]
        ],
        "operators": set(dir(bpy.ops.holirep)),
    }


def differences(before: dict[str, object], after: dict[str, object]) -> dict[str, object]:
    """What is not as it was."""
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def main(archive: str) -> None:
    """Installs, enables, uses, disables, enables again, uninstalls."""
    before = traces()
    assert bpy.ops.extensions.package_install_files(repo="user_default", filepath=archive, enable_on_install=True) == {
        "FINISHED"
    }
    assert MODULE in bpy.context.preferences.addons
    extension = importlib.import_module(MODULE)
    session = importlib.import_module(MODULE + ".operators.session")
    cli = importlib.import_module(MODULE + ".cli")

    shot = bpy.context.scene.holirep
    assert shot.smoothing == "ZERO_PHASE"
    assert shot.method == "FUSION"
    assert not shot.plate
    assert bpy.types.HOLIREP_PT_performance.bl_category == "HoliRep"
    stored = bpy.context.preferences.addons[MODULE].preferences
    assert stored.device == "auto"
    assert bpy.ops.holirep.replicate_performance.poll() is False
    use_the_main_parts(shot)
    use_refine(shot.refine)
    use_quality(shot)
    assert unknown_icons(Path(extension.__file__).parent) == set()

    text, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(errors):
        code = cli.main(
            ["replicate", "--plate", "/nowhere/plate.mov", "--out", "/nowhere/take.npz", "--json"], "holirep"
        )
    assert code == 7, (code, errors.getvalue())
    assert json.loads(text.getvalue().splitlines()[-1])["ok"] is False
    assert errors.getvalue().count("\n") == 1, errors.getvalue()

    for _ in range(2):
        bpy.ops.preferences.addon_disable(module=MODULE)
        left = differences(before, traces())
        assert not left, left
        assert not bpy.app.timers.is_registered(session._tick)
        bpy.ops.preferences.addon_enable(module=MODULE)
        assert bpy.context.scene.holirep.smoothing == "ZERO_PHASE"
    assert extension.__name__ == MODULE
    bpy.ops.extensions.package_uninstall(repo_index=repository_index(), pkg_id="holirep")
    assert MODULE not in bpy.context.preferences.addons
    print(f"smoke: ok in Blender {bpy.app.version_string}, Python {sys.version.split()[0]}")


def unknown_icons(folder: Path) -> set[str]:
    """Icons that the panels and operators name and this Blender does not have."""
    known = set(bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items.keys())
    named = set(importlib.import_module(MODULE + ".panels.sidebar").LEVEL_ICONS.values())
    for path in [*folder.glob("panels/*.py"), *folder.glob("operators/*.py")]:
        named |= set(re.findall(r'icon="([A-Z0-9_]+)"', path.read_text(encoding="utf-8")))
    kinds = importlib.import_module(MODULE + ".scene.refine_rows").KIND_ITEMS
    named |= {item[3] for item in kinds}
    remedies = importlib.import_module(MODULE + ".panels.quality_remedies")
    named |= {each[1] for table in (remedies._OWN, remedies._OTHERS) for each in table.values()}
    named |= {"CHECKMARK", "CANCEL", "QUESTION", "DOT"}  # of scores
    return named - known


def use_the_main_parts(shot: bpy.types.PropertyGroup) -> None:
    """A character, its rig map, and rows that can be edited."""
    assert bpy.ops.holirep.add_demo_character() == {"FINISHED"}
    assert shot.character is not None
    assert bpy.ops.holirep.find_rig_map() == {"FINISHED"}
    assert len(shot.rig_map) == 55
    assert not shot.rig_map_conflicts, shot.rig_map_conflicts
    row = next(item for item in shot.rig_map if item.joint == "leftHand")
    right = row.bone
    row.bone = "no such bone"
    assert row.conflict
    row.bone = right
    assert not row.conflict


def use_refine(refine: bpy.types.PropertyGroup) -> None:
    """Contacts, own limits, displays and a violation that is clicked."""
    display = importlib.import_module(MODULE + ".scene.contact_display")
    refine.show_bars = refine.show_places = True
    assert display.is_drawing("show_bars")
    assert bpy.ops.holirep.add_contact_edit(first=3, last=9, points={"leftHeel"}) == {"FINISHED"}
    assert [(edit.first, edit.last, edit.touching) for edit in refine.contact_edits] == [(3, 9, True)]
    refine.contact_edits[0].last = 12
    assert refine.contact_edits[0].last == 12
    assert bpy.ops.holirep.add_limit_override(limit="neck.rotation") == {"FINISHED"}
    assert refine.overrides[0].high > 0.5
    found = refine.violations.add()
    found.name, found.joint, found.kind, found.frame = "Left knee flexion 170°", "leftLowerLeg", "limit", 7.0
    assert bpy.ops.holirep.jump_to_violation(to="ROW", row=0) == {"FINISHED"}
    assert bpy.context.scene.frame_current == 7
    assert bpy.context.mode == "POSE"
    bone = next(row.bone for row in bpy.context.scene.holirep.rig_map if row.joint == "leftLowerLeg")
    assert [one.name for one in bpy.context.selected_pose_bones] == [bone]


def use_quality(shot: bpy.types.PropertyGroup) -> None:
    """A take on the character that is assessed, and what is drawn of it."""
    takes, skeleton = (importlib.import_module(f"{MODULE}.motion.{name}") for name in ("take", "skeleton"))
    offsets = skeleton.t_pose_offsets(1.7)
    rotations = [[[1.0, 0.0, 0.0, 0.0]] * len(skeleton.JOINT_NAMES)] * 6
    made = takes.Take(30.0, 1, rotations, [[0.0, 0.0, offsets[0][2]]] * 6, offsets)
    with tempfile.TemporaryDirectory() as folder:
        shot.take = os.path.join(folder, "take.npz")
        made.save(shot.take)
        assert bpy.ops.holirep.apply_take() == {"FINISHED"}
        assert bpy.ops.holirep.assess_quality() == {"FINISHED"}
        assert shot.quality.judged.splitlines()[0].endswith("as it is keyed"), shot.quality.judged
        assert not importlib.import_module(MODULE + ".scene.quality_state").is_stale(bpy.context.scene)
    display = importlib.import_module(MODULE + ".scene.contact_display")
    shot.quality.show_overlay = shot.quality.show_ranges = True
    assert display.is_drawing("show_picture")
    assert display.is_drawing("show_ranges")
    shot.quality.show_overlay = False
    assert not display.is_drawing("show_picture")


def repository_index() -> int:
    """Where the repository ``user_default`` is among Blender's repositories."""
    names = [repository.module for repository in bpy.context.preferences.extensions.repos]
    return names.index("user_default")


if __name__ == "__main__":
    main(sys.argv[-1])
    if not bpy.app.binary_path and bpy.app.version < (4, 5):
        sys.stdout.flush()
        os._exit(0)  # the module bpy of 4.2 crashes while Python ends once any property had a callback
