# SPDX-License-Identifier: GPL-3.0-or-later
"""Match to Plate: gains of the rig's lights by a region, a ball or a colour chart in a picture of the plate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import bpy
import numpy as np

from ..lighting.ball import ball_normals, ball_pictures
from ..lighting.chart import chart_light, chart_normal, patch_colours, reference
from ..lighting.chart_finding import chart_of_corners, find_chart
from ..lighting.gains import solve_gains
from ..lighting.irradiance import lamp_irradiance, map_irradiance
from ..lighting.sphere import Array
from .environments import working_space
from .lamp_rows import show_all
from .lit_state import LightOfRig, LitRegion, camera_axes, lights_of_rig, render_lights, rig_now
from .pictures import Pixels, image_of_shown, shown
from .quality_lighting import keep_plate_match

_CLIPPED, _BLACK = 0.97, 0.001
_TILE = 256
"""Pixels of the height of the picture of before and after."""


@dataclass
class PlateMatch:
    """What came of it. ``gains`` ``(k, 3)`` of the lights, or ``balance`` ``(3,)`` of all of them.

    ``before`` and ``after``: root mean square of the difference over the plate's mean; ``tiles``: plate, before and
    after, ``(H, W, 3)`` linear; ``chart_error``: mean delta E*ab of a chart's patches once the light is taken out.
    """

    kind: str
    names: list[str]
    before: float
    after: float
    tiles: list[Pixels]
    gains: Optional[Array] = None
    balance: Optional[Array] = None
    chart_error: Optional[float] = None
    lights: list[LightOfRig] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """What was matched, in one sentence."""
        what = {"region": "The region", "ball": "The ball", "chart": "The chart"}[self.kind]
        return f"{what} was {self.before:.1%} off the plate and is {self.after:.1%} off now"

    def facts(self) -> dict[str, Any]:
        """Everything, for the JSON object."""
        gains = [] if self.gains is None else self.gains.tolist()
        return {
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "gains": [{"light": name, "gain": gain} for name, gain in zip(self.names, gains, strict=False)],
            "balance": None if self.balance is None else self.balance.tolist(),
            "chart_error": self.chart_error,
            "warnings": self.warnings,
        }


def match_region(
    scene: bpy.types.Scene, picture: Pixels, box: Sequence[float], whole: bool, tint: bool
) -> Iterator[PlateMatch | tuple[int, int]]:
    """Gains by a region that the scene shows too: the performer's face or clothes, a modelled ball.

    Gives how far it is after each render and the match last. Raises ValueError in the user's words.
    """
    lights = lights_of_rig(scene)
    height, width = picture.shape[:2]
    if scene.camera is None:
        raise ValueError("The scene has no camera: a region is compared through the camera that took the picture.")
    left, top, right, bottom = _inside(box, width, height)
    region: Optional[LitRegion] = None
    steps = render_lights(scene, lights, (left, top, right, bottom), (width, height))
    try:
        for step in steps:
            if isinstance(step, LitRegion):
                region = step
            else:
                yield step
    finally:
        steps.close()  # type: ignore[attr-defined]
    assert region is not None
    if not region.covered.any():
        raise ValueError("The scene shows nothing in this region: draw the box around what is in the plate and in it.")
    plate = _resampled(picture[..., :3], region.box, region.covered.shape)
    usable = region.covered & _usable(plate, picture)
    lit, fixed = region.lights, region.fixed
    yield _matched("region", lights, lit, fixed, plate, usable, whole, tint)


def match_ball(
    scene: bpy.types.Scene, picture: Pixels, box: Sequence[float], reflectance: float, whole: bool, tint: bool
) -> PlateMatch:
    """Gains by a ball of known reflectance in the picture, which need not be in the scene. Raises ValueError."""
    lights = lights_of_rig(scene)
    height, width = picture.shape[:2]
    axes, intrinsics = camera_axes(scene, (width, height), "a ball")
    rows, columns, normals = ball_normals(box, (width, height), axes, intrinsics)
    now = rig_now(scene, lights)
    each = ball_pictures(normals, now.directions, now.irradiances, now.angles, now.residual, now.turn, reflectance)
    pictures = np.zeros((len(lights), len(normals), 3))
    pictures[-1] = each[-1]
    for number, one in zip(now.light.astype(int), each[:-1], strict=True):
        pictures[number] += one
    top, left = int(rows.min()), int(columns.min())
    shape = (int(rows.max()) - top + 1, int(columns.max()) - left + 1)
    lit = np.zeros((len(lights), *shape, 3))
    lit[:, rows - top, columns - left] = pictures
    inside = np.zeros(shape, dtype=bool)
    inside[rows - top, columns - left] = True
    plate = picture[top : top + shape[0], left : left + shape[1], :3]
    usable = inside & _usable(plate, picture)
    return _matched("ball", lights, lit, np.zeros((*shape, 3)), plate, usable, whole, tint)


def match_chart(scene: bpy.types.Scene, picture: Pixels, corners: Optional[Sequence[float]]) -> PlateMatch:
    """Exposure and white balance by a 24-patch chart, found by itself or by the middles of its four corner patches."""
    lights = lights_of_rig(scene)
    height, width = picture.shape[:2]
    axes, intrinsics = camera_axes(scene, (width, height), "a chart")
    space = working_space()
    linear = picture[..., :3]
    known = space if space in ("Linear Rec.709", "Linear Rec.2020", "ACEScg") else "Linear Rec.709"
    found = chart_of_corners(linear, corners, known) if corners is not None else find_chart(linear, known)
    if found is None:
        raise ValueError("No colour chart was found in the picture: click the middles of its four corner patches.")
    colours = patch_colours(linear, found.chart)
    light = chart_light(colours, known, _white(picture))
    facing = chart_normal(found.chart, intrinsics)
    normal = (facing[0] * axes[0] - facing[1] * axes[1] - facing[2] * axes[2])[None]
    now = rig_now(scene, lights)
    irradiance = map_irradiance(now.residual, normal @ now.turn)[0]
    if len(now.directions):
        irradiance = irradiance + lamp_irradiance(now.directions, now.irradiances, normal, now.angles)[0]
    if not np.all(irradiance > 0):
        raise ValueError("The rig throws no light on the chart: check which lamps are on.")
    expected = irradiance / np.pi
    truth = reference(known)
    tiles = [each.reshape(4, 6, 3) for each in (colours, truth * expected, truth * light.gain)]
    good = (colours.max(axis=1) < _CLIPPED * _white(picture)) & np.isfinite(colours).all(axis=1)
    before, after = (
        float(np.sqrt(np.mean((tile.reshape(24, 3)[good] - colours[good]) ** 2)) / colours[good].mean())
        for tile in tiles[1:]
    )
    warnings = []
    if light.error > 12.0:
        warnings.append(
            f"The chart's colours are {light.error:.0f} delta E off: the light on it is uneven, or the picture graded."
        )
    return PlateMatch(
        "chart", [each.name for each in lights], before, after, tiles, None, light.gain / expected, light.error, lights,
        warnings,
    )  # fmt: skip


def apply_match(scene: bpy.types.Scene, match: PlateMatch) -> None:
    """Brings the rig to what was found, and keeps what was found for the panel."""
    settings = scene.holirep.light
    if match.balance is not None:
        settings.balance = np.array(settings.balance) * match.balance
    if match.gains is not None:
        for light, gain in zip(match.lights, match.gains, strict=True):
            for row in light.rows:
                row.gain = np.array(row.gain) * gain
            if not light.rows:
                settings.residual_gain = np.array(settings.residual_gain) * gain
    show_all(settings)
    plate = settings.plate
    plate.summary, plate.warnings = match.sentence, "\n".join(match.warnings)
    old = plate.preview
    plate.preview = _preview(match)
    keep_plate_match(scene, match)
    if old is not None:
        bpy.data.images.remove(old)


def comparison(match: PlateMatch) -> Any:
    """Plate, before and after side by side, ``(H, W, 4)`` as they are looked at."""
    bright = max(float(np.nanpercentile(match.tiles[0], 99)), 1e-9)
    exposure = min(1.0, 0.9 / bright) if bright > 1.0 else 1.0
    tiles = []
    for tile in match.tiles:
        factor = max(1, round(_TILE / tile.shape[0]))
        large = np.nan_to_num(tile).repeat(factor, axis=0).repeat(factor, axis=1)
        tiles += [large, np.ones((large.shape[0], 6, 3))]
    return shown(np.concatenate(tiles[:-1], axis=1), exposure)


def _matched(
    kind: str, lights: list[LightOfRig], lit: Pixels, fixed: Pixels, plate: Pixels, usable: Any, whole: bool, tint: bool
) -> PlateMatch:
    names = [light.name for light in lights]
    pixels = lit[:, usable]
    if whole:
        solved = solve_gains(pixels.sum(axis=0, keepdims=True), plate[usable], fixed[usable], True)
        after = fixed + lit.sum(axis=0) * solved.values[0]
        result = PlateMatch(kind, names, solved.before, solved.after, [], None, solved.values[0], lights=lights)
    else:
        solved = solve_gains(pixels, plate[usable], fixed[usable], tint)
        after = fixed + np.einsum("kc,khwc->hwc", solved.values, lit)
        result = PlateMatch(kind, names, solved.before, solved.after, [], solved.values, lights=lights)
        unsure = [names[number] for number in solved.uncertain]
        if unsure and len(unsure) < len(names):
            result.warnings.append(
                f"The region does not tell {', '.join(unsure)} from the other lights: they follow the common gain."
            )
    result.tiles = [np.where(usable[..., None], each, 0.0) for each in (plate, fixed + lit.sum(axis=0), after)]
    return result


def _usable(part: Pixels, picture: Pixels) -> Any:
    return (part.max(axis=2) < _CLIPPED * _white(picture)) & (part.max(axis=2) > _BLACK)


def _white(picture: Pixels) -> float:
    """Where a picture clips: at 1, unless it holds more than that."""
    highest = float(picture[..., :3].max())
    return 1.0 if highest <= 1.001 else float("inf")


def _inside(box: Sequence[float], width: int, height: int) -> tuple[float, float, float, float]:
    left, right = sorted((max(float(box[0]), 0.0), min(float(box[2]), float(width))))
    top, bottom = sorted((max(float(box[1]), 0.0), min(float(box[3]), float(height))))
    if right - left < 4 or bottom - top < 4:
        raise ValueError("The region is smaller than 4 pixels: draw a larger box.")
    return left, top, right, bottom


def _resampled(pixels: Pixels, box: Sequence[float], shape: tuple[int, int]) -> Pixels:
    """Means over blocks of a box, so that it has as many pixels as its render."""
    for axis in (0, 1):
        edges = np.linspace(box[1 - axis], box[3 - axis], shape[axis] + 1)
        sums = np.concatenate([np.zeros_like(pixels.take([0], axis)), np.cumsum(pixels, axis=axis)], axis=axis)
        low = np.minimum(edges.astype(int), pixels.shape[axis] - 1)
        part = np.expand_dims(edges - low, axis=(1, 2) if axis == 0 else (0, 2))
        at = sums.take(low, axis) * (1 - part) + sums.take(low + 1, axis) * part
        pixels = np.diff(at, axis=axis) / (edges[1] - edges[0])
    return pixels


def _preview(match: PlateMatch) -> bpy.types.Image:
    """A square image with the comparison in its middle, whose preview a panel can draw."""
    encoded = comparison(match)
    height, width = encoded.shape[:2]
    step = max(1, width // 512)
    encoded = encoded[::step, ::step]
    height, width = encoded.shape[:2]
    square = np.zeros((max(width, height), max(width, height), 4), dtype=np.float32)
    first, aside = (square.shape[0] - height) // 2, (square.shape[1] - width) // 2
    square[first : first + height, aside : aside + width] = encoded
    image = image_of_shown(square, "HoliRep Plate Match")
    image.pack()
    preview = image.preview_ensure()
    if preview is not None:
        preview.image_size = square.shape[:2]
        preview.image_pixels_float.foreach_set(np.ascontiguousarray(square[::-1]).ravel())
    return image
