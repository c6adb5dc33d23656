# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker on the device that the user prefers, with the CPU to fall back on."""

from __future__ import annotations

from typing import Callable, List, Optional

from ...motion.observations import Observations
from ..errors import DeviceError
from ..plate import Plate
from .choice import PersonChoice
from .interface import Progress
from .means import MEDIAPIPE, forget
from .mediapipe_tracker import MediaPipeTracker
from .people import PersonTrack


class DeviceTracker:
    """The same tracker with its networks run by PyTorch on a device, batch by batch.

    Where the device fails, `warn` is told why in the user's words and MediaPipe's interpreter does all of the work on
    the CPU; `used` says which of them has done it.
    """

    name = "torch"

    def __init__(self, device: str = "cuda:0", warn: Callable[[str], None] = lambda text: None) -> None:
        self._warn = warn
        self.used = device

    def track(
        self,
        plate: Plate,
        choice: PersonChoice,
        *,
        processes: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> Observations:
        """See `Tracker`."""
        try:
            return self._tracker().track(plate, choice, processes=self._processes(processes), progress=progress)
        except DeviceError as error:
            return self._instead(error).track(plate, choice, processes=processes, progress=progress)

    def list_people(
        self, plate: Plate, *, processes: Optional[int] = None, progress: Optional[Progress] = None
    ) -> List[PersonTrack]:
        """See `Tracker`."""
        try:
            return self._tracker().list_people(plate, processes=self._processes(processes), progress=progress)
        except DeviceError as error:
            return self._instead(error).list_people(plate, processes=processes, progress=progress)

    def find_people(self, plate: Plate, frame: int) -> List[PersonTrack]:
        """See `Tracker`.  One frame is MediaPipe's: it is there sooner than a device is ready."""
        return MediaPipeTracker().find_people(plate, frame)

    def _tracker(self) -> MediaPipeTracker:
        return MediaPipeTracker(self.used)

    def _processes(self, wanted: Optional[int]) -> Optional[int]:
        """One on a device, which does one process's work at a time."""
        return wanted if self.used == MEDIAPIPE else 1

    def _instead(self, error: DeviceError) -> MediaPipeTracker:
        if self.used == MEDIAPIPE:
            raise error
        forget(self.used)
        self.used = MEDIAPIPE
        self._warn(
            f"The GPU cannot do the tracking ({error}), so the CPU does. Close what else uses it, or choose CPU."
        )
        return MediaPipeTracker()
