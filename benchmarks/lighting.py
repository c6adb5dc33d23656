# SPDX-License-Identifier: GPL-3.0-or-later
"""Lamps and residual against other ways to light from an environment: irradiance error, share of the light, seconds.

Maps: Blender's own eight, and those of ../shared/data/hdri where they are. The error is the root mean square over 600
normals, over the mean irradiance, lamps as points; beside it the same with lamps as the disks that Blender renders.

``python -m benchmarks.lighting [--maps FILE …] [--json FILE]`` with a Python that has ``bpy``.
Exits with 1 where a target is missed: energy closure 1e-6, median error 0.0003, 0.003 on every map, a share of
the light as large as the plain blob finder's on every map.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import bpy
import numpy as np

from holirep_blender.lighting.analysis import analyse
from holirep_blender.lighting.environment_map import EnvironmentMap, Grid, reduced
from holirep_blender.lighting.irradiance import lamp_irradiance, map_irradiance
from holirep_blender.lighting.measures import harmonics, irradiance_harmonics
from holirep_blender.lighting.sphere import directions, even_directions
from holirep_blender.scene.environments import load_environment

CLOSURE, MEDIAN, WORST = 1e-6, 0.0003, 0.003
NORMALS = even_directions(600)


def main() -> int:
    """Prints the table; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=Path, nargs="*")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    shipped = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "hdri"
    paths = options.maps or [*sorted(shipped.glob("*.exr")), *sorted(shared.glob("*.hdr"))]
    rows = {f"{path.parent.name}/{path.stem}": measured(path) for path in paths}
    names = list(next(iter(rows.values())))
    print(f"{'':28}" + "".join(f"{name:>13}" for name in names))
    for title, row in rows.items():
        print(f"{title:28}" + "".join(f"{row[name]:13.5g}" for name in names))
    for title, of in (("median", np.median), ("worst", np.max)):
        print(f"{title:28}" + "".join(f"{of([row[name] for row in rows.values()]):13.5g}" for name in names))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))
    errors = [row["HoliRep"] for row in rows.values()]
    missed = [
        max(row["closure"] for row in rows.values()) > CLOSURE,
        float(np.median(errors)) > MEDIAN,
        max(errors) > WORST,
        any(row["share"] < row["blobs' share"] for row in rows.values()),
    ]
    return int(any(missed))


def measured(path: Path) -> dict[str, float]:
    """Errors of every way on one map, and of ours lamps, share, closure, seconds."""
    environment, _ = load_environment(path)
    weights = np.array(environment.luminance)
    grid = reduced(environment, 1024)
    grid = Grid(grid.radiance.copy(), grid.row_edges, grid.column_edges, grid.solid_angles, grid.latitudes, grid.angles)
    truth = map_irradiance(grid, NORMALS) @ weights

    def error(irradiance: np.ndarray) -> float:
        return float(np.sqrt(np.mean((irradiance @ weights - truth) ** 2)) / truth.mean())

    whole = flux(environment)
    begin = time.perf_counter()
    found = analyse(environment, in_place=True)
    seconds = time.perf_counter() - begin
    toward = np.array([lamp.direction for lamp in found.lamps]).reshape(-1, 3)
    strength = np.array([lamp.irradiance for lamp in found.lamps]).reshape(-1, 3)
    angles = np.array([lamp.angle for lamp in found.lamps])
    rest = map_irradiance(reduced(found.residual, 1024), NORMALS)
    by_blobs, blobs_share = blobs(grid, weights)
    return {
        "HoliRep": error(rest + lamp_irradiance(toward, strength, NORMALS)),
        "as disks": error(rest + lamp_irradiance(toward, strength, NORMALS, angles)),
        "blob finder": error(by_blobs),
        "median cut 64": error(median_cut(grid, weights)),
        "harmonics 2": error(harmonics(NORMALS) @ irradiance_harmonics(grid)),
        "one sun": error(averaged_sun(grid, weights)),
        "peak + HDRI": error(brightest_pixel(grid, weights)),
        "lamps": float(len(found.lamps)),
        "share": found.share,
        "blobs' share": blobs_share,
        "closure": float(np.max(np.abs(flux(found.residual) + strength.sum(axis=0) - whole) / whole)),
        "seconds": seconds,
    }


def flux(environment: EnvironmentMap) -> np.ndarray:
    """Radiance times solid angle summed over a map, (3,)."""
    return np.einsum("hwc,h->c", environment.pixels.astype(np.float64), environment.solid_angles())


def places(grid: Grid) -> np.ndarray:
    """Directions (h, w, 3) of a grid."""
    return directions(grid.latitudes[:, None], grid.angles[None, :])


def blobs(grid: Grid, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Residual and at most eight suns, each what exceeds four times a ring's median within 12° of a peak."""
    toward, rest = places(grid), grid.radiance.astype(np.float64)
    total = float(np.sum(rest @ weights * grid.solid_angles))
    result, held = np.zeros((len(NORMALS), 3)), 0.0
    for _ in range(8):
        bright = rest @ weights
        peak = np.unravel_index(np.argmax(bright), bright.shape)
        cosine = toward @ toward[peak]
        ring = (cosine < np.cos(np.radians(7.2))) & (cosine > np.cos(np.radians(12)))
        excess = np.maximum(rest - 4 * np.median(rest[ring], axis=0), 0) * (cosine > np.cos(np.radians(12)))[..., None]
        excess *= component(excess @ weights > 0, peak)[..., None]
        light = excess * grid.solid_angles[..., None]
        energy = light.sum(axis=(0, 1))
        if energy @ weights < 0.01 * total:
            break
        middle = np.einsum("hw,hwc->c", light @ weights, toward)
        result += np.maximum(NORMALS @ middle / np.linalg.norm(middle), 0)[:, None] * energy
        held += float(energy @ weights) / total
        rest -= excess
    left = Grid(rest.astype(np.float32), *[getattr(grid, name) for name in _GRID])
    return result + map_irradiance(left, NORMALS), held


_GRID = ("row_edges", "column_edges", "solid_angles", "latitudes", "angles")


def component(mask: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """The pixels of a mask that are joined to one of them, across the map's seam too."""
    found = np.zeros_like(mask)
    found[seed] = True
    while True:
        wide = found | np.roll(found, 1, axis=1) | np.roll(found, -1, axis=1)
        high = wide.copy()
        high[1:] |= wide[:-1]
        high[:-1] |= wide[1:]
        high &= mask
        if (high == found).all():
            return found
        found = high


def median_cut(grid: Grid, weights: np.ndarray) -> np.ndarray:
    """64 lights of equal energy, no map: Debevec, A median cut algorithm for light probe sampling (2005)."""
    energy = (grid.radiance @ weights) * grid.solid_angles
    light, toward = grid.radiance * grid.solid_angles[..., None], places(grid)
    parts = [(0, energy.shape[0], 0, energy.shape[1])]
    for _ in range(6):
        cut = []
        for top, bottom, left, right in parts:
            block = energy[top:bottom, left:right]
            across = (right - left) * np.cos(grid.latitudes[(top + bottom) // 2]) > bottom - top
            sums = np.cumsum(block.sum(axis=0 if across else 1))
            at = int(np.clip(np.searchsorted(sums, sums[-1] / 2) + 1, 1, max(len(sums) - 1, 1)))
            if across:
                cut += [(top, bottom, left, left + at), (top, bottom, left + at, right)]
            else:
                cut += [(top, top + at, left, right), (top + at, bottom, left, right)]
        parts = cut
    result = np.zeros((len(NORMALS), 3))
    for top, bottom, left, right in parts:
        block = energy[top:bottom, left:right]
        middle = np.einsum("hw,hwc->c", block, toward[top:bottom, left:right])
        if np.linalg.norm(middle) > 0:
            facing = np.maximum(NORMALS @ middle / np.linalg.norm(middle), 0)
            result += facing[:, None] * light[top:bottom, left:right].sum(axis=(0, 1))
    return result


def averaged_sun(grid: Grid, weights: np.ndarray) -> np.ndarray:
    """What exceeds a radiance of 10 becomes one sun in the mean direction, as EEVEE's own extraction does it."""
    excess = np.maximum(grid.radiance - 10.0, 0)
    light = excess * grid.solid_angles[..., None]
    middle = np.einsum("hw,hwc->c", light @ weights, places(grid))
    rest = map_irradiance(Grid(grid.radiance - excess, *[getattr(grid, name) for name in _GRID]), NORMALS)
    if not np.linalg.norm(middle) > 0:
        return rest
    return rest + np.maximum(NORMALS @ middle / np.linalg.norm(middle), 0)[:, None] * light.sum(axis=(0, 1))


def brightest_pixel(grid: Grid, weights: np.ndarray) -> np.ndarray:
    """A white sun of strength 1 at the brightest pixel, and the map kept: what aligns a sun and takes nothing away."""
    bright = grid.radiance @ weights
    peak = places(grid)[np.unravel_index(np.argmax(bright), bright.shape)]
    return map_irradiance(grid, NORMALS) + np.maximum(NORMALS @ peak, 0)[:, None]


if __name__ == "__main__":
    sys.exit(main())
