# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ahead: the next frames are decoded while the networks work on this one."""

from __future__ import annotations

import queue
import threading
from typing import Iterator, TypeVar

Item = TypeVar("Item")
_END = object()


def prefetched(source: Iterator[Item], depth: int = 2) -> Iterator[Item]:
    """The same items in order, up to `depth` of them made in advance in a thread; errors are raised in their place."""
    ready: queue.Queue[object] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: object) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in source:
                if not put(item):
                    return
        except BaseException as error:  # handed to the reader, who raises it
            put(_Failure(error))
            return
        put(_END)

    thread = threading.Thread(target=work, name="plate reader", daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if item is _END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error
