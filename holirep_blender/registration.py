# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds the extension's classes, properties, key, timer, handlers and command to Blender, and takes them out again."""

from __future__ import annotations

from typing import Any

import bpy

from . import operators, panels, preferences, properties, session

_CLASSES: tuple[type, ...] = (*properties.CLASSES, *preferences.CLASSES, *operators.CLASSES, *panels.CLASSES)
_keys: list[tuple[Any, Any]] = []
_commands: list[Any] = []


def register() -> None:
    """Registers everything; what was done is undone if a part fails."""
    session.start()
    registered: list[type] = []
    try:
        for cls in _CLASSES:
            bpy.utils.register_class(cls)
            registered.append(cls)
        properties.register()
        session.register()
        panels.register()
        _add_key()
        _commands.append(bpy.utils.register_cli_command("holirep", _run_command))
    except Exception:
        for cls in reversed(registered):
            bpy.utils.unregister_class(cls)
        session.stop()
        raise


def unregister() -> None:
    """Ends the worker and takes out everything that ``register`` added."""
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())
    while _keys:
        keymap, item = _keys.pop()
        keymap.keymap_items.remove(item)
        if not keymap.keymap_items:
            bpy.context.window_manager.keyconfigs.addon.keymaps.remove(keymap)
    panels.unregister()
    session.unregister()
    properties.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    session.stop()


def _run_command(argv: list[str]) -> int:
    from . import cli

    return cli.run_command(argv)


def _add_key() -> None:
    """Esc cancels a running job. The operator's poll is false while none runs, so that Esc keeps its other meanings."""
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    if keyconfig is None:  # in background there are no keys
        return
    keymap = keyconfig.keymaps.new(name="Window", space_type="EMPTY", region_type="WINDOW")
    _keys.append((keymap, keymap.keymap_items.new("holirep.cancel_job", "ESC", "PRESS")))
