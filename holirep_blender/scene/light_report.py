# SPDX-License-Identifier: GPL-3.0-or-later
"""The match report that a lighter hands on: a page with its pictures inside, the same as JSON, and the pictures."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ..lighting.environment_map import EnvironmentMap
from ..lighting.marking import marked_environment
from ..lighting.measures import temperature
from ..lighting.progress import Tell, nobody
from ..lighting.report_page import page
from .light_matching import MatchedLight, light_rows
from .light_trial import try_rig
from .pictures import write_png

if TYPE_CHECKING:
    from .plate_light import PlateMatch

_WIDTH = 1024


def write_report(
    matched: MatchedLight,
    folder: Path,
    environment: Optional[EnvironmentMap] = None,
    plate: Optional[PlateMatch] = None,
    samples: int = 64,
    tell: Tell = nobody,
) -> Path:
    """Writes ``index.html``, ``light.json`` and pictures into a folder, made where it is not there.

    Nothing is written before all of it is there; what ``tell`` raises ends it.

    ``environment`` is the map before it was taken apart: with it, rig and environment are rendered against each other.
    ``plate`` is what Match to Plate came to. Gives the page's path. Raises OSError where it cannot be written.
    """
    facts = {"name": matched.name, "sentence": matched.sentence, **light_rows(matched), "sheet": sheet(matched)}
    marked = marked_environment(matched.analysis.grid, matched.analysis.lamps, _WIDTH)
    shots: dict[str, Any] = {"environment": np.dstack([marked, np.ones(marked.shape[:2], dtype=np.float32)])}
    if environment is not None:
        analysis = matched.analysis
        facts["rendered"], pictures = try_rig(environment, analysis.lamps, analysis.residual, samples, tell=tell)
        shots.update(pictures)
    if plate is not None:
        from .plate_light import comparison

        facts["plate"], shots["plate"] = plate.facts(), comparison(plate)
    encoded = {}
    with tempfile.TemporaryDirectory(prefix="holirep-report-") as beside:
        for name, picture in shots.items():
            write_png(picture, Path(beside) / f"{name}.png")
            encoded[name] = (Path(beside) / f"{name}.png").read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in encoded.items():
        (folder / f"{name}.png").write_bytes(data)
    (folder / "light.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    target = folder / "index.html"
    target.write_text(page(facts, encoded), encoding="utf-8")
    return target


def sheet(matched: MatchedLight) -> list[dict[str, Any]]:
    """The lamps as a lighter sets them up: degrees, Blender's strength and colour, kelvin."""
    rows = []
    for number, lamp in enumerate(matched.analysis.lamps, 1):
        x, y, z = (float(value) for value in lamp.direction)
        light = np.maximum(lamp.irradiance, 0.0)
        strength = float(light.max())
        rows.append(
            {
                "name": f"{number} {'Sun' if lamp.sun else 'Light'}",
                "azimuth": float(np.degrees(np.arctan2(y, x))),
                "elevation": float(np.degrees(np.arcsin(np.clip(z, -1.0, 1.0)))),
                "strength": strength,
                "colour": [float(value) for value in (light / strength if strength > 0 else np.ones(3))],
                "angle": float(np.degrees(lamp.angle)),
                "elongation": lamp.elongation,
                "temperature": temperature(lamp.irradiance),
                "share": lamp.share,
            }
        )
    return rows
