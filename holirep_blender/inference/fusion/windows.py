# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of any length through the network: overlapping windows, joined without a seam."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Callable, Iterator, Optional

import torch

from .decoder import Performance
from .features import ASSUMED_FOCAL, framing
from .mirroring import mirrored, mixed
from .network import HolisticReplicationNetwork
from .observed import Observed
from .rotations import from_six, normalized, to_six

Tensor = torch.Tensor

WINDOW_SECONDS, OVERLAP_SECONDS = 64.0 / 30.0, 24.0 / 30.0
BATCH = 32
_CLIP_FIELDS = ("build", "focal", "identity", "light", "light_direction")
_WHOLE_CLIP = ("image_size", "focal", "focal_known", "up_known", "height", "height_known", "floor", "floor_known",
               "light", "light_direction", "light_known", "neutral", "neutral_known")  # fmt: skip


@dataclass
class Predicted:
    """A performance of one clip ``(1, T, ...)`` with the framing its picture quantities are told in.

    ``centre (1, T, 2)``, ``size (1, T)`` pixels; ``focal (1,)`` pixels, given or solved; ``place (1, T, 3)`` the middle
    of the hip joints in the camera's axes, metres.
    """

    performance: Performance
    centre: Tensor
    size: Tensor
    focal: Tensor
    place: Tensor


def _spans(count: int, length: int, overlap: int) -> list[tuple[int, int]]:
    """First and last-plus-one frames of windows of equal length that cover the clip."""
    if count <= length:
        return [(0, count)]
    step = length - overlap
    starts = [*range(0, count - length, step), count - length]
    return [(start, start + length) for start in starts]


def _window(observed: Observed, start: int, stop: int) -> Observed:
    part = {field.name: getattr(observed, field.name) for field in fields(observed)}
    return Observed(**{
        name: value if name in _WHOLE_CLIP else value[:, start:stop] for name, value in part.items()
    })  # fmt: skip


def _stacked(windows: list[Observed]) -> Observed:
    return Observed(**{
        field.name: torch.cat([getattr(window, field.name) for window in windows]) for field in fields(Observed)
    })  # fmt: skip


def _batches(spans: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    for start in range(0, len(spans), size):
        yield spans[start : start + size]


@torch.inference_mode()
def predict(
    network: HolisticReplicationNetwork,
    observed: Observed,
    *,
    batch: int = BATCH,
    progress: Optional[Callable[[int, int], None]] = None,
) -> Predicted:
    """The performance of one clip (``B`` = 1) on the network's device; ``progress`` is told windows done and of all.

    Windows of about two seconds overlap; where they do, their answers are blended. Each is read in a mirror too
    (``mirroring.py``). Runs out of GPU memory: the batch is
    halved and the rest goes on; raises torch.cuda.OutOfMemoryError only where one window alone is too much.
    """
    device = network.template.device
    count = observed.times.shape[1]
    rate = 1.0 / float(torch.diff(observed.times[0]).median()) if count > 1 else 30.0
    length, overlap = max(2, round(WINDOW_SECONDS * rate)), max(1, round(OVERLAP_SECONDS * rate))
    spans = _spans(count, length, overlap)
    found: dict[str, Tensor] = {}
    weight = torch.zeros(count)
    pending, done = list(_batches(spans, batch)), 0
    while pending:
        chosen = pending.pop(0)
        try:
            part = _stacked([_window(observed, *span) for span in chosen]).map(lambda value: value.to(device))
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                said = mixed(network(part)[0], network(mirrored(part))[0])
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
            if len(chosen) == 1:
                raise
            half = len(chosen) // 2
            pending = [chosen[:half], chosen[half:], *pending]
            continue
        _blend(found, weight, said, chosen, count, overlap)
        done += len(chosen)
        if progress is not None:
            progress(done, len(spans))
    performance = _finished(found, weight)
    centre, size = framing(observed)
    given = observed.focal_known > 0
    longer = observed.image_size.amax(-1)
    focal = torch.where(given, observed.focal, ASSUMED_FOCAL * longer * performance.focal.clamp(-1.5, 1.5).exp())
    depth = performance.depth.clamp(-4, 4).exp() * focal[:, None] / size
    pixels = performance.hips * size[..., None] + centre - observed.image_size[:, None] / 2
    place = torch.cat([pixels / focal[:, None, None] * depth[..., None], depth[..., None]], -1)
    return Predicted(performance, centre, size, focal, place)


def _blend(
    found: dict[str, Tensor], weight: Tensor, said: Performance, spans: list[tuple[int, int]], count: int, overlap: int
) -> None:  # fmt: skip
    """Adds windows to the sums; a window fades in and out over its overlap unless the clip begins or ends there."""
    for number, (start, stop) in enumerate(spans):
        ramp = torch.ones(stop - start)
        edge = torch.linspace(0.0, 1.0, overlap + 2)[1:-1][: stop - start]
        if start > 0:
            ramp[: len(edge)] = torch.minimum(ramp[: len(edge)], edge)
        if stop < count:
            ramp[-len(edge) :] = torch.minimum(ramp[-len(edge) :], edge.flip(0))
        weight[start:stop] += ramp
        for field in fields(said):
            value = getattr(said, field.name)[number].float().cpu()
            if field.name in _CLIP_FIELDS:
                total = found.setdefault(field.name, torch.zeros_like(value))
                total += value * ((stop - start) / max(1, count))
                found.setdefault(field.name + " weight", torch.zeros(())).add_((stop - start) / max(1, count))
                continue
            if field.name == "rotations":
                value = to_six(value)
            total = found.setdefault(field.name, torch.zeros((count,) + value.shape[1:]))
            total[start:stop] += value * ramp.view(-1, *[1] * (value.dim() - 1))


def _finished(found: dict[str, Tensor], weight: Tensor) -> Performance:
    values: dict[str, Tensor] = {}
    for field in fields(Performance):
        value = found[field.name]
        if field.name in _CLIP_FIELDS:
            value = value / found[field.name + " weight"]
        else:
            value = value / weight.view(-1, *[1] * (value.dim() - 1))
        if field.name == "rotations":
            value = from_six(value)
        if field.name in ("up", "light_direction"):
            value = normalized(value)
        values[field.name] = value[None]
    return Performance(**values)
