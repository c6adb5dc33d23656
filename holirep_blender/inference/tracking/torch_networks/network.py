# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file as a PyTorch module."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch import nn

from .costs import layers_of
from .model_file import ModelFile, Step, read_model
from .operators import MAKERS, Function, variable_inputs

Tensor = torch.Tensor


class TensorFlowLite(nn.Module):
    """A model file as a module: pictures `(B, 3, H, W)` in, the chosen outputs (pictures `(B, C, H, W)`) out.

    Computes in the precision `kind`, but what leads from features to numbers (layers whose answer is one pixel, and
    what follows them) in float32: half precision knows 0.06 of a pixel at best at a picture's far edge.

    Raises NotImplementedError for an operator, or a use of one, that none of the tracker's networks has.
    """

    def __init__(self, path: Path, outputs: Optional[Sequence[int]] = None, kind: torch.dtype = torch.float32) -> None:
        super().__init__()
        model = read_model(path, outputs)
        self.size = model.shapes[model.source][1]
        self.kind, self.layers = kind, layers_of(model)
        self._layout = torch.channels_last
        self._source, self._wanted = model.source, model.wanted
        self._steps: List[Tuple[Function, List[int], int, bool, List[int]]] = []
        uses: Dict[int, int] = {row: len(model.steps) for row in model.wanted}
        for number, step in enumerate(model.steps):
            uses.update({row: max(number, uses.get(row, 0)) for row in step.inputs})
        for number, step in enumerate(model.steps):
            rows, exact = variable_inputs(step, model), _is_exact(step, model)
            function = self._function(step, model, exact)
            done = sorted({row for row in rows if uses[row] == number})
            self._steps.append((function, rows, step.output, exact, done))

    def _function(self, step: Step, model: ModelFile, exact: bool) -> Function:
        if step.kind not in MAKERS:
            raise NotImplementedError(f"operator {step.kind}")

        def keep(row: int, values: Tensor) -> Callable[[], Tensor]:
            name = f"constant_{step.output}_{row}".replace("-", "own_")
            if values.is_floating_point() and not exact:
                values = values.to(self.kind)
            if values.dim() == 4:
                values = values.contiguous(memory_format=self._layout)
            self.register_buffer(name, values)
            return lambda: getattr(self, name)  # type: ignore[no-any-return]

        return MAKERS[step.kind](step, model, keep)

    def lay_out(self, layout: torch.memory_format) -> None:
        """How pictures lie in memory from now on; at first their channels are together (`torch.channels_last`)."""
        self._layout = layout
        self.to(memory_format=layout)

    def forward(self, pictures: Tensor) -> List[Tensor]:
        """The chosen outputs, in their order."""
        pictures = pictures.to(self.kind).contiguous(memory_format=self._layout)
        found: Dict[int, Tensor] = {self._source: pictures}
        for function, rows, out, exact, done in self._steps:
            given = [found[row] for row in rows]
            if exact and self.kind != torch.float32:
                given = [value.float() for value in given]
            found[out] = function(*given)
            for row in done:
                del found[row]
        return [found[row] for row in self._wanted]


def _is_exact(step: Step, model: ModelFile) -> bool:
    """Whether a step says numbers rather than features."""
    shape = model.shapes[step.output]
    if step.kind in ("CONV_2D", "FULLY_CONNECTED", "MUL", "LOGISTIC", "RESHAPE"):
        return len(shape) != 4 or shape[1:3] == (1, 1)
    return step.kind in ("Landmarks2TransformMatrix", "TransformLandmarks")
