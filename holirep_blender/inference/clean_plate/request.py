# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's job: pictures that take the performer out of the plate when they are put over it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import cv2
import numpy as np

from ...motion.take import Take, TakeError
from ...protocol.messages import Progress, partial_path
from ..errors import UserError
from ..plate import Plate
from ..plate_requests import frame_range_of, plate_of
from .backdrop import Backdrop, Sample, sample_count
from .matte import patch
from .silhouettes import Box, Silhouette, silhouettes

STAGES = ("Reading the plate", "Finding the background", "Taking the performer out")
STAGE_STARTS = (0.0, 0.3, 0.4)
"""Where each stage begins in the whole job, as a fraction."""
NAME = "clean"
AROUND, BELOW = 2.0, 2.0
"""In trunks: how far from the performer their clothes, hair and shadow are looked for."""
GUESSED = 0.02
"""Share of a patch that was never seen, from which on the frame is named."""
HOPELESS = 0.25
"""The same for a typical frame, from which on a patch would be an invention."""
_REPORT_SECONDS = 0.2


class SettingError(UserError):
    """A setting of the job."""

    kind = "setting"


def clean_plate(request: Dict[str, Any], report: Any) -> Dict[str, Any]:
    """Write ``clean.####.png`` into `folder`, one for each plate frame of the take or of `frame_range`.

    `take`, `plate`, `sequence_fps`, `frame_range`, `folder` (made if it is not there). A picture is as large as the
    plate, with straight alpha: what was behind the performer where they are, nothing elsewhere, so that the plate's own
    grain and life stay. Returns `{folder, first, frames, count, guessed, moves, seconds, warnings}`; ``guessed`` are
    the frames in which more than 2 % of the patch was never seen and comes from its surroundings. Raises UserError, and
    OSError as the disk gives it.
    """
    started = time.monotonic()
    report(_progress(0))
    take = _take_of(request)
    assert take.observations is not None
    plate = plate_of(request, None)
    wanted = _wanted(request, take, plate)
    people = silhouettes(take.observations)
    if not any(frame in people for frame in wanted):
        raise SettingError("The performer was found in none of these frames: choose a range that shows them.")
    size = plate.size
    folder = _folder_of(request)
    boxes = {frame: _inside(people[frame].box(AROUND, BELOW), size) for frame in wanted if frame in people}
    boxes = {frame: box for frame, box in boxes.items() if box[0] < box[2] and box[1] < box[3]}
    samples = _samples(plate, take, people, report)
    report(_progress(1))
    backdrop = Backdrop(samples, take.camera, _distance(take), _around(boxes.values(), size))
    _check(backdrop, take, people, boxes)
    shares: Dict[int, float] = {}
    last = 0.0
    for number, _, rgb in plate.frames(wanted.start, wanted.stop - 1):
        done = (number - wanted.start) / len(wanted)
        if time.monotonic() - last > _REPORT_SECONDS:
            last = time.monotonic()
            report(_progress(2, done, number, len(wanted)))
        picture = np.zeros((size[1], size[0], 4), dtype=np.uint8)
        if number in boxes:
            x0, y0, x1, y1 = boxes[number]
            background, seen = backdrop.behind(_row(take, number), boxes[number])
            inner, alpha = patch(rgb[y0:y1, x0:x1], background, seen, people[number], boxes[number])
            shares[number] = float(np.mean(~seen[alpha > 127])) if (alpha > 127).any() else 0.0
            lacking = (~seen & (alpha > 0)).astype(np.uint8)
            if lacking.any():
                inner = cv2.inpaint(inner, lacking, 3, cv2.INPAINT_TELEA)
            picture[y0:y1, x0:x1, :3] = np.where(alpha[..., None] > 0, inner, 0)
            picture[y0:y1, x0:x1, 3] = alpha
        _write(folder / f"{NAME}.{number:04d}.png", picture)
    guessed = [frame for frame, share in shares.items() if share > GUESSED]
    warnings = []
    if guessed:
        warnings.append(
            f"In {len(guessed)} of {len(shares)} frames (the first is {guessed[0]}) a part of what is behind the "
            "performer is never seen in the plate; it was filled from its surroundings: look at it."
        )
        report.warn(warnings[0])
    return {
        "folder": str(folder),
        "first": str(folder / f"{NAME}.{wanted.start:04d}.png"),
        "frames": [wanted.start, wanted.stop - 1],
        "count": len(shares),
        "guessed": guessed,
        "moves": backdrop.moves,
        "seconds": round(time.monotonic() - started, 3),
        "warnings": warnings,
    }


def _take_of(request: Dict[str, Any]) -> Take:
    name = request.get("take")
    if not isinstance(name, str) or not name.strip():
        raise SettingError("No take is chosen: replicate the performance first, its take says where the performer is.")
    try:
        take = Take.load(Path(name))
    except TakeError as error:
        raise SettingError(str(error)) from error
    if take.observations is None:
        raise SettingError(f"{Path(name).name} does not say where the performer was seen: replicate the plate again.")
    return take


def _wanted(request: Dict[str, Any], take: Take, plate: Plate) -> range:
    """The plate's frames to write."""
    observations = take.observations
    assert observations is not None
    if [int(value) for value in observations.image_size] != list(plate.size):
        width, height = (int(value) for value in observations.image_size)
        raise SettingError(
            f"{plate.path.name} is {plate.size[0]} x {plate.size[1]}, but the take was made from a plate of {width} x "
            f"{height}: choose the plate of this take."
        )
    first, last = int(observations.frame_numbers[0]), int(observations.frame_numbers[-1])
    if first < plate.first_frame or last > plate.last_frame:
        raise SettingError(
            f"{plate.path.name} has frames {plate.first_frame} to {plate.last_frame}, but the take was made from "
            f"frames {first} to {last}: choose the plate of this take."
        )
    chosen = frame_range_of(request) or (first, last)
    if not first <= chosen[0] <= chosen[1] <= last:
        raise SettingError(f"The frames {chosen[0]} to {chosen[1]} are not in the take, which has {first} to {last}.")
    return range(chosen[0], chosen[1] + 1)


def _folder_of(request: Dict[str, Any]) -> Path:
    name = request.get("folder")
    if not isinstance(name, str) or not name.strip():
        raise SettingError("No folder is chosen for the clean plate.")
    folder = Path(name)
    if folder.is_file():
        raise SettingError(f"{folder} is a file: choose a folder for the clean plate.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _samples(plate: Plate, take: Take, people: Dict[int, Silhouette], report: Any) -> List[Sample]:
    """Frames that are spread over all of the take."""
    assert take.observations is not None
    numbers = take.observations.frame_numbers
    count = min(sample_count(plate.size), len(numbers))
    chosen = {int(numbers[row]) for row in np.linspace(0, len(numbers) - 1, count).round().astype(int)}
    whole = (0, 0, *plate.size)
    samples = []
    for number, _, rgb in plate.frames(min(chosen), max(chosen), only=chosen):
        covered = people[number].mask(whole) if number in people else np.zeros(rgb.shape[:2], dtype=np.uint8)
        samples.append(Sample(_row(take, number), rgb.copy(), covered))
        report(_progress(0, len(samples) / count))
    return samples


def _check(backdrop: Backdrop, take: Take, people: Dict[int, Silhouette], boxes: Dict[int, Box]) -> None:
    """Raises SettingError where most of what is behind the performer is never seen."""
    frames = sorted(boxes)
    shares = []
    for place in np.linspace(0, len(frames) - 1, min(9, len(frames))).round().astype(int):
        frame = frames[place]
        covered = people[frame].mask(boxes[frame]) > 0
        if covered.any():
            _, seen = backdrop.behind(_row(take, frame), boxes[frame])
            shares.append(float(np.mean(~seen[covered])))
    if shares and float(np.median(shares)) > HOPELESS:
        cause = (
            "the performer hardly leaves the place" if not backdrop.moves else "the camera travels, or shows it once"
        )
        raise SettingError(
            f"{100.0 * float(np.median(shares)):.0f} % of what is behind the performer is never seen in this plate: "
            f"{cause}. Film or paint a clean plate, and choose it instead."
        )


def _distance(take: Take) -> float:
    """The performer's typical distance from the camera, in metres."""
    if take.camera is None:
        return 1.0
    eyes = take.camera.world_from_camera[:, :3, 3]
    return float(np.median(np.linalg.norm(take.root_translation - eyes[: len(take.root_translation)], axis=1)))


def _row(take: Take, number: int) -> int:
    """The take's row of a plate frame, by time."""
    observations = take.observations
    assert observations is not None
    place = int(np.searchsorted(observations.frame_numbers, number))
    seconds = observations.times[min(place, len(observations.times) - 1)] - observations.times[0]
    return min(round(float(seconds) * take.fps), take.frame_count - 1)


def _inside(box: Box, size: Tuple[int, int]) -> Box:
    x0, y0, x1, y1 = box
    return max(x0, 0), max(y0, 0), min(x1, size[0]), min(y1, size[1])


def _around(boxes: Iterable[Box], size: Tuple[int, int]) -> Box:
    """A box that holds all of them; the whole picture where there are none."""
    corners = np.array(list(boxes) or [(0, 0, *size)])
    x0, y0 = corners[:, :2].min(axis=0)
    x1, y1 = corners[:, 2:].max(axis=0)
    return int(x0), int(y0), int(x1), int(y1)


def _write(path: Path, rgba: Any) -> None:
    """Under its name only when it is whole."""
    _, data = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    partial = partial_path(path, os.getpid())
    try:
        partial.write_bytes(data.tobytes())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _progress(index: int, done: float = 0.0, frame: Any = None, count: Any = None) -> Progress:
    begin, end = (*STAGE_STARTS, 1.0)[index : index + 2]
    fraction = begin + (end - begin) * done
    return Progress(STAGES[index], index, len(STAGES), frame=frame, frame_count=count, fraction=fraction)
