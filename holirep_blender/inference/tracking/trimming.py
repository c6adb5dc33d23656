# SPDX-License-Identifier: GPL-3.0-or-later
"""A network without the outputs that nobody reads, and without the work that only they need.

TensorFlow Lite computes all outputs of a model. The pose network's mask of the person takes 45 % of its time.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Set, Tuple

import flatbuffers
import mediapipe
import numpy as np
from mediapipe.tasks.metadata import schema_py_generated as schema

_IDENTIFIER = b"TFL3"
_one_at_a_time = threading.Lock()


def trimmed(model: str, outputs: Tuple[int, ...]) -> bytes:
    """The model file (its name below `mediapipe/modules`) with these of its outputs alone, in their order.

    What is left computes the very same numbers: only operators that no output needs are left out.
    """
    with _one_at_a_time:  # lanes load side by side: the second one finds what the first one made
        return _trimmed(model, outputs)


@functools.lru_cache(maxsize=4)
def _trimmed(model: str, outputs: Tuple[int, ...]) -> bytes:
    data = (Path(mediapipe.__file__).parent / "modules" / model).read_bytes()
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    graph = tree.subgraphs[0]
    graph.outputs = np.asarray(graph.outputs)[list(outputs)]
    maker = {int(tensor): index for index, operator in enumerate(graph.operators) for tensor in operator.outputs}
    needed: Set[int] = set()
    wanted = [int(tensor) for tensor in graph.outputs]
    while wanted:
        index = maker.get(wanted.pop())
        if index is not None and index not in needed:
            needed.add(index)
            wanted += [int(tensor) for tensor in graph.operators[index].inputs]
    graph.operators = [graph.operators[index] for index in sorted(needed)]
    builder = flatbuffers.Builder(len(data))
    builder.Finish(tree.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())
