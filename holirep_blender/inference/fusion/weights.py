# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading the network's weights, checked against their card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open

from ..errors import UserError
from .network import HolisticReplicationNetwork, NetworkSize


class WeightsError(UserError):
    """Weights that are missing, damaged or of another network; the message says which file and what to do."""


def load_network(
    path: Path, *, sha256: str | None = None, device: str | torch.device = "cpu"
) -> HolisticReplicationNetwork:  # fmt: skip
    """The network with the weights of ``path``, in single precision, ready for inference.

    Raises WeightsError where the file is missing, its SHA-256 is not the one given, or it does not fit the network.
    """
    advice = "Install HoliRep again, or choose the geometric method."
    if not path.is_file():
        raise WeightsError(f"The network's weights are missing: {path}. {advice}")
    if sha256 is not None:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else (
                hashlib.sha256(stream.read()).hexdigest())  # fmt: skip
        if found != sha256:
            raise WeightsError(f"The network's weights are damaged or were changed: {path}. {advice}")
    try:
        with safe_open(str(path), framework="pt") as stored:
            size = NetworkSize(**json.loads((stored.metadata() or {})["size"]))
            state = {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118
        network = HolisticReplicationNetwork(size)
        network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
        raise WeightsError(f"These are not weights of this version's network: {path}. {advice}") from error
    except Exception as error:
        # safetensors raises a type of its own, which it does not promise to keep
        raise WeightsError(f"The network's weights cannot be read: {path} ({error}). {advice}") from error
    return network.to(device).eval().requires_grad_(False)
