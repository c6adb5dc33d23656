# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds the extension's classes, properties, key, timer, handlers and command to Blender, and takes them out again."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

import bpy

from . import operators, panels, preferences, properties
from .operators import batch_run, session
from .scene import contact_display, quality_state, refine_live

_CLASSES: tuple[type, ...] = (*properties.CLASSES, *preferences.CLASSES, *operators.CLASSES, *panels.CLASSES)
_taking_back: list[Callable[[], Any]] = []
"""What takes out the parts that are in Blender now, in the order in which they were added."""


def register() -> None:
    """Registers everything; where a part fails, all that was added before it is taken back."""
    try:
        _add(session.start, session.stop)
        for cls in _CLASSES:
            _add(partial(bpy.utils.register_class, cls), partial(bpy.utils.unregister_class, cls))
        _add(properties.register, properties.unregister)
        _add(session.register, session.unregister)
        _taking_back.append(batch_run.stop)
        _add(panels.register, panels.unregister)
        _add(contact_display.register, contact_display.unregister)
        _add(quality_state.register, quality_state.unregister)
        _add(refine_live.register, refine_live.unregister)
        _add_key()
        command = bpy.utils.register_cli_command("holirep", _run_command)
        _taking_back.append(partial(bpy.utils.unregister_cli_command, command))
    except Exception:
        unregister()
        raise


def unregister() -> None:
    """Ends the worker and takes out everything that ``register`` added, the last first."""
    while _taking_back:
        _taking_back.pop()()


def _add(add: Callable[[], Any], take_back: Callable[[], Any]) -> None:
    add()
    _taking_back.append(take_back)


def _run_command(argv: list[str]) -> int:
    from . import cli

    return cli.run_command(argv)


def _add_key() -> None:
    """Esc cancels a running job. The operator's poll is false while none runs, so that Esc keeps its other meanings."""
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    if keyconfig is None:  # in background there are no keys
        return
    keymap = keyconfig.keymaps.new(name="Window", space_type="EMPTY", region_type="WINDOW")
    item = keymap.keymap_items.new("holirep.cancel_job", "ESC", "PRESS")
    _taking_back.append(partial(_remove_key, keymap, item))


def _remove_key(keymap: bpy.types.KeyMap, item: bpy.types.KeyMapItem) -> None:
    keymap.keymap_items.remove(item)
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    if keyconfig is not None and not keymap.keymap_items:
        keyconfig.keymaps.remove(keymap)
