# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network must do at least, to be compared with what it takes."""

from __future__ import annotations

from typing import Any, Tuple

import torch
from torch import nn


def cost_of(network: nn.Module) -> Tuple[float, float]:
    """Of one crop: floating-point operations of convolutions and products, and bytes that their layers read and write.

    Layers are counted each by itself, reading their inputs and writing their outputs once; weights, which a batch
    shares, are left out, and so is what lies between the layers.
    """
    graph = network.graph
    operations = moved = 0.0
    size = torch.finfo(graph.kind).bits // 8
    for shapes in graph.layers:
        (rows, columns, channels), (out_rows, out_columns, out_channels), kernel, depthwise = shapes
        share = 1 if depthwise else channels
        operations += 2.0 * out_rows * out_columns * out_channels * kernel * share
        moved += float(size) * (rows * columns * channels + out_rows * out_columns * out_channels)
    return operations, moved


Layer = Tuple[Tuple[int, int, int], Tuple[int, int, int], int, bool]


def layers_of(model: Any) -> Tuple[Layer, ...]:
    """Input and output (rows, columns, channels), kernel's pixels and whether each channel is apart, of all layers."""
    found = []
    for step in model.steps:
        if step.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            source, target = model.shapes[step.inputs[0]][1:], model.shapes[step.output][1:]
            _, height, width, _ = model.constants[step.inputs[1]].shape
            found.append((source, target, height * width, step.kind != "CONV_2D"))
    return tuple(found)
