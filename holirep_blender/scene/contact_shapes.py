# SPDX-License-Identifier: GPL-3.0-or-later
"""What contacts look like: bars over time and footprints in the world, as plain triangles and lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Iterable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .contact_rows import Span

Array = npt.NDArray[np.float64]
Colour = tuple[float, float, float]

COLOURS: dict[str, Colour] = {
    "Heel": (1.0, 0.55, 0.15),
    "Toes": (0.2, 0.75, 1.0),
    "Hand": (0.78, 0.5, 1.0),
    "Knee": (0.5, 0.9, 0.4),
    "hips": (0.95, 0.85, 0.3),
}
"""By what a contact point's name ends with: heels and toes are told apart, left and right by their rows and places."""
_CORNERS = 20
_CIRCLE = np.stack([f(np.linspace(0.0, 2.0 * np.pi, _CORNERS, endpoint=False)) for f in (np.cos, np.sin)], axis=1)


@dataclass
class Shapes:
    """Triangles and line segments of one colour: vertices ``(N, 2 or 3)``, three or two for each."""

    triangles: list[Array] = field(default_factory=list)
    lines: list[Array] = field(default_factory=list)


def colour_of(point: str) -> Colour:
    """The colour of a contact point."""
    return next(colour for end, colour in COLOURS.items() if point.endswith(end))


def bar_rows(points: Iterable[str], order: Iterable[str]) -> list[str]:
    """The contact points that get a row of bars, from the top: those of the feet always, others where they touch."""
    used = set(points)
    return [name for name in order if name in used or name.endswith(("Heel", "Toes"))]


def bars(
    spans: Iterable[Span],
    rows: list[str],
    frame_at_left: float,
    pixels_a_frame: float,
    width: float,
    bottom: float,
    height: float,
) -> dict[str, list[tuple[float, float, float, float, bool]]]:
    """Bars left, bottom, right, top in pixels, and whether they were edited, by point; only what is in the picture.

    A contact of one frame is as wide as a frame; ``height`` is that of a row, the first row is the uppermost.
    """
    found: dict[str, list[tuple[float, float, float, float, bool]]] = {name: [] for name in rows}
    for span in spans:
        if span.point not in found:
            continue
        left = (span.first - 0.5 - frame_at_left) * pixels_a_frame
        right = (span.last + 0.5 - frame_at_left) * pixels_a_frame
        if right < 0.0 or left > width:
            continue
        low = bottom + (len(rows) - 1 - rows.index(span.point)) * height
        box = (max(left, 0.0), low + 0.5, min(max(right, left + 1.0), width), low + height - 0.5, bool(span.edited))
        found[span.point].append(box)
    return found


def footprints(spans: Iterable[Span], world: Array, radius: float) -> dict[str, Shapes]:
    """Discs where points are planted, soles between heel and toes, and each point's way, by point; world space.

    ``world (4, 4)`` is the character's matrix, ``radius`` a disc's size in the scene's units.
    """
    planted = [span for span in spans if span.planted]
    places = {id(span): (world @ np.append(np.array(span.place, dtype=np.float64), 1.0))[:3] for span in planted}
    found: dict[str, Shapes] = {}
    for point in dict.fromkeys(span.point for span in planted):
        own = sorted((span for span in planted if span.point == point), key=lambda span: float(span.first))
        shapes = found.setdefault(point, Shapes())
        for span in own:
            disc = disc_around(places[id(span)], radius)
            shapes.triangles.append(disc)
            shapes.lines.append(np.stack([disc[1::3], disc[2::3]], axis=1).reshape(-1, 3))
        way = np.array([places[id(span)] for span in own])
        if len(way) > 1:
            shapes.lines.append(np.stack([way[:-1], way[1:]], axis=1).reshape(-1, 3))
        if point.endswith("Heel"):
            for span in own:
                toes = _together(span, planted, point.replace("Heel", "Toes"))
                if toes is not None:
                    shapes.triangles.append(_sole(places[id(span)], places[id(toes)], radius * 0.7))
    return found


def disc_around(centre: Array, radius: float) -> Array:
    """A level disc as triangles ``(60, 3)``."""
    rim = np.empty((_CORNERS, 3))
    rim[:, :2], rim[:, 2] = centre[:2] + radius * _CIRCLE, centre[2]
    middle = np.broadcast_to(centre, rim.shape)
    return np.stack([middle, rim, np.roll(rim, -1, axis=0)], axis=1).reshape(-1, 3)


def _together(heel: Span, spans: list[Span], toes: str) -> Span | None:
    """The contact of the same foot's toes that shares the most frames with a heel's."""
    best, most = None, 0.0
    for span in spans:
        shared = min(span.last, heel.last) - max(span.first, heel.first) + 1.0
        if span.point == toes and shared > most:
            best, most = span, shared
    return best


def _sole(heel: Array, toes: Array, half: float) -> Array:
    along = toes - heel
    across = np.array([-along[1], along[0], 0.0])
    length = float(np.linalg.norm(across))
    if length < 1e-9:
        return np.zeros((0, 3))
    side = across / length * half
    return np.array([heel - side, heel + side, toes + side, heel - side, toes + side, toes - side])
