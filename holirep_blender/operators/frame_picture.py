# SPDX-License-Identifier: GPL-3.0-or-later
"""A frame of the plate drawn over a 3D view, with a box around each person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import gpu
from gpu_extras.batch import batch_for_shader
from gpu_extras.presets import draw_texture_2d


class FramePicture:
    """Draws until ``close``; boxes are left, top, right, bottom in pixels from the picture's top left corner.

    ``corners`` are those of a shape that is being clicked, in the same pixels; its open end follows the pointer. It
    has four ``sides``; with 2 it is a box, of which two opposite corners are clicked.
    """

    def __init__(self, context: bpy.types.Context, picture: Path, people: list[dict[str, Any]], sides: int = 4) -> None:
        self._area = context.area
        self._region = next(region for region in context.area.regions if region.type == "WINDOW")
        self._image = bpy.data.images.load(str(picture), check_existing=False)
        self._image.name = ".HoliRep frame"
        self._image.colorspace_settings.name = "Non-Color"  # the bytes as they are, for a view without view transform
        self._size = tuple(self._image.size)
        self._texture = gpu.texture.from_image(self._image)
        self._boxes = [person["box"] for person in people]
        self.sides = sides
        self.corners: list[tuple[float, float]] = []
        self._loose: tuple[float, float] | None = None
        self._pointed: list[float] | None = None
        self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        self._area.tag_redraw()

    def close(self) -> None:
        """Removes everything that was added."""
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        bpy.data.images.remove(self._image)
        self._area.tag_redraw()

    def point_at(self, x: int, y: int) -> None:
        """Highlights the box under the pointer; window pixels from the bottom left corner."""
        pointed = self.box_at(x, y)
        if pointed is not self._pointed:
            self._pointed = pointed
            self._area.tag_redraw()

    def box_at(self, x: int, y: int) -> list[float] | None:
        """The smallest box under a point of the window, None where there is none."""
        column, row = self.pixel_at(x, y)
        hit = [box for box in self._boxes if box[0] <= column <= box[2] and box[1] <= row <= box[3]]
        return min(hit, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)

    def pixel_at(self, x: int, y: int) -> tuple[float, float]:
        """Column and row of the picture under a point of the window; beyond its edges too."""
        left, bottom, scale = picture_place(self._area, self._size)
        return (x - self._region.x - left) / scale, self._size[1] - (y - self._region.y - bottom) / scale

    def shows(self, x: int, y: int) -> bool:
        """Whether a point of the window lies in the picture."""
        column, row = self.pixel_at(x, y)
        return 0.0 <= column <= self._size[0] and 0.0 <= row <= self._size[1]

    def draw_towards(self, x: int, y: int) -> None:
        """Lets the open end of the shape follow the pointer; window pixels from the bottom left corner."""
        self._loose = self.pixel_at(x, y)
        self._area.tag_redraw()

    def _draw(self) -> None:
        if bpy.context.area != self._area:
            return
        left, bottom, scale = picture_place(self._area, self._size)
        width, height = self._region.width, self._region.height
        gpu.state.blend_set("ALPHA")
        shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        _rectangle(shader, 0, 0, width, height, (0.0, 0.0, 0.0, 0.75), fill=True)
        draw_texture_2d(self._texture, (left, bottom), self._size[0] * scale, self._size[1] * scale)
        for box in self._boxes:
            pointed = box is self._pointed
            x0, x1 = left + box[0] * scale, left + box[2] * scale
            y0, y1 = bottom + (self._size[1] - box[3]) * scale, bottom + (self._size[1] - box[1]) * scale
            colour = (1.0, 0.65, 0.1, 1.0) if pointed else (0.2, 0.8, 1.0, 1.0)
            gpu.state.line_width_set(4.0 if pointed else 2.0)
            _rectangle(shader, x0, y0, x1, y1, colour, fill=False)
        self._draw_corners(shader, left, bottom, scale)
        gpu.state.line_width_set(1.0)
        gpu.state.blend_set("NONE")

    def _draw_corners(self, shader: Any, left: float, bottom: float, scale: float) -> None:
        """The shape so far: filled once it has three sides, with a square at each corner."""
        shape = [*self.corners, *([self._loose] if self._loose is not None and len(self.corners) < self.sides else [])]
        if self.sides == 2 and len(shape) == 2:
            (x0, y0), (x1, y1) = shape
            shape = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        points = [(left + x * scale, bottom + (self._size[1] - y) * scale) for x, y in shape]
        if len(points) >= 3:
            fan = [(0, index, index + 1) for index in range(1, len(points) - 1)]
            _shape(shader, "TRIS", points, (0.2, 0.8, 1.0, 0.25), fan)
        if len(points) >= 2:
            gpu.state.line_width_set(2.0)
            _shape(shader, "LINE_STRIP", [*points, points[0]] if len(points) > 2 else points, (0.2, 0.8, 1.0, 1.0))
        for x, y in points[: len(self.corners)]:
            _rectangle(shader, x - 4, y - 4, x + 4, y + 4, (1.0, 0.65, 0.1, 1.0), fill=True)


def picture_place(area: bpy.types.Area, size: tuple[int, int]) -> tuple[float, float, float]:
    """Left, bottom and scale of a picture in the area's main region: as large as fits between toolbar and sidebar."""
    regions = {region.type: region for region in area.regions}
    main = regions["WINDOW"]
    left, right = 0.0, float(main.width)
    for kind in ("TOOLS", "UI"):  # they may lie over the main region, at either side
        other = regions.get(kind)
        if other is None or other.width <= 1 or other.x + other.width <= main.x or other.x >= main.x + main.width:
            continue
        if other.x - main.x < main.width / 2:
            left = max(left, other.x + other.width - main.x)
        else:
            right = min(right, other.x - main.x)
    scale = min((right - left) / size[0], main.height / size[1]) * 0.94
    return left + (right - left - size[0] * scale) / 2.0, (main.height - size[1] * scale) / 2.0, scale


def _rectangle(
    shader: Any, x0: float, y0: float, x1: float, y1: float, colour: tuple[float, float, float, float], fill: bool
) -> None:
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    if fill:
        _shape(shader, "TRIS", corners, colour, [(0, 1, 2), (0, 2, 3)])
    else:
        _shape(shader, "LINE_STRIP", [*corners, corners[0]], colour)


def _shape(
    shader: Any,
    kind: str,
    points: list[tuple[float, float]],
    colour: tuple[float, float, float, float],
    indices: list[tuple[int, int, int]] | None = None,
) -> None:
    batch = batch_for_shader(shader, kind, {"pos": points}, indices=indices)
    shader.bind()
    shader.uniform_float("color", colour)
    batch.draw(shader)
