# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment maps through Blender's own images and colour management, and residuals written as such.

Values are those that Blender renders with: linear, in the scene's working space, as Blender converts a file's own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Optional, TypeVar

import bpy
import numpy as np
import numpy.typing as npt

from ..lighting.environment_map import REC709_LUMINANCE, EnvironmentMap, checked_map
from ..lighting.errors import EnvironmentMapError as EnvironmentMapError
from . import blender_versions

_Read = TypeVar("_Read")
_LUMINANCE = {
    "Linear Rec.709": REC709_LUMINANCE,
    "Linear Rec.2020": (0.2627002120, 0.6779980715, 0.0593017165),
    "ACEScg": (0.2722287168, 0.6740817658, 0.0536895174),
}
"""Luminance of the working spaces that Blender offers: ITU-R BT.709, BT.2020, and AMPAS S-2014-004."""


def working_space() -> str:
    """The name of the linear space that Blender renders in; before 5.0 there is only one."""
    space = getattr(bpy.data, "colorspace", None)
    return str(space.working_space) if space is not None else "Linear Rec.709"


def luminance_weights(space: Optional[str] = None) -> tuple[float, float, float]:
    """Luminance of red, green and blue of a working space, the scene's own; those of Rec.709 where it is unknown."""
    return _LUMINANCE.get(working_space() if space is None else space, REC709_LUMINANCE)


def load_environment(path: Path) -> tuple[EnvironmentMap, list[str]]:
    """The environment of a file, and sentences for the user. Raises EnvironmentMapError, which names the file."""
    return _from_file(path, read_environment)


def load_pixels(path: Path) -> tuple[npt.NDArray[np.float32], list[str], float | None]:
    """A picture's linear values ``(h, w, 3)``, sentences for the user, and its format's highest value where that is 1.

    Raises EnvironmentMapError, which names the file.
    """
    return _from_file(path, read_pixels)


def _from_file(path: Path, read: Callable[[bpy.types.Image], _Read]) -> _Read:
    if not path.is_file():
        raise EnvironmentMapError(f"There is no environment at {path}: choose the file again.")
    try:
        image = bpy.data.images.load(str(path.absolute()), check_existing=False)
    except RuntimeError as error:
        raise EnvironmentMapError(f"Blender cannot read {path.name} as a picture: use an HDR or EXR file.") from error
    try:
        return read(image)
    except MemoryError as error:
        raise EnvironmentMapError(
            f"{path.name} is too large for this computer's memory: use a map of 8192 pixels or less."
        ) from error
    finally:
        bpy.data.images.remove(image)


def read_environment(image: bpy.types.Image) -> tuple[EnvironmentMap, list[str]]:
    """The environment of an image data-block, and sentences for the user. Raises EnvironmentMapError with its name."""
    colours, warnings, limit = read_pixels(image)
    environment, notes = environment_of(colours, Path(image.filepath).name or image.name)
    return replace(environment, limit=limit), [*warnings, *notes]


def environment_of(
    colours: npt.NDArray[np.float32], name: str, space: Optional[str] = None
) -> tuple[EnvironmentMap, list[str]]:
    """The environment of linear values in a working space, the top row first. EnvironmentMapError has the name.

    With ``space`` given nothing of Blender is asked for.
    """
    warnings = []
    space = working_space() if space is None else space
    if space not in _LUMINANCE:
        warnings.append(f"The working space {space} is unknown: lamps are ranked by the luminance of Rec.709.")
    try:
        environment = checked_map(colours, luminance_weights(space))
    except EnvironmentMapError as error:
        raise EnvironmentMapError(f"{name}: {error}") from error
    return environment, [*warnings, *(f"{name}: {note}" for note in environment.notes)]


def read_pixels(image: bpy.types.Image) -> tuple[npt.NDArray[np.float32], list[str], float | None]:
    """An image's linear values ``(h, w, 3)``, the top row first; sentences; its format's highest value where that is 1.

    Raises EnvironmentMapError with its name.
    """
    name = Path(image.filepath).name or image.name
    width, height = image.size
    if not width or not height or image.channels < 1:
        raise EnvironmentMapError(f"Blender cannot read {name} as a picture: use an HDR or EXR file.")
    pixels = np.empty(width * height * image.channels, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    colours = _colours(pixels.reshape(height, width, image.channels))
    if image.is_float:
        return colours, [], None
    warning = f"{name} has no high dynamic range: its lights end at white, so the lamps are weaker than the real ones."
    return decoded(colours, image.colorspace_settings.name), [warning], 1.0


def _colours(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Red, green and blue ``(h, w, 3)``, the top row first, of what Blender hands out, in the same memory."""
    height, width, channels = pixels.shape
    if channels < 3:
        return np.ascontiguousarray(np.repeat(pixels[::-1, :, :1], 3, axis=2))
    colours = pixels.reshape(-1)[: height * width * 3].reshape(height, width, 3)
    if channels > 3:
        for row in range(height):  # each lands before where it came from
            colours[row] = pixels[row, :, :3].copy()
    for row in range(height // 2):
        kept = colours[row].copy()
        colours[row], colours[-1 - row] = colours[-1 - row], kept
    return colours


def decoded(colours: npt.NDArray[np.float32], space: str) -> npt.NDArray[np.float32]:
    """Linear values of an 8-bit picture: Blender hands those out as they are stored (IEC 61966-2-1 for sRGB)."""
    if space in ("Non-Color", "Linear Rec.709"):
        return colours
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4).astype(np.float32)


def image_of(environment: EnvironmentMap, name: str) -> bpy.types.Image:
    """A new float image of Blender's with the map's values, linear in the working space."""
    image = bpy.data.images.new(name, environment.width, environment.height, alpha=False, float_buffer=True)
    image.colorspace_settings.name = "scene_linear" if _has_space(image, "scene_linear") else "Linear Rec.709"
    pixels = np.ones((environment.height, environment.width, 4), dtype=np.float32)
    pixels[..., :3] = environment.pixels[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    return image


def _has_space(image: bpy.types.Image, name: str) -> bool:
    return name in image.colorspace_settings.bl_rna.properties["name"].enum_items


def write_environment(environment: EnvironmentMap, path: Path) -> None:
    """Writes a map as a 32-bit OpenEXR without loss; a complete file or none. Raises OSError."""
    image = image_of(environment, path.stem)
    settings = bpy.context.scene.render.image_settings
    try:
        with whole_file(path) as beside:
            format_back = blender_versions.set_picture_format(
                settings, "OPEN_EXR", color_mode="RGB", color_depth="32", exr_codec="ZIP"
            )
            try:
                image.save_render(str(beside), scene=bpy.context.scene)
            except RuntimeError as error:
                raise OSError(f"{path} could not be written: {error}") from error
            finally:
                format_back()
    finally:
        bpy.data.images.remove(image)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file beside an OpenEXR to write first, which takes its place where nothing fails, and goes where it does."""
    handle, name = tempfile.mkstemp(suffix=".exr", prefix=f".{path.stem}-", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
