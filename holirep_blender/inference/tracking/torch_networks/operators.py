# SPDX-License-Identifier: GPL-3.0-or-later
"""TensorFlow Lite's operators, those that MediaPipe's body, hand and face networks use, as PyTorch functions.

Pictures are `(B, C, H, W)` here; tensors of other ranks keep their order.  A maker gets a step, the model file and
constants that it may turn into buffers, and returns the function from the step's variable inputs to its output.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

import torch
import torch.nn.functional as functional

from .face_operators import FACE_MAKERS
from .model_file import ModelFile, Step

Tensor = torch.Tensor
Function = Callable[..., Tensor]
# Registers a constant as a buffer under the tensor's row and returns how to get it.
Keep = Callable[[int, Tensor], Callable[[], Tensor]]

_NONE, _RELU, _RELU6 = 0, 1, 3
_SAME = 0
# Of pictures (B, H, W, C), which axis of (B, C, H, W).
_AXES = (0, 2, 3, 1)


def _activated(options: Any) -> Callable[[Tensor], Tensor]:
    kind = getattr(options, "fusedActivationFunction", _NONE)
    known: Dict[int, Callable[[Tensor], Tensor]] = {_NONE: lambda x: x, _RELU: torch.relu, _RELU6: functional.relu6}
    if kind not in known:
        raise NotImplementedError(f"activation {kind}")
    return known[kind]


def same_padding(size: int, kernel: int, stride: int) -> Tuple[int, int]:
    """TensorFlow's padding before and after, which is uneven where a stride leaves a choice."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


def _window(
    step: Step, model: ModelFile, kernel: Sequence[int], fill: float
) -> Tuple[Callable[[Tensor], Tensor], Tuple[int, int]]:
    """What to do to a picture before a convolution or pooling, and the padding that this does itself."""
    options = step.options
    if options.padding != _SAME:
        return lambda x: x, (0, 0)
    _, height, width, _ = model.shapes[step.inputs[0]]
    top, bottom = same_padding(height, int(kernel[0]), options.strideH)
    left, right = same_padding(width, int(kernel[1]), options.strideW)
    if top == bottom and left == right:
        return lambda x: x, (top, left)
    return lambda x: functional.pad(x, (left, right, top, bottom), value=fill), (0, 0)


def _convolution(step: Step, model: ModelFile, keep: Keep) -> Function:
    depthwise = step.kind == "DEPTHWISE_CONV_2D"
    raw = torch.from_numpy(model.constants[step.inputs[1]].copy())
    weight = raw.permute(3, 0, 1, 2).contiguous() if depthwise else raw.permute(0, 3, 1, 2).contiguous()
    get_weight = keep(step.inputs[1], weight)
    get_bias = keep(step.inputs[2], torch.from_numpy(model.constants[step.inputs[2]].copy()))
    before, padding = _window(step, model, weight.shape[2:], 0.0)
    after, stride = _activated(step.options), (step.options.strideH, step.options.strideW)
    if (step.options.dilationHFactor, step.options.dilationWFactor) != (1, 1):
        raise NotImplementedError("dilated convolutions")
    groups = model.shapes[step.inputs[0]][3] if depthwise else 1
    if not depthwise and weight.shape[2:] == (1, 1) and stride == (1, 1):
        return lambda x: after(_product(x, get_weight(), get_bias()))
    return lambda x: after(functional.conv2d(before(x), get_weight(), get_bias(), stride, padding, groups=groups))


def _product(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution with one pixel, as a product of matrices, which adds the bias at once and needs no planning.

    Nothing is moved, whether pictures and weights have their channels together or apart.
    """
    count, channels, rows, columns = x.shape
    matrix = weight.view(len(weight), channels)
    if not x.is_contiguous(memory_format=torch.channels_last):
        y = torch.baddbmm(bias[:, None], matrix.expand(count, -1, -1), x.reshape(count, channels, rows * columns))
        return y.view(count, len(weight), rows, columns)
    flat = x.permute(0, 2, 3, 1).reshape(-1, channels)
    y = torch.addmm(bias, flat, matrix.t())
    return y.view(count, rows, columns, len(weight)).permute(0, 3, 1, 2)


def _fully_connected(step: Step, model: ModelFile, keep: Keep) -> Function:
    get_weight = keep(step.inputs[1], torch.from_numpy(model.constants[step.inputs[1]].copy()))
    get_bias = keep(step.inputs[2], torch.from_numpy(model.constants[step.inputs[2]].copy()))
    after = _activated(step.options)
    return lambda x: after(functional.linear(x.flatten(1), get_weight(), get_bias()))


def _max_pool(step: Step, model: ModelFile, keep: Keep) -> Function:
    kernel = (step.options.filterHeight, step.options.filterWidth)
    stride = (step.options.strideH, step.options.strideW)
    before, padding = _window(step, model, kernel, -torch.inf)
    after = _activated(step.options)
    return lambda x: after(functional.max_pool2d(before(x), kernel, stride, padding))


def _prelu(step: Step, model: ModelFile, keep: Keep) -> Function:
    slope = torch.from_numpy(model.constants[step.inputs[1]].copy())
    if slope.shape[:-1].numel() != 1:
        raise NotImplementedError("a slope for each pixel")
    get_slope = keep(step.inputs[1], slope.flatten())
    return lambda x: functional.prelu(x, get_slope())


def _binary(step: Step, model: ModelFile, keep: Keep) -> Function:
    operation = torch.add if step.kind == "ADD" else torch.mul
    after = _activated(step.options)
    constant = model.constants.get(step.inputs[1])
    if constant is None:
        return lambda x, y: after(operation(x, y))
    if constant.ndim == 4:
        raise NotImplementedError("a constant picture")
    get = keep(step.inputs[1], torch.from_numpy(constant.copy()))
    return lambda x: after(operation(x, get()))


def _pad(step: Step, model: ModelFile, keep: Keep) -> Function:
    (first, last), (top, bottom), (left, right), (fewer, more) = model.constants[step.inputs[1]].tolist()
    if first or last:
        raise NotImplementedError("padding of the batch")
    return lambda x: functional.pad(x, (left, right, top, bottom, fewer, more))


def _resize(step: Step, model: ModelFile, keep: Keep) -> Function:
    size = tuple(int(value) for value in model.constants[step.inputs[1]])
    if not step.options.halfPixelCenters or step.options.alignCorners:
        raise NotImplementedError("bilinear resizing other than by pixels' centres")
    return lambda x: functional.interpolate(x, size, mode="bilinear", align_corners=False)


def _reshape(step: Step, model: ModelFile, keep: Keep) -> Function:
    shape = model.shapes[step.output][1:]

    def reshape(x: Tensor) -> Tensor:
        flat = x.permute(0, 2, 3, 1) if x.dim() == 4 else x
        y = flat.reshape((len(x),) + shape)
        return y.permute(0, 3, 1, 2) if y.dim() == 4 else y

    return reshape


def _concatenation(step: Step, model: ModelFile, keep: Keep) -> Function:
    axis, rank = step.options.axis, len(model.shapes[step.output])
    axis = _AXES[axis] if rank == 4 else axis
    return lambda *parts: torch.cat(parts, axis)


def _depth_to_space(step: Step, model: ModelFile, keep: Keep) -> Function:
    block = step.options.blockSize

    def spread(x: Tensor) -> Tensor:
        count, channels, height, width = x.shape
        kept = channels // block**2
        # TensorFlow counts the block's rows and columns before the channels, `pixel_shuffle` after them.
        y = x.reshape(count, block * block, kept, height, width).transpose(1, 2).reshape(x.shape)
        return functional.pixel_shuffle(y, block)

    return spread


def _mean(step: Step, model: ModelFile, keep: Keep) -> Function:
    if model.constants[step.inputs[1]].tolist() != [1, 2] or step.options.keepDims:
        raise NotImplementedError("means other than over a picture")
    return lambda x: x.mean((2, 3))


def _slice(step: Step, model: ModelFile, keep: Keep) -> Function:
    if model.shapes[step.inputs[0]] != model.shapes[step.output]:
        raise NotImplementedError("slices that leave something out")
    return lambda x: x


MAKERS: Dict[str, Callable[[Step, ModelFile, Keep], Function]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _fully_connected,
    "MAX_POOL_2D": _max_pool,
    "PRELU": _prelu,
    "ADD": _binary,
    "MUL": _binary,
    "PAD": _pad,
    "RESIZE_BILINEAR": _resize,
    "RESHAPE": _reshape,
    "CONCATENATION": _concatenation,
    "DEPTH_TO_SPACE": _depth_to_space,
    "MEAN": _mean,
    "STRIDED_SLICE": _slice,
    "RELU": lambda step, model, keep: torch.relu,
    "LOGISTIC": lambda step, model, keep: torch.sigmoid,
    **FACE_MAKERS,
}


def variable_inputs(step: Step, model: ModelFile) -> List[int]:
    """The step's inputs that are not constants."""
    return [row for row in step.inputs if row >= 0 and row not in model.constants]
