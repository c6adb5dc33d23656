# SPDX-License-Identifier: GPL-3.0-or-later
"""The work on a plate shared out to processes, one contiguous part each."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple, Type

import cv2
import numpy as np

from ...motion.observations import Observations
from ..errors import DeviceError, PlateError, TrackingError
from ..plate import Plate
from .kept_plate import pictures_kept, room_for_pictures
from .lanes import Lanes
from .means import MEDIAPIPE, available_cores, engine_on, suitable_lanes
from .parts import joined
from .plan import Plan, bytes_held
from .scan import Sighting, from_arrays

if TYPE_CHECKING:
    from .torch_networks.feed import Feed
    from .torch_networks.service import Service

ENTRY = Path(__file__).with_name("part_process.py")
# A further process costs about a second to start and some 300 MB; it pays off from so many frames on.
FRAMES_PER_PROCESS = 60
# One process keeps nearly two cores busy (`lanes.py`).
CORES_PER_PROCESS = 2
MOST_PROCESSES = 8
# Where a device runs the networks, a process reads, cuts and decides; two cores are left for who starts them.
CORES_LEFT = 2
MOST_DEVICE_PROCESSES = 16
# With as many cores as these, processes that read and cut squares are faster than the one with the device that does it
# there for all: beside an H200, 16 of them came to 504 to 620 frames a second without decoding, the one to 250 to 317;
# with fewer cores it is the other way round, for it takes a third of their time.
CORES_TO_READ = 8
# What the pictures that all of them hold may take.
MOST_BYTES_HELD = 4 << 30

# Each process has a core or two; libraries that would start a thread for each core get in each other's way.
CHILD_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

FOLDER_PREFIX = "holirep-tracking-"

Report = Callable[[int], None]


def remove_left_behind() -> None:
    """Removes the folders of jobs that were killed: a cancelled job has no chance to remove its own."""
    for folder in Path(tempfile.gettempdir()).glob(FOLDER_PREFIX + "*"):
        owner = folder.name[len(FOLDER_PREFIX) :].split("-")[0]
        if owner.isdigit() and not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    if os.name == "nt":
        # Windows has no harmless signal; there the folder waits for the system's own cleaning.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def suitable_processes(plate: Plate, means: str = MEDIAPIPE) -> int:
    """As many processes as keep the processor cores that we have busy; fewer for a short plate or huge pictures."""
    held = bytes_held(plate) * suitable_lanes(plate, plate.frame_count, means)
    if means == MEDIAPIPE:
        cores, most, room = available_cores() // CORES_PER_PROCESS, MOST_PROCESSES, MOST_BYTES_HELD
    else:
        cores, most, room = available_cores() - CORES_LEFT, MOST_DEVICE_PROCESSES, room_for_pictures()
    return max(1, min(cores, most, room // held, plate.frame_count // FRAMES_PER_PROCESS))


class Team:
    """Scans a plate, then follows a performer through it; a context manager that leaves nothing behind.

    `decoding`: what decodes the plate, "nvdec" or "cpu"; for a device also why not the former.
    """

    decoding = "cpu"

    def scan(self, report: Report) -> List[Sighting]:
        """Everybody in the scanned frames of the plate's range."""
        raise NotImplementedError

    def follow(self, plans: Sequence[Plan], report: Report) -> List[Observations]:
        """The performer of each plan in every frame of the range."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends everything that was started."""

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


_idle: List[Lanes] = []
"""What the last job in this process left for the next one: loading the networks takes a quarter of a second."""


class InProcess(Team):
    """All the work in this process."""

    def __init__(self, plate: Plate, means: str = MEDIAPIPE) -> None:
        self._plate = plate
        if means != MEDIAPIPE:
            self.decoding = "cpu: one process does all, and reads as it follows"
        kept = [worker for worker in _idle if worker.means == means]
        _idle.clear()
        self._worker = kept[0] if kept else Lanes(means)
        self._pictures = 0 if means == MEDIAPIPE else pictures_kept(plate)
        self._threads = cv2.getNumThreads()
        # a lane cuts small squares: OpenCV's threads would only get in each other's way
        cv2.setNumThreads(1)

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        cv2.setNumThreads(self._threads)
        self._worker.rest()
        # after a failure a network may be in the middle of a run
        if kind is None:
            _idle[:] = [self._worker]

    def scan(self, report: Report) -> List[Sighting]:  # noqa: D102
        plate = self._plate
        return self._worker.scan(plate, plate.first_frame, plate.last_frame, report, self._pictures)

    def follow(self, plans: Sequence[Plan], report: Report) -> List[Observations]:  # noqa: D102
        return self._worker.follow(self._plate, self._plate.first_frame, self._plate.last_frame, plans, report)


class Processes(Team):
    """A process for each part.

    The processes stay in our process group, so that killing the group ends them, and they end by themselves when
    their standard input closes, so that they do not outlive us however we die.  Requests and progress are lines of
    JSON; arrays travel as `.npz` in a temporary folder that `close` removes.  A device's networks are run by this
    process for all of them.
    """

    def __init__(self, plate: Plate, pieces: List[Tuple[int, int]], means: str = MEDIAPIPE) -> None:
        self._pieces, self._means = pieces, means
        self._service: Optional[Service] = None
        self._feed: Optional[Feed] = None
        remove_left_behind()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
        self._messages: Queue[Tuple[int, Dict[str, Any]]] = Queue()
        self._children: List[subprocess.Popen[str]] = []
        self._readers: List[threading.Thread] = []
        try:
            for number in range(len(pieces)):
                self._start(number)
            if means != MEDIAPIPE:
                self._open_device(plate)
            for number in range(len(pieces)):
                self._send(number, self._opening(number, plate))
        except BaseException:
            self.close()
            raise

    def _open_device(self, plate: Plate) -> None:
        """The networks for all processes, and where there are few cores and there is room, the plate's pictures."""
        from .torch_networks.feed import feed_of  # load PyTorch
        from .torch_networks.service import Service

        engine = engine_on(self._means)
        if available_cores() < CORES_TO_READ:
            self._feed = feed_of(plate, engine.device, self._folder / "presence")
            full = "cpu: the device’s free memory has no room for the plate"
            self.decoding = full if self._feed is None else self._feed.decoding
        else:
            self.decoding = f"cpu: {available_cores()} cores read and cut faster than the process with the device"
        self._service = Service(engine, self._feed)

    def _start(self, number: int) -> None:
        child = subprocess.Popen(
            [sys.executable, "-I", str(ENTRY)],
            env={**os.environ, **CHILD_ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._children.append(child)
        reader = threading.Thread(target=self._read, args=(number, child), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _opening(self, number: int, plate: Plate) -> Dict[str, Any]:
        service = self._service
        return {
            "plate": str(plate.path),
            "range": [plate.first_frame, plate.last_frame],
            "sequence_fps": plate.fps,
            # nothing but reading keeps the cores busy where a device runs the networks
            "threads": 0 if service is None else -(-available_cores() // len(self._pieces)),
            "means": self._means,
            "kept": 0 if service is None else pictures_kept(plate) // len(self._pieces),
            "service": None if service is None else service.opening(self._folder / f"crops-{number}"),
        }

    def _read(self, number: int, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            try:
                self._messages.put((number, json.loads(line)))
            except ValueError:
                print(line, end="", file=sys.stderr)
        self._messages.put((number, {"ended": True}))

    def _send(self, number: int, message: Dict[str, Any]) -> None:
        stream = self._children[number].stdin
        assert stream is not None
        # A process that has died is reported by its reader.
        with contextlib.suppress(OSError):
            stream.write(json.dumps(message) + "\n")
            stream.flush()

    def scan(self, report: Report) -> List[Sighting]:  # noqa: D102
        sightings: List[Sighting] = []
        for stem in self._run("scan", {}, report):
            with np.load(f"{stem}.npz") as arrays:
                sightings += from_arrays(arrays)
        return sightings

    def follow(self, plans: Sequence[Plan], report: Report) -> List[Observations]:  # noqa: D102
        paths = [self._folder / f"plan-{number}.npz" for number in range(len(plans))]
        for path, plan in zip(paths, plans):
            np.savez(path, **plan.to_arrays())
        stems = self._run("follow", {"plans": [str(path) for path in paths]}, report)
        return [joined([Observations.load(f"{stem}-{number}.npz") for stem in stems]) for number in range(len(plans))]

    def _run(self, task: str, extra: Dict[str, Any], report: Report) -> List[str]:
        """What the processes' files begin with, in the order of the parts."""
        stems = [str(self._folder / f"{task}-{number}") for number in range(len(self._pieces))]
        for number, (first, last) in enumerate(self._pieces):
            self._send(number, {"task": task, "first": first, "last": last, "out": stems[number], **extra})
        done = [0] * len(self._pieces)
        waiting = set(range(len(self._pieces)))
        while waiting:
            number, message = self._messages.get()
            if "done" in message:
                done[number] = int(message["done"])
                report(sum(done))
            elif message.get("finished"):
                waiting.discard(number)
            elif "error" in message:
                if self._feed is not None and self._feed.error is not None:
                    raise self._feed.error
                kind = {"plate": PlateError, "device": DeviceError}.get(message.get("kind", ""), TrackingError)
                if message.get("kind") == "internal":
                    raise RuntimeError(f"a tracking process failed:\n{message['error']}")
                raise kind(message["error"])
            elif message.get("ended"):
                code = self._children[number].wait()
                raise RuntimeError(f"a tracking process ended unexpectedly (exit code {code})")
        return stems

    def close(self) -> None:  # noqa: D102
        for child in self._children:
            if child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()
            if child.poll() is None:
                child.kill()
            child.wait()
        for reader in self._readers:
            reader.join()
        for child in self._children:
            if child.stdout is not None:
                child.stdout.close()
        if self._service is not None:
            self._service.close()
        if self._feed is not None:
            self._feed.close()
        shutil.rmtree(self._folder, ignore_errors=True)
