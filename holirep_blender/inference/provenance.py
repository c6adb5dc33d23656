# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take comes from: which plate, which models, which versions. All of it goes into the take's header."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np

from .plate import Plate
from .plate.sequence import Sequence
from .runtime_report import versions

MODELS = (
    "pose_detection/pose_detection.tflite",
    "pose_landmark/pose_landmark_full.tflite",
    "palm_detection/palm_detection_full.tflite",
    "hand_landmark/hand_landmark_full.tflite",
    "hand_landmark/hand_landmark_lite.tflite",
    "face_detection/face_detection_short_range.tflite",
    "face_landmark/face_landmark_with_attention.tflite",
)
"""The networks that the tracker runs, below `mediapipe/modules`; a test compares this with its graphs."""

HASH_OF_FILE = "file"
HASH_OF_SEQUENCE = "names and sizes, first and last file"
"""What `sha256` of a plate was computed from. All pictures of a sequence would take longer than tracking."""

_CHUNK = 1 << 20


class Fingerprints:
    """The hashes of a plate and of the models, computed in a thread while the plate is tracked.

    hashlib lets go of the interpreter while it computes, so the tracking's Python is not held up.
    """

    def __init__(self, plate: Plate) -> None:
        self._plate = plate
        self._end = threading.Event()
        self._plate_hash: Optional[str] = None
        self._models: List[Dict[str, str]] = []
        self._error: Optional[Exception] = None
        self._thread = threading.Thread(target=self._run, name="fingerprints", daemon=True)
        self._thread.start()

    def __enter__(self) -> Fingerprints:
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()

    def wait(self, still_waiting: Callable[[], None]) -> None:
        """Until all is computed; `still_waiting` is called each second. Raises OSError for a file that is gone."""
        while self._thread.is_alive():
            self._thread.join(1.0)
            if self._thread.is_alive():
                still_waiting()
        if self._error is not None:
            raise self._error

    @property
    def plate_sha256(self) -> Optional[str]:
        """None where the plate could not be read again."""
        return self._plate_hash

    @property
    def models(self) -> List[Dict[str, str]]:
        """`{name, sha256}` of each network's file as it is installed."""
        return self._models

    def _run(self) -> None:
        try:
            folder = models_folder()
            self._models = [{"name": name, "sha256": self._sha256([folder / name])} for name in MODELS]
            self._plate_hash = self._hash_of_plate()
        except _Abandoned:
            return
        except Exception as error:
            self._error = error

    def _hash_of_plate(self) -> str:
        if not isinstance(self._plate, Sequence):
            return self._sha256([self._plate.path])
        files = self._plate.files
        table = "".join(f"{file.name}\0{file.stat().st_size}\n" for file in files)
        return self._sha256([files[0], files[-1]], hashlib.sha256(table.encode()))

    def _sha256(self, files: List[Path], digest: Any = None) -> str:
        digest = digest or hashlib.sha256()
        for file in files:
            with file.open("rb") as stream:
                while True:
                    chunk = stream.read(_CHUNK)
                    if self._end.is_set():
                        raise _Abandoned
                    if not chunk:
                        break
                    digest.update(chunk)
        return str(digest.hexdigest())


class _Abandoned(Exception):
    """The job ended for another reason; nobody wants the hashes any more."""


def models_folder() -> Path:
    """Where the installed mediapipe keeps its networks, found without loading it."""
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'mediapipe'", name="mediapipe")
    return Path(spec.origin).parent / "modules"


def plate_facts(plate: Plate, sequence_fps: Optional[float], sha256: Optional[str]) -> Dict[str, Any]:
    """What the header says of a plate; docs/architecture.md lists the members."""
    sequence = isinstance(plate, Sequence)
    if sequence:
        rate = "assumed" if sequence_fps is None else "given"
    else:
        steady = np.arange(plate.frame_count) / plate.fps
        rate = "constant" if np.allclose(plate.times - plate.times[0], steady, rtol=0.0, atol=1e-6) else "variable"
    return {
        "path": str(plate.path),
        "kind": "sequence" if sequence else "movie",
        "sha256": sha256,
        "sha256_of": HASH_OF_SEQUENCE if sequence else HASH_OF_FILE,
        "frame_range": [int(plate.first_frame), int(plate.last_frame)],
        "start_seconds": float(plate.times[0]),
        "size": [int(value) for value in plate.size],
        "fps": float(plate.fps),
        "rate": rate,
        "sequence_fps": sequence_fps if sequence else None,
    }


def software() -> Dict[str, Any]:
    """Versions of HoliRep, Python and the packages, and the time (UTC)."""
    return {
        "holirep": holirep_version(),
        "python": platform.python_version(),
        "packages": versions(),
        "created": _created().isoformat(timespec="seconds"),
    }


def _created() -> datetime:
    """Now; or, where a result must be the same each time, the seconds since 1970 in SOURCE_DATE_EPOCH, as builds do."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(given), timezone.utc) if given.isdigit() else datetime.now(timezone.utc)


def holirep_version() -> str:
    """The extension's version, from its manifest; the worker's Python may be too old for a TOML reader."""
    text = (Path(__file__).resolve().parents[1] / "blender_manifest.toml").read_text(encoding="utf-8")
    match = re.search(r'^version\s*=\s*"([^"]+)"', text, re.M)
    if match is None:
        raise ValueError("blender_manifest.toml states no version")
    return match.group(1)
