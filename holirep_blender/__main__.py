# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m holirep_blender VERB …``: the command line with Blender as a Python module."""

from __future__ import annotations

import os
import shutil
import sys


def main(words: list[str]) -> int:
    """Registers the package with the module ``bpy`` and runs the command of these words; returns its exit code."""
    try:
        import bpy
    except ModuleNotFoundError:
        print("holirep: error: this Python has no module bpy: install it, or use blender -c holirep", file=sys.stderr)
        return 4
    import addon_utils  # only found once bpy is loaded

    for module in [addon.module for addon in bpy.context.preferences.addons if addon.module.endswith(".holirep")]:
        addon_utils.disable(module)  # an installed extension registers the same names; only in this process
    from . import cli, register, unregister

    register()
    try:
        return cli.main(words, "python -m holirep_blender")
    finally:
        unregister()
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: the module bpy of 4.2 crashes while Python ends if a property had a callback, and that would hide
    # the exit code. All processes and files of ours are closed by now.
    os._exit(code)
