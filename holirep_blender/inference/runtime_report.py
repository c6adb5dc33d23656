# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker can say about itself: versions, devices, and whether its libraries and models really work."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import sys
import time
from typing import Any, Callable, Optional

import numpy as np

from ..protocol.messages import PROTOCOL_VERSION, Progress

OPENCV = ("opencv-python-headless", "opencv-contrib-python")
PACKAGES = ("mediapipe", "numpy", *OPENCV, "av", "scipy", "safetensors", "torch")


def hello(params: dict[str, Any], report: Any) -> dict[str, Any]:
    """Protocol, Python and package versions; with `devices: true` also what PyTorch can compute on (that loads it)."""
    found = {
        "protocol": PROTOCOL_VERSION,
        "python": platform.python_version(),
        "pid": os.getpid(),
        "packages": versions(),
    }
    if params.get("devices"):
        found["devices"] = devices()
    return found


def versions() -> dict[str, str]:
    """The installed versions of the packages that matter, without loading them."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def devices() -> list[dict[str, Any]]:
    """What PyTorch can compute on, each really tried: `{id, name, usable, problem}`. The CPU is always there."""
    import torch

    found: list[dict[str, Any]] = [
        {"id": "cpu", "name": platform.processor() or "CPU", "usable": True, "problem": None}
    ]
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        device = f"cuda:{index}"
        problem = _device_problem(device)
        name = torch.cuda.get_device_name(index) if problem is None else device
        found.append({"id": device, "name": name, "usable": problem is None, "problem": problem})
    if len(found) == 1 and torch.version.cuda is not None:
        problem = _device_problem("cuda:0")
        found.append({"id": "cuda:0", "name": "cuda:0", "usable": False, "problem": problem})
    return found


def choose_device(wanted: str) -> tuple[str, Optional[str]]:
    """The device to compute on for `auto`, `cpu` or `cuda:N`, and a warning where it is not the one asked for.

    A GPU counts only after a real computation on it: drivers that are too old pass every milder test.
    """
    if wanted == "cpu":
        return "cpu", None
    import torch

    device = "cuda:0" if wanted == "auto" else wanted
    if wanted == "auto" and not torch.cuda.is_available():
        return "cpu", None
    problem = _device_problem(device)
    if problem is None:
        return device, None
    return (
        "cpu",
        f"The GPU {device} cannot be used ({problem}), so the CPU does the work. Update the GPU driver, or choose CPU.",
    )


def _device_problem(device: str) -> Optional[str]:
    import torch

    if torch.version.cuda is None:
        return "the runtime's PyTorch is built for the CPU only"
    try:
        total = float(torch.ones(16, device=device).sum().item())
    except (RuntimeError, AssertionError) as error:
        return str(error).strip().splitlines()[0]
    return None if total == 16.0 else "it computes wrong results"


def diagnose(params: dict[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Load every library and run every MediaPipe model once; `{checks: [{name, ok, seconds, detail}], devices, …}`."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("NumPy", lambda: _version_of("numpy")),
        ("SciPy", _try_scipy),
        ("OpenCV", _try_opencv),
        ("PyAV", _try_pyav),
        ("MediaPipe body, face and hands", _try_mediapipe),
        ("PyTorch", _try_torch),
        ("safetensors", lambda: _version_of("safetensors")),
    ]
    results = []
    for index, (name, check) in enumerate(checks):
        report(Progress(f"Checking {name}", index, len(checks), fraction=index / len(checks)))
        start = time.monotonic()
        try:
            ok, detail = True, check()
        except Exception as error:
            ok, detail = False, f"{type(error).__name__}: {error}"
        results.append({"name": name, "ok": ok, "detail": detail, "seconds": round(time.monotonic() - start, 3)})
    torch_works = any(check["name"] == "PyTorch" and check["ok"] for check in results)
    return {
        **hello({}, report),
        "checks": results,
        "devices": [_with_problems(device) for device in devices()] if torch_works else [],
        "executable": sys.executable,
    }


def _with_problems(device: dict[str, Any]) -> dict[str, Any]:
    """A usable GPU with `tracking_problem` and `decoding_problem`: why the tracker's networks do not work on it, why it
    does not decode movies; null where they do and it does.
    """
    if device["id"] == "cpu" or not device["usable"]:
        return device
    from .plate import nvdec_trial
    from .tracking.torch_networks import trial

    name = device["id"]
    problems = {"tracking_problem": trial.problem_on(name), "decoding_problem": nvdec_trial.problem_on(name)}
    return {**device, **problems}


def _version_of(module: str) -> str:
    return str(importlib.import_module(module).__version__)


def _try_scipy() -> str:
    from scipy.spatial.transform import Rotation

    if not np.allclose(Rotation.from_euler("z", 90, degrees=True).apply([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0]):
        raise ArithmeticError("SciPy computes a wrong rotation")
    return _version_of("scipy")


def _try_opencv() -> str:
    import cv2

    picture = np.full((32, 32, 3), 127, np.uint8)
    done, data = cv2.imencode(".png", picture)
    if not done or not np.array_equal(cv2.imdecode(data, cv2.IMREAD_COLOR), picture):
        raise ArithmeticError("OpenCV does not read back the PNG that it wrote")
    return str(cv2.__version__)


def _try_pyav() -> str:
    import av

    picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 127, np.uint8), format="rgb24")
    coder = av.CodecContext.create("mpeg4", "w")
    coder.width, coder.height, coder.pix_fmt, coder.framerate = 32, 32, "yuv420p", 25
    packets = [*coder.encode(picture.reformat(format="yuv420p")), *coder.encode(None)]
    decoder = av.CodecContext.create("mpeg4", "r")
    (found,) = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    if np.abs(found.to_ndarray(format="rgb24").astype(int) - 127).max() > 3:
        raise ArithmeticError("PyAV does not decode the picture that it encoded")
    return str(av.__version__)


def _try_mediapipe() -> str:
    import mediapipe

    with mediapipe.solutions.holistic.Holistic(static_image_mode=True, model_complexity=1) as holistic:
        holistic.process(np.zeros((192, 256, 3), np.uint8))
    return str(mediapipe.__version__)


def _try_torch() -> str:
    import torch

    if not torch.allclose(torch.eye(3) @ torch.ones(3), torch.ones(3)):
        raise ArithmeticError("PyTorch computes a wrong product")
    return str(torch.__version__)


def main(argv: list[str]) -> int:
    """Print `diagnose` as one line of JSON, for the installer."""
    print(json.dumps(diagnose({}, lambda progress: None)))
    return 0
