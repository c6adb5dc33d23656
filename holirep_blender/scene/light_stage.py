# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage of HoliRep's own to try light on, a floor with shadows or three balls, in a scene that goes afterwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Vector

from ..lighting.environment_map import EnvironmentMap
from ..lighting.lamps import Lamp
from . import blender_versions
from .environments import image_of
from .light_rig import build_rig, remove_rig
from .light_tracing import DOME_SHADOWS, TRACING, set_eevee
from .light_world import RigOptions
from .pictures import Pixels, rendered_pixels

BALLS = ("diffuse", "silver", "mirror")
"""Three materials as those who estimate light use them: Lambert of 0.8, rough metal, mirror."""
_APART = 100.0
"""Metres between the balls."""
_ENGINES = {"CYCLES": "CYCLES", "EEVEE": blender_versions.EEVEE}


@dataclass(frozen=True)
class Look:
    """How a picture is rendered: ``engine`` is CYCLES or EEVEE, ``size`` width and height in pixels."""

    engine: str = "CYCLES"
    samples: int = 64
    seed: int = 0
    size: tuple[int, int] = (192, 128)


class LightStage:
    """A scene with a floor, or with the three balls alone; use it in ``with``.

    ``azimuth`` (radians) is where the camera stands, seen from the middle.
    """

    def __init__(self, kind: str, azimuth: float = -math.pi / 2) -> None:
        self.kind = kind
        self._before: list[tuple[Any, set[Any]]] = []
        self._azimuth = azimuth

    def __enter__(self) -> LightStage:
        """Adds the scene; whatever comes into the file meanwhile goes with it."""
        self._before = [(each, {one.session_uid for one in each}) for each in _collections()]
        try:
            self.scene = bpy.data.scenes.new("HoliRep Light Stage")
            self.things = (_balls if self.kind == "balls" else _shadows)(self.scene)
            _camera(self.scene, self._azimuth, self.kind == "balls")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Takes everything away that came in since."""
        for each, known in self._before:
            bpy.data.batch_remove([one for one in each if one.session_uid not in known])

    def show_environment(self, environment: EnvironmentMap, own_sun: bool = False) -> None:
        """Lights the stage by the environment alone; ``own_sun``: EEVEE may take a sun out of it, as it does.

        EEVEE's ray tracing is off, as it comes.
        """
        self.scene.eevee.use_raytracing = False
        remove_rig(self.scene)
        world = bpy.data.worlds.new("Environment")
        if not world.node_tree:
            world.use_nodes = True
        nodes = world.node_tree.nodes
        shown = nodes.new("ShaderNodeTexEnvironment")
        shown.image = image_of(environment, "Environment")
        shown.image.pack()
        background = next(node for node in nodes if node.type == "BACKGROUND")
        world.node_tree.links.new(shown.outputs["Color"], background.inputs["Color"])
        if not own_sun:
            world.sun_threshold = 0.0
        self.scene.world = world

    def show_rig(self, lamps: Sequence[Lamp], residual: EnvironmentMap, dome: int = 0) -> None:
        """Lights the stage by lamps and residual, EEVEE set as Match Lighting sets it; ``dome`` as in RigOptions."""
        set_eevee(self.scene, {**TRACING, **DOME_SHADOWS} if dome else TRACING)
        build_rig(self.scene, list(lamps), residual, "Stage", RigOptions(light_groups=False, dome=dome))

    def floor_mask(self, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
        """Where the picture shows the floor and nothing that stands on it."""
        for one in self.things[:1]:
            one.hide_render = True
        alpha = rendered(self.scene, Look(samples=4, size=size))[..., 3]
        for one in self.things[:1]:
            one.hide_render = False
        return np.asarray(alpha < 0.01)

    def look_at_ball(self, name: str) -> None:
        """Turns the camera to one of the balls, which stand too far apart to light each other."""
        self.scene.camera.location.z = _APART * BALLS.index(name)

    def rendered(self, look: Look) -> Pixels:
        """The picture ``(H, W, 4)``, linear, top row first."""
        return rendered(self.scene, look)


def rendered(scene: bpy.types.Scene, look: Look) -> Pixels:
    """A render of a scene ``(H, W, 4)``, linear, top row first; its settings are set for it and stay so."""
    render = scene.render
    render.engine = _ENGINES[look.engine]  # type: ignore[assignment]
    render.resolution_x, render.resolution_y, render.resolution_percentage = *look.size, 100
    render.film_transparent = True
    if look.engine == "CYCLES":
        scene.cycles.samples, scene.cycles.seed = look.samples, look.seed
        scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
    else:
        scene.eevee.taa_render_samples = look.samples
        if hasattr(scene.eevee, "use_shadows"):
            scene.eevee.use_shadows = True
    return rendered_pixels(scene)


def _collections() -> list[Any]:
    data = bpy.data
    return [data.scenes, data.objects, data.meshes, data.materials, data.lights, data.cameras, data.worlds,
            data.collections, data.images]  # fmt: skip


def _material(name: str, colour: float, roughness: Optional[float]) -> bpy.types.Material:
    """Lambert where there is no roughness, else metal."""
    made = bpy.data.materials.new(name)
    if not made.node_tree:
        made.use_nodes = True
    nodes = made.node_tree.nodes
    nodes.clear()
    shader = nodes.new("ShaderNodeBsdfDiffuse" if roughness is None else "ShaderNodeBsdfAnisotropic")
    shader.inputs["Color"].default_value = (colour, colour, colour, 1.0)
    shader.inputs["Roughness"].default_value = roughness or 0.0
    output = nodes.new("ShaderNodeOutputMaterial")
    made.node_tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return made


def _ball(scene: bpy.types.Scene, place: Sequence[float], radius: float, material: bpy.types.Material) -> Any:
    """A smooth ball whose normals are exactly those of a sphere."""
    rows, columns = 48, 96
    mesh = bpy.data.meshes.new(material.name)
    latitudes = np.linspace(-math.pi / 2, math.pi / 2, rows + 1)[:, None]
    angles = np.linspace(0.0, 2 * math.pi, columns, endpoint=False)[None, :]
    shape = np.stack(np.broadcast_arrays(np.cos(latitudes) * np.cos(angles), np.cos(latitudes) * np.sin(angles),
                                         np.sin(latitudes)), axis=-1).reshape(-1, 3)  # fmt: skip
    down, across = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    beside = (across + 1) % columns
    faces = np.stack([down * columns + across, down * columns + beside, (down + 1) * columns + beside,
                      (down + 1) * columns + across], axis=-1).reshape(-1, 4)  # fmt: skip
    mesh.from_pydata((shape * radius).tolist(), [], faces.tolist())
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    mesh.materials.append(material)
    made = bpy.data.objects.new(material.name, mesh)
    made.location = place
    scene.collection.objects.link(made)
    return made


def _shadows(scene: bpy.types.Scene) -> list[Any]:
    """A floor first, then what stands on it: a ball, a pole and a wall to the side."""
    grey = _material("Grey", 0.5, None)
    floor = bpy.data.meshes.new("Floor")
    floor.from_pydata([(-30, -30, 0), (30, -30, 0), (30, 30, 0), (-30, 30, 0)], [], [(0, 1, 2, 3)])
    floor.materials.append(grey)
    things = [bpy.data.objects.new("Floor", floor)]
    scene.collection.objects.link(things[0])
    things.append(_ball(scene, (-0.9, 0.2, 0.8), 0.8, grey))
    for name, size, place in (
        ("Pole", (0.12, 0.12, 1.1), (1.0, -0.3, 1.1)),
        ("Wall", (0.5, 0.05, 0.7), (1.2, 1.6, 0.7)),
    ):
        mesh = bpy.data.meshes.new(name)
        corners = [(x * size[0], y * size[1], z * size[2]) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
        sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
        mesh.from_pydata(corners, [], sides)
        mesh.materials.append(grey)
        made = bpy.data.objects.new(name, mesh)
        made.location = place
        scene.collection.objects.link(made)
        things.append(made)
    return things


def _balls(scene: bpy.types.Scene) -> list[Any]:
    """The three balls, one far above the other."""
    looks = ((0.8, None), (0.8, 0.3), (1.0, 0.0))
    made = []
    for place, (name, (colour, roughness)) in enumerate(zip(BALLS, looks, strict=True)):
        made.append(_ball(scene, (0, 0, _APART * place), 1.0, _material(name.title(), colour, roughness)))
    return made


def _camera(scene: bpy.types.Scene, azimuth: float, ortho: bool) -> None:
    data = bpy.data.cameras.new("Stage")
    camera = bpy.data.objects.new("Stage", data)
    toward = Vector((math.cos(azimuth), math.sin(azimuth), 0.0))
    if ortho:
        data.type, data.ortho_scale, data.clip_end = "ORTHO", 2.1, 30.0
        place, aim = toward * 10.0, Vector((0.0, 0.0, 0.0))
    else:
        data.lens, data.clip_end = 40.0, 200.0
        place, aim = toward * 6.5 + Vector((0.0, 0.0, 4.2)), Vector((0.0, 0.0, 0.35))
    camera.location = place
    camera.rotation_mode = "QUATERNION"
    camera.rotation_quaternion = (place - aim).to_track_quat("Z", "Y")
    scene.collection.objects.link(camera)
    scene.camera = camera
