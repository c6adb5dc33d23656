# SPDX-License-Identifier: GPL-3.0-or-later
"""The attention mesh's own operators: lips and eyes are cut out of the features, each turned upright, and the points
found there are brought back.

MediaPipe names them `Landmarks2TransformMatrix`, `TransformTensorBilinear` and `TransformLandmarks`
(mediapipe/util/tflite/operations).  A matrix `(B, 4, 4)` leads from a cut's pixels to those of the whole.
"""

from __future__ import annotations

from typing import Any, Callable, Dict

import torch
import torch.nn.functional as functional

from .model_file import ModelFile, Step

Tensor = torch.Tensor


def _transform_matrix(step: Step, model: ModelFile, keep: Any) -> Callable[[Tensor], Tensor]:
    options: Dict[str, Any] = step.options
    left, right = int(options["left_rotation_idx"]), int(options["right_rotation_idx"])
    target = float(options["target_rotation_radians"])
    width, height = int(options["output_width"]), int(options["output_height"])
    scale_x, scale_y = float(options["scale_x"]), float(options["scale_y"])
    get_subset = keep(-1 - step.output, torch.tensor([int(index) for index in options["subset_idxs"]]))

    def matrix(points: Tensor) -> Tensor:
        points = points.float()
        way = points[:, right, :2] - points[:, left, :2]
        turn = target - torch.atan2(way[:, 1], way[:, 0])
        c, s = turn.cos()[:, None], turn.sin()[:, None]
        x, y = points.index_select(1, get_subset())[..., :2].unbind(-1)
        upright = torch.stack([c * x - s * y, s * x + c * y], -1)
        low, high = upright.amin(1), upright.amax(1)
        size, middle = high - low, (high + low) / 2.0
        c, s = c[:, 0], s[:, 0]
        # The cut's axes in the whole: its pixels are turned back by `turn` and scaled to the box.
        across, down = scale_x * size[:, 0] / width, scale_y * size[:, 1] / height
        xx, xy = c * across, s * down
        yx, yy = -s * across, c * down
        x0 = c * middle[:, 0] + s * middle[:, 1] - xx * (width / 2.0) - xy * (height / 2.0)
        y0 = -s * middle[:, 0] + c * middle[:, 1] - yx * (width / 2.0) - yy * (height / 2.0)
        nought, one = torch.zeros_like(x0), torch.ones_like(x0)
        rows = [xx, xy, nought, x0, yx, yy, nought, y0, nought, nought, one, nought, nought, nought, nought, one]
        return torch.stack(rows, -1).view(-1, 4, 4)

    return matrix


def _cut(step: Step, model: ModelFile, keep: Any) -> Callable[[Tensor, Tensor], Tensor]:
    _, rows, columns, _ = model.shapes[step.output]
    _, height, width, _ = model.shapes[step.inputs[0]]
    down, across = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
    places = torch.stack([across, down, torch.ones_like(across)], -1).view(-1, 3)
    get_places = keep(-1 - step.output, places)

    def cut(features: Tensor, matrix: Tensor) -> Tensor:
        # pixels' corners are whole numbers here, and `grid_sample` has the whole from -1 to 1
        plane = torch.cat([matrix[:, :2, :2], matrix[:, :2, 3:]], 2)
        spots = get_places().to(matrix.dtype) @ plane.transpose(1, 2)
        limit = torch.stack([spots.new_full((), width), spots.new_full((), height)])
        inside = ((spots >= 0.5) & (spots <= limit - 0.5)).all(-1).view(-1, 1, rows, columns)
        grid = (spots / limit * 2.0 - 1.0).view(-1, rows, columns, 2)
        found = functional.grid_sample(features, grid.to(features.dtype), "bilinear", "border", align_corners=False)
        return found * inside

    return cut


def _moved(step: Step, model: ModelFile, keep: Any) -> Callable[[Tensor, Tensor], Tensor]:
    def move(points: Tensor, matrix: Tensor) -> Tensor:
        return points.to(matrix.dtype) @ matrix[:, :2, :2].transpose(1, 2) + matrix[:, None, :2, 3]

    return move


FACE_MAKERS: Dict[str, Callable[[Step, ModelFile, Any], Callable[..., Tensor]]] = {
    "Landmarks2TransformMatrix": _transform_matrix,
    "TransformTensorBilinear": _cut,
    "TransformLandmarks": _moved,
}
