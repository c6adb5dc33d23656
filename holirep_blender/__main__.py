# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m holirep_blender VERB …``: the command line with Blender as a Python module."""

from __future__ import annotations

import sys


def main() -> int:
    """Registers the package with the module ``bpy`` and runs the command."""
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
        return cli.main(sys.argv[1:], "python -m holirep_blender")
    finally:
        unregister()


if __name__ == "__main__":
    sys.exit(main())
