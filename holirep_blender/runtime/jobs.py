# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of jobs: one at a time, in order, in one warm worker. Independent of bpy, so it survives file loads."""

from __future__ import annotations

import atexit
import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..protocol.messages import PROTOCOL_VERSION, Progress, partial_path
from ..protocol.sentences import PRESS_REPAIR
from .blender_tasks import bake_shadows, light_report
from .doctor import check_runtime, doctor
from .farm_node import farm_doctor
from .faults import JobError, RuntimeFault
from .installer import install_runtime, remove_runtime, repair_runtime
from .job import Event, Job, error_of
from .local_tasks import LocalFunction, LocalTask
from .worker import Death, Note, Patience, Reply, WorkerClient
from .worker_log import WorkerLog

__all__ = ["LOCAL_TASKS", "Event", "Job", "JobList"]

WORKER_SCRIPT = Path(__file__).resolve().parents[1] / "inference" / "__main__.py"
START_LIMIT = 3
"""Workers in a row that die before they answer; then nothing is started for a while."""
START_PAUSE = 60.0
LOGGED_KINDS = ("worker", "internal")
"""Errors of which the worker's log may say more; the others say themselves what to do."""
LOCAL_TASKS: dict[str, LocalFunction] = {
    "install_runtime": install_runtime,
    "repair_runtime": repair_runtime,
    "remove_runtime": remove_runtime,
    "check_runtime": check_runtime,
    "doctor": doctor,
    "bake_shadows": bake_shadows,
    "light_report": light_report,
    "farm_doctor": farm_doctor,
}
"""Kinds of job that run beside the worker."""


class JobList:
    """Owns the jobs and the worker. To be called from one thread; only `wait` and `close` block.

    `find_python` names the runtime's interpreter and is asked anew at each start of a worker, so that a changed
    preference takes effect; it raises `RuntimeFault` where there is none. In `log_folder` (None for no file) the
    worker's log is kept.
    """

    def __init__(
        self,
        find_python: Callable[[], Path],
        *,
        script: Path = WORKER_SCRIPT,
        patience: Patience | None = None,
        idle_timeout: float | None = None,
        log_folder: Path | None = None,
    ) -> None:
        self._find_python = find_python
        self._script = script
        self._patience = patience or Patience()
        self._idle_timeout = idle_timeout
        self._log = WorkerLog(log_folder) if log_folder is not None else None
        self._ids = itertools.count(1)
        self._jobs: list[Job] = []
        self._events: list[Event] = []
        self._worker: WorkerClient | None = None
        self._leaving: list[WorkerClient] = []
        self._greeting: int | None = None
        self._request: int | None = None
        self._task: LocalTask | None = None
        self._verdict: tuple[str, JobError | None] | None = None
        self._failed_starts = 0
        self._last_failed_start = 0.0
        self._idle_since = time.monotonic()
        self._closed = False
        atexit.register(self.close)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, oldest first."""
        return tuple(self._jobs)

    @property
    def current(self) -> Job | None:
        """The job that is running."""
        return next((job for job in self._jobs if job.state == "running"), None)

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits: while it does, `poll` must be called."""
        return any(not job.finished for job in self._jobs)

    @property
    def worker_pid(self) -> int | None:
        """The warm worker's process id."""
        return self._worker.pid if self._worker else None

    def submit(self, kind: str, params: dict[str, Any] | None = None) -> Job:
        """Queue a job: one of the worker's methods, or a kind in `LOCAL_TASKS`. It starts at the next `poll`."""
        if self._closed:
            raise RuntimeError("the job list is closed")
        job = Job(next(self._ids), kind, dict(params or {}))
        self._jobs.append(job)
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job. A waiting one is cancelled at once, a running one as soon as its processes are gone (2 s)."""
        if job.state == "queued":
            self._finish(job, "cancelled")
        elif job.state == "running" and self._verdict is None:
            if self._task is not None:
                self._task.cancel()
            elif self._worker is not None:
                self._worker.stop()
                self._verdict = ("cancelled", None)

    def forget(self, job: Job) -> None:
        """Take a finished job out of the list."""
        if job.finished:
            self._jobs.remove(job)

    def poll(self) -> list[Event]:
        """Move everything on and return what happened since the last call. Never blocks."""
        if not self._closed:
            self._bury()
            if self._task is not None:
                self._poll_task(self._task)
            elif self._worker is not None:
                self._poll_worker(self._worker)
            if self.current is None:
                self._start_next()
        events, self._events = self._events, []
        return events

    def wait(self, job: Job, on_progress: Callable[[Job], None] | None = None, interval: float = 0.05) -> Job:
        """Poll until the job is finished; for background use. `on_progress` is called on each of its events."""
        while not job.finished:
            for event in self.poll():
                if event.job is job and on_progress is not None:
                    on_progress(job)
            if not job.finished:
                time.sleep(interval)
        return job

    def stop_worker(self) -> None:
        """End the warm worker, so that its memory is free or its files can be replaced."""
        if self._worker is not None:
            self._worker.stop()
            self._leaving.append(self._worker)
            self._worker = None
            self._greeting = None

    def close(self) -> None:
        """End everything; blocks until no process of ours is left (two seconds at most)."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        running = self.current
        if self._task is not None:
            self._task.cancel()
            self._task.join()
            self._task = None
        self.stop_worker()
        for worker in self._leaving:
            worker.close()
            if running is not None:
                _remove_partial(running, worker.pid)
        self._leaving.clear()
        for job in self._jobs:
            if not job.finished:
                self._finish(job, "cancelled")

    def _start_next(self) -> None:
        job = next((job for job in self._jobs if job.state == "queued"), None)
        if job is None:
            idle = time.monotonic() - self._idle_since
            if self._worker is not None and self._idle_timeout is not None and idle > self._idle_timeout:
                self.stop_worker()
            return
        if job.kind in LOCAL_TASKS:
            if self._worker is not None:
                self.stop_worker()  # no process may use the runtime while it is built, repaired or removed
            if self._leaving:
                return
            folder = {"log_folder": str(self._log.path.parent)} if self._log is not None else {}
            self._task = LocalTask(LOCAL_TASKS[job.kind], {**folder, **job.params})
            self._failed_starts = 0
        elif self._worker is None:
            if self._leaving:
                return
            try:
                self._start_worker()
            except RuntimeFault as fault:
                job.error = fault.error
                self._finish(job, "failed")
                return
        job.state = "running"
        self._events.append(Event("started", job))
        if self._worker is not None and self._greeting is None:
            self._request = self._worker.request(job.kind, job.params)

    def _start_worker(self) -> None:
        if self._failed_starts >= START_LIMIT and time.monotonic() - self._last_failed_start < START_PAUSE:
            text = f"The worker died {self._failed_starts} times at its start. Run Doctor to see why. {PRESS_REPAIR}"
            raise RuntimeFault("runtime", text + (self._log.hint() if self._log is not None else ""))
        python = self._find_python()
        try:
            self._worker = WorkerClient(python, self._script, self._patience, self._log)
        except OSError as error:
            text = f"The runtime's Python cannot be started: {python} ({error.strerror}). {PRESS_REPAIR}"
            raise RuntimeFault("runtime", text, str(error)) from error
        self._greeting = self._worker.request("hello", {})

    def _poll_worker(self, worker: WorkerClient) -> None:
        job = self.current
        if job is not None and self._verdict is not None:
            if worker.gone:
                # Not before all of its processes are gone is the job over and its output cleaned up.
                state, job.error = self._verdict
                job.log_tail = worker.stderr_lines
                self.stop_worker()
                _remove_partial(job, worker.pid)
                self._finish(job, state)
            return
        for message in worker.poll(busy=job is not None):
            if isinstance(message, Death):
                if self._greeting is not None:
                    self._failed_starts += 1
                    self._last_failed_start = time.monotonic()
                self._end_with(worker, job, message.error)
                return
            if isinstance(message, Note):
                self._take_note(message, job)
            elif message.request_id == self._greeting:
                if not self._greeted(worker, message, job):
                    return
            elif message.request_id == self._request and job is not None:
                self._take_reply(worker, message, job)

    def _greeted(self, worker: WorkerClient, reply: Reply, job: Job | None) -> bool:
        self._greeting = None
        self._failed_starts = 0
        if reply.error is not None:
            self._end_with(worker, job, error_of(reply.error))
            return False
        version = reply.result.get("protocol") if isinstance(reply.result, dict) else None
        if version != PROTOCOL_VERSION:
            text = (
                f"The worker speaks protocol {version}, this HoliRep {PROTOCOL_VERSION}: HoliRep was updated while "
                "Blender was running. Restart Blender."
            )
            self._end_with(worker, job, JobError("runtime", text))
            return False
        if job is not None:
            self._request = worker.request(job.kind, job.params)
        return True

    def _take_note(self, note: Note, job: Job | None) -> None:
        if job is None:
            return
        if note.method == "progress":
            job.progress = Progress.from_json(note.params)
            self._events.append(Event("progress", job, job.progress))
        elif note.method == "warning":
            job.warnings.append(str(note.params.get("message", "")))
            self._events.append(Event("warning", job))

    def _take_reply(self, worker: WorkerClient, reply: Reply, job: Job) -> None:
        job.log_tail = worker.stderr_lines
        if reply.error is None:
            job.result = reply.result
            self._finish(job, "done")
            return
        error = error_of(reply.error)
        if error.kind == "memory":
            self._end_with(worker, job, error)  # what it holds is not given back otherwise
            return
        job.error = error
        self._finish(job, "failed")

    def _end_with(self, worker: WorkerClient, job: Job | None, error: JobError) -> None:
        """Stop the worker; the job fails as soon as that is gone."""
        if job is None:
            self.stop_worker()
        else:
            worker.stop()
            self._verdict = ("failed", error)

    def _poll_task(self, task: LocalTask) -> None:
        job = self.current
        assert job is not None
        for progress in task.take_progress():
            job.progress = progress
            self._events.append(Event("progress", job, job.progress))
        for warning in task.take_warnings():
            job.warnings.append(warning)
            self._events.append(Event("warning", job))
        if task.running:
            return
        self._task = None
        job.log_tail = task.log_lines
        job.result, job.error = task.result, task.error
        self._finish(job, task.outcome)

    def _bury(self) -> None:
        for worker in [worker for worker in self._leaving if worker.gone]:
            worker.close()
            self._leaving.remove(worker)

    def _finish(self, job: Job, state: str) -> None:
        if job.state == "running":
            self._idle_since = time.monotonic()
            self._verdict = None
            self._request = None
        logged = job.kind not in LOCAL_TASKS and job.error is not None and job.error.kind in LOGGED_KINDS
        if self._log is not None and job.error is not None and logged:
            job.error = replace(job.error, message=job.error.message + self._log.hint())
        job.state = state
        self._events.append(Event(state, job))


def _remove_partial(job: Job, worker_pid: int) -> None:
    """Remove what a killed worker had begun to write."""
    out = job.params.get("out")
    if isinstance(out, str) and out:
        partial_path(Path(out), worker_pid).unlink(missing_ok=True)
    folder = job.params.get("folder")
    if isinstance(folder, str) and folder:
        for partial in Path(folder).glob(partial_path(Path("*"), worker_pid).name):
            partial.unlink(missing_ok=True)
