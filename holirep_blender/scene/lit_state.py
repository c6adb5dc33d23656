# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig as it lights now: lights that gains are asked for, where they are, how strong, and each one alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional

import bpy
import numpy as np
from mathutils import Euler

from ..lighting.environment_map import Grid, reduced
from ..lighting.sphere import Array
from . import blender_versions
from .actions import MARK, put_back
from .environments import read_environment
from .light_dome import DOME, set_dome_gain
from .light_rig import irradiance_of
from .light_world import KIND, set_residual_gain
from .pictures import Pixels, rendered_pixels

RESIDUAL = "Residual"
_LONGEST, _SAMPLES = 96, 64
"""Pixels of a region's longer side as it is rendered, at most; samples a pixel."""


@dataclass
class LightOfRig:
    """A lamp, or the lamps that stand for one light; the residual has no rows."""

    name: str
    rows: list[Any]


@dataclass
class RigNow:
    """Directions ``(k, 3)`` toward the lamps, irradiances ``(k, 3)`` at the control, full angles ``(k,)``.

    ``light`` ``(k,)`` is the number of the light that a lamp belongs to; ``residual`` is as it lights now, ``turn``
    ``(3, 3)`` takes its directions to the world's.
    """

    directions: Array
    irradiances: Array
    angles: Array
    light: Array
    residual: Grid
    turn: Array


def lights_of_rig(scene: bpy.types.Scene) -> list[LightOfRig]:
    """The lights of the rig that are on, the residual last. Raises ValueError where the scene shows no rig."""
    settings = scene.holirep.light
    if scene.world is None or scene.world.get(MARK) != KIND or settings.control is None:
        raise ValueError("There is no light rig in this scene: use Match Lighting first.")
    groups: dict[int, LightOfRig] = {}
    for row in settings.lamps:
        if row.lamp is not None and row.enabled and row.lamp.name in scene.objects:
            groups.setdefault(row.source, LightOfRig(row.lamp.name, [])).rows.append(row)
    return [*groups.values(), LightOfRig(RESIDUAL, [])]


def rig_now(scene: bpy.types.Scene, lights: list[LightOfRig]) -> RigNow:
    """Where the rig's light comes from at the scene's current frame, as the artist has set it up."""
    settings = scene.holirep.light
    graph = bpy.context.evaluated_depsgraph_get() if bpy.context.scene == scene else None
    if graph is not None:
        graph.update()
    middle = np.array(settings.control.matrix_world.translation)
    directions, irradiances, angles, numbers = [], [], [], []
    for number, light in enumerate(lights):
        for row in light.rows:
            data = row.lamp.data
            toward = np.array(row.lamp.matrix_world.col[2][:3])
            if data.type == "AREA":
                toward = np.array(row.lamp.matrix_world.translation) - middle
            directions.append(toward / max(float(np.linalg.norm(toward)), 1e-9))
            irradiances.append(irradiance_of(row.lamp))
            angles.append(data.angle if data.type == "SUN" else row.angle)
            numbers.append(number)
    shown = next(node for node in scene.world.node_tree.nodes if node.type == "TEX_ENVIRONMENT")
    grid = reduced(read_environment(shown.image)[0], 128)
    gain = settings.strength * np.array(settings.balance) * np.array(settings.residual_gain)
    grid.radiance = np.asarray(grid.radiance * gain, dtype=np.float32)
    turn = np.array(Euler(settings.control.rotation_euler).to_matrix())
    return RigNow(
        np.array(directions).reshape(-1, 3),
        np.array(irradiances).reshape(-1, 3),
        np.array(angles),
        np.array(numbers, dtype=np.float64),
        grid,
        turn,
    )


@dataclass
class LitRegion:
    """A region lit by each light alone ``(k, h, w, 3)``, by everything that is not the rig's ``(h, w, 3)``, and where
    something is seen ``(h, w)``; ``box`` is what was rendered, in pixels of the picture.
    """

    lights: Pixels
    fixed: Pixels
    covered: Any
    box: tuple[float, ...]


def render_lights(
    scene: bpy.types.Scene, lights: list[LightOfRig], box: tuple[float, ...], size: tuple[int, int]
) -> Iterator[LitRegion | tuple[int, int]]:
    """Renders a region of the picture by one light at a time, through the scene's camera, in its own engine.

    ``box``: left, top, right, bottom in pixels of a picture of ``size``. Gives how far it is, ``(done, all)``, after
    each render, and the region last; closed before that, the scene is as it was.
    """
    own = [row.lamp for light in lights for row in light.rows]
    others = [
        one for one in scene.objects
        if one.type == "LIGHT" and one not in own and DOME not in one and not one.hide_render
    ]  # fmt: skip
    count = len(lights) + 1 + bool(others)
    with put_back() as before:
        box = _prepare(scene, box, size, before)
        for lamp in [*own, *others]:
            before.set(lamp, hide_render=True)
        settings = scene.holirep.light
        full = np.array(settings.balance) * np.array(settings.residual_gain)
        before.add(lambda: _set_residual(scene, full))
        _set_residual(scene, np.zeros(3))
        dark = rendered_pixels(scene)
        yield 1, count
        fixed = dark
        if others:
            for lamp in others:
                lamp.hide_render = False
            fixed = rendered_pixels(scene)
            for lamp in others:
                lamp.hide_render = True
            yield 2, count
        alone = []
        for number, light in enumerate(lights):
            for row in light.rows:
                row.lamp.hide_render = False
            if light.name == RESIDUAL and not light.rows:
                _set_residual(scene, full)
            alone.append(rendered_pixels(scene)[..., :3] - dark[..., :3])
            for row in light.rows:
                row.lamp.hide_render = True
            yield number + 2 + bool(others), count
    yield LitRegion(np.maximum(np.stack(alone), 0.0), fixed[..., :3], dark[..., 3] > 0.99, box)


def _set_residual(scene: bpy.types.Scene, gain: Array) -> None:
    set_residual_gain(scene.world, gain)
    set_dome_gain(scene, gain)


def _prepare(scene: bpy.types.Scene, box: tuple[float, ...], size: tuple[int, int], before: Any) -> tuple[float, ...]:
    """Sets a scene up to render a region without anything that changes colours; gives the box in whole pixels of it."""
    render = scene.render
    left, top, right, bottom = box
    width, height = size
    percent = int(np.clip(np.floor(100 * _LONGEST / max(right - left, bottom - top, 1.0)), 1, 100))
    across, down = width * percent // 100, height * percent // 100
    x0, x1 = int(left / width * across), max(int(np.ceil(right / width * across)), int(left / width * across) + 1)
    y0, y1 = int(top / height * down), max(int(np.ceil(bottom / height * down)), int(top / height * down) + 1)
    x1, y1 = min(x1, across), min(y1, down)
    engine = render.engine if render.engine in ("CYCLES", blender_versions.EEVEE) else "CYCLES"
    before.set(
        render, engine=engine, resolution_x=width, resolution_y=height, resolution_percentage=percent,
        pixel_aspect_x=1.0, pixel_aspect_y=1.0, use_border=True, use_crop_to_border=True,
        border_min_x=(x0 + 0.25) / across, border_max_x=min((x1 + 0.25) / across, 1.0),
        border_min_y=(down - y1 + 0.25) / down, border_max_y=min((down - y0 + 0.25) / down, 1.0),
        film_transparent=True, use_compositing=False, use_sequencer=False,
    )  # fmt: skip
    if engine == "CYCLES":
        before.set(scene.cycles, samples=_SAMPLES, use_denoising=False, use_adaptive_sampling=False)
    else:
        before.set(scene.eevee, taa_render_samples=_SAMPLES // 4)
    return x0 / across * width, y0 / down * height, x1 / across * width, y1 / down * height


def camera_axes(scene: bpy.types.Scene, size: tuple[int, int], what: str) -> tuple[Array, Array]:
    """The camera's right, up and backward in the world ``(3, 3)`` and its matrix ``(3, 3)`` in pixels of a picture.

    Raises ValueError where the scene has no camera; ``what`` is what it is needed for.
    """
    camera: Optional[bpy.types.Object] = scene.camera
    if camera is None:
        raise ValueError(f"The scene has no camera: {what} needs the camera that took the picture.")
    axes = np.array(camera.matrix_world.to_3x3().normalized().transposed())
    width, height = size
    matrix = camera.calc_matrix_camera(bpy.context.evaluated_depsgraph_get(), x=width, y=height)
    intrinsics = np.array(
        [
            [matrix[0][0] * width / 2, 0.0, width / 2 * (1.0 - matrix[0][2])],
            [0.0, matrix[1][1] * height / 2, height / 2 * (1.0 + matrix[1][2])],
            [0.0, 0.0, 1.0],
        ]
    )
    return axes, intrinsics
