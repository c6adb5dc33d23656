# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide a light of a few pixels is: its spread says little there, how its pixels share its light says more."""

from __future__ import annotations

from typing import Callable, Optional, Tuple

import numpy as np

from .environment_map import EnvironmentMap
from .sphere import Array, column_angles, directions, row_latitudes, tangents
from .sun import SUN

_FEW, _ALIKE = 60, 0.03
"""A disk of at most so many pixels, that differ by no more than the second, has no smooth edge."""
_UNSURE = 0.6
"""Over the root of their number: the logarithm by which the width of pixels' area may differ from the disk's."""
_SMALL = 4.0
"""Pixels that the width of such a light is at most."""
_LARGEST = 150
"""Pixels of the window that is looked at: at the poles a small light has many."""
_FAINT = 1e-3
"""Parts of the brightest pixel's light that are left out of account."""
_FINE = 8
"""Samples along each side of a pixel."""
_ROUNDS = 10
_STARTS = np.array([0.6, 0.8, 1.0, 1.25])
"""Parts of the width that the spread tells from which a disk is looked for."""
_FITS = 0.04
"""A disk whose pixels differ from those seen by no more (root mean square) is what was seen."""
_LIKELY = 3e-2
"""So strongly a size that pixels tell nothing of is drawn to the sun's."""


def small_disk(environment: EnvironmentMap, places: Array, energies: Array, angle: float) -> Optional[float]:
    """The full width (radians) of a disk of a few pixels; None where it is none.

    Parameters
    ----------
    places, energies : ``(n, 3)``, ``(n,)`` its pixels' middles and their luminance times solid angle.
    angle : the width that their spread tells.
    """
    return _hard_edged(environment, places, energies) or _smooth_edged(environment, places, energies, angle)


def _hard_edged(environment: EnvironmentMap, places: Array, energies: Array) -> Optional[float]:
    """The width (radians) of a disk of a few pixels that are all alike; None where it is none.

    Where no edge is smooth the pixels' area tells the size, and of the sun not even that: its own size is better known,
    wherever all pixels' middles lie within it.
    """
    rows = np.clip(
        (0.5 - np.arcsin(np.clip(places[:, 2], -1, 1)) / np.pi) * environment.height, 0, environment.height - 1
    )
    solid = environment.solid_angles()[rows.astype(np.int64)]
    radiance = energies / solid
    full = radiance > (1 - _ALIKE) * float(radiance.max(initial=0.0))
    if not 0 < int(full.sum()) <= _FEW or float(energies[full].sum()) < (1 - _ALIKE) * float(energies.sum()):
        return None
    angle = 2 * float(np.arccos(1 - solid[full].sum() / (2 * np.pi)))
    middle = places[full].mean(axis=0)
    reach = 2 * float(np.arccos(np.clip(places[full] @ middle / np.linalg.norm(middle), -1.0, 1.0).min()))
    if abs(float(np.log(angle / SUN))) < _UNSURE / np.sqrt(full.sum()) or reach < SUN < angle:
        return SUN
    return angle


def _smooth_edged(environment: EnvironmentMap, places: Array, energies: Array, angle: float) -> Optional[float]:
    """The width of the disk that gives what the pixels have; None where none does.

    Its edge is averaged over each pixel, or falls over the width of one.
    """
    pixel = np.pi / environment.height
    if angle > _SMALL * pixel:
        return None
    middle = energies @ places
    middle /= np.linalg.norm(middle)
    window = _window(environment, places, energies, middle)
    if window is None:
        return None
    for fine in (_FINE, 1):
        width, error = _fitted(environment, *window, middle, angle, fine)
        if error < _FITS * float(np.linalg.norm(window[0])):
            return width
    return None


def _fitted(
    environment: EnvironmentMap, seen: Array, row: int, column: int, middle: Array, angle: float, fine: int
) -> Tuple[float, float]:
    """The width of the disk nearest to what is ``seen`` from a row and a column on, and how far it is from that."""
    pixel = np.pi / environment.height
    rows = row + (np.arange(seen.shape[0] * fine) + 0.5) / fine
    columns = column + (np.arange(seen.shape[1] * fine) + 0.5) / fine
    samples = directions(
        row_latitudes(rows, environment.height)[:, None], column_angles(columns, environment.width)[None, :]
    )
    flat = samples @ np.stack(tangents(middle), axis=1) / pixel
    solid = environment.solid_angles()[rows.astype(np.int64), None]

    def differing(guess: Array) -> Array:
        """Differences of a disk ``(x, y, logarithm of the radius)``, in pixels, and of its size from the sun's."""
        away = np.hypot(flat[..., 0] - guess[0], flat[..., 1] - guess[1])
        inside = np.clip((np.exp(guess[2]) - away) * fine + 0.5, 0.0, 1.0) * solid
        made = inside.reshape(seen.shape[0], fine, seen.shape[1], fine).sum(axis=(1, 3))
        made /= max(float(made.sum()), 1e-30)
        return np.append((made - seen).ravel(), _LIKELY * (guess[2] - np.log(SUN / 2 / pixel)))

    sizes = [*(angle * _STARTS), SUN]
    starts = [np.array([0.0, 0.0, np.log(np.clip(size / 2 / pixel, 0.3, _SMALL))]) for size in sizes]
    guess, _ = min((_least(differing, start) for start in starts), key=lambda found: found[1])
    return float(2 * pixel * np.exp(guess[2])), float(np.linalg.norm(differing(guess)[:-1]))


def _window(
    environment: EnvironmentMap, places: Array, energies: Array, middle: Array
) -> Optional[Tuple[Array, int, int]]:
    """Shares of the light ``(h, w)`` of pixels around a light, with the first row and column; None: it is large."""
    height, width = environment.height, environment.width
    rows = np.floor((0.5 - np.arcsin(np.clip(places[:, 2], -1, 1)) / np.pi) * height).astype(np.int64)
    columns = np.floor((0.5 - np.arctan2(places[:, 1], places[:, 0]) / (2 * np.pi)) * width).astype(np.int64)
    centre = int((0.5 - np.arctan2(middle[1], middle[0]) / (2 * np.pi)) * width)
    columns = (columns - centre + width // 2) % width - width // 2
    lit = energies > _FAINT * float(energies.max())
    top, bottom = max(int(rows[lit].min()) - 1, 0), min(int(rows[lit].max()) + 2, height)
    left, right = int(columns[lit].min()) - 1, int(columns[lit].max()) + 2
    if (bottom - top) * (right - left) > _LARGEST:
        return None
    seen = np.zeros((bottom - top, right - left))
    within = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    seen[rows[within] - top, columns[within] - left] = energies[within]
    return seen / seen.sum(), top, centre + left


def _least(differing: Callable[[Array], Array], guess: Array) -> Tuple[Array, float]:
    """The guess that makes differences least, by Gauss and Newton's steps while they help; and what is left."""
    now = differing(guess)
    for _ in range(_ROUNDS):
        slopes = np.stack([(differing(guess + step) - now) / 0.02 for step in 0.02 * np.eye(len(guess))], axis=1)
        step = np.clip(np.linalg.lstsq(slopes, -now, rcond=1e-6)[0], -0.4, 0.4)
        for shorter in (1.0, 0.3, 0.1):
            tried = differing(guess + shorter * step)
            if tried @ tried < now @ now:
                guess, now = guess + shorter * step, tried
                break
        else:
            break
    return guess, float(np.linalg.norm(now))
