# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a batch's stages to a Dask cluster. A program by itself: it runs in the cluster's Python, which has no HoliRep.

It reads a job (JSON) from the first line of its standard input and goes on until all stages ended, or until its
standard input is closed: then it ends what is running on the workers. It prints events, a JSON object a line.
Functions go to the workers by value, so the workers need nothing but Dask, Blender and HoliRep.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from typing import Any

Job = dict[str, Any]
"""A job, a stage, an event or a result, as JSON has it."""

DIED, TIME, LOCKED, CANCELLED = 6, 9, 11, 130
"""Exit codes: a process died; a stage took too long; another process is at it; it was asked to end."""
AGAIN_CODES = (6, 7, 9)
"""Exit codes that another try may mend, as in a batch on one machine."""
LOCK_SECONDS = 2.0
LONGEST_PAUSE = 60.0
ENDED_SECONDS = 30.0
PROGRESS = re.compile(r"(\d{1,3}) % (.*)")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
TIMED_OUT = (TimeoutError, asyncio.TimeoutError)
"""One class from Python 3.11 on."""
TO_WORKERS = ("run", "topic", "words", "environment", "list", "output", "options", "pause")
"""What a worker needs to know of a job."""

# Between a worker and Blender: ends Blender with all its processes when the worker is gone, even if it was killed, or
# closes the pipe. Its argument is the command as JSON.
GUARD = """
import json, os, signal, subprocess, sys, threading
windows = os.name == "nt"
more = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if windows else {"start_new_session": True}
child = subprocess.Popen(json.loads(sys.argv[1]), stdin=subprocess.DEVNULL, **more)
def end():
    while sys.stdin.buffer.read(1):
        pass
    for kind in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            child.terminate() if windows else os.killpg(child.pid, kind)
            child.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            pass
threading.Thread(target=end, daemon=True).start()
code = child.wait()
sys.stdout.flush()
os._exit(code if code >= 0 else 128 - code)
"""


def run_stage(job: Job, stage: Job) -> Job:
    """On a worker: one stage in one Blender, again where it broke down. It returns a result and raises nothing."""
    from distributed import get_worker

    worker = get_worker()
    state = worker.__dict__.setdefault("_holirep", {"running": {}, "cancelled": set()})
    words = [os.environ.get("HOLIREP_BLENDER") or job["words"][0], *job["words"][1:], "batch", job["list"]]
    words += ["--shot", stage["shot"], "--stage", stage["name"], "--output", job["output"], *job["options"], "--json"]
    environment = {**os.environ, **job["environment"]}
    if worker.state.nthreads == 1:  # Dask keeps libraries to one thread each; one stage at a time may have the machine
        for name in THREAD_VARIABLES:
            environment.pop(name, None)

    def tell(event: str, **facts: Any) -> None:
        worker.log_event(job["topic"], {"event": event, "stage": stage["id"], "node": str(worker.name), **facts})

    attempt, waited = 1, False
    while True:
        if job["run"] in state["cancelled"]:
            return {"id": stage["id"], "code": CANCELLED, "message": "cancelled", "seconds": 0.0}
        begun = time.time()
        if not waited:
            tell("started", attempt=attempt)
        result = _run_once(job, stage, words, environment, state["running"], tell)
        result = {"id": stage["id"], "node": str(worker.name), "seconds": round(time.time() - begun, 3), **result}
        if result["code"] == LOCKED:
            if not waited:
                tell("waiting", message=result["message"])
            waited = True
            time.sleep(LOCK_SECONDS)
            continue
        if result["code"] in AGAIN_CODES and attempt <= stage["retries"] and job["run"] not in state["cancelled"]:
            delay = min(job["pause"] * 2.0 ** (attempt - 1), LONGEST_PAUSE)
            tell("again", attempt=attempt, code=result["code"], message=result["message"], delay=delay)
            attempt, waited = attempt + 1, False
            time.sleep(delay)
            continue
        return result


def _run_once(
    job: Job, stage: Job, words: list[str], environment: dict[str, str], running: dict[int, Any], tell: Any
) -> Job:
    """Runs the command under a guard, tells how far it is, and returns exit code, message and the command's object."""
    command = [sys.executable, "-c", GUARD, json.dumps(words)]
    pipe = subprocess.PIPE
    # In a session of its own, so that whatever kills the worker with all its group leaves the guard to its task.
    child = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, env=environment, start_new_session=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    running[child.pid] = (job["run"], child)
    late = threading.Event()

    def too_late() -> None:
        late.set()
        child.stdin.close()  # type: ignore[union-attr]

    timer = threading.Timer(stage["timeout"] or 0.0, too_late)
    if stage["timeout"]:
        timer.daemon = True
        timer.start()
    answer: Job = {}
    tail: list[str] = []
    try:
        for raw in child.stdout:
            line = raw.decode("utf-8", "replace").strip()
            progress = PROGRESS.fullmatch(line)
            if progress:
                tell("progress", fraction=int(progress[1]) / 100.0, text=f"{int(progress[1]):3d} % {progress[2]}")
            elif line.startswith('{"'):
                with contextlib.suppress(ValueError):
                    answer = json.loads(line)
            elif line:
                tail = [*tail[-19:], line]
        code = child.wait()
    finally:
        timer.cancel()
        running.pop(child.pid, None)
    message = str(answer.get("error") or "")
    if late.is_set() and code:
        code, message = TIME, f"it took longer than {stage['timeout']:g} s"
    elif code > 128 and code != CANCELLED:
        code, message = DIED, f"Blender was ended by signal {code - 128}"
    elif code and not message:
        message = tail[-1] if tail else f"Blender ended with {code}"
    return {"code": code, "message": message, "result": answer, "tail": tail if code else []}


def end_running(run: str, dask_worker: Any = None) -> None:
    """On a worker, in its event loop: ends what it runs of a batch, and what it would begin."""
    state = dask_worker.__dict__.setdefault("_holirep", {"running": {}, "cancelled": set()})
    state["cancelled"].add(run)
    for owner, child in list(state["running"].values()):
        if owner == run:
            with contextlib.suppress(OSError):
                child.stdin.close()


def still_running(run: str, dask_worker: Any = None) -> int:
    """On a worker: how many Blenders of a batch it has."""
    state = dask_worker.__dict__.get("_holirep", {"running": {}})
    return sum(owner == run for owner, _child in state["running"].values())


class Driver:
    """Gives out stages whose needs are done, and gathers what became of them."""

    def __init__(self, client: Any, job: Job) -> None:
        self.client = client
        self.job = job
        self.for_workers = {key: job[key] for key in TO_WORKERS}
        self.left: dict[str, Job] = {stage["id"]: stage for stage in job["stages"]}
        self.results: dict[str, Job] = {}
        self.futures: dict[Any, Job] = {}
        self.cancelled = threading.Event()
        self.failed = False

    def say(self, event: Job) -> None:
        """Prints an event."""
        with PRINTING:
            print(json.dumps({"time": round(time.time(), 3), **event}), flush=True)

    def run(self) -> None:
        """Until all stages ended or the batch was cancelled."""
        gpus = any(info["resources"].get("GPU") for info in all_workers(self.client).values())
        order = {identity: index for index, identity in enumerate(self.left)}
        while (self.left or self.futures) and not self.cancelled.is_set():
            for stage in list(self.left.values()):
                needs = [self.results.get(need) for need in stage["needs"] if need in order]
                in_vain = any(need is not None and need["code"] for need in needs)
                if in_vain or (self.failed and not self.job["keep_going"]):
                    del self.left[stage["id"]]
                    self.results[stage["id"]] = {"code": -1}
                elif None not in needs:
                    del self.left[stage["id"]]
                    more = {"resources": {"GPU": 1}} if gpus and stage["uses_gpu"] else {}
                    future = self.client.submit(
                        run_stage, self.for_workers, stage, key=f"holirep-{self.job['run']}-{stage['id']}", pure=False,
                        priority=-order[stage["id"]], **more,
                    )  # fmt: skip
                    self.futures[future] = stage
            self._gather()
        if self.cancelled.is_set():
            self._end_all()

    def _gather(self) -> None:
        """Waits a moment for results. A future that was lost with the scheduler is an error of the batch."""
        from distributed import wait

        try:
            done = wait(list(self.futures), timeout=0.5, return_when="FIRST_COMPLETED").done if self.futures else ()
        except TIMED_OUT:
            return
        for future in done:
            stage = self.futures.pop(future)
            if future.status == "finished":
                result = future.result()
            elif future.status == "error":
                error = future.exception()
                result = {"code": DIED, "message": f"{type(error).__name__}: {error}", "seconds": 0.0, "result": {}}
            else:
                raise ConnectionError(f"the scheduler has lost {stage['id']} ({future.status})")
            self.results[stage["id"]] = result
            self.failed = self.failed or bool(result["code"])
            future.release()
            self.say({"event": "ended", "stage": stage["id"], **{key: result[key] for key in result if key != "id"}})

    def _end_all(self) -> None:
        self.client.cancel(list(self.futures), force=True)
        self.client.run(end_running, self.job["run"], on_error="ignore")
        until = time.time() + ENDED_SECONDS
        while time.time() < until:
            busy = self.client.run(still_running, self.job["run"], on_error="ignore")
            if not any(busy.values()):
                return
            time.sleep(0.5)


def all_workers(client: Any) -> Job:
    """What the scheduler knows of each worker. Newer versions tell of five, unless they are asked for more."""
    try:
        return dict(client.scheduler_info(n_workers=-1)["workers"])
    except TypeError:
        return dict(client.scheduler_info()["workers"])


def check_versions(client: Any) -> None:
    """Raises ValueError where functions of this Python would not run on the scheduler's or a worker's."""
    found = client.get_versions()
    here = found["client"]
    there = {f"the worker {name}": one for name, one in found["workers"].items()}
    there["the scheduler"] = found["scheduler"]
    for name, one in there.items():
        if one is None:
            continue
        mine, theirs = (each["host"]["python"].split(".")[:2] for each in (here, one))
        if mine != theirs:
            raise ValueError(
                f"{name} runs Python {'.'.join(theirs)}, {sys.executable} is Python {'.'.join(mine)}: "
                "name a Python of the cluster's version"
            )
        mine, theirs = (each["packages"]["distributed"] for each in (here, one))
        if mine != theirs:
            raise ValueError(f"{name} has distributed {theirs}, {sys.executable} has {mine}: install the same version")


PRINTING = threading.Lock()


def main() -> int:
    """Exit codes: 0 all stages ended, well or not; 2 no cluster, or the wrong one; 6 it was lost; 130 cancelled."""
    job = json.loads(sys.stdin.readline())
    try:
        from distributed import Client
    except ImportError as error:
        return fail(2, f"{sys.executable} has no Dask: {error}. Install distributed, in the cluster's version")
    try:
        client = Client(job["scheduler"], timeout=job["connect_seconds"], name="holirep-batch")
    except (OSError, ValueError, *TIMED_OUT) as error:
        return fail(2, f"there is no Dask scheduler at {job['scheduler']}: {error}")
    try:
        try:
            client.wait_for_workers(1, timeout=job["wait_for_workers"])
            check_versions(client)
        except TIMED_OUT:
            return fail(2, f"the scheduler {job['scheduler']} has no workers")
        except ValueError as error:
            return fail(2, str(error))
        job["topic"] = f"holirep-{job['run']}"
        driver = Driver(client, job)
        client.subscribe_topic(job["topic"], lambda event: driver.say(event[1]))
        threading.Thread(target=_watch, args=(driver,), daemon=True).start()
        workers = all_workers(client)
        driver.say({"event": "cluster", "scheduler": job["scheduler"], "workers": len(workers),
                    "threads": sum(one["nthreads"] for one in workers.values())})  # fmt: skip
        try:
            driver.run()
        except (OSError, RuntimeError) as error:
            return fail(6, f"the Dask cluster was lost: {error}; start the batch again: what is done stays done")
        time.sleep(0.2)  # the last events of the workers are on their way
        return 130 if driver.cancelled.is_set() else 0
    finally:
        client.close(timeout=5)


def _watch(driver: Driver) -> None:
    """Cancels when the standard input is closed: by a word of the batch that started this, or by its end."""
    sys.stdin.read()
    driver.cancelled.set()


def fail(code: int, message: str) -> int:
    """Prints what ended the driver."""
    print(json.dumps({"event": "error", "code": code, "message": message}), flush=True)
    return code


if __name__ == "__main__":
    CODE = main()
    sys.stdout.flush()
    os._exit(CODE)
