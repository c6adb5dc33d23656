# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheet that a lighter hands on: what an environment holds, as a page, as JSON and as a picture."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .light_matching import MatchedLight, light_rows
from .light_thumbnail import thumbnail

_STYLE = (
    "body{font:15px sans-serif;max-width:60em;margin:2em auto}td,th{padding:.2em .8em;text-align:right}img{width:100%}"
)


def write_report(matched: MatchedLight, folder: Path) -> Path:
    """Writes ``index.html``, ``light.json`` and ``environment.png`` into a folder, made where it is not there.

    Gives the page's path. Raises OSError where it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = light_rows(matched)
    image = thumbnail(matched.analysis.grid, matched.analysis.lamps, matched.name)
    try:
        image.filepath_raw, image.file_format = str(folder / "environment.png"), "PNG"
        image.save()
    except RuntimeError as error:
        raise OSError(f"{folder / 'environment.png'} could not be written: {error}") from error
    finally:
        bpy.data.images.remove(image)
    (folder / "light.json").write_text(json.dumps(rows, indent=2), encoding="utf-8")
    page = folder / "index.html"
    page.write_text(_page(matched, rows), encoding="utf-8")
    return page


def _page(matched: MatchedLight, rows: dict[str, Any]) -> str:
    facts = {
        "Size": f"{rows['size'][0]} × {rows['size'][1]} pixels, {rows['working_space']}",
        "Light in lamps": f"{rows['lamp_share']:.1%}",
        "Key to fill": "no key light" if rows["key_to_fill"] is None else f"{rows['key_to_fill']:.2f} : 1",
        "Colour temperature": "none" if rows["colour_temperature"] is None else f"{rows['colour_temperature']:.0f} K",
        "Contrast": f"{rows['contrast_stops']:.1f} stops between the brightest and the darkest side of a ball",
        "Energy closure": f"{rows['energy_closure']:.1e}",
        "Irradiance error": f"{rows['irradiance_error']:.5f} of the mean, over 600 normals",
        "Clipped": "no" if rows["clipping"] is None else f"yes, at {rows['clipping']['level']:.5g}",
    }
    listed = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in facts.items())
    head = "".join(f"<th>{name}</th>" for name in ("", "Azimuth", "Elevation", "Irradiance R G B", "Angle", "Share"))
    lamps = "".join(_lamp(number, row) for number, row in enumerate(rows["lights"], 1))
    notes = "".join(f"<p>{html.escape(text)}</p>" for text in rows["warnings"])
    name = html.escape(matched.name)
    return (
        f"<!doctype html><meta charset='utf-8'><title>{name}: light</title><style>{_STYLE}</style><h1>{name}</h1>"
        f"<p>{html.escape(matched.sentence)}.</p>{notes}<img src='environment.png' alt='The environment, lamps ringed'>"
        f"<table>{listed}</table><table><tr>{head}</tr>{lamps}</table>"
        "<p>Azimuth from +X toward +Y, environment not turned; irradiance in W/m² on what faces the lamp.</p>"
    )


def _lamp(number: int, row: dict[str, Any]) -> str:
    x, y, z = row["direction"]
    cells = (
        "Sun" if row["sun"] else f"Light {number}",
        f"{np.degrees(np.arctan2(y, x)):.1f}°",
        f"{np.degrees(np.arcsin(z)):.1f}°",
        " ".join(f"{value:.4g}" for value in row["irradiance"]),
        f"{np.degrees(row['angle']):.2f}°",
        f"{row['share']:.1%}",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
