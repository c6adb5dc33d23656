# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws over the camera's view what was tracked and what became of it, and the plate beside the render."""

from __future__ import annotations

from typing import Any, Optional

import blf
import bpy
import gpu
import numpy as np
import numpy.typing as npt
from gpu_extras.batch import batch_for_shader

from ..motion.skeleton import JOINT_NAMES, JOINT_PARENTS
from . import blender_versions
from .contact_rows import read_once
from .quality_picture import POINT_BOUNDS, SLIDE_BOUNDS, PictureTake, PictureView, colours_of, in_region
from .quality_view import camera_view, size_of, wiped
from .violation_rows import driven_bones

Array = npt.NDArray[np.float64]

_CORNERS = 20
_CIRCLE = np.stack([f(np.linspace(0.0, 2.0 * np.pi, _CORNERS, endpoint=False)) for f in (np.cos, np.sin)], axis=1)
_SIZES = {"small": 1.7, "point": 3.6, "contact": 7.0, "knob": 12.0}
"""Radii in pixels at a scale of the interface of 1."""
_BLENDERS_TEXT = 76.0
"""Pixels from the top, at a scale of the interface of 1, that the view's name and the object's take."""
_BODY_FROM = 11
"""The tracker's points before this one are on the head, where they lie close together."""
_TAKE, _TEXT, _WARNING = (0.35, 0.75, 1.0), (1.0, 1.0, 1.0), (1.0, 0.75, 0.3)
_BACKDROP = (0.05, 0.05, 0.05, 0.85)
"""Behind text, which must be read on any plate."""
_pointed = False
"""Whether the pointer is on the wipe's line."""


def draw_picture(context: bpy.types.Context) -> None:
    """Wipe and overlay of a 3D view that looks through the scene's camera."""
    shown = camera_view(context)
    if shown is None:
        return
    rows = context.scene.holirep.quality
    gpu.state.blend_set("ALPHA")
    why = ""
    if rows.use_wipe:
        if shown.plate is not None and shown.corners is not None:
            _draw_wipe(context, shown.plate, shown.corners)
        why = shown.why_no_plate
    if rows.show_overlay:
        if shown.place is not None and shown.picture is not None and shown.row is not None:
            held = _draw_overlay(context, shown.picture, shown.row, shown.place)
            _legend(context, rows, held)
        why = why or shown.why
    if why:
        _lines(context, [(why, _WARNING)])
    gpu.state.line_width_set(1.0)
    gpu.state.blend_set("NONE")


def _draw_wipe(context: bpy.types.Context, image: bpy.types.Image, corners: Array) -> None:
    """The plate over one side of the line."""
    rows = context.scene.holirep.quality
    box, inner, line = wiped(corners, rows.wipe, rows.wipe_side)
    # Blender has loaded the frame for the background, which is drawn before this
    texture = gpu.texture.from_image(image)
    shader = blender_versions.picture_shader()
    batch = batch_for_shader(shader, "TRIS", {"pos": _two_triangles(box), "texCoord": _two_triangles(inner)})
    gpu.state.blend_set("NONE")
    shader.bind()
    shader.uniform_sampler("image", texture)
    batch.draw(shader)
    gpu.state.blend_set("ALPHA")
    _segments(context, line[None], np.array([[*_TEXT, 0.9]]), 1.5)
    _draw_knob(context, line.mean(axis=0), rows.wipe_side)


def point_at_knob(pointed: bool) -> None:
    """Says whether the pointer is on the wipe's line; its handle is drawn with the line, over the plate."""
    global _pointed
    _pointed = pointed


def _two_triangles(box: Array) -> Any:
    (x0, y0), (x1, y1) = box.tolist()
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y0), (x1, y1), (x0, y1)]


def _draw_overlay(context: bpy.types.Context, picture: PictureTake, row: int, place: PictureView) -> bool:
    """What the shot asks for; returns whether the contacts that were drawn are those of the character."""
    rows = context.scene.holirep.quality
    if rows.show_take:
        ends = picture.joints[row][picture.bones]
        good = np.isfinite(ends).all(axis=(1, 2))
        colours = np.full((int(good.sum()), 4), (*_TAKE, 0.9))
        _segments(context, place.place(ends[good]), colours, 2.0)
    if rows.show_character:
        _draw_character(context, picture, row, place)
    if rows.show_points:
        _discs(context, place.place(picture.tracked[row]), np.array([[0.9, 0.9, 0.9, 0.55]]), "small")
        if picture.marks is not None:
            colours = np.ones((picture.off.shape[1], 4))
            colours[:, :3] = colours_of(picture.off[row], POINT_BOUNDS)
            seen, own = (place.place(each[row]) for each in (picture.marks.seen, picture.marks.own))
            pairs = np.stack([seen, own], axis=1)
            good = np.isfinite(pairs).all(axis=(1, 2))
            _segments(context, pairs[good], colours[good] * (1.0, 1.0, 1.0, 0.8), 1.5)
            head = picture.marks.points < _BODY_FROM
            _discs(context, seen[~head], colours[~head], "point")
            _discs(context, seen[head], colours[head], "small")
    held = _held(context, picture, row, place) if rows.show_contacts else None
    if rows.show_contacts:
        if held is not None:
            places, off = held
            bounds = POINT_BOUNDS
        else:
            touching = picture.touching[row]
            places, off, bounds = place.place(picture.places[row][touching]), picture.slide[row][touching], SLIDE_BOUNDS
        colours = np.ones((len(off), 4))
        colours[:, :3] = colours_of(off, bounds)
        _rings(context, places, colours, "contact")
    return held is not None


def _held(
    context: bpy.types.Context, picture: PictureTake, row: int, place: PictureView
) -> Optional[tuple[Array, Array]]:
    """Where the character's points are held now ``(P, 2)``, and centimetres ``(P,)`` from where the take has them.

    None where the character was not refined, or is not matched to the camera.
    """
    scene = context.scene
    character = scene.holirep.refine.character
    if not scene.holirep.match_camera or not _is_there(scene, character):
        return None
    now = float(scene.frame_current_final)
    spans = [span for span in read_once(scene) if span.planted and span.first - 0.5 <= now <= span.last + 0.5]
    world = np.array(character.matrix_world, dtype=np.float64)
    points = np.array([(*span.place, 1.0) for span in spans]).reshape(-1, 4) @ world.T
    view = np.array(context.region_data.perspective_matrix, dtype=np.float64)
    places = in_region(points[:, :3], view, size_of(context))
    off = np.full(len(spans), np.nan)
    for number, span in enumerate(spans):
        if span.point in picture.contacts and picture.marks is not None:
            own = picture.places[row, picture.contacts.index(span.point)]
            metres = float(np.nanmean(picture.marks.metres[row]))
            off[number] = 100.0 * metres * float(np.linalg.norm(place.pixel(places[number]) - own))
    return places, off


def _is_there(scene: bpy.types.Scene, character: Optional[bpy.types.Object]) -> bool:
    """Whether the scene has a character; one that was removed is still known to the shot."""
    return character is not None and scene.objects.get(character.name) == character


def _draw_character(context: bpy.types.Context, picture: PictureTake, row: int, place: PictureView) -> None:
    """The character's mapped bones as they stand now, coloured by how far they are from the tracked points."""
    scene = context.scene
    shot = scene.holirep
    character = shot.character
    if not _is_there(scene, character):
        return
    posed = character.evaluated_get(context.evaluated_depsgraph_get())
    world = np.array(posed.matrix_world, dtype=np.float64)
    heads = np.full((len(JOINT_NAMES), 3), np.nan)
    for name, bone in driven_bones(shot, JOINT_NAMES).items():
        heads[JOINT_NAMES.index(name)] = posed.pose.bones[bone].head
    heads = heads @ world[:3, :3].T + world[:3, 3]
    places = in_region(heads, np.array(context.region_data.perspective_matrix), size_of(context))
    off = _character_off(picture, row, place.pixel(places)) if shot.match_camera else np.full(len(heads), np.nan)
    colours = np.full((len(heads), 4), 0.95)
    colours[:, :3] = colours_of(off, POINT_BOUNDS)
    ends, chosen = [], []
    for joint, name in enumerate(JOINT_NAMES):
        parent = JOINT_PARENTS[joint]
        while parent >= 0 and not np.isfinite(places[parent]).all():
            parent = JOINT_PARENTS[parent]
        if parent >= 0 and np.isfinite(places[joint]).all() and not name.endswith(("Eye", "jaw")):
            ends.append((places[parent], places[joint]))
            chosen.append(joint)
    if ends:
        _segments(context, np.array(ends), colours[chosen], 2.5)


def _character_off(picture: PictureTake, row: int, pixels: Array) -> Array:
    """Centimetres between the character's joints and the tracked points of the same joints, NaN where none is."""
    result = np.full(len(pixels), np.nan)
    marks = picture.marks
    if marks is None or picture.take.joint_names != JOINT_NAMES:
        return result
    # a tracked point sits beside its joint, so what is compared is how far both were moved from where the take is
    for column, own in enumerate(picture.mark_joints):
        beside = marks.own[row, column] - picture.joints[row, own]
        off = np.linalg.norm(pixels[own] + beside - marks.seen[row, column]) * marks.metres[row, column] * 100.0
        if np.isfinite(off) and not result[own] <= off:
            result[own] = off
    return result


def _legend(context: bpy.types.Context, rows: bpy.types.PropertyGroup, held: bool) -> None:
    """What the colours mean; ``held`` where the contacts are those of the character."""
    shot = context.scene.holirep
    lines: list[tuple[str, tuple[float, float, float]]] = []
    if rows.show_points or rows.show_character:
        good, bad = POINT_BOUNDS
        lines.append((f"Tracked points: green within {good:g} cm, red from {bad:g} cm on", _TEXT))
    if rows.show_take:
        lines.append(("Take", _TAKE))
    if rows.show_character and not _is_there(context.scene, shot.character):
        lines.append(("There is no character in this scene: choose one under Character", _WARNING))
    elif rows.show_character and not shot.match_camera:
        lines.append(("The character is not matched to the camera: apply with Match Camera", _WARNING))
    if rows.show_contacts and held:
        good, bad = POINT_BOUNDS
        lines.append((f"Held contacts: green within {good:g} cm of the take's, red from {bad:g} cm on", _TEXT))
    elif rows.show_contacts:
        good, bad = SLIDE_BOUNDS
        lines.append((f"The take's contacts: green within {good:g} cm of sliding, red from {bad:g} cm on", _TEXT))
    _lines(context, lines)


def _lines(context: bpy.types.Context, lines: list[tuple[str, tuple[float, float, float]]]) -> None:
    """Text at the top of the view, right of the toolbar and below what Blender writes there."""
    ui = context.preferences.system.ui_scale
    over = {region.type: region for region in context.area.regions if region.width > 1 and region.height > 1}
    left = 16.0 * ui + (over["TOOLS"].width if "TOOLS" in over else 0.0)
    above = sum(over[kind].height for kind in ("HEADER", "TOOL_HEADER") if kind in over)
    top = context.region.height - above - _BLENDERS_TEXT * ui
    blf.size(0, 12.0 * ui)
    if not lines:
        return
    right = left + max(blf.dimensions(0, text)[0] for text, _ in lines)
    below = top - 17.0 * ui * (len(lines) - 1)
    box = np.array([(left - 8.0 * ui, below - 8.0 * ui), (right + 8.0 * ui, top + 15.0 * ui)])
    _coloured("TRIS", np.array(_two_triangles(box)), np.tile(_BACKDROP, (6, 1)))
    for number, (text, colour) in enumerate(lines):
        blf.color(0, *colour, 1.0)
        blf.position(0, left, top - 17.0 * ui * number, 0.0)
        blf.draw(0, text)


def _discs(context: bpy.types.Context, places: Array, colours: Array, size: str) -> None:
    """Filled circles around places ``(N, 2)``; what has no place is left out."""
    good = np.isfinite(places).all(axis=1)
    colours = np.broadcast_to(colours, (len(places), 4))[good]
    places = places[good]
    if not len(places):
        return
    radius = _SIZES[size] * context.preferences.system.ui_scale
    rim = places[:, None] + radius * _CIRCLE
    middle = np.broadcast_to(places[:, None], rim.shape)
    corners = np.stack([middle, rim, np.roll(rim, -1, axis=1)], axis=2).reshape(-1, 2)
    _coloured("TRIS", corners, colours.repeat(3 * _CORNERS, axis=0))


def _rings(context: bpy.types.Context, places: Array, colours: Array, size: str) -> None:
    """Circles around places ``(N, 2)``."""
    good = np.isfinite(places).all(axis=1)
    if not good.any():
        return
    radius = _SIZES[size] * context.preferences.system.ui_scale
    rim = places[good][:, None] + radius * _CIRCLE
    ends = np.stack([rim, np.roll(rim, -1, axis=1)], axis=2).reshape(-1, 2, 2)
    _segments(context, ends, colours[good].repeat(_CORNERS, axis=0), 2.5)


def _segments(context: bpy.types.Context, ends: Array, colours: Array, width: float) -> None:
    """Lines between ends ``(N, 2, 2)``, each with its colour ``(N, 4)``; wide ones on any system."""
    if not len(ends):
        return
    shader = gpu.shader.from_builtin("POLYLINE_FLAT_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", size_of(context))
    shader.uniform_float("lineWidth", width * context.preferences.system.ui_scale)
    positions = np.zeros((2 * len(ends), 3), dtype=np.float32)
    positions[:, :2] = ends.reshape(-1, 2)
    attributes: dict[str, Any] = {"pos": positions, "color": colours.repeat(2, axis=0).astype(np.float32)}
    batch_for_shader(shader, "LINES", attributes).draw(shader)


def _coloured(kind: str, corners: Array, colours: Array) -> None:
    shader = gpu.shader.from_builtin("FLAT_COLOR")
    attributes: dict[str, Any] = {"pos": corners.astype(np.float32), "color": colours.astype(np.float32)}
    batch_for_shader(shader, kind, attributes).draw(shader)


def _draw_knob(context: bpy.types.Context, place: Array, side: str) -> None:
    """The handle of the wipe: a disc with an arrow to either side."""
    ui = context.preferences.system.ui_scale
    along = np.array([1.0, 0.0]) if side in ("LEFT", "RIGHT") else np.array([0.0, 1.0])
    across = along[::-1]
    _discs(context, place[None], np.array([[0.1, 0.1, 0.1, 0.85]]), "knob")
    colour = np.array([[1.0, 0.65, 0.1, 1.0]] if _pointed else [[*_TEXT, 0.95]])
    _rings(context, place[None], colour, "knob")
    for sign in (-1.0, 1.0):
        tip, foot = place + sign * along * 8.0 * ui, place + sign * along * 3.0 * ui
        corners = np.array([tip, foot + across * 4.0 * ui, foot - across * 4.0 * ui])
        _coloured("TRIS", corners, colour.repeat(3, axis=0))
