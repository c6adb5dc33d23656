# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to the machine and not to a shot: runtime, device, folders, licences."""

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import tomllib
from bpy.props import BoolProperty, EnumProperty, StringProperty

from .runtime.faults import RuntimeFault
from .runtime.location import RuntimeLocation, find_runtime, require_python
from .scene.blender_versions import PATH_OPTIONS

_device_items: list[tuple[str, str, str, int]] = []  # Blender needs the strings of a dynamic list kept alive


def _devices(preferences: bpy.types.AddonPreferences, _context: bpy.types.Context) -> list[tuple[str, str, str, int]]:
    """Auto, CPU and the graphics cards that the worker has named; a card's number stays the same between sessions."""
    items = [
        ("auto", "Automatic", "Use a graphics card where the runtime supports one, otherwise the processor", 0),
        ("cpu", "CPU", "Use the processor only", 1),
    ]
    for device, name in json.loads(preferences.known_devices or "{}").items():
        if device.startswith("cuda:"):
            items.append((device, name, f"Use this graphics card ({device})", int(device[5:]) + 2))
    _device_items[:] = items
    return _device_items


class HOLIREP_preferences(bpy.types.AddonPreferences):
    """Edit > Preferences > Add-ons > HoliRep."""

    bl_idname = __package__

    device: EnumProperty(name="Device", description="What the worker computes on", items=_devices)
    known_devices: StringProperty(description="The graphics cards that the worker found, by their names (JSON)")
    cache_folder: StringProperty(
        name="Takes Folder",
        description="Where takes are written. Empty: holirep_takes beside the .blend file, "
        "or the extension's user folder while the file is not saved",
        subtype="DIR_PATH",
        options=set(PATH_OPTIONS),
    )
    runtime_path: StringProperty(
        name="Runtime Path",
        description="Use this Python environment as the runtime; leave empty for the one that HoliRep installs",
        subtype="DIR_PATH",
    )
    wheels_folder: StringProperty(
        name="Wheels Folder",
        description="Install from this folder of wheels, without the network; leave empty to download",
        subtype="DIR_PATH",
    )
    python_path: StringProperty(
        name="Python",
        description="Python 3.9 to 3.12 to build the runtime with; leave empty to look for one",
        subtype="FILE_PATH",
    )
    weights_file: StringProperty(
        name="Network Weights",
        description="Weights of your own training for the method Fusion (.safetensors); leave empty for HoliRep's",
        subtype="FILE_PATH",
    )
    show_licences: BoolProperty(
        name="Licences", description="Show name, licence and source of everything that computes a result", default=False
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draws runtime, device, folders and licences."""
        from .panels import preferences_layout

        preferences_layout.draw(self.layout, self, context)


@dataclass(frozen=True)
class Settings:
    """The preferences, or their defaults where the package runs without being an enabled add-on."""

    device: str = "auto"
    cache_folder: str = ""
    runtime_path: str = ""
    wheels_folder: str = ""
    python_path: str = ""
    weights_file: str = ""


def settings() -> Settings:
    """The preferences as they are now."""
    values = stored(bpy.context)
    if values is None:
        return Settings()
    return Settings(
        device=values.device or "auto",
        cache_folder=values.cache_folder,
        runtime_path=_absolute(values.runtime_path),
        wheels_folder=_absolute(values.wheels_folder),
        python_path=_absolute(values.python_path),
        weights_file=_absolute(values.weights_file),
    )


def stored(context: bpy.types.Context) -> bpy.types.AddonPreferences | None:
    """The preferences that Blender keeps; None where the package is not an enabled add-on."""
    addon = context.preferences.addons.get(__package__)
    return addon.preferences if addon is not None else None


def user_folder() -> Path:
    """The folder that this extension may write in; it is not made here."""
    try:
        return Path(bpy.utils.extension_path_user(__package__))
    except ValueError:  # run from the source tree or as a plain add-on
        return Path(bpy.utils.user_resource("DATAFILES")) / "holirep"


def runtime_location() -> RuntimeLocation:
    """Where the runtime is, or would be installed."""
    return find_runtime(
        preference=settings().runtime_path,
        environ=os.environ,
        package=Path(__file__).parent,
        user_folder=user_folder(),
    )


def runtime_python() -> Path:
    """The runtime's interpreter. Raises RuntimeFault, with the way out, where there is none."""
    return require_python(runtime_location())


def runtime_problem() -> str:
    """Why there is no runtime to work with; empty when there is one. Cheap enough to draw: it looks for one file."""
    try:
        runtime_python()
    except RuntimeFault as fault:
        return str(fault)
    return ""


def runtime_device() -> str:
    """The build of PyTorch that an installation is going to fetch: ``cpu`` or ``cuda``."""
    from .runtime.tools import expected_build

    return expected_build(settings().device)


def runtime_params() -> dict[str, Any]:
    """What jobs about the runtime need to know."""
    values = settings()
    location = runtime_location()
    return {
        "folder": str(location.folder),
        "runtime_python": str(location.python),
        "python": values.python_path,
        "wheels": values.wheels_folder,
        "device": values.device,
    }


def doctor_params() -> dict[str, Any]:
    """What Doctor needs to know, and what it is to say about this side."""
    with (Path(__file__).parent / "blender_manifest.toml").open("rb") as file:
        version = tomllib.load(file)["version"]
    host = {"HoliRep": version, "Blender": f"{bpy.app.version_string}, Python {platform.python_version()}"}
    return {**runtime_params(), "host": host}


def remember_devices(devices: list[dict[str, Any]]) -> None:
    """Keeps the names of the graphics cards that the worker could use, for the list of devices."""
    values = stored(bpy.context)
    if values is not None and devices:
        values.known_devices = json.dumps({item["id"]: item["name"] for item in devices if item["usable"]})


def location_at(path: Path) -> RuntimeLocation:
    """An environment that the user points to, by its folder or its interpreter."""
    return find_runtime(preference=str(path), environ={}, package=Path(__file__).parent, user_folder=None)


def presets_folder() -> Path:
    """The folder of the user's rig maps; it is made by the first one that is saved."""
    return user_folder() / "rig_maps"


def takes_folder() -> Path:
    """The folder that new takes are written to; it is not made here."""
    folder = settings().cache_folder or "//holirep_takes"
    if folder.startswith("//") and not bpy.data.filepath:
        return user_folder() / "takes"
    return Path(bpy.path.abspath(folder))


def _absolute(path: str) -> str:
    return bpy.path.abspath(path) if path else ""


CLASSES = (HOLIREP_preferences,)
