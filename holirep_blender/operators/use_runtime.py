# SPDX-License-Identifier: GPL-3.0-or-later
"""Use Existing Runtime: an environment that is on the machine already."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import preferences
from . import session
from .install_runtime import start


class HOLIREP_OT_use_runtime(bpy.types.Operator):
    """Use a Python environment that is there already as the runtime, instead of one that HoliRep installs"""

    bl_idname = "holirep.use_runtime"
    bl_label = "Use Existing"
    bl_options = {"REGISTER"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs the preferences of an enabled extension, and no job that runs."""
        if preferences.stored(context) is None:
            cls.poll_message_set("HoliRep is not enabled as an extension: set HOLIREP_RUNTIME instead")
            return False
        if session.active_job() is not None:
            cls.poll_message_set("A job is running: wait for it or cancel it")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks for the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Tries every library and model of the environment, and uses it from then on if they work."""
        location = preferences.location_at(Path(self.directory))
        if not location.exists:
            self.report({"ERROR"}, f"There is no Python environment in {location.folder}")
            return {"CANCELLED"}
        folder = str(location.folder)

        def use() -> None:
            stored = preferences.stored(bpy.context)
            if stored is not None:
                stored.runtime_path = folder
                bpy.context.preferences.is_dirty = True

        return start(self, "check_runtime", f"The runtime is {folder}", {"python": str(location.python)}, use)


CLASSES = (HOLIREP_OT_use_runtime,)
