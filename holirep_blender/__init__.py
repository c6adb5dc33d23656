# SPDX-License-Identifier: GPL-3.0-or-later
"""HoliRep: from a plate of a performer to keys on your own character.

Blender imports this module only to read it; everything else is loaded by ``register()``. The worker and plain Python
import it too, so nothing here may need bpy.
"""

from __future__ import annotations


def register() -> None:
    """Adds HoliRep to Blender."""
    from . import registration

    registration.register()


def unregister() -> None:
    """Takes HoliRep out of Blender and leaves nothing behind."""
    from . import registration

    registration.unregister()
