# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast tracking is, and where the time goes: MediaPipe's own solution, this on the CPU, this on a device.

    RUNTIME_PYTHON -m benchmarks.tracking_speed PLATE … [--frames 1800] [--few 120] [--device cuda:0] [--processes 8 16]
                                                [--pictures FOLDER] [--repeats 2] [--out FILE.json]

A column is of the same plate, and all are of the same run; MediaPipe's holistic and this on the CPU do the first
`--few` frames.  `--pictures` names a folder in memory for the plates as uncompressed pictures: the rows "no decoding"
read those.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import cv2
import numpy as np

from benchmarks.tracking_overhead import cpu_seconds, holistic
from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking.choice import LARGEST
from holirep_blender.inference.tracking.means import MEDIAPIPE, available_cores, engine_on, work_of
from holirep_blender.inference.tracking.mediapipe_tracker import MediaPipeTracker
from holirep_blender.inference.tracking.plan import split

DISTINCT = 460
"""Of a long plate so many frames are written as pictures, over and over under further names."""
REPEATS = 30


def decoding(plate: Plate, threads: int) -> float:
    """Frames a second that so many threads read, a contiguous part each."""
    pieces = split(plate, plate.first_frame, plate.last_frame, threads)

    def read(piece: Any) -> int:
        return sum(1 for _ in plate.frames(*piece))

    plate.threads = 1 if threads > 1 else 0
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        frames = sum(pool.map(read, pieces))
    return frames / (time.perf_counter() - start)


def feeding(plate: Plate, device: str) -> Dict[str, Any]:
    """Reading the whole plate onto the device, and by what; nothing is looked at meanwhile."""
    import torch

    from holirep_blender.inference.tracking.torch_networks.feed import Feed

    with tempfile.TemporaryDirectory() as folder:
        work, start = cpu_seconds(), time.perf_counter()
        feed = Feed(plate, torch.device(device), Path(folder) / "presence")
        feed.wait()
        seconds = time.perf_counter() - start
        row = {
            "frames_a_second": plate.frame_count / seconds,
            "cpu_milliseconds_a_frame": 1e3 * (cpu_seconds() - work) / plate.frame_count,
            "by": feed.decoding,
        }
        feed.close()
        if feed.error is not None:
            raise feed.error
    return row


def cutting(device: str) -> Dict[str, float]:
    """Microseconds to cut one of 32 squares out of pictures on the device, by the network that it is for."""
    import torch

    from holirep_blender.inference.tracking.regions import Region
    from holirep_blender.inference.tracking.torch_networks.pictures import PictureStore, Place
    from holirep_blender.inference.tracking.torch_networks.sizes import BORDERED, SIZES

    repeats = 1 if device == "cpu" else REPEATS
    store = PictureStore(torch.device(device), (1920, 1080), 8)
    chance, found = np.random.default_rng(1), {}
    for name, size in SIZES.items():
        places = [
            Place(
                store,
                row % 8,
                Region(*chance.uniform(300, 1000, 2), size * chance.uniform(0.5, 8)),
                False,
                name in BORDERED,
            )
            for row in range(32)
        ]
        squares = torch.empty((len(places), size, size, 3), dtype=torch.uint8, device=device)
        for _ in range(3):  # TorchScript is looked at twice before it is as fast as it gets
            store.cut(places, size, squares)
        squares.sum().item()
        start = time.perf_counter()
        for _ in range(repeats):
            store.cut(places, size, squares)
        squares.sum().item()
        found[name] = 1e6 * (time.perf_counter() - start) / repeats / len(places)
    return found


class Watch:
    """Seconds until the first frame is done, and in all."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.first: Optional[float] = None

    def __call__(self, done: int, total: int) -> None:
        """See `interface.Progress`."""
        if done > 0 and self.first is None:
            self.first = time.perf_counter() - self.start


def tracking(plate: Plate, means: str, processes: Optional[int]) -> Dict[str, Any]:
    """One job; with what the device did, where there is one."""
    work, before, watch = cpu_seconds(), work_of(means), Watch()
    rows = MediaPipeTracker(means).track(plate, LARGEST, processes=processes, progress=watch)
    seconds = time.perf_counter() - watch.start
    done = {
        name: {key: value - before.get(name, {}).get(key, 0.0) for key, value in row.items()}
        for name, row in work_of(means).items()
    }
    return {
        "frames": plate.frame_count,
        "seconds": seconds,
        "frames_a_second": plate.frame_count / seconds,
        "cpu_milliseconds_a_frame": 1e3 * (cpu_seconds() - work) / plate.frame_count,
        "first_frame_after": watch.first,
        "found": {
            group: int(np.sum(getattr(rows, group + "_confidence") > 0))
            for group in ("body", "face", "left_hand", "right_hand")
        },
        "device_seconds": {name: row["seconds"] for name, row in done.items()},
        "crops_a_frame": {name: row["crops"] / plate.frame_count for name, row in done.items()},
        "crops_a_batch": {name: row["crops"] / max(row["batches"], 1) for name, row in done.items()},
    }


def pictures(plate: Plate, folder: Path) -> Path:
    """The plate as uncompressed pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    last = min(plate.last_frame, plate.first_frame + DISTINCT - 1)
    written = []
    for number, _, image in plate.frames(plate.first_frame, last):
        written.append(folder / f"plate_{number:06d}.ppm")
        cv2.imwrite(str(written[-1]), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    for number in range(last + 1, plate.last_frame + 1):
        link = folder / f"plate_{number:06d}.ppm"
        if not link.exists():
            link.symlink_to(written[(number - plate.first_frame) % len(written)])
    return folder


def ceilings(device: str) -> Dict[str, float]:
    """Of the device: TFLOP/s of large products in half and single precision, TB/s of a large copy, read and written."""
    import torch

    a = torch.randn(8192, 8192, device=device, dtype=torch.float16)
    b = torch.randn(8192, 8192, device=device, dtype=torch.float16)
    c = torch.empty(1 << 30, device=device, dtype=torch.float32)
    d = torch.empty_like(c)

    def timed(work: Any, repeats: int) -> float:
        work()
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(repeats):
            work()
        end.record()
        torch.cuda.synchronize()
        return float(begin.elapsed_time(end)) / 1e3 / repeats

    work = 2 * 8192**3 / 1e12
    product = timed(lambda: torch.mm(a, b), 10)
    a, b = a.float(), b.float()
    exact = timed(lambda: torch.mm(a, b), 2)
    copy = timed(lambda: d.copy_(c), 10)
    return {
        "tflops": work / product,
        "tflops_float32": work / exact,
        "tb_a_second": 2 * 4 * (1 << 30) / copy / 1e12,
    }


def networks_alone(device: str) -> Dict[str, Dict[str, float]]:
    """Each network on full batches of noise: crops a second with the copies there and back, and what one crop takes."""
    import torch

    from holirep_blender.inference.tracking.torch_networks.costs import cost_of
    from holirep_blender.inference.tracking.torch_networks.sizes import SIZES

    repeats = 1 if device == "cpu" else REPEATS
    engine = engine_on(device)
    engine.ready.wait()
    lines = engine.lines
    chance = np.random.default_rng(1)
    table = {}
    for name, size in SIZES.items():
        line = lines[name]
        crops = list(chance.integers(0, 255, (line.most, size, size, 3), np.uint8))
        line.answers(crops)
        start = time.perf_counter()
        for _ in range(repeats):
            line.answers(crops)
        seconds = (time.perf_counter() - start) / repeats / len(crops)
        alone = line.seconds_without_copies(repeats) / line.most
        operations, moved = cost_of(line.network)
        table[name] = {
            "crops_a_second": 1.0 / seconds,
            "microseconds": 1e6 * seconds,
            "microseconds_without_copies": 1e6 * alone,
            "float32": line.network.graph.kind == torch.float32,
            "gigaflop": operations / 1e9,
            "megabytes": moved / 1e6,
        }
    return table


def print_limits(networks: Dict[str, Dict[str, float]], limits: Dict[str, float]) -> None:
    """How long each network takes for a crop, and how long it would if it kept the device's limit busy."""
    print(f"{'network':16}{'with copies':>12}{'without':>10}{'limit':>9}  {'set by':12}{'times':>7}")
    for name, row in networks.items():
        arithmetic = 1e3 * row["gigaflop"] / limits["tflops_float32" if row["float32"] else "tflops"]
        memory = row["megabytes"] / limits["tb_a_second"]
        limit, by = max((arithmetic, "arithmetic"), (memory, "memory"))
        alone = row["microseconds_without_copies"]
        print(f"{name:16}{row['microseconds']:9.1f} us{alone:7.1f} us{limit:6.1f} us  {by:12}{alone / limit:7.1f}")


def measured(arguments: argparse.Namespace, path: Path, note: Callable[[str, Any], None]) -> None:
    """All rows of one plate."""
    whole = open_plate(path)
    last = min(whole.last_frame, arguments.frames or whole.last_frame)
    few, plate = open_plate(path, (1, min(arguments.few, last))), open_plate(path, (1, last))
    note("plate", {"size": plate.size, "frames": plate.frame_count, "few": few.frame_count})
    note("reading alone, one reader", {"frames_a_second": decoding(few, 1)})
    readers = available_cores()
    note(f"reading alone, {readers} readers", {"frames_a_second": decoding(plate, readers)})
    stock = holistic(path, few.frame_count)
    note("MediaPipe holistic", {"frames_a_second": 1e3 / stock["ms"], **stock})
    note("this on the CPU", tracking(few, MEDIAPIPE, None))
    if not arguments.device:
        return
    targets = {"": plate}
    if arguments.pictures:
        folder = pictures(plate, arguments.pictures / path.stem)
        targets[", no decoding"] = open_plate(folder, sequence_fps=plate.fps)
    note("reading onto the device", feeding(plate, arguments.device))
    for processes in arguments.processes or [None]:
        for kind, target in targets.items():
            name = f"this on {arguments.device}" + (f", {processes} processes" if processes else "") + kind
            for _ in range(arguments.repeats):
                note(name, tracking(target, arguments.device, processes))
    if arguments.pictures:
        shutil.rmtree(folder)


def print_speeds(table: Dict[str, Dict[str, List[Any]]]) -> None:
    """A column for each plate, a row for each way; of several runs all are told."""
    columns = {plate: rows for plate, rows in table.items() if "MediaPipe holistic" in rows}
    print(f"{'frames a second':48}" + "".join(f"{plate:>28}" for plate in columns))
    for name in next(iter(columns.values())):
        cells = [
            [row["frames_a_second"] for row in rows.get(name, []) if "frames_a_second" in row]
            for rows in columns.values()
        ]
        if any(cells):
            print(f"{name:48}" + "".join(f"{', '.join(f'{value:.1f}' for value in cell):>28}" for cell in cells))


def main() -> int:
    """Prints one line of JSON a row, and tables at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plates", type=Path, nargs="+")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--few", type=int, default=120)
    parser.add_argument("--device")
    parser.add_argument("--processes", type=int, nargs="*", help="on the device; as many as suit where not given")
    parser.add_argument("--repeats", type=int, default=1, help="of the device's rows")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table: Dict[str, Dict[str, List[Any]]] = {}

    def note(column: str, name: str, row: Any) -> None:
        table.setdefault(column, {}).setdefault(name, []).append(row)
        print(json.dumps({column: {name: row}}), flush=True)
        if arguments.out:
            arguments.out.write_text(json.dumps(table, indent=1))

    note("machine", "cores", available_cores())
    if arguments.device:
        networks = networks_alone(arguments.device)
        note("machine", "networks alone", networks)
        note("machine", "cutting, microseconds a square", cutting(arguments.device))
        if arguments.device != "cpu":
            limits = ceilings(arguments.device)
            note("machine", "ceilings", limits)
            print_limits(networks, limits)
    for path in arguments.plates:
        measured(arguments, path, partial(note, path.stem))
    print_speeds(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
