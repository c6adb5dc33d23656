# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker on the device that the user prefers, with the CPU to fall back on."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, TypeVar

from ...motion.observations import Observations
from ..errors import DeviceError
from ..plate import Plate
from .choice import PersonChoice
from .interface import Progress
from .means import MEDIAPIPE, forget
from .mediapipe_tracker import MediaPipeTracker
from .people import PersonTrack

Result = TypeVar("Result")


class DeviceTracker:
    """The same tracker with its networks run by PyTorch on a device, batch by batch.

    Where the device fails, `warn` is told why in the user's words and MediaPipe's interpreter does all of the work on
    the CPU; `used` says which of them has done it, and `decoding` what decoded the plate.
    """

    name = "torch"

    def __init__(self, device: str = "cuda:0", warn: Callable[[str], None] = lambda text: None) -> None:
        self._warn = warn
        self.used = device
        self.decoding = ""

    def track(
        self,
        plate: Plate,
        choice: PersonChoice,
        *,
        processes: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> Observations:
        """See `Tracker`."""
        return self.track_several(plate, [choice], processes=processes, progress=progress)[0]

    def track_several(
        self,
        plate: Plate,
        choices: Sequence[PersonChoice],
        *,
        processes: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> List[Observations]:
        """See `MediaPipeTracker.track_several`."""
        return self._done(lambda tracker: tracker.track_several(plate, choices, processes=processes, progress=progress))

    def list_people(
        self, plate: Plate, *, processes: Optional[int] = None, progress: Optional[Progress] = None
    ) -> List[PersonTrack]:
        """See `Tracker`."""
        return self._done(lambda tracker: tracker.list_people(plate, processes=processes, progress=progress))

    def find_people(self, plate: Plate, frame: int) -> List[PersonTrack]:
        """See `Tracker`.  One frame is MediaPipe's: it is there sooner than a device is ready."""
        return MediaPipeTracker().find_people(plate, frame)

    def _done(self, work: Callable[[MediaPipeTracker], Result]) -> Result:
        tracker = MediaPipeTracker(self.used)
        try:
            result = work(tracker)
            self.decoding = tracker.decoding
            return result
        except DeviceError as error:
            if self.used == MEDIAPIPE:
                raise
            forget(self.used)
            self.used = MEDIAPIPE
            self._warn(
                f"The GPU cannot do the tracking ({error}), so the CPU does. Close what else uses it, or choose CPU."
            )
            return work(MediaPipeTracker())
