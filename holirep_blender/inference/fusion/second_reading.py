# SPDX-License-Identifier: GPL-3.0-or-later
"""The small networks that read once more what the fusion network said, and the file of their weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from safetensors.torch import load_file
from torch import nn

from .footing import FootingNetwork
from .lid_reading import LidNetwork
from .weights import Weights, WeightsError, find_weights

FILE = "second_reading.safetensors"


@dataclass(frozen=True)
class SecondReading:
    """Which soles stand, and how far eyes are shut; on the processor, in single precision; ``weights``: their file."""

    feet: FootingNetwork
    lids: LidNetwork
    weights: Weights


@lru_cache(maxsize=1)
def second_reading() -> SecondReading:
    """HoliRep's own; raises WeightsError where the file is missing, damaged or of other networks."""
    weights = find_weights(name=FILE)
    feet, lids = FootingNetwork(), LidNetwork()
    parts: dict[str, nn.Module] = {"feet": feet, "lids": lids}
    try:
        tensors = load_file(str(weights.path))
        for part, network in parts.items():
            network.load_state_dict({
                name[len(part) + 1 :]: values.float() for name, values in tensors.items() if name.startswith(part + ".")
            })  # fmt: skip
            network.eval().requires_grad_(False)
    except RuntimeError as error:
        message = f"These are not weights of this version's networks: {weights.path}. {weights.advice}"
        raise WeightsError(message, published=True) from error
    return SecondReading(feet, lids, weights)
