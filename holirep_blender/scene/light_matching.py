# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment comes to: lamps, residual and measures, as the panel and the command line tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..lighting.analysis import GRID_WIDTH, AnalysisOptions, LightAnalysis, analyse
from ..lighting.environment_map import EnvironmentMap, reduced
from ..lighting.lamps import Lamp
from ..lighting.measures import LightMeasures, irradiance_harmonics, measure
from ..lighting.progress import Tell, nobody, part
from ..lighting.repair import Repair
from .environment_repair import RepairWish, repairing
from .environment_source import EnvironmentSource, open_source
from .environments import working_space
from .light_steps import at_once


@dataclass
class MatchedLight:
    """Lamps, residual and measures of one environment, with sentences for the user.

    ``repair``: what a clipped map was given back. ``closure``: by how much lamps and residual together differ from the
    map, the worst channel, as a part of it.
    """

    name: str
    analysis: LightAnalysis
    measures: LightMeasures
    closure: float
    warnings: list[str]
    repair: Repair | None = None

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        lamps = self.analysis.lamps
        if not lamps:
            return f"{self.name}: no lamp stands out; the environment lights softly from everywhere"
        count = f"{len(lamps)} lamp{'s' if len(lamps) > 1 else ''}"
        sun = " with the sun" if any(lamp.sun for lamp in lamps) else ""
        return f"{self.name}: {count}{sun}, {self.analysis.share:.0%} of the light"


def match_source(
    source: EnvironmentSource, lamps: int = 8, single: bool = False, wish: RepairWish | None = None
) -> MatchedLight:
    """Takes an environment of any layout or of bracketed exposures apart, repaired where that is wished.

    ``single``: one lamp for each light. Raises EnvironmentMapError, which names the file.
    """
    environment, warnings = open_source(source)
    made = at_once(repairing(environment, wish))
    matched = match_environment(made.environment, source.name, lamps, [*warnings, *made.sentences], single)
    matched.repair = made.repair
    return matched


def match_environment(
    environment: EnvironmentMap,
    name: str,
    lamps: int,
    warnings: list[str],
    single: bool = False,
    tell: Tell = nobody,
) -> MatchedLight:
    """Takes an environment apart into at most ``lamps`` lamps and a residual; its own pixels become the residual."""
    analysis = analyse(
        environment, AnalysisOptions(lamps=lamps, single=single), in_place=True, tell=part(tell, 0.0, 0.8)
    )
    rest = reduced(analysis.residual, GRID_WIDTH, part(tell, 0.8, 0.95))
    measures = measure(analysis.grid, rest, analysis.lamps, environment.luminance)
    found = [analysis.clipping.sentence] if analysis.clipping else []
    lamps_too = rest.flux + np.sum([np.zeros(3), *(lamp.irradiance for lamp in analysis.lamps)], axis=0)
    closure = float(np.max(np.abs(lamps_too - analysis.flux) / np.maximum(np.abs(analysis.flux), 1e-30)))
    return MatchedLight(name, analysis, measures, closure, [*warnings, *found])


def lamp_row(lamp: Lamp) -> dict[str, Any]:
    """A lamp as the JSON object tells it."""
    return {
        "direction": [float(value) for value in lamp.direction],
        "irradiance": [float(value) for value in lamp.irradiance],
        "angle": lamp.angle,
        "elongation": lamp.elongation,
        "axis": [float(value) for value in lamp.axis],
        "share": lamp.share,
        "sun": lamp.sun,
        "source": lamp.group,
    }


def repair_row(repair: Repair) -> dict[str, Any]:
    """What was given back, as the JSON object tells it."""
    return {
        "method": repair.method,
        "direction": [float(value) for value in repair.direction],
        "irradiance": [float(value) for value in repair.irradiance],
        "elsewhere": [float(value) for value in repair.spread],
        "assumed": list(repair.assumed),
    }


def light_rows(matched: MatchedLight) -> dict[str, Any]:
    """Everything that was found, for the JSON object."""
    analysis, measures = matched.analysis, matched.measures
    clipping = analysis.clipping
    return {
        "lights": [lamp_row(lamp) for lamp in analysis.lamps],
        "size": [analysis.residual.width, analysis.residual.height],
        "working_space": working_space(),
        "lamp_share": analysis.share,
        "flux": [float(value) for value in analysis.flux],
        "key_to_fill": measures.key_to_fill,
        "colour_temperature": measures.temperature,
        "contrast_stops": measures.contrast,
        "energy_closure": matched.closure,
        "irradiance_error": measures.irradiance_error,
        "irradiance_harmonics": irradiance_harmonics(analysis.grid).tolist(),
        "clipped": clipping is not None,
        "clipping": None if clipping is None else {"level": clipping.level, "pixels": clipping.pixels},
        "repair": None if matched.repair is None else repair_row(matched.repair),
        "warnings": matched.warnings,
    }
