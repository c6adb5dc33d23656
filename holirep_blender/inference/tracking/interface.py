# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tracker is to the rest of HoliRep, and the register where a studio adds its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Protocol, Sequence, runtime_checkable

from ...motion.observations import Observations
from ..errors import TrackingError
from ..plate import Plate

if TYPE_CHECKING:
    from .choice import PersonChoice
    from .people import PersonTrack

# Called with (frames done, frames in all).
Progress = Callable[[int, int], None]
DEFAULT = "mediapipe"
TORCH = "torch"


class Tracker(Protocol):
    """Turns a plate into observations of one performer.

    All errors that the user can put right are `UserError`s.  `processes` is how many operating-system processes the
    work may use, None for as many as pay off; the result must not visibly depend on it.
    """

    name: str

    def track(
        self,
        plate: Plate,
        choice: PersonChoice,
        *,
        processes: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> Observations:
        """The performer in every frame of the plate's range, a row per frame."""

    def list_people(
        self, plate: Plate, *, processes: Optional[int] = None, progress: Optional[Progress] = None
    ) -> List[PersonTrack]:
        """Everybody in the plate's range, each with an identity and the frames where it was seen."""

    def find_people(self, plate: Plate, frame: int) -> List[PersonTrack]:
        """Everybody in one frame."""


@runtime_checkable
class SeveralTracker(Tracker, Protocol):
    """A tracker that follows several performers for less than one after the other takes."""

    def track_several(
        self,
        plate: Plate,
        choices: Sequence[PersonChoice],
        *,
        processes: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> List[Observations]:
        """The performer of each choice in every frame of the plate's range."""


_MAKERS: Dict[str, Callable[[], Tracker]] = {}


def register_tracker(name: str, make: Callable[[], Tracker]) -> None:
    """Adds a tracker under a name; a name that exists is replaced."""
    _MAKERS[name] = make


def is_replaced() -> bool:
    """Whether a studio's tracker stands under the default's name."""
    return DEFAULT in _MAKERS


def get_tracker(name: str = DEFAULT) -> Tracker:
    """The tracker of that name.  Raises TrackingError that names those there are."""
    if name == DEFAULT and name not in _MAKERS:
        # Imported only here, so that another tracker can be used without MediaPipe.
        from .mediapipe_tracker import MediaPipeTracker

        return MediaPipeTracker()
    if name == TORCH and name not in _MAKERS:
        from .device_tracker import DeviceTracker

        return DeviceTracker()
    if name not in _MAKERS:
        known = ", ".join(sorted({DEFAULT, TORCH, *_MAKERS}))
        raise TrackingError(f"Tracker: “{name}” is not installed; there are: {known}.")
    return _MAKERS[name]()
