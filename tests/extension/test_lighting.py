# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Lighting, the list of lamps and its verbs, as the panel uses them."""

from __future__ import annotations

import time

import bpy
import numpy as np
import pytest

from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.operators import session
from holirep_blender.operators.light_report_job import LightReportJob
from holirep_blender.operators.light_task import LightTask
from holirep_blender.scene.environments import EnvironmentMapError, write_environment
from holirep_blender.scene.light_dome import dome_of
from holirep_blender.scene.light_shot import matching
from holirep_blender.scene.shadow_ground import shown_objects
from tests.lighting.maps import direction, paint_disk, sky


@pytest.fixture
def light(registered, tmp_path):
    pixels = paint_disk(sky(256), direction(20, 50), 1.0, [4.0, 3.5, 2.5])
    paint_disk(pixels, direction(-100, 10), 5.0, [1.0, 1.0, 1.0])
    write_environment(checked_map(pixels), tmp_path / "set.exr")
    settings = bpy.context.scene.holirep.light
    settings.hdri = str(tmp_path / "set.exr")
    return settings


def strength(row):
    return np.array(row.lamp.data.color) * row.lamp.data.energy


def test_the_list_and_the_lamps(light):
    bpy.context.scene.eevee.use_fast_gi = True
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    assert [row.name for row in light.lamps] == ["Sun", "Light 2"]
    assert light.lamps[0].share > light.lamps[1].share
    assert "2 lamps with the sun" in light.summary
    assert light.thumbnail.size[0] == light.thumbnail.size[1] > 0
    np.testing.assert_allclose(strength(light.lamps[0]), [4.0, 3.5, 2.5], rtol=0.005)
    light.lamps[0].tint = (1.0, 0.5, 0.5)
    np.testing.assert_allclose(strength(light.lamps[0]), [4.0, 1.75, 1.25], rtol=0.005)
    light.lamps[0].enabled = False
    assert light.lamps[0].lamp.hide_render
    light.lamp_index = 1
    assert bpy.context.view_layer.objects.active == light.lamps[1].lamp
    eevee = bpy.context.scene.eevee
    assert eevee.use_raytracing, "without it EEVEE does not see the residual's shape"
    assert (eevee.use_fast_gi, eevee.ray_tracing_options.resolution_scale) == (False, "1")
    eevee.ray_tracing_options.screen_trace_thickness, eevee.use_raytracing = 0.3, False
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    assert eevee.use_raytracing, "what it was before stays known"
    assert bpy.ops.holirep.remove_lighting() == {"FINISHED"}
    assert (eevee.use_raytracing, eevee.use_fast_gi, eevee.ray_tracing_options.resolution_scale) == (False, True, "2")
    assert eevee.ray_tracing_options.screen_trace_thickness == pytest.approx(0.3), "changed by the artist since"


def test_a_dome_is_eevees_alone_follows_the_residual_and_goes_without_a_trace(light):
    scene = bpy.context.scene
    before = in_file()
    steps = scene.eevee.shadow_step_count
    light.dome_lamps, light.eevee_dome = 8, True
    assert in_file() == before, "there is no rig yet"
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    dome = dome_of(scene)
    assert len(dome) == 8
    assert len(light.lamps) == 2, "they are not among the artist's lamps"
    assert scene.eevee.shadow_step_count > steps
    for lamp in dome:
        emission = next(node for node in lamp.data.node_tree.nodes if node.type == "EMISSION")
        assert emission.inputs["Strength"].default_value == 0.0
        assert lamp.parent == light.control
        assert lamp not in shown_objects(scene), "shadows are baked in Cycles"
    world = scene.world.node_tree
    assert world.get_output_node("CYCLES").inputs["Surface"].links[0].from_node.type == "BACKGROUND"
    assert world.get_output_node("EEVEE").inputs["Surface"].links[0].from_node.type == "MIX_SHADER"
    energy = dome[0].data.energy
    light.residual_gain = (3.0, 3.0, 3.0)
    assert dome[0].data.energy == pytest.approx(3 * energy, rel=1e-5)
    light.dome_lamps = 4
    assert len(dome_of(scene)) == 4
    once = in_file()
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    assert in_file() == once, "made again in place of the one before"
    light.eevee_dome = False
    assert dome_of(scene) == []
    world = scene.world.node_tree
    assert world.get_output_node("EEVEE") == world.get_output_node("CYCLES")
    assert scene.eevee.shadow_step_count == steps
    light.eevee_dome = True
    assert bpy.ops.holirep.remove_lighting() == {"FINISHED"}
    assert in_file() == before
    assert scene.eevee.shadow_step_count == steps


def in_file():
    return [sorted(one.name for one in each) for each in (bpy.data.objects, bpy.data.worlds, bpy.data.images)]


def advanced(task, until=lambda _task: False):
    """Looks at a task as the panel's timer does; whether it came to its end."""
    for _ in range(2000):
        if until(task):
            return False
        if task.advance():
            return True
        time.sleep(0.002)
    raise AssertionError("it never ended")


def test_beside_the_interface_it_is_matched_in_steps(light):
    before, task, told = in_file(), LightTask(matching(bpy.context.scene)), []
    assert not advanced(task, lambda task: told.append((task.text, task.fraction)) or task.waits)
    assert in_file() == before, "nothing is made before the end"
    assert [fraction for _, fraction in told] == sorted(fraction for _, fraction in told)
    assert "Looking for lamps" in [text for text, _ in told]
    assert advanced(task)
    assert len(light.lamps) == 2
    assert task.result.sentence == light.summary


@pytest.mark.parametrize("text", ["Reading the environment", "Looking for lamps", "Making the lamps"])
def test_cancelled_anywhere_it_leaves_all_as_it_was(light, text):
    before, task = in_file(), LightTask(matching(bpy.context.scene))
    assert not advanced(task, lambda task: task.text == text)
    task.cancel()
    assert task.cancelled
    assert in_file() == before
    assert not light.summary
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}


def test_a_scene_that_is_removed_meanwhile_is_told(light):
    scene = bpy.data.scenes.new("Other")
    scene.holirep.light.hdri = light.hdri
    task = LightTask(matching(scene))
    assert not advanced(task, lambda task: task.waits)
    bpy.data.scenes.remove(scene)
    with pytest.raises(EnvironmentMapError, match="removed"):
        advanced(task)


def test_the_report_is_written_by_another_blender(light, tmp_path):
    bpy.ops.holirep.match_lighting()
    folder = tmp_path / "report"
    LightReportJob(bpy.context.scene, folder).start()
    jobs = session.job_list()
    running = jobs.jobs[-1]
    while not (running.progress and running.progress.fraction):
        jobs.poll()
        time.sleep(0.02)
    jobs.cancel(running)
    assert jobs.wait(running).state == "cancelled"
    assert not folder.exists(), "nothing is there before all of it is"
    ((_, ended),) = session.current().ending.values()
    ended(running)
    session.current().ending.clear()
    assert session.current().outcome.message == "Cancelled: no report was written"


def test_split_and_merge(light):
    bpy.ops.holirep.match_lighting()
    light.lamps[1].lamp.data.energy *= 1.5
    light.lamps[1].tint, light.lamps[1].locked = (1.0, 0.5, 0.5), True
    before = strength(light.lamps[1])
    light.lamp_index = 1
    assert bpy.ops.holirep.split_lamp() == {"FINISHED"}
    assert len(light.lamps) == 3
    assert [row.locked for row in light.lamps] == [False, True, True]
    np.testing.assert_allclose(strength(light.lamps[1]) + strength(light.lamps[2]), before, rtol=1e-5)
    light.lamps[2].tint = (1.0, 0.5, 0.6)
    before = strength(light.lamps[1]) + strength(light.lamps[2])
    light.lamp_index = 2
    assert bpy.ops.holirep.merge_lamps() == {"FINISHED"}
    assert len(light.lamps) == 2
    row = light.lamps[light.lamp_index]
    np.testing.assert_allclose(strength(row), before, rtol=1e-5)
    assert np.degrees(row.lamp.data.angle) == pytest.approx(5.0, rel=0.1)
    assert sum(one.type == "LIGHT" for one in bpy.data.objects) == len(bpy.data.lights) == 2
    assert row.name == row.lamp.name == row.lamp.data.name


def test_again_keeps_locked_lamps_and_how_all_was_turned(light):
    bpy.ops.holirep.match_lighting()
    locked = light.lamps[0]
    locked.locked = True
    locked.lamp.data.energy = 99.0
    light.control.rotation_euler = (0, 0, 1.0)
    own = locked.lamp
    assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
    assert [row.lamp.type for row in light.lamps] == ["LIGHT", "LIGHT"]
    kept = next(row for row in light.lamps if row.locked)
    assert kept.lamp == own
    assert own.data.energy == 99.0
    assert own.parent == light.control
    assert light.control.rotation_euler[2] == pytest.approx(1.0)
    assert sum(one.type == "LIGHT" for one in bpy.data.objects) == 2
    assert len([one for one in bpy.data.images if one.name.startswith("set")]) == 2, "residual and thumbnail"


def test_without_an_environment_nothing_changes(registered):
    before = [len(each) for each in (bpy.data.objects, bpy.data.worlds, bpy.data.images)]
    with pytest.raises(RuntimeError, match="There is no environment"):
        bpy.ops.holirep.match_lighting()
    bpy.context.scene.holirep.light.hdri = "//missing.exr"
    with pytest.raises(RuntimeError, match=r"missing\.exr"):
        bpy.ops.holirep.match_lighting()
    assert [len(each) for each in (bpy.data.objects, bpy.data.worlds, bpy.data.images)] == before


def test_the_scenes_own_world_is_matched_and_kept(light, tmp_path):
    image = bpy.data.images.load(light.hdri)
    light.hdri = ""
    world = bpy.data.worlds.new("Set")
    world.use_nodes = True
    node = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    node.image = image
    world.node_tree.links.new(node.outputs["Color"], world.node_tree.nodes["Background"].inputs["Color"])
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 2.0
    bpy.context.scene.world = world
    for _ in range(2):
        assert bpy.ops.holirep.match_lighting() == {"FINISHED"}
        np.testing.assert_allclose(strength(light.lamps[0]), [8.0, 7.0, 5.0], rtol=0.005)
    assert bpy.data.worlds["Set"].use_fake_user
    assert light.source == image
