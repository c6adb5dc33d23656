# SPDX-License-Identifier: GPL-3.0-or-later
"""What an assessment says: measures in physical units, scores made of them, gates, and the causes of low scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GROUPS: tuple[str, ...] = ("body", "face", "lighting", "integration")
"""What measures are about, in the order in which they are shown."""

TEMPORAL_COHERENCE = "temporal_coherence"
CROSS_MODAL_CONSISTENCY = "cross_modal_consistency"
ENVIRONMENTAL_INTEGRATION = "environmental_integration"
LIGHTING_REALISM = "lighting_realism"
OVERALL = "overall"

DEFAULT_GATES: dict[str, float] = {
    TEMPORAL_COHERENCE: 0.92,
    CROSS_MODAL_CONSISTENCY: 0.88,
    ENVIRONMENTAL_INTEGRATION: 0.85,
    LIGHTING_REALISM: 0.90,
    OVERALL: 0.87,
}
"""The least value at which a score passes, by the score's name; a show may have its own."""


@dataclass(frozen=True)
class Measure:
    """One physical figure of a take.

    Attributes
    ----------
    name : what it is called in files, such as ``foot_slide``.
    title : what it is called in the interface.
    group : one of :data:`GROUPS`.
    unit : of ``value``, ``per_frame``, ``good`` and ``bad``; ``""`` for a ratio.
    value : the figure of the whole clip; None where it could not be measured.
    statistic : how the clip's figure comes from the frames', such as "95th percentile".
    per_frame : (T,) the figure in each frame of the take, NaN where there is none; None for what has no frames.
    good, bad : values that are scored 1 and 0.
    score : 0..1; None where it could not be measured.
    formula, source : how it is computed, and where the formula and its bounds come from.
    missing : why it could not be measured; ``""`` where it was.
    """

    name: str
    title: str
    group: str
    unit: str
    value: Optional[float]
    statistic: str
    per_frame: Optional[Array]
    good: float
    bad: float
    score: Optional[float]
    formula: str
    source: str
    missing: str = ""


@dataclass(frozen=True)
class Cause:
    """A stretch of frames that pulls a score down.

    Attributes
    ----------
    measure : name of the measure that says so.
    part : part of the body as in ``motion.confidence.PARTS``, a joint, or ``""``.
    first, last : rows of the take, from 0, both included.
    value : the measure's worst value there, in its unit.
    loss : how much of the score it costs, 0..1.
    sentence : what is wrong, in the artist's words, without frame numbers.
    remedy : name of what would help, as in ``quality.remedies``; ``""`` where nothing is known.
    """

    measure: str
    part: str
    first: int
    last: int
    value: float
    loss: float
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class Score:
    """A score from 0 to 1 and what it stands on.

    Attributes
    ----------
    value : 0..1; None where nothing that it stands on could be measured.
    gate : the least value that passes.
    stands_on : names of the measures or scores that went into it.
    left_out : names of those that could not be measured.
    per_frame : (T,) the score in each frame, NaN where there is none; None for what has no frames.
    causes : what pulls it down, the worst first.
    missing : why there is no value; ``""`` where there is one.
    """

    name: str
    title: str
    value: Optional[float]
    gate: float
    stands_on: tuple[str, ...]
    left_out: tuple[str, ...]
    per_frame: Optional[Array]
    causes: tuple[Cause, ...]
    missing: str = ""

    @property
    def passed(self) -> Optional[bool]:
        """Whether the gate is passed; None where there is no value to judge."""
        return None if self.value is None else self.value >= self.gate


@dataclass(frozen=True)
class Quality:
    """The assessment of one take.

    Attributes
    ----------
    fps, frame_start, frame_count : the take's clock; row ``i`` is plate frame ``frame_start + i`` where rates agree.
    measures, scores : by name, in the order in which they are shown; scores end with ``overall``.
    notes : what was judged in the stead of what was not there, in the user's words.
    """

    fps: float
    frame_start: int
    frame_count: int
    measures: dict[str, Measure]
    scores: dict[str, Score]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every score that has a value passes its gate, and the overall score has one."""
        overall = self.scores[OVERALL].passed
        return bool(overall) and all(score.passed is not False for score in self.scores.values())
