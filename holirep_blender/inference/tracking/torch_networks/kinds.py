# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker's networks and what is done with their outputs, for a batch of crops at a time.

Every network here gets crops `(B, S, S, 3)` uint8 on its device and gives one table `(B, columns)` of float32, so that
one copy brings a batch's answers back.  The steps after the graphs are those of MediaPipe's calculators:
TensorsToLandmarks, RefineLandmarksFromHeatmap, LandmarksRefinement, SsdAnchors and TensorsToDetections.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, Sequence, Tuple

import torch
from torch import nn

from .face_points import EYE_CONTOURS, REFINED
from .network import TensorFlowLite

Tensor = torch.Tensor

# Of a detector's boxes the surest so many are looked at.
MOST_BOXES = 128
_HEAT_REACH = 3
_HEAT_LEAST = 0.5


class Pose(nn.Module):
    """Columns: presence, then 39 points (x, y, z of the crop's side, visibility, presence), then 33 in metres."""

    def __init__(self, folder: Path, kind: torch.dtype) -> None:
        super().__init__()
        # Points, presence, heatmaps, metres; the third output, the person's mask, nobody reads.
        self.graph = TensorFlowLite(folder / "pose_landmark/pose_landmark_full.tflite", (0, 1, 3, 4), kind)

    def forward(self, crops: Tensor) -> Tensor:  # noqa: D102
        points, score, heat, metres = self.graph(_scaled(crops))
        points = points.view(-1, 39, 5)
        flat = refined(points[..., :2] / self.graph.size, heat)
        seen = torch.sigmoid(points[..., 3:])
        rows = torch.cat([flat, points[..., 2:3] / self.graph.size, seen], -1)
        return torch.cat([score.view(-1, 1), rows.flatten(1), metres.view(-1, 117)[:, :99]], -1)


class Hand(nn.Module):
    """Columns: presence, how far it is a right hand, then 21 points of the crop, then 21 in metres."""

    def __init__(self, folder: Path, kind: torch.dtype, model: str) -> None:
        super().__init__()
        self.graph = TensorFlowLite(folder / model, (0, 1, 2, 3), kind)

    def forward(self, crops: Tensor) -> Tensor:  # noqa: D102
        points, score, right, metres = self.graph(_scaled(crops))
        points = points.view(-1, 21, 3) / self.graph.size
        # 0.4: the hand model's depth is trained at another scale (mediapipe/modules/hand_landmark).
        points = torch.cat([points[..., :2], points[..., 2:] / 0.4], -1)
        return torch.cat([score.view(-1, 1), right.view(-1, 1), points.flatten(1), metres.view(-1, 63)], -1)


class Face(nn.Module):
    """Columns: presence, then 478 points of the crop."""

    def __init__(self, folder: Path, kind: torch.dtype) -> None:
        super().__init__()
        self.graph = TensorFlowLite(folder / "face_landmark/face_landmark_with_attention.tflite", None, kind)
        for name, rows in (("refined", REFINED), ("contours", EYE_CONTOURS)):
            for number, indices in enumerate(rows):
                self.register_buffer(f"{name}_{number}", torch.tensor(indices), persistent=False)

    def forward(self, crops: Tensor) -> Tensor:  # noqa: D102
        mesh, lips, left, right, left_iris, right_iris, score = self.graph(_scaled(crops))
        points = mesh.reshape(-1, 468, 3)
        parts = [part.reshape(len(points), -1, 2) for part in (lips, left, right)]
        flat = points[..., :2].clone()
        for number, part in enumerate(parts):
            flat[:, getattr(self, f"refined_{number}")] = part
        rows = [torch.cat([flat, points[..., 2:]], -1)]
        for number, iris in enumerate((left_iris, right_iris)):
            depth = points[:, getattr(self, f"contours_{number}"), 2].mean(-1)
            rows.append(torch.cat([iris.reshape(len(points), 5, 2), depth[:, None, None].expand(-1, 5, 1)], -1))
        every = torch.cat(rows, 1) / self.graph.size
        return torch.cat([torch.sigmoid(score.reshape(-1, 1)), every.flatten(1)], -1)


class Detector(nn.Module):
    """Columns: for each of the surest `MOST_BOXES` boxes score, centre, size and key points, all of the crop."""

    def __init__(
        self,
        folder: Path,
        kind: torch.dtype,
        model: str,
        strides: Sequence[int],
        points: int,
        span: Tuple[float, float],
    ) -> None:
        super().__init__()
        self.graph = TensorFlowLite(folder / model, None, kind)
        self.register_buffer("anchors", anchors(self.graph.size, strides), persistent=False)
        self.points, self.span = points, span

    def forward(self, crops: Tensor) -> Tensor:  # noqa: D102
        boxes, scores = self.graph(_scaled(crops, *self.span))
        scores, rows = torch.sigmoid(scores[..., 0].clamp(-100.0, 100.0)).topk(MOST_BOXES, dim=1)
        width = 4 + 2 * self.points
        boxes = boxes.gather(1, rows[..., None].expand(-1, -1, width)) / self.graph.size
        places = self.anchors[rows]  # type: ignore[index]
        centre = boxes[..., :2] + places
        marks = boxes[..., 4:].unflatten(-1, (self.points, 2)) + places[:, :, None]
        return torch.cat([scores[..., None], centre, boxes[..., 2:4], marks.flatten(2)], -1).flatten(1)


def _scaled(crops: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
    return crops.permute(0, 3, 1, 2).float() * ((high - low) / 255.0) + low


def anchors(size: int, strides: Sequence[int]) -> Tensor:
    """(N, 2) the middles of a detector's cells, 0..1: two boxes a cell and layer, the layers of one stride together."""
    places = []
    for stride in sorted(set(strides)):
        cells = -(-size // stride)
        line = (torch.arange(cells) + 0.5) / cells
        grid = torch.stack(torch.meshgrid(line, line, indexing="ij")[::-1], -1).view(-1, 2)
        places.append(grid.repeat_interleave(2 * strides.count(stride), 0))
    return torch.cat(places)


def refined(points: Tensor, heat: Tensor) -> Tensor:
    """Points `(B, K, 2)` of 0..1 moved to the centre of mass, about them, of the heatmaps `(B, K, H, W)`."""
    count, kinds, rows, columns = heat.shape
    # rounded towards nought, as MediaPipe does
    column, row = (points[..., 0] * columns).trunc().long(), (points[..., 1] * rows).trunc().long()
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    reach = torch.arange(-_HEAT_REACH, _HEAT_REACH + 1, device=points.device)
    across = column[..., None, None] + reach
    down = row[..., None, None] + reach[:, None]
    within = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
    place = (down.clamp(0, rows - 1) * columns + across.clamp(0, columns - 1)).flatten(2)
    share = torch.sigmoid(heat.flatten(2).gather(2, place).float()).view(count, kinds, len(reach), len(reach)) * within
    total = share.sum((-1, -2))
    use = inside & (share.amax((-1, -2)) >= _HEAT_LEAST)
    middle = torch.stack([(share * across).sum((-1, -2)) / columns, (share * down).sum((-1, -2)) / rows], -1)
    return torch.where(use[..., None], middle / total.clamp_min(1e-9)[..., None], points)


_SHORT_RANGE = "face_detection/face_detection_short_range.tflite"
KINDS: Dict[str, Callable[[Path, torch.dtype], nn.Module]] = {
    "body_detector": lambda folder, kind: Detector(
        folder, kind, "pose_detection/pose_detection.tflite", (8, 16, 32, 32, 32), 4, (-1.0, 1.0)
    ),
    "pose": Pose,
    "face_detector": lambda folder, kind: Detector(folder, kind, _SHORT_RANGE, (8, 16, 16, 16), 6, (-1.0, 1.0)),
    "face": Face,
    "hand_lite": lambda folder, kind: Hand(folder, kind, "hand_landmark/hand_landmark_lite.tflite"),
    "hand": lambda folder, kind: Hand(folder, kind, "hand_landmark/hand_landmark_full.tflite"),
    "palm_detector": lambda folder, kind: Detector(
        folder, kind, "palm_detection/palm_detection_full.tflite", (8, 16, 16, 16), 7, (0.0, 1.0)
    ),
}
"""Makers of the networks by name, from `mediapipe/modules` and a precision, in the order in which a job asks."""
EXACT = ("pose", "hand", "hand_lite")
"""Networks in float32 everywhere.  In half precision one point in a hundred of a hand is off by 0.5 % of the region's
side and more, of a body 1.1 %: whether the heatmap moves a body's point flips by a hair, and the point leaps.
"""
