# SPDX-License-Identifier: GPL-3.0-or-later
"""A TensorFlow Lite model file as a list of steps with constant operands.

The schema is the one that comes inside the MediaPipe wheel, generated from TensorFlow Lite's own; custom operators'
options are FlexBuffers, which the `flatbuffers` package reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from flatbuffers import flexbuffers
from mediapipe.tasks.metadata import schema_py_generated as schema

_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_KINDS = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 9: np.int8}
_DENSE, _CSR = 0, 1


@dataclass
class Step:
    """One operator: its kind (custom ones by their own name), input and output tensors' rows, and options."""

    kind: str
    inputs: List[int]
    output: int
    options: Any


@dataclass
class ModelFile:
    """A graph: `steps` in order, `constants` by tensor row, `shapes` of all tensors (batch, height, width, channels),
    the picture's row `source` and the rows `wanted` as outputs.
    """

    steps: List[Step]
    constants: Dict[int, np.ndarray]
    shapes: Dict[int, Tuple[int, ...]]
    source: int
    wanted: List[int]


def read_model(path: Path, outputs: Optional[Sequence[int]] = None) -> ModelFile:
    """The model file's graph with these of its outputs alone (all where None), and only the steps that they need.

    Half-precision and sparse constants are unpacked to dense float32.
    """
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))
    graph = tree.subgraphs[0]
    rows = [int(row) for row in graph.outputs]
    wanted = rows if outputs is None else [rows[index] for index in outputs]
    constants: Dict[int, np.ndarray] = {}
    for row, tensor in enumerate(graph.tensors):
        data = tree.buffers[tensor.buffer].data
        if data is not None and len(data):
            values = np.frombuffer(bytes(data), _KINDS[tensor.type])
            constants[row] = _dense(values, tensor) if tensor.sparsity is not None else values.reshape(tensor.shape)
    names = [_name(code) for code in tree.operatorCodes]
    needed, kept = set(wanted), []
    for operator in reversed(graph.operators):
        if needed.intersection(int(row) for row in operator.outputs):
            kept.append(operator)
            needed.update(int(row) for row in operator.inputs)
    steps: List[Step] = []
    for operator in reversed(kept):
        kind, inputs, out = names[operator.opcodeIndex], [int(row) for row in operator.inputs], int(operator.outputs[0])
        if kind in ("DEQUANTIZE", "DENSIFY") and inputs[0] in constants:
            values = constants[inputs[0]]
            constants[out] = values.astype(np.float32) if kind == "DEQUANTIZE" else values
            continue
        options = operator.builtinOptions
        if operator.customOptions is not None and len(operator.customOptions):
            options = flexbuffers.Loads(bytearray(operator.customOptions))
        steps.append(Step(kind, inputs, out, options))
    shapes = {row: tuple(int(size) for size in tensor.shape) for row, tensor in enumerate(graph.tensors)}
    return ModelFile(steps, constants, shapes, int(graph.inputs[0]), wanted)


def _name(code: Any) -> str:
    builtin = _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
    return code.customCode.decode() if builtin == "CUSTOM" else builtin


def _dense(values: np.ndarray, tensor: Any) -> np.ndarray:
    """A sparse constant filled with zeros.

    TensorFlow Lite's format is general; the model files have rows of which only the last dimension is compressed.
    Raises NotImplementedError for another.
    """
    sparsity, shape = tensor.sparsity, tuple(int(size) for size in tensor.shape)
    dimensions = sparsity.dimMetadata
    plain = list(sparsity.traversalOrder) == list(range(len(shape))) and not len(sparsity.blockMap or [])
    if not plain or [item.format for item in dimensions] != [_DENSE] * (len(shape) - 1) + [_CSR]:
        raise NotImplementedError("sparse constants other than with the last dimension compressed")
    begins = np.asarray(dimensions[-1].arraySegments.values, np.int64)
    columns = np.asarray(dimensions[-1].arrayIndices.values, np.int64)
    result = np.zeros((int(np.prod(shape[:-1])), shape[-1]), values.dtype)
    result[np.repeat(np.arange(len(result)), np.diff(begins)), columns] = values
    return result.reshape(shape)
