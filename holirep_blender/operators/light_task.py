# SPDX-License-Identifier: GPL-3.0-or-later
"""Light that is matched while the interface goes on: calculations in a thread, Blender's data between two events."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from ..scene.light_steps import Step, Steps


class Stopped(Exception):
    """The user cancelled, so the thread ends."""


class LightTask:
    """One run through steps; to be called from the main thread only.

    ``text`` and ``fraction`` say how far it is, ``result`` is what came out in the end.
    """

    def __init__(self, steps: Steps[Any]) -> None:
        self.text, self.fraction = "Reading the environment", 0.0
        self.result: Any = None
        self._steps = steps
        self._step: Optional[Step] = None
        self._thread: Optional[threading.Thread] = None
        self._answer: Any = None
        self._error: Optional[BaseException] = None
        self._stop = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether it was told to end."""
        return self._stop.is_set()

    @property
    def waits(self) -> bool:
        """Whether the next step changes the scene, which must not be in use by anything else then."""
        return self._step is not None and self._step.builds

    def cancel(self) -> None:
        """Ends it; the thread goes by itself, and nothing was changed."""
        self._stop.set()
        self._steps.close()

    def advance(self) -> bool:
        """Goes on as far as it can without waiting; whether it is done. Raises what a step raised."""
        if self._thread is not None:
            if self._thread.is_alive():
                return False
            self._thread = None
        answer, error = self._answer, self._error
        self._answer = self._error = None
        try:
            self._step = self._steps.send(answer) if error is None else self._steps.throw(error)
        except StopIteration as end:
            self.result = end.value
            return True
        self.text, self.fraction = self._step.text, self._step.fraction
        if self._step.work is not None:
            self._thread = threading.Thread(target=self._work, args=(self._step,), name="holirep-light", daemon=True)
            self._thread.start()
        return False

    def _work(self, step: Step) -> None:
        def tell(done: float) -> None:
            if self._stop.is_set():
                raise Stopped
            self.fraction = step.fraction + (step.until - step.fraction) * done

        try:
            assert step.work is not None
            self._answer = step.work(tell)
        except BaseException as error:
            self._error = error
