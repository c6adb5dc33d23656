# SPDX-License-Identifier: GPL-3.0-or-later
"""One training step, run as it is or replayed as a CUDA graph.

A step is thousands of small kernels, which cost more to start than to run.
"""

from __future__ import annotations

import copy
from typing import Any, Optional

import torch
from torch import nn

from holirep_blender.inference.fusion.network import HolisticReplicationNetwork

from .losses import losses
from .pairs import Pairs, joined
from .synthesis.chance import Chance
from .synthesis.scene import Stage

Tensor = torch.Tensor


def weight_groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Matrices decay, biases and norms do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]


class Trainer:
    """Network, its running average, optimizer and what the terms of the loss came to.

    Of each batch ``real`` clips are of the real tracker (``pairs``), the rest are synthesised.
    """

    def __init__(
        self,
        network: HolisticReplicationNetwork,
        stage: Stage,
        chance: Chance,
        batch: int,
        frames: int,
        decay: float,
        average: float,
        pairs: Optional[Pairs] = None,
        real: int = 0,
    ) -> None:
        self.pairs, self.real = pairs, real if pairs is not None else 0
        self.network, self.stage, self.chance = network, stage, chance
        self.batch, self.frames, self.average = batch, frames, average
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        cuda = stage.device.type == "cuda"
        rate = torch.tensor(0.0, device=stage.device) if cuda else 0.0
        self.optimizer = torch.optim.AdamW(
            weight_groups(network, decay), lr=rate, betas=(0.9, 0.98), fused=cuda, capturable=cuda
        )
        self.names: list[str] = []
        self.sums: Tensor | None = None
        self.graph: torch.cuda.CUDAGraph | None = None

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next step."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def step(self) -> None:
        """One step."""
        if self.graph is not None:
            self.graph.replay()
        else:
            self.optimizer.zero_grad(set_to_none=True)
            self._step()

    def _step(self) -> None:
        device = self.stage.device.type
        observed, truth = self.stage.batch(self.chance, self.batch - self.real, self.frames, vary=True)
        if self.pairs is not None and self.real:
            observed, truth = joined((observed, truth), self.pairs.sample(self.chance, self.real, self.frames))
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda", cache_enabled=False):
            found, read = self.network(observed)
        with torch.autocast(device, enabled=False):
            terms = losses(found, read, truth, self.stage.faces, observed.image_size, observed.face_valid)
            total = torch.stack(list(terms.values())).sum()
        total.backward()
        for parameter in self.network.parameters():
            if parameter.grad is not None:
                parameter.grad.nan_to_num_(0.0, 0.0, 0.0)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        values = torch.stack([*terms.values(), total, norm]).detach()
        if self.sums is None:
            self.names, self.sums = [*terms, "total", "gradient"], torch.zeros_like(values)
        with torch.no_grad():
            self.sums += values
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.network.parameters()), 1.0 - self.average)

    def capture(self) -> bool:
        """Records a step as a graph; False, and steps go on as before, where that is not possible."""
        torch.cuda.synchronize()
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.chance.generator)
        try:
            with torch.cuda.graph(graph):
                self._step()
        except RuntimeError as error:
            print(f"not captured: {error}", flush=True)
            return False
        self.graph = graph
        return True

    def take_means(self, count: int) -> dict[str, float]:
        """Means of the terms over the last ``count`` steps."""
        if self.sums is None:
            return {}
        means = dict(zip(self.names, (self.sums / count).tolist()))
        self.sums.zero_()
        return means

    def state(self, step: int) -> dict[str, Any]:
        """Everything needed to go on."""
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "step": step,
            "optimizer": self.optimizer.state_dict(),
            "chance": self.chance.generator.get_state(),
        }

    def load_state(self, state: dict[str, Any]) -> int:
        """Goes on from a state; gives its step."""
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.chance.generator.set_state(state["chance"].cpu())
        return int(state["step"])
