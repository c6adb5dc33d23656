# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan on a Dask cluster: starts the driver in the cluster's own Python and passes its events on.

Blender's Python has no Dask, and what a cluster's workers run must be of their version. So the user's own Python with
`distributed` talks to the scheduler: the one that is named, else the first on the PATH that has it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ...runtime.process import clean_environment, start_process, stop_group
from ..plan import Stage
from ..runner import Policy
from .submission import Submission

DRIVER = Path(__file__).with_name("dask_driver.py")
PYTHON_VARIABLE = "HOLIREP_DASK_PYTHON"
_PROBE = "import distributed; print(distributed.__version__)"
_NAMES = ("python3", "python")


class DaskError(Exception):
    """The batch cannot go to the cluster, or the cluster was lost; ``code`` is the command's exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Cluster:
    """Where stages go: ``scheduler`` is an address such as ``tcp://host:8786``, ``python`` one that has Dask."""

    scheduler: str
    python: Path
    connect_seconds: float = 15.0
    wait_for_workers: float = 60.0


def find_dask_python(option: Optional[Path], environ: Mapping[str, str]) -> Path:
    """A Python with Dask: the one that is named, by option or variable, else the first on the PATH that has it.

    Raises DaskError, with the way out.
    """
    named = option or (Path(environ[PYTHON_VARIABLE]) if environ.get(PYTHON_VARIABLE) else None)
    if named is not None:
        problem = _probe(named, environ)
        if problem:
            raise DaskError(f"{named} cannot talk to a Dask cluster: {problem}. Install distributed there", 4)
        return named
    for folder in environ.get("PATH", "").split(os.pathsep):
        for name in _NAMES:
            found = shutil.which(name, path=folder) if folder else None
            if found and not _probe(Path(found), environ):
                return Path(found)
    raise DaskError(
        "no Python with Dask was found: install distributed, in the cluster's version, into a Python of the cluster's "
        f"version, and name it with --dask-python or {PYTHON_VARIABLE}",
        4,
    )


def run_on_cluster(
    job: Submission,
    cluster: Cluster,
    policy: Policy,
    stages: Sequence[Stage],
    on_event: Callable[[dict[str, Any]], None],
) -> bool:
    """Runs stages on a cluster; returns whether all ended, which they do not where the driver is asked to end.

    ``on_event`` is called with the events of driver and workers as they come: ``cluster`` (``workers``, ``threads``),
    ``started`` (``stage``, ``attempt``, ``node``), ``progress`` (``fraction``, ``text``), ``waiting`` (another process
    is at it), ``again`` (``attempt``, ``code``, ``message``, ``delay``), and ``ended`` (``code``, ``message``,
    ``seconds``, ``result``). A stage that needs one that failed is left out without a word.

    KeyboardInterrupt ends what runs on the workers before it goes on. Raises DaskError where the cluster cannot be
    used or was lost.
    """
    words = [str(cluster.python), str(DRIVER)]
    child = start_process(words, clean_environment(os.environ), stdin=True)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    said: deque[bytes] = deque(maxlen=20)
    reader = threading.Thread(target=said.extend, args=(child.stderr,), daemon=True)
    reader.start()
    error = None
    try:
        child.stdin.write(json.dumps(_job(job, cluster, policy, stages)).encode() + b"\n")
        child.stdin.flush()
        for line in child.stdout:
            event = json.loads(line)
            if event["event"] == "error":
                error = DaskError(event["message"], 6 if event["code"] == 6 else 4)
            on_event(event)
        code = child.wait()
    except KeyboardInterrupt:
        child.stdin.close()  # the driver ends what runs on the workers, and then itself
        child.wait(60)
        raise
    except BrokenPipeError:
        code = child.wait()
    finally:
        if child.poll() is None:
            stop_group(child)
    reader.join(5)
    if error is not None:
        raise error
    if code < 0:
        text = f"the driver of the Dask cluster was ended by signal {-code}; start the batch again: what is done stays"
        raise DaskError(text, 6)
    if code not in (0, 130):
        lines = b"".join(said).decode("utf-8", "replace").splitlines()
        last = next((line for line in reversed(lines) if line.strip() and not line.startswith(" ")), f"code {code}")
        raise DaskError(f"the driver of the Dask cluster broke down: {last}", 1)
    return code == 0


def _job(job: Submission, cluster: Cluster, policy: Policy, stages: Sequence[Stage]) -> dict[str, Any]:
    return {
        "run": uuid.uuid4().hex,
        "scheduler": cluster.scheduler,
        "connect_seconds": cluster.connect_seconds,
        "wait_for_workers": cluster.wait_for_workers,
        "keep_going": not policy.stop_on_error,
        "words": list(job.words),
        "environment": job.environment,
        "list": str(job.list_path),
        "output": str(job.plan.output),
        "options": list(job.options),
        "pause": policy.pause,
        "stages": [
            {
                "id": one.id,
                "shot": one.shot,
                "name": one.name,
                "needs": list(one.needs),
                "uses_gpu": one.uses_gpu,
                "timeout": one.timeout if policy.timeout is None else policy.timeout,
                "retries": one.retries if policy.retries is None else policy.retries,
            }
            for one in stages
        ],
    }


def _probe(python: Path, environ: Mapping[str, str]) -> str:
    """Why a Python cannot be the driver's; empty where it can."""
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_environment(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    return ""
