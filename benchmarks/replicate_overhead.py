# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole `replicate` job against a bare loop of decoding and MediaPipe holistic, over the same frames in one run.

    python -m benchmarks.replicate_overhead [PLATE] [--frames 300]

Runs in the host's Python, as Blender does: the job goes through the job list to a warm worker and ends with the take
on the disk. The loop (`mediapipe.solutions.holistic.Holistic`, its defaults, with `refine_face_landmarks=True` so that
both sides find irises) runs in the runtime's Python, once before and once after the jobs; its mean counts. Starting
the worker and loading its libraries is reported apart. A plate shorter than asked for is looped to and fro.

The exit code is 1 where one process takes more than 1.15 × the loop, or as many as the job list chooses take as long
as the loop or longer although the rest of the machine was idle.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from holirep_blender.runtime.jobs import JobList
from holirep_blender.runtime.location import find_runtime, require_python

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "build" / "plates" / "demo.mp4"
LOOP = Path(__file__).with_name("_holistic_loop.py")
ONE_PROCESS_LIMIT = 1.15
MANY_PROCESSES_LIMIT = 1.0
IDLE_CORES = 0.25
"""What other programs may use of all cores together for the machine to count as idle otherwise."""


def machine_seconds() -> float:
    """Processor time of all programs since the system started; NaN where the system does not tell (not Linux)."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return float("nan")
    user, nice, system, _, _, interrupts, soft_interrupts = (int(field) for field in fields[:7])
    return float(user + nice + system + interrupts + soft_interrupts) / os.sysconf("SC_CLK_TCK")


def own_seconds(worker: int | None) -> float:
    """Processor time of this process, its ended children, and the worker with its own."""
    times = os.times()
    seconds = times.user + times.system + times.children_user + times.children_system
    if worker is not None and Path("/proc").is_dir():
        fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
        seconds += sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return seconds


class Others:
    """What others and we used between `with` and its end: `.cores` they kept busy, `.own` seconds of ours."""

    def __init__(self, jobs: JobList) -> None:
        self._jobs = jobs
        self.cores = self.own = float("nan")

    def __enter__(self) -> Others:
        self._start = time.monotonic()
        self._own = own_seconds(self._jobs.worker_pid)
        self._machine = machine_seconds()
        return self

    def __exit__(self, *error: object) -> None:
        self.own = own_seconds(self._jobs.worker_pid) - self._own
        self.cores = (machine_seconds() - self._machine - self.own) / (time.monotonic() - self._start)


def loop(python: Path, *arguments: str) -> dict[str, Any]:
    """One run of the worker-side half."""
    command = [str(python), "-I", str(LOOP), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return dict(json.loads(done.stdout))


def replicate(jobs: JobList, plate: Path, out: Path, loading: bool = False, **settings: Any) -> float:
    """Seconds of a job from its submission to its result in the host; ends the program where it fails.

    A job that is only there for `loading` the libraries may fail: nobody may be in its few frames yet.
    """
    start = time.perf_counter()
    job = jobs.wait(jobs.submit("replicate", {"plate": str(plate), "device": "cpu", "out": str(out), **settings}))
    if job.error is not None and not loading:
        sys.exit(f"{job.error.message}\n{job.error.details}")
    return time.perf_counter() - start


def measure(source: Path, frames: int, folder: Path) -> int:
    """The comparison; prints as it goes and returns the exit code."""
    package = REPOSITORY / "holirep_blender"
    python = require_python(find_runtime(preference="", environ=os.environ, package=package, user_folder=None))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    plate = folder / "plate.mp4"
    print(f"plate: {loop(python, 'plate', str(source), str(frames), str(plate))}", flush=True)
    jobs = JobList(lambda: python)
    busy: list[float] = []
    cpu: list[float] = []

    def stock() -> float:
        with Others(jobs) as others:
            result = loop(python, "holistic", str(plate))
        busy.append(others.cores)
        cpu.append(float(result["cpu_seconds"]))
        times = f"{result['seconds']:7.2f} s   cpu {cpu[-1]:6.2f} s"
        print(f"holistic {times}   others used {others.cores:.2f} cores   {result['found']}", flush=True)
        return float(result["seconds"])

    def ours(processes: int | None) -> float:
        with Others(jobs) as others:
            seconds = replicate(jobs, plate, folder / "take.npz", processes=processes)
        busy.append(others.cores)
        cpu.append(others.own)
        name = f"processes={processes or 'default'}"
        print(
            f"replicate {seconds:6.2f} s   cpu {others.own:6.2f} s   others used {others.cores:.2f} cores   {name}",
            flush=True,
        )
        return seconds

    try:
        start = time.perf_counter()
        jobs.wait(jobs.submit("hello"))
        started = time.perf_counter() - start
        first = replicate(jobs, plate, folder / "take.npz", True, processes=1, frame_range=[1, min(10, frames)])
        print(f"worker: starts in {started:.2f} s; first job, of 10 frames, with loading the libraries {first:.2f} s")
        before = stock()
        one, many = ours(1), ours(None)
        bare = (before + stock()) / 2
    finally:
        jobs.close()
    idle = max(busy) <= IDLE_CORES and (os.cpu_count() or 1) >= 2
    print(f"load average before: {load:.2f}, cores: {os.cpu_count()}, otherwise idle: {'yes' if idle else 'no'}")
    print(f"processor time of one process by the loop's: {cpu[1] / ((cpu[0] + cpu[3]) / 2):.3f}")
    print(f"ratio with one process:       {one / bare:.3f} (limit {ONE_PROCESS_LIMIT})")
    print(f"ratio with default processes: {many / bare:.3f} (below {MANY_PROCESSES_LIMIT} where idle)")
    return int(one / bare > ONE_PROCESS_LIMIT or (idle and many / bare >= MANY_PROCESSES_LIMIT))


def main() -> int:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plate", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--frames", type=int, default=300)
    arguments = parser.parse_args()
    if not arguments.plate.is_file():
        sys.exit(f"There is no {arguments.plate}; make demo fetches the sample plate, or name another.")
    with tempfile.TemporaryDirectory() as folder:
        return measure(arguments.plate, arguments.frames, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
