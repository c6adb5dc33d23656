# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a performance is, beside what the tracker's own world landmarks give on the same frames."""

from __future__ import annotations

from typing import Optional

import torch

from holirep_blender.inference.fusion.decoder import Performance
from holirep_blender.inference.fusion.features import Features
from holirep_blender.inference.fusion.joints import BODY_ROWS, FINGER_ROWS, SOLVED, SOLVED_INDEX, rest_offsets
from holirep_blender.inference.fusion.observed import Observed
from holirep_blender.inference.fusion.rotations import angle_between
from holirep_blender.motion.arkit import ARKIT_INDEX

from .face_points import LIDS, LIPS
from .losses import placed, posed
from .synthesis.faces import Faces
from .synthesis.scene import Truth

Tensor = torch.Tensor

TWELVE = [
    SOLVED_INDEX[side + part]
    for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
    for side in ("left", "right")
]
LANDMARKS = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
_ACROSS, _ALONG = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
_ARMS = [SOLVED_INDEX[side + part] for side in ("left", "right") for part in ("UpperArm", "LowerArm", "Hand")]
_LEGS = [SOLVED_INDEX[side + part] for side in ("left", "right") for part in ("UpperLeg", "LowerLeg", "Foot")]
_TRUNK = [SOLVED_INDEX[name] for name in ("spine", "chest", "upperChest", "neck", "head")]
_LOCAL = [row for row in BODY_ROWS if row and "Toes" not in SOLVED[row]]


def aligned(found: Tensor, truth: Tensor) -> Tensor:
    """Distances ``(N, J)`` in the unit given after the best similarity of each frame ``(N, J, 3)``."""
    a, b = found - found.mean(1, keepdim=True), truth - truth.mean(1, keepdim=True)
    u, s, vt = torch.linalg.svd(b.transpose(1, 2) @ a)
    sign = torch.linalg.det(u @ vt).sign()
    u = torch.cat([u[..., :2], u[..., 2:] * sign[:, None, None]], -1)
    s = torch.cat([s[:, :2], s[:, 2:] * sign[:, None]], -1)
    scale = s.sum(1) / a.square().sum((1, 2)).clamp_min(1e-9)
    return (scale[:, None, None] * a @ (u @ vt).transpose(1, 2) - b).norm(dim=-1)


def swing_and_twist(error: Tensor, axis: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
    """Angles in radians of error rotations ``(..., 3, 3)`` across and about a bone's axis."""
    w = (1.0 + error.diagonal(dim1=-2, dim2=-1).sum(-1)).clamp_min(1e-6).sqrt() / 2.0
    skew = torch.stack(
        [error[..., 2, 1] - error[..., 1, 2], error[..., 0, 2] - error[..., 2, 0], error[..., 1, 0] - error[..., 0, 1]],
        -1,
    ) / (4.0 * w[..., None])
    about = (skew * torch.tensor(axis, device=error.device)).sum(-1)
    twist = 2.0 * torch.atan2(about.abs(), w)
    return 2.0 * torch.acos((w.square() + about.square()).sqrt().clamp(max=1.0)), twist.clamp_max(torch.pi)


def f1(found: Tensor, truth: Tensor) -> float:
    """Harmonic mean of precision and recall of decisions of any shape."""
    both = (found & truth).sum().item()
    return 2.0 * both / max(1, found.sum().item() + truth.sum().item())


def _mean(values: Tensor, mask: Optional[Tensor] = None) -> float:
    if mask is None:
        return float(values.mean())
    return float((values * mask).sum() / mask.sum().clamp_min(1.0))


@torch.no_grad()
def metrics(found: Performance, read: Features, observed: Observed, truth: Truth, faces: Faces) -> dict[str, float]:
    """Figures of one batch; millimetres, degrees, metres a second squared."""
    centre = observed.image_size / 2
    place, focal = placed(found, read, centre)
    ours = posed(found.rotations, rest_offsets(found.build), found.up, place, focal, centre)
    real = posed(truth.rotations, truth.offsets, truth.up, truth.hips, truth.focal, centre)
    valid = observed.body_valid > 0
    a, b = ours.camera[:, :, TWELVE], real.camera[:, :, TWELVE]
    raw = observed.body_world[:, :, LANDMARKS]
    raw = raw - raw[:, :, 6:8].mean(2, keepdim=True)
    error = torch.linalg.inv(truth.rotations) @ found.rotations
    degrees = torch.rad2deg(angle_between(found.rotations, truth.rotations))
    swings, twists = [], []
    for rows, axis in ((_ARMS, _ACROSS), (_TRUNK, _ALONG), (_LEGS, _ALONG)):
        swing, twist = swing_and_twist(error[:, :, rows], axis)
        swings.append(torch.rad2deg(swing))
        twists.append(torch.rad2deg(twist))
    result = {
        "pa_mpjpe": 1000 * float(aligned(a[valid], b[valid]).mean()),
        "pa_mpjpe raw": 1000 * float(aligned(raw[valid], b[valid]).mean()),
        "mpjpe": 1000 * float((a - b)[valid].norm(dim=-1).mean()),
        "mpjpe raw": 1000 * float((raw - b)[valid].norm(dim=-1).mean()),
        "angle": float(degrees[:, :, _LOCAL][valid].mean()),
        "angle hips": float(degrees[:, :, 0][valid].mean()),
        "angle arms": float(degrees[:, :, _ARMS][valid].mean()),
        "angle legs": float(degrees[:, :, _LEGS][valid].mean()),
        "angle trunk": float(degrees[:, :, _TRUNK][valid].mean()),
        "swing": float(torch.cat(swings, -1)[valid].mean()),
        "twist": float(torch.cat(twists, -1)[valid].mean()),
        "twist arms": float(twists[0][valid].mean()),
        "up": float(torch.rad2deg(torch.acos((found.up * truth.up).sum(-1).clamp(-1, 1))).mean()),
        "depth %": 100 * _mean((place[..., 2] / truth.hips[..., 2] - 1).abs().clamp_max(2.0)),
        "stature %": 100 * _mean((found.build[:, 0] - truth.build[:, 0]).abs()),
        "focal %": 100 * _mean((focal / truth.focal - 1).abs()),
    }
    inside = ((truth.picture > 0) & (truth.picture < observed.image_size[:, None, None])).all(-1)
    whole_body = valid & inside[:, :, 11:].all(-1)
    if whole_body.any():
        result["pa_mpjpe whole"] = 1000 * float(aligned(a[whole_body], b[whole_body]).mean())
        result["pa_mpjpe whole raw"] = 1000 * float(aligned(raw[whole_body], b[whole_body]).mean())
        result["angle whole"] = float(degrees[:, :, _LOCAL][whole_body].mean())
    if a.shape[1] > 2:
        acceleration = [torch.diff(side, n=2, dim=1) * 900.0 for side in (a, b, raw)]
        whole = (valid[:, 2:] & valid[:, 1:-1] & valid[:, :-2])[..., None].float().expand(acceleration[0].shape[:3])
        result["acceleration error"] = _mean((acceleration[0] - acceleration[1]).norm(dim=-1), whole)
        result["acceleration error raw"] = _mean((acceleration[2] - acceleration[1]).norm(dim=-1), whole)
        truly = max(_mean(acceleration[1].norm(dim=-1), whole), 1e-9)
        result["acceleration ratio"] = _mean(acceleration[0].norm(dim=-1), whole) / truly
    flat = (truth.flat[:, None] * valid)[..., None].expand_as(truth.contacts[..., :4]) > 0
    result["contact f1"] = f1((found.contacts[..., :4] > 0)[flat], (truth.contacts[..., :4] > 0.5)[flat])
    seen = observed.face_valid > 0
    moved = faces.vertices((found.coefficients - truth.coefficients)[seen]).norm(dim=-1) * 10.0
    rest = faces.vertices(truth.coefficients[seen]).norm(dim=-1) * 10.0
    result["face"], result["face at rest"] = float(moved.mean()), float(rest.mean())
    result["face lips"], result["face lids"] = float(moved[:, list(LIPS)].mean()), float(moved[:, list(LIDS)].mean())
    result["coefficients"] = float((found.coefficients - truth.coefficients)[seen].abs().mean())
    blinks = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]
    result["blink f1"] = f1((found.coefficients[seen][:, blinks] > 0.5), (truth.coefficients[seen][:, blinks] > 0.5))
    result["gaze"] = float(torch.rad2deg((found.gaze - truth.gaze)[seen].abs().mean()))
    for name, wanted in (("fingers", 1.0), ("fingers unseen", 0.0)):
        rows = torch.tensor([SOLVED[row].startswith("right") for row in FINGER_ROWS], device=degrees.device).long()
        mask = (observed.hand_valid[..., rows] == wanted).float()
        result[name] = _mean(degrees[:, :, list(FINGER_ROWS)], mask)
    lit = truth.lit
    turn = torch.rad2deg(torch.acos((found.light_direction * truth.light_direction).sum(-1).clamp(-1, 1)))
    result["light direction"] = _mean(turn, lit)
    result["light"] = _mean((found.light - truth.light).abs().mean((-1, -2)), lit)
    result["expected / real error"] = float(found.spread.mean() / torch.deg2rad(degrees).mean())
    return result
