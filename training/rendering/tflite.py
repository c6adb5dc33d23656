# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker's networks in PyTorch, so that one GPU looks at thousands of pictures a second.

The model files inside the MediaPipe wheel are TensorFlow Lite's; here their graphs are read and run operator by
operator, many pictures at a time. What they say is what TensorFlow Lite says of the same crops, but for rounding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as functional
from mediapipe.tasks.metadata import schema_py_generated as schema
from torch import nn

Tensor = torch.Tensor

_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_KINDS = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 9: np.int8}
_ACTIVATIONS: dict[int, Callable[[Tensor], Tensor]] = {0: lambda x: x, 1: torch.relu, 3: functional.relu6}


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's padding before and after, which is uneven where a stride leaves a choice."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


class TensorFlowLite(nn.Module):
    """A model file as a module: pictures ``(B, 3, H, W)`` of 0..1 in, the chosen outputs (pictures ``(B, C, H, W)``).

    Raises NotImplementedError for an operator or activation that none of the tracker's body and hand networks has.
    """

    def __init__(self, path: Path, outputs: Sequence[int]) -> None:
        super().__init__()
        tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))
        graph = tree.subgraphs[0]
        self.source = int(graph.inputs[0])
        self.wanted = [int(np.asarray(graph.outputs)[row]) for row in outputs]
        self.values: dict[int, Any] = {}
        for row, tensor in enumerate(graph.tensors):
            data = tree.buffers[tensor.buffer].data
            if data is not None and len(data):
                self.values[row] = np.frombuffer(bytes(data), _KINDS[tensor.type]).reshape(tensor.shape)
        codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in tree.operatorCodes]
        needed, steps = set(self.wanted), []
        for operator in reversed(graph.operators):
            if needed.intersection(int(row) for row in operator.outputs):
                steps.append((_NAMES[codes[operator.opcodeIndex]], operator))
                needed.update(int(row) for row in operator.inputs)
        self.steps: list[tuple[str, list[int], int, Any]] = []
        for kind, operator in reversed(steps):
            rows, out = [int(row) for row in operator.inputs], int(operator.outputs[0])
            if kind == "DEQUANTIZE" and rows[0] in self.values:
                self.values[out] = self.values[rows[0]].astype(np.float32)
                continue
            self._weights(kind, rows)
            self.steps.append((kind, rows, out, operator.builtinOptions))
        self.shapes = {row: tuple(int(size) for size in tensor.shape) for row, tensor in enumerate(graph.tensors)}

    def _weights(self, kind: str, rows: Sequence[int]) -> None:
        """An operator's constants as buffers, laid out as PyTorch has them."""
        for place, row in enumerate(rows):
            if row < 0 or row not in self.values or hasattr(self, f"constant_{row}"):
                continue
            values = torch.from_numpy(np.array(self.values[row]))
            if place == 1 and kind == "CONV_2D":
                values = values.permute(0, 3, 1, 2).contiguous()
            elif place == 1 and kind == "DEPTHWISE_CONV_2D":
                values = values.permute(3, 0, 1, 2).contiguous()
            if values.is_floating_point():
                self.register_buffer(f"constant_{row}", values)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """The chosen outputs, in their order."""
        found: dict[int, Tensor] = {self.source: pictures}

        def read(row: int) -> Tensor:
            return found[row] if row in found else getattr(self, f"constant_{row}")

        for kind, rows, out, options in self.steps:
            found[out] = self._run(kind, [read(row) if row in found or hasattr(self, f"constant_{row}") else None
                                          for row in rows], rows, out, options)  # fmt: skip
        return [found[row] for row in self.wanted]

    def _run(self, kind: str, given: list[Any], rows: list[int], out: int, options: Any) -> Tensor:
        x = given[0]
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D"):
            weight = given[1] if kind != "MAX_POOL_2D" else None
            kernel = weight.shape[2:] if weight is not None else (options.filterHeight, options.filterWidth)
            stride = (options.strideH, options.strideW)
            if options.padding == 0:
                top, bottom = _same(x.shape[2], kernel[0], stride[0])
                left, right = _same(x.shape[3], kernel[1], stride[1])
                if top == bottom and left == right and weight is not None:
                    padding = (top, left)
                else:
                    x = functional.pad(x, (left, right, top, bottom), value=0.0 if weight is not None else -torch.inf)
                    padding = (0, 0)
            else:
                padding = (0, 0)
            if weight is None:
                y = functional.max_pool2d(x, kernel, stride)
            else:
                groups = x.shape[1] if kind == "DEPTHWISE_CONV_2D" else 1
                y = functional.conv2d(x, weight, given[2], stride, padding, groups=groups)
        elif kind == "ADD":
            y = x + given[1]
        elif kind == "FULLY_CONNECTED":
            y = functional.linear(x.flatten(1), given[1], given[2])
        elif kind == "PAD":
            (_, _), (top, bottom), (left, right), (_, more) = self.values[rows[1]].tolist()
            return functional.pad(x, (left, right, top, bottom, 0, more))
        elif kind == "RESIZE_BILINEAR":
            size = tuple(self.values[rows[1]].tolist())
            if not options.halfPixelCenters or options.alignCorners:
                raise NotImplementedError("bilinear resizing other than by pixels' centres")
            return functional.interpolate(x, size, mode="bilinear", align_corners=False)
        elif kind == "RESHAPE":
            return x.permute(0, 2, 3, 1).reshape((len(x),) + self.shapes[out][1:]) if x.dim() == 4 else x
        elif kind == "MEAN":
            return x.mean((2, 3))
        elif kind == "LOGISTIC":
            return torch.sigmoid(x)
        else:
            raise NotImplementedError(f"operator {kind}")
        activation = getattr(options, "fusedActivationFunction", 0)
        if activation not in _ACTIVATIONS:
            raise NotImplementedError(f"activation {activation} of {kind}")
        return _ACTIVATIONS[activation](y)
