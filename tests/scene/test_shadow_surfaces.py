# SPDX-License-Identifier: GPL-3.0-or-later
"""Shadows onto meshes: vertex colours and pictures, with everything put back."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.lighting.multilayer_exr import read_exr
from holirep_blender.scene.shadow_errors import ShadowError
from holirep_blender.scene.shadow_surfaces import (
    UV_MAP,
    SurfaceOptions,
    bake_surfaces,
    keep_surfaces,
    read_surfaces,
    write_surfaces,
)
from tests.scene.shadow_stage import file_state, stage


@pytest.fixture
def floor(empty_scene):
    stage(empty_scene, ground=False)
    empty_scene.objects["Ball"].location.z = 1.0
    bpy.ops.mesh.primitive_grid_add(size=4, x_subdivisions=12, y_subdivisions=12)
    made = bpy.context.object
    made.name = "Floor.001"
    made.data.materials.append(bpy.data.materials.new("Mine"))
    made.data.color_attributes.new("Mine", "FLOAT_COLOR", "POINT")
    bpy.context.view_layer.update()
    return made


def options(*objects, **more):
    return SurfaceOptions(objects, **{"samples": 8, "device": "cpu", **more})


def by_place(floor, colours):
    """Luminance under the ball, and at the corners."""
    places = np.array([floor.data.vertices[loop.vertex_index].co[:2] for loop in floor.data.loops])
    away = np.linalg.norm(places, axis=1)
    return colours[away < 0.3].mean(), colours[away > 2.2].mean()


def test_vertex_colours_of_each_kind(floor, tmp_path):
    before = file_state()
    seen = {}
    for kind in ("shadow", "occlusion", "combined"):
        baked = bake_surfaces(bpy.context.scene, options(floor, kind=kind))
        seen[kind] = by_place(floor, baked.surfaces[0].colours)
    assert file_state() == before, "baking itself changes nothing"
    assert seen["occlusion"][0] < 0.85, "the sky is kept away under the ball"
    assert all(0.93 < far < 1.05 for _, far in seen.values())
    shadowed = bake_surfaces(bpy.context.scene, options(floor, kind="shadow")).surfaces[0].colours
    assert shadowed.min() < 0.1
    write_surfaces(baked, tmp_path / "kept.npz")
    keep_surfaces(read_surfaces(tmp_path / "kept.npz"))
    names = [each.name for each in floor.data.color_attributes]
    assert names == ["Mine", "HoliRep combined"]
    assert floor.data.color_attributes.active_color.name == "Mine"
    assert [slot.material.name for slot in floor.material_slots] == ["Mine"]
    stored = np.empty(len(floor.data.loops) * 4, np.float32)
    floor.data.color_attributes["HoliRep combined"].data.foreach_get("color", stored)
    np.testing.assert_allclose(stored.reshape(-1, 4)[:, :3], baked.surfaces[0].colours)
    keep_surfaces(baked)
    assert len(floor.data.color_attributes) == 2, "baked again it is replaced"


def test_pictures_over_uv_maps_that_are_there_or_made(floor, tmp_path):
    bpy.ops.mesh.primitive_cube_add(size=0.5, location=(1.2, 0, 0.25))
    box = bpy.context.object
    while box.data.uv_layers:
        box.data.uv_layers.remove(box.data.uv_layers[0])
    before = file_state()
    baked = bake_surfaces(bpy.context.scene, options(floor, box, out=tmp_path / "out", size=32))
    assert file_state() == before
    planes = read_exr(tmp_path / "out" / "Floor.001_combined.exr")
    picture = planes["G"]
    assert picture.shape == (32, 32)
    assert picture[14:18, 14:18].mean() < picture[:3, :3].mean() - 0.1, "darker under the ball than in the corner"
    assert f"Cube had no UV map: the picture lies on a new one, {UV_MAP}" in baked.warnings[0]
    keep_surfaces(baked)
    assert [each.name for each in box.data.uv_layers] == [UV_MAP]
    places = np.empty(len(box.data.loops) * 2, np.float32)
    box.data.uv_layers[0].uv.foreach_get("vector", places)
    assert 0.0 <= places.min() < places.max() <= 1.0
    assert [each.name for each in floor.data.uv_layers] == ["UVMap"]


def test_what_cannot_be_baked_onto_is_named_and_nothing_changes(floor, tmp_path):
    scene = bpy.context.scene
    before = file_state()
    with pytest.raises(ShadowError, match="Sun is no mesh"):
        bake_surfaces(scene, options(scene.objects["Sun"]))
    with pytest.raises(ShadowError, match="Choose the meshes"):
        bake_surfaces(scene, options())
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        bake_surfaces(scene, options(floor, out=tmp_path / "file"))

    def stop(done, count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bake_surfaces(scene, options(floor), stop)
    assert file_state() == before
    floor.modifiers.new("More", "SUBSURF")
    bpy.context.view_layer.update()
    with pytest.raises(ShadowError, match=r"A modifier gives Floor\.001 other faces"):
        bake_surfaces(scene, options(floor))
