# SPDX-License-Identifier: GPL-3.0-or-later
"""A take assessed with all that is known of its shot, and the report of it: a page and the same as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

import bpy

from ..licences import read_licences
from ..motion.take import Take
from ..quality.assessment import assess
from ..quality.evidence import Evidence, LightingEvidence
from ..quality.remedies import REMEDIES
from ..quality.report_comparison import aligned, comparison
from ..quality.report_facts import About, report_facts
from ..quality.report_page import Pictures, page
from ..quality.report_strip import strip_frames
from ..quality.results import Quality
from .environment_source import EnvironmentSource
from .quality_evidence import gather_evidence
from .quality_properties import gates_of
from .quality_strip import plate_file, shot_plate, strip_jpegs

PAGE, DATA = "index.html", "quality.json"
_NO_SHOT = "Only the take was given: name the shot's file and its character."


@dataclass(frozen=True)
class Assessed:
    """A take, what it was judged by and what came of it; ``spheres``: caption and JPEG of how it is lit."""

    path: Path
    evidence: Evidence
    quality: Quality
    notes: tuple[str, ...] = ()
    spheres: Optional[tuple[str, bytes]] = None
    plate: Optional[Path] = None


def assess_take(
    path: Path,
    scene: Optional[bpy.types.Scene] = None,
    environment: Optional[Path] = None,
    gates: Optional[Mapping[str, float]] = None,
    take: Optional[Take] = None,
) -> Assessed:
    """Judges a take file; with ``scene`` by its character, contacts, floor and light, or by an environment's light.

    Raises TakeError where the take cannot be read, EnvironmentMapError where the environment cannot.
    """
    from .quality_spheres import environment_spheres, shot_spheres

    take = Take.load(path) if take is None else take
    notes: list[str] = []
    spheres = None
    plate: Optional[Path] = None
    if scene is None:
        missing = dict.fromkeys(("character", "contacts", "lighting"), _NO_SHOT)
        evidence = Evidence(take, missing=missing)
    else:
        evidence = gather_evidence(bpy.context, scene, take)
        spheres = shot_spheres(scene, evidence.lighting)
        plate = shot_plate(scene.holirep)
    if environment is not None:
        from .light_matching import match_source

        matched = match_source(EnvironmentSource((environment,)))
        evidence = replace(evidence, lighting=_of_environment(matched))
        spheres = environment_spheres(matched)
        notes += matched.warnings
    plate = plate_file(take.header, plate)
    return Assessed(path, evidence, assess(evidence, gates), tuple(notes), spheres, plate)


def beside(assessed: Assessed, other: Path, gates: Optional[Mapping[str, float]] = None) -> tuple[Assessed, Assessed]:
    """A take and another one, judged alike: by the performers' own motion, in the same light.

    Raises TakeError where the other cannot be read.
    """
    light = assessed.evidence.lighting
    missing = {name: reason for name, reason in assessed.evidence.missing.items() if name == "lighting"}
    evidence = Evidence(Take.load(other), lighting=light, missing=missing)
    second = Assessed(other, evidence, assess(evidence, gates))
    if assessed.evidence.character is None:
        return assessed, second
    alike = "to be compared, both takes are judged alike"
    own = Evidence(assessed.evidence.take, lighting=light, missing={**missing, "character": alike})
    return replace(assessed, evidence=own, quality=assess(own, gates)), second


def write_quality_report(
    assessed: Assessed, folder: Path, other: Optional[Assessed] = None, pictures: bool = True
) -> tuple[Path, dict[str, Any]]:
    """Writes ``index.html`` and ``quality.json`` into a folder, made where it is not there; gives page and facts.

    ``other``: a take to be compared with. ``pictures``: whether the plate is read for the film strip. A failure leaves
    an older report as it is. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts, shown = report(assessed, other, pictures)
    text = json.dumps(facts, separators=(",", ":"), ensure_ascii=False)
    # the page is made of what the file holds, so that none of its numbers can be another
    whole = {DATA: text + "\n", PAGE: page(json.loads(text), shown)}
    partial = {name: folder / f".{name}.{os.getpid()}.partial" for name in whole}
    try:
        for name, content in whole.items():
            partial[name].write_text(content, encoding="utf-8")
        for name, path in partial.items():
            os.replace(path, folder / name)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    return folder / PAGE, facts


def report_shot(scene: bpy.types.Scene, folder: Path, other: Optional[Path], pictures: bool = True) -> tuple[Path, str]:
    """The report of a scene's own take, with the scene's gates; gives the page and the verdict.

    Raises TakeError, OSError.
    """
    gates = gates_of(scene.holirep.quality)
    assessed = assess_take(Path(bpy.path.abspath(scene.holirep.take.strip())), scene, gates=gates)
    second = None
    if other is not None:
        assessed, second = beside(assessed, other, gates)
    target, facts = write_quality_report(assessed, folder, second, pictures)
    return target, str(facts["verdict"])


def gates_of_show(path: Path) -> dict[str, float]:
    """The gates of a show's file. Raises ValueError, which names the file and the way out."""
    from ..quality.gates import read_gates

    return read_gates(path)


def report(
    assessed: Assessed, other: Optional[Assessed] = None, pictures: bool = True
) -> tuple[dict[str, Any], Pictures]:
    """The JSON object of a report, and its pictures."""
    take, name = assessed.evidence.take, assessed.path.stem
    second = "" if other is None else other.path.stem
    if other is not None and second == name:
        name, second = (f"{path.parent.name}/{path.stem}" for path in (assessed.path, other.path))
    judged = "the performer's own motion" if assessed.evidence.character is None else "the character, as it is keyed"
    remedies = {key: (remedy.title, remedy.sentence) for key, remedy in REMEDIES.items()}
    about = About(name, str(assessed.path), judged, take.header, assessed.notes, _licences(take.header), remedies)
    facts = report_facts(assessed.quality, about)
    frames = strip_frames(take, [row["frame"] for row in facts["film_strip"]])
    size = [2.0, 2.0] if take.observations is None else [float(value) for value in take.observations.image_size]
    if take.observations is None and take.camera is not None:
        size = [float(value) for value in take.camera.image_size]
    if facts["film_strip"] and not frames:
        facts["notes"].append("The film strip is empty: the take has neither a camera nor tracked points.")
    jpegs: list[Optional[bytes]] = [None] * len(frames)
    reasons: list[str] = []
    if pictures:
        jpegs, reasons = strip_jpegs(assessed.plate, frames, size)
    _tell_missing_pictures(facts, reasons)
    others: dict[str, dict[str, Any]] = {"measures": {}, "scores": {}}
    if other is not None:
        facts["comparison"] = comparison(facts, other.quality, second, str(other.path), other.evidence.take.header)
        others = _curves(assessed.quality, other.quality)
    strip = tuple(zip(frames, jpegs, strict=True))
    return facts, Pictures(strip, assessed.spheres, others["measures"], others["scores"])


def _curves(quality: Quality, other: Quality) -> dict[str, dict[str, Any]]:
    """The other take's curves on this one's rows; none where the rates differ."""
    if abs(quality.fps - other.fps) > 1e-3:
        return {"measures": {}, "scores": {}}
    clock = (other.frame_start, quality.frame_start, quality.frame_count)
    tables = {"measures": other.measures, "scores": other.scores}
    return {
        kind: {
            name: aligned(each.per_frame, *clock)
            for name, each in table.items()
            if each.per_frame is not None and len(each.per_frame)
        }
        for kind, table in tables.items()
    }


def _tell_missing_pictures(facts: dict[str, Any], reasons: list[str]) -> None:
    """Once at the top where one reason holds for all frames of the strip, else below each."""
    if reasons and reasons[0] and len(set(reasons)) == 1:
        facts["notes"].append(f"The film strip is without pictures. {reasons[0]}.")
        return
    for row, reason in zip(facts["film_strip"], reasons, strict=False):
        row["no_picture"] = reason


def _licences(header: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Those of the take's networks, as its header names them, and of all that is no network; else all."""
    models = header.get("models")
    hashes = {str(each.get("sha256", "")) for each in models if isinstance(each, Mapping)} if models else None
    return tuple(
        (each.name, each.licence, each.source)
        for each in read_licences()
        if not each.sha256 or hashes is None or each.sha256 in hashes
    )


def _of_environment(matched: Any) -> LightingEvidence:
    from ..lighting.measures import irradiance_harmonics

    shot = "It needs the shot's scene: name its file."
    names = ("sphere_rmse", "shadow_error", "plate_colour_angle", "plate_contrast", "exposure", "contact_shadow")
    return LightingEvidence(
        irradiance_error=matched.measures.irradiance_error,
        scene_harmonics=irradiance_harmonics(matched.analysis.grid),
        why=dict.fromkeys((*names, "face_light"), shot),
    )
