# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the tracker's networks work on a device: the same noise, looked at there and on the CPU."""

from __future__ import annotations

from typing import Optional

import mediapipe
import numpy as np
import torch

from ...errors import DeviceError
from .engine import Engine, models_of
from .sizes import SIZES

NETWORK = "hand_lite"
"""A small one."""
# Of answers between 0 and 1; half precision is off by less than a thousandth.
MOST_APART = 0.02


def problem_on(device: str) -> Optional[str]:
    """What is wrong with tracking on a device, in words; None where it answers as the CPU does."""
    crop = np.random.default_rng(1).integers(0, 255, (SIZES[NETWORK], SIZES[NETWORK], 3), np.uint8)
    answers = []
    for place in ("cpu", device):
        engine = Engine(place, models_of(mediapipe))
        try:
            answers.append(engine.lines[NETWORK].answers([crop])[0])
        except (DeviceError, RuntimeError, AssertionError) as error:
            return str(error).strip().splitlines()[0]
        finally:
            engine.close()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    apart = float(np.abs(answers[0] - answers[1])[:65].max())
    return None if apart < MOST_APART else f"its answers are off by {apart:.2g}"
