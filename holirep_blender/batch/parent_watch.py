# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage's process ends with the batch that started it, even where that was killed and could say nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """From now on this process is killed when its parent ends; what it wrote is temporary until it is whole.

    Its worker ends by itself when nobody is there to talk to. Linux kills at once, whatever this process is doing;
    elsewhere the end of the standard input is noticed as soon as a thread has its turn.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() == 1:
            os._exit(1)
    threading.Thread(target=_watch, name="holirep-parent", daemon=True).start()


def _watch() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(1)
