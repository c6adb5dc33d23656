# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's weights: which file, whether it is the one that was published, and the network made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open

from ..errors import UserError
from .network import HolisticReplicationNetwork, NetworkSize

Tensor = torch.Tensor
Array = npt.NDArray[np.float64]

FOLDER = Path(__file__).parent / "trained"
FILE = "fusion.safetensors"
TABLE = FOLDER / "weights.json"
"""SHA-256 of each file of weights that this version was published with."""
_ADVICE = "Install HoliRep again, or choose the method Geometric."
_OWN_ADVICE = "Choose another file of weights, or none for HoliRep's own."
_FACE_BASIS = "face_basis"
_SCALE = ".scale"
_CHUNK = 1 << 20


class WeightsError(UserError):
    """Weights that are missing, damaged or of another network; the message says which file and what to do."""

    def __init__(self, message: str, *, published: bool) -> None:
        """``published``: HoliRep's own, which the user can only install again."""
        super().__init__(message)
        self.kind = "runtime" if published else "disk"


@dataclass(frozen=True)
class Weights:
    """A file of weights and its SHA-256; ``published`` where it is HoliRep's own and was checked."""

    path: Path
    sha256: str
    published: bool

    @property
    def advice(self) -> str:
        """What the user can do if they turn out not to be usable."""
        return _ADVICE if self.published else _OWN_ADVICE


@dataclass(frozen=True)
class Trained:
    """A network ready for inference, and how coefficients move the face: ``face_basis (52, 478, 3)`` in the unit and
    axes of the network's template, None where the weights came without.
    """

    network: HolisticReplicationNetwork
    face_basis: Optional[Array]


def find_weights(own: Optional[Path] = None, name: str = FILE) -> Weights:
    """The weights to use: a file of the user's, or HoliRep's own of that name, which must be those that were published.

    Cheap enough to be asked before a plate is tracked. Raises WeightsError where they are missing or damaged.
    """
    path = own if own is not None else FOLDER / name
    if not path.is_file():
        advice = _ADVICE if own is None else _OWN_ADVICE
        raise WeightsError(f"The weights of the method Fusion are missing: {path}. {advice}", published=own is None)
    try:
        weights = Weights(path, _sha256(path), own is None)
    except OSError as error:
        message = f"The network's weights cannot be read: {path} ({error.strerror})."
        raise WeightsError(message, published=own is None) from error
    if weights.published and weights.sha256 != published_sha256().get(name):
        message = f"The weights of the method Fusion are damaged or were changed: {path}. {_ADVICE}"
        raise WeightsError(message, published=True)
    return weights


def published_sha256() -> dict[str, str]:
    """File name to SHA-256 of the weights that belong to this version."""
    return {str(name): str(value) for name, value in json.loads(TABLE.read_text(encoding="utf-8")).items()}


def load_trained(weights: Weights, device: str | torch.device = "cpu") -> Trained:
    """The network with these weights, in single precision, ready for inference.

    Raises WeightsError where the file does not fit the network.
    """
    path = weights.path
    try:
        with safe_open(str(path), framework="pt") as stored:
            size = NetworkSize(**json.loads((stored.metadata() or {})["size"]))
            state = restored({name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118
        basis = state.pop(_FACE_BASIS, None)
        network = HolisticReplicationNetwork(size)
        network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
        message = f"These are not weights of this version's network: {path}. {weights.advice}"
        raise WeightsError(message, published=weights.published) from error
    except Exception as error:
        # safetensors raises a type of its own, which it does not promise to keep
        message = f"The network's weights cannot be read: {path} ({error}). {weights.advice}"
        raise WeightsError(message, published=weights.published) from error
    network = network.to(device).eval().requires_grad_(False)
    return Trained(network, None if basis is None else basis.double().numpy())


def load_network(path: Path, *, device: str | torch.device = "cpu") -> HolisticReplicationNetwork:
    """The network alone with weights of any file; raises as :func:`find_weights` and :func:`load_trained`."""
    return load_trained(find_weights(path), device).network


def restored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors in single precision: those of eight bits times their rows' scales, stored beside them as ``NAME.scale``.

    Raises KeyError where a scale is missing.
    """
    result = {}
    for name, values in tensors.items():
        if name.endswith(_SCALE) and name[: -len(_SCALE)] in tensors:
            continue
        whole = values.float()
        if values.dtype == torch.int8:
            whole = whole * tensors[name + _SCALE].float().reshape(-1, *[1] * (values.dim() - 1))
        result[name] = whole
    return result


def quantised(tensors: Mapping[str, Tensor], smallest: int = 4096) -> dict[str, Tensor]:
    """Matrices of at least ``smallest`` numbers as eight bits with a scale for each row, all else in half precision.

    The inverse is :func:`restored`; rounding errs by at most half a step of 1/127 of each row's largest number.
    """
    result: dict[str, Tensor] = {}
    for name, values in tensors.items():
        if values.dim() != 2 or values.numel() < smallest:
            result[name] = values.half().contiguous()
            continue
        scale = (values.float().abs().amax(1) / 127.0).clamp_min(1e-7).half()
        result[name] = (values.float() / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        result[name + _SCALE] = scale
    return result


def _sha256(path: Path) -> str:
    digest: Any = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return str(digest.hexdigest())
