# SPDX-License-Identifier: GPL-3.0-or-later
"""The match report as one HTML page with its pictures inside; every number in it is one of the JSON object's."""

from __future__ import annotations

import base64
import html
from typing import Any, Dict, List, Mapping, Optional, Sequence

_STYLE = """
body{font:15px/1.45 sans-serif;max-width:68em;margin:2em auto;padding:0 1em;color:#222;background:#fff}
h1{margin:0 0 .2em}h2{margin:1.6em 0 .4em;font-size:1.15em}
table{border-collapse:collapse;margin:.6em 0}th,td{padding:.25em .9em;text-align:right;border-bottom:1px solid #ddd}
th{font-weight:600}td:first-child,th:first-child{text-align:left}
img{width:100%;display:block;background:#000}figure{margin:.6em 0}figcaption{color:#555;font-size:.9em;margin-top:.3em}
.chip{display:inline-block;width:1.1em;height:1.1em;vertical-align:-.2em;border:1px solid #888;margin-right:.5em}
.note{background:#fff4d6;padding:.5em .8em;border-left:4px solid #e0a100}
"""


def page(facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The page of a report. ``facts`` is what the JSON file holds; ``pictures``: name to PNG."""
    name = html.escape(str(facts["name"]))
    parts = [f"<h1>{name}</h1>", f"<p>{html.escape(str(facts['sentence']))}.</p>"]
    parts += [f"<p class='note'>{html.escape(text)}</p>" for text in facts["warnings"]]
    parts.append(_figure(pictures, "environment", "The environment, seen from inside; numbers are those of the lamps."))
    parts += ["<h2>Specification</h2>", _sheet(facts["sheet"])]
    parts.append(
        "<p>Azimuth counts from +X toward +Y, elevation from the horizon, environment not turned. The strength is "
        "Blender's for a Sun lamp: irradiance in W/m² on what faces it; its colour is linear "
        f"{html.escape(str(facts['working_space']))}.</p>"
    )
    parts += ["<h2>Environment</h2>", _table(_facts(facts))]
    rendered = facts.get("rendered")
    if rendered:
        parts += ["<h2>Three balls, by the environment and by the rig</h2>"]
        parts.append(_figure(pictures, "balls", "Above: lit by the environment. Below: by lamps and residual."))
        parts.append(_balls(rendered["balls"]))
        parts.append(
            "<p>Errors of pictures that are tone-mapped alike (gamma 2.4, median at 0.5); in brackets those of a "
            "second render of the environment itself: noise alone.</p>"
        )
        parts += ["<h2>Shadows</h2>"]
        gain = rendered["shadow"]["difference_gain"]
        caption = f"By the environment, by the rig, and the difference between them times {gain:g}."
        parts.append(_figure(pictures, "shadow", caption))
        parts.append(_table(_shadow(rendered)))
    plate = facts.get("plate")
    if plate:
        parts += ["<h2>Match to the plate</h2>", _figure(pictures, "plate", "The plate; as rendered before; after.")]
        parts.append(_table(_plate(plate)))
    return f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{name}: light</title><style>{_STYLE}" \
        f"</style></head><body>{''.join(parts)}</body></html>\n"  # fmt: skip


def _facts(facts: Mapping[str, Any]) -> Dict[str, str]:
    clipping = facts["clipping"]
    temperature, key = facts["colour_temperature"], facts["key_to_fill"]
    return {
        "Size": f"{facts['size'][0]} × {facts['size'][1]} pixels, {facts['working_space']}",
        "Light in lamps": f"{facts['lamp_share']:.1%}",
        "Key to fill": "no key light" if key is None else f"{key:.2f} : 1",
        "Colour temperature": "none" if temperature is None else f"{temperature:.0f} K",
        "Contrast": f"{facts['contrast_stops']:.1f} stops between the brightest and the darkest side of a ball",
        "Energy closure": f"{facts['energy_closure']:.1e} of the light, the worst channel",
        "Irradiance error": f"{facts['irradiance_error']:.5f} of the mean, over 600 normals",
        "Clipped": "no" if clipping is None else f"yes, at {clipping['level']:.5g}, {clipping['pixels']} pixels",
    }


def _shadow(rendered: Mapping[str, Any]) -> Dict[str, str]:
    shadow = rendered["shadow"]
    return {
        "Rig against environment": f"{shadow['error']:.4f} of the mean",
        "Environment against itself (noise)": f"{shadow['noise']:.4f}",
        "Of the rig's error, no noise": f"{shadow['systematic']:.4f}",
        "Rendered": f"{rendered['engine']}, {rendered['samples']} samples, blocks of {shadow['block']} pixels, only "
        "where the floor is seen",
    }


def _plate(plate: Mapping[str, Any]) -> Dict[str, str]:
    rows = {
        "By": str(plate["kind"]),
        "Difference before": f"{plate['before']:.1%} of the plate's mean",
        "Difference after": f"{plate['after']:.1%}",
    }
    if plate["balance"] is not None:
        rows["Balance"] = _numbers(plate["balance"])
    if plate["chart_error"] is not None:
        rows["Chart's colours"] = f"{plate['chart_error']:.1f} delta E (CIE 1976) off, on average"
    for gain in plate["gains"]:
        rows[f"Gain of {gain['light']}"] = _numbers(gain["gain"])
    return rows


def _sheet(lamps: Sequence[Mapping[str, Any]]) -> str:
    if not lamps:
        return "<p>No lamp: the environment lights softly from everywhere.</p>"
    head = ("Lamp", "Azimuth", "Elevation", "Strength", "Colour R G B", "Angle", "Shape", "Temperature", "Share")
    rows: List[str] = []
    for lamp in lamps:
        warmth: Optional[float] = lamp["temperature"]
        colour = ",".join(str(round(255 * value ** (1 / 2.2))) for value in lamp["colour"])
        cells = (
            f"<span class='chip' style='background:rgb({colour})'></span>{html.escape(str(lamp['name']))}",
            f"{lamp['azimuth']:.1f}°",
            f"{lamp['elevation']:.1f}°",
            f"{lamp['strength']:.4g} W/m²",
            _numbers(lamp["colour"]),
            f"{lamp['angle']:.2f}°",
            "round" if lamp["elongation"] < 1.2 else f"{lamp['elongation']:.1f} : 1",
            "none" if warmth is None else f"{warmth:.0f} K",
            f"{lamp['share']:.1%}",
        )
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return "<table><tr>" + "".join(f"<th>{title}</th>" for title in head) + "</tr>" + "".join(rows) + "</table>"


def _balls(balls: Mapping[str, Mapping[str, float]]) -> str:
    head = "".join(f"<th>{title}</th>" for title in ("", "RMSE", "scale-invariant RMSE", "RGB angle"))
    rows = []
    for name, ball in balls.items():
        cells = (
            f"{ball['rmse']:.4f} ({ball['noise_rmse']:.4f})",
            f"{ball['scale_invariant_rmse']:.4f} ({ball['noise_scale_invariant_rmse']:.4f})",
            f"{ball['angle']:.2f}° ({ball['noise_angle']:.2f}°)",
        )
        rows.append(f"<tr><td>{name}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def _table(rows: Mapping[str, str]) -> str:
    cells = (f"<th>{html.escape(name)}</th><td>{html.escape(text)}</td>" for name, text in rows.items())
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


def _figure(pictures: Mapping[str, bytes], name: str, caption: str) -> str:
    if name not in pictures:
        return ""
    source = "data:image/png;base64," + base64.b64encode(pictures[name]).decode("ascii")
    words = html.escape(caption)
    return f"<figure><img alt='{words}' src='{source}'><figcaption>{words}</figcaption></figure>"
