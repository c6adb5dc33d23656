# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Dask cluster on this machine: a scheduler and workers, each a process group of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LocalCluster:
    """Programs of Dask's command line, which end with this."""

    def __init__(self, farm: Path, folder: Path) -> None:
        self._dask = str(farm / "dask")
        self._folder = folder
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        until = time.monotonic() + 60
        while not self._file.is_file() or not self._file.read_text():
            assert time.monotonic() < until, "the scheduler does not start"
            time.sleep(0.1)

    @property
    def address(self) -> str:
        """Where the scheduler listens."""
        return str(json.loads(self._file.read_text(encoding="utf-8"))["address"])

    def add_worker(self, **variables: str) -> subprocess.Popen[bytes]:
        """One more worker of one thread, ``w0`` and so on, under a nanny, as clusters run them."""
        name = f"w{len(self.workers)}"
        words = ("--name", name, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard")
        worker = self._start("worker", *words, **variables)
        self.workers.append(worker)
        return worker

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """A worker with its nanny, at once, as if the machine had lost its power. What they started is not told."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def close(self) -> None:
        """Ends all of it."""
        for process in (*self.workers, self._scheduler):
            self.kill(process)

    def _start(self, kind: str, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{kind}-{len(self.workers)}.log").open("wb")
        line = [self._dask, kind, *words, "--scheduler-file", str(self._file)]
        environment = {**os.environ, "DASK_DISTRIBUTED__ADMIN__EVENT_LOOP_MONITOR__ENABLED": "0", **variables}
        with log:
            return subprocess.Popen(
                line, stdout=log, stderr=log, cwd=self._folder, env=environment, start_new_session=True
            )


@contextmanager
def local_cluster(farm: Path, folder: Path, workers: int) -> Iterator[LocalCluster]:
    """A cluster with so many workers."""
    cluster = LocalCluster(farm, folder)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.close()
