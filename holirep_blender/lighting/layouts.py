# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments in other layouts than the equirectangular one: mirror ball, angular map, cube crosses and strips.

Axes are Blender's: the picture's front is +Y, its right +X, its top +Z. A mirror ball is photographed looking along +Y,
as Blender's own *Mirror Ball* projection has it, so its middle shows -Y. The six faces of a cube are seen from inside.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import Floats
from .errors import EnvironmentMapError
from .sphere import Array, column_angles, directions, row_latitudes

LAYOUTS = ("equirectangular", "mirror_ball", "angular", "cross", "strip")
_FACES = ("right", "left", "up", "down", "front", "back")
"""The order of a strip's faces, as graphics libraries number those of a cube."""
_FRAMES: Dict[str, Tuple[Tuple[int, int, int], Tuple[int, int, int], Tuple[int, int, int]]] = {
    "front": ((0, 1, 0), (1, 0, 0), (0, 0, 1)),
    "back": ((0, -1, 0), (-1, 0, 0), (0, 0, 1)),
    "right": ((1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "left": ((-1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "up": ((0, 0, 1), (1, 0, 0), (0, -1, 0)),
    "down": ((0, 0, -1), (1, 0, 0), (0, 1, 0)),
}
"""Where each face looks, its right and its top; the lids hang on the front face."""
_CROSSES = {
    (4, 3): {"up": (0, 1), "left": (1, 0), "front": (1, 1), "right": (1, 2), "back": (1, 3), "down": (2, 1)},
    (3, 4): {"up": (0, 1), "left": (1, 0), "front": (1, 1), "right": (1, 2), "down": (2, 1), "back": (3, 1)},
}
"""Row and column of each face; in the upright cross the back face hangs upside down below the lower lid."""
_SAMPLES = 2
_BAND = 64


def equirectangular(pixels: npt.NDArray[np.float32], layout: str, reflectance: float = 1.0) -> Floats:
    """The equirectangular map ``(H, 2H, 3)`` of a picture ``(h, w, 3)`` in another layout, the top row first.

    It is as fine as the picture at its finest. ``reflectance``: what a mirror ball gives back of the light that falls
    on it. Raises EnvironmentMapError where the picture's shape is not the layout's.
    """
    if layout == "equirectangular":
        return pixels
    height, width = pixels.shape[:2]
    if layout in ("mirror_ball", "angular"):
        if abs(width / height - 1) > 0.02:
            ball = "the ball and nothing else" if layout == "mirror_ball" else "the round map and nothing else"
            raise EnvironmentMapError(f"The picture has {width} x {height} pixels: crop it to a square with {ball}.")
        place = _on_ball if layout == "mirror_ball" else _on_angular
        wanted = 2 * height if layout == "mirror_ball" else height
        return _resampled(pixels / np.float32(reflectance), place, wanted // 2)
    return _of_faces(_faces(pixels, layout))


def _resampled(pixels: Floats, place: Callable[[Array], Tuple[Array, Array]], rows: int) -> Floats:
    """A map of ``rows`` from a picture, by where directions are on it: 0..1 to the right and down."""
    made = np.empty((rows, 2 * rows, 3), dtype=np.float32)
    height, width = pixels.shape[:2]
    for first, places in _sampled(rows):
        right, down = place(places)
        made[first : first + _BAND] = _averaged(_between(pixels, down * height - 0.5, right * width - 0.5))
    return made


def _of_faces(faces: Dict[str, Floats]) -> Floats:
    """A map from the six faces of a cube, four of them around."""
    size = len(faces["front"])
    made = np.empty((2 * size, 4 * size, 3), dtype=np.float32)
    names = list(_FRAMES)
    looking = np.array([_FRAMES[name][0] for name in names], dtype=np.float64)
    for first, places in _sampled(2 * size):
        nearest = np.argmax(places @ looking.T, axis=-1)
        values = np.empty((*nearest.shape, 3), dtype=np.float32)
        for number in np.unique(nearest):
            forward, right, top = np.array(_FRAMES[names[number]], dtype=np.float64)
            own = nearest == number
            seen = places[own]
            depth = seen @ forward
            across, down = (seen @ right / depth + 1) / 2 * size, (1 - seen @ top / depth) / 2 * size
            values[own] = _between(faces[names[number]], down - 0.5, across - 0.5)
        made[first : first + _BAND] = _averaged(values)
    return made


def _faces(pixels: Floats, layout: str) -> Dict[str, Floats]:
    """The six faces of a cross or a strip."""
    height, width = pixels.shape[:2]
    shapes = _CROSSES if layout == "cross" else {(6, 1): None, (1, 6): None}
    shape = next((s for s in shapes if abs(width * s[1] / (height * s[0]) - 1) < 0.01), None)
    if shape is None:
        fit = "4:3 or 3:4" if layout == "cross" else "6:1 or 1:6"
        raise EnvironmentMapError(f"The picture has {width} x {height} pixels; a {layout} of cube faces has {fit}.")
    size = width // shape[0]
    places = (
        _CROSSES[shape]
        if layout == "cross"
        else {name: (0, number) if shape[0] == 6 else (number, 0) for number, name in enumerate(_FACES)}
    )
    faces = {
        name: pixels[row * size : (row + 1) * size, column * size : (column + 1) * size]
        for name, (row, column) in places.items()
    }
    if shape == (3, 4):
        faces["back"] = faces["back"][::-1, ::-1]
    return faces


def _on_ball(places: Array) -> Tuple[Array, Array]:
    """Where a mirror ball, seen from afar, shows directions: the normal is half-way between them and the camera."""
    normal = places - np.array([0.0, 1.0, 0.0])
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return (normal[..., 0] + 1) / 2, (1 - normal[..., 2]) / 2


def _on_angular(places: Array) -> Tuple[Array, Array]:
    """Where an angular map shows directions: the angle to the front is the distance from the middle.

    Debevec, Rendering synthetic objects into real scenes (1998), whose light probes are kept so.
    """
    radius = np.arccos(np.clip(places[..., 1], -1.0, 1.0)) / np.pi
    aside = np.maximum(np.hypot(places[..., 0], places[..., 2]), 1e-12)
    return (1 + radius * places[..., 0] / aside) / 2, (1 - radius * places[..., 2] / aside) / 2


def _sampled(rows: int) -> Iterator[Tuple[int, Array]]:
    """Bands of a map's rows: the first, and the directions of ``_SAMPLES`` in each pixel both ways."""
    across = (np.arange(2 * rows * _SAMPLES) + 0.5) / _SAMPLES
    angles = column_angles(across, 2 * rows)[None, :]
    for first in range(0, rows, _BAND):
        down = (np.arange(first * _SAMPLES, min(first + _BAND, rows) * _SAMPLES) + 0.5) / _SAMPLES
        yield first, directions(row_latitudes(down, rows)[:, None], angles)


def _averaged(values: Floats) -> Floats:
    height, width = values.shape[0] // _SAMPLES, values.shape[1] // _SAMPLES
    return np.asarray(values.reshape(height, _SAMPLES, width, _SAMPLES, 3).mean(axis=(1, 3)), dtype=np.float32)


def _between(pixels: Floats, down: Array, across: Array) -> Floats:
    """Values at places given in pixels from the middle of the first, linearly; beyond the edge as on it."""
    height, width = pixels.shape[:2]
    top, left = np.floor(down), np.floor(across)
    low, side = (down - top).astype(np.float32)[..., None], (across - left).astype(np.float32)[..., None]
    rows = [np.clip(top + step, 0, height - 1).astype(np.int64) for step in (0, 1)]
    columns = [np.clip(left + step, 0, width - 1).astype(np.int64) for step in (0, 1)]
    upper = pixels[rows[0], columns[0]] * (1 - side) + pixels[rows[0], columns[1]] * side
    lower = pixels[rows[1], columns[0]] * (1 - side) + pixels[rows[1], columns[1]] * side
    return np.asarray(upper * (1 - low) + lower * low, dtype=np.float32)
