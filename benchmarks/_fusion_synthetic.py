# SPDX-License-Identifier: GPL-3.0-or-later
"""Held-out motion through the emulated tracker: the figures of any take of it, of the raw points, and ablations."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import numpy.typing as npt
import torch

from holirep_blender.inference.fusion.joints import SOLVED
from holirep_blender.inference.fusion.observed import Observed
from holirep_blender.inference.fusion.rotations import gravity_view
from holirep_blender.motion import rotations
from holirep_blender.motion.arkit import ARKIT_INDEX
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.skeleton import JOINT_INDEX
from holirep_blender.motion.take import CONTACT_NAMES, Take
from training.emulated import observations_of, telling_nothing
from training.face_points import LIDS, LIPS
from training.losses import posed
from training.metrics import LANDMARKS, TWELVE, aligned
from training.synthesis.chance import Chance
from training.synthesis.scene import Stage, Truth

Array = npt.NDArray[np.float64]
Figures = Dict[str, float]

FPS = 30.0
_LOCAL = [name for name in SOLVED if name != "hips" and "Toes" not in name]
_FINGERS = [name for name in SOLVED if any(f in name for f in ("Thumb", "Index", "Middle", "Ring", "Little"))]
_BODY = [name for name in _LOCAL if name not in _FINGERS]
_ALONG = {"Arm": np.array([1.0, 0.0, 0.0]), "Hand": np.array([1.0, 0.0, 0.0])}
"""A bone's own axis in the T-pose; up where it is not named here."""


def clips(stage: Stage, seed: int, count: int, frames: int) -> Tuple[Observed, Truth]:
    """Clips of held-out motion as the emulated tracker sees them; nothing but the points is told to the methods."""
    observed, truth = stage.batch(Chance(seed, torch.device("cpu")), count, frames, vary=False)
    return telling_nothing(observed), truth


class TrueClip:
    """The truth of one clip, in the axes of its camera."""

    def __init__(self, observed: Observed, truth: Truth, clip: int, stage: Stage) -> None:
        pose = posed(truth.rotations, truth.offsets, truth.up, truth.hips, truth.focal, observed.image_size / 2)
        self.joints: Array = pose.camera[clip, :, TWELVE].double().numpy()
        self.local = truth.rotations[clip].double().numpy().copy()
        self.local[:, 0] = gravity_view(truth.up[clip]).double().numpy() @ self.local[:, 0]
        self.hips: Array = truth.hips[clip].double().numpy()
        self.contacts = truth.contacts[clip, :, :4].numpy() > 0.5
        self.flat = bool(truth.flat[clip] > 0)
        self.coefficients: Array = truth.coefficients[clip].double().numpy()
        self.valid = observed.body_valid[clip].numpy() > 0
        self.face = observed.face_valid[clip].numpy() > 0
        self.hand = observed.hand_valid[clip].numpy() > 0
        self.moves: Array = stage.faces.expressions.double().numpy()

    def raw(self, rows: Observations) -> Figures:
        """Figures of the tracker's world landmarks."""
        points = np.nan_to_num(rows.body_world[:, LANDMARKS])
        return self._of_joints(points)

    def take(self, take: Take) -> Figures:
        """Figures of a take."""
        assert take.camera is not None
        place, turn = take.camera.world_from_camera[:, :3, 3], take.camera.world_from_camera[:, :3, :3]
        names = [SOLVED[row] for row in TWELVE]
        world = take.world_positions()[:, [JOINT_INDEX[name] for name in names]]
        joints = np.einsum("tni,tij->tnj", world - place[:, None], turn)
        figures = self._of_joints(joints)
        figures["root error mm"] = 1000 * float(np.linalg.norm(joints[:, 6:8].mean(1) - self.hips, axis=-1)[
            self.valid
        ].mean())  # fmt: skip
        local = rotations.to_matrix(take.local_rotations)
        local[:, 0] = np.swapaxes(turn, 1, 2) @ local[:, 0]
        error = np.swapaxes(self.local, 2, 3) @ local[:, [JOINT_INDEX[name] for name in SOLVED]]
        angles, swings, twists = [], [], []
        for name in _BODY:
            turned = error[self.valid][:, SOLVED.index(name)]
            angle, swing, twist = _swing_twist(turned, _axis(name))
            angles.append(angle), swings.append(swing), twists.append(twist)
        figures.update({
            "angle °": float(np.mean(angles)), "swing °": float(np.mean(swings)), "twist °": float(np.mean(twists)),
        })  # fmt: skip
        figures.update(self._of_fingers(error))
        if self.flat:
            columns = [take.contact_names.index(name) for name in CONTACT_NAMES]
            found = take.contacts[:, columns] > 0.5
            both, each = (found & self.contacts)[self.valid].sum(), found[self.valid].sum()
            figures["contacts: both"] = float(both)
            figures["contacts: sum"] = float(each + self.contacts[self.valid].sum())
        figures.update(self._of_face(take))
        return figures

    def _of_joints(self, joints: Array) -> Figures:
        a = joints - joints[:, 6:8].mean(1, keepdims=True)
        b = self.joints - self.joints[:, 6:8].mean(1, keepdims=True)
        second = [np.diff(side, 2, axis=0) * FPS**2 for side in (a, b)]
        third = [np.linalg.norm(np.diff(side, 3, axis=0), axis=-1).mean() for side in (a, b)]
        magnitude = [np.linalg.norm(side, axis=-1).mean() for side in second]
        exact = aligned(torch.as_tensor(a[self.valid]), torch.as_tensor(b[self.valid]))
        return {
            "MPJPE mm": 1000 * float(np.linalg.norm(a - b, axis=-1)[self.valid].mean()),
            "PA-MPJPE mm": 1000 * float(exact.mean()),
            "acceleration error m/s²": float(np.linalg.norm(second[0] - second[1], axis=-1).mean()),
            "acceleration / truth's": float(magnitude[0] / max(magnitude[1], 1e-9)),
            "jitter / truth's": float(third[0] / max(third[1], 1e-12)),
        }

    def _of_fingers(self, error: Array) -> Figures:
        angles = []
        for name in _FINGERS:
            rows = self.valid & self.hand[:, 0 if name.startswith("left") else 1]
            if rows.any():
                angles.append(_swing_twist(error[rows][:, SOLVED.index(name)], np.array([1.0, 0, 0]))[0])
        return {"fingers °": float(np.mean(angles))} if angles else {}

    def _of_face(self, take: Take) -> Figures:
        if self.face.sum() < 8:
            return {}
        found, truth = take.blendshapes[self.face], self.coefficients[self.face]
        off = 10.0 * np.linalg.norm(np.einsum("tk,kni->tni", found - truth, self.moves), axis=-1)
        still = 10.0 * np.linalg.norm(np.einsum("tk,kni->tni", truth, self.moves), axis=-1)
        blinks = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]
        shut = [side[:, blinks] > 0.5 for side in (found, truth)]
        moving = truth.std(0) > 0.03
        correlations = [
            np.corrcoef(found[:, column], truth[:, column])[0, 1] if found[:, column].std() > 1e-6 else 0.0
            for column in np.flatnonzero(moving)
        ]
        return {
            "face mm": float(off.mean()), "face that never moves mm": float(still.mean()),
            "lips mm": float(off[:, list(LIPS)].mean()), "lids mm": float(off[:, list(LIDS)].mean()),
            "coefficient error": float(np.abs(found - truth).mean()),
            "coefficient correlation": float(np.mean(correlations)) if correlations else float("nan"),
            "blinks: both": float((shut[0] & shut[1]).sum()), "blinks: sum": float(shut[0].sum() + shut[1].sum()),
        }  # fmt: skip


def _axis(name: str) -> Array:
    return next((axis for part, axis in _ALONG.items() if name.endswith(part)), np.array([0.0, 0.0, 1.0]))


def _swing_twist(error: Array, axis: Array) -> Tuple[float, float, float]:
    """Mean angle, swing and twist about an axis in degrees of rotation matrices ``(N, 3, 3)``."""
    q = rotations.from_matrix(error)
    q = q * np.where(q[:, :1] < 0.0, -1.0, 1.0)
    twist = 2.0 * np.arctan2(np.abs(q[:, 1:] @ axis), q[:, 0])
    angle = 2.0 * np.arccos(np.clip(q[:, 0], -1.0, 1.0))
    swing = 2.0 * np.arccos(np.clip(np.hypot(q[:, 0], q[:, 1:] @ axis), 0.0, 1.0))
    return tuple(float(np.degrees(values).mean()) for values in (angle, swing, np.minimum(twist, np.pi)))  # type: ignore


def together(rows: List[Figures]) -> Figures:
    """Means over clips; F1 over all of them together."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    result = {}
    for name in names:
        values = [row[name] for row in rows if name in row and np.isfinite(row[name])]
        result[name] = float(np.mean(values)) if values else float("nan")
    for kind in ("contacts", "blinks"):
        pair = [sum(row.get(f"{kind}: {part}", 0.0) for row in rows) for part in ("both", "sum")]
        if f"{kind}: both" in result:
            del result[f"{kind}: both"], result[f"{kind}: sum"]
            result[f"{kind[:-1]} F1"] = 2.0 * pair[0] / pair[1] if pair[1] else float("nan")
    return result


def synthetic(stage: Stage, methods: Dict[str, Callable[[Observations], Any]], count: int, frames: int) -> Dict[
    str, Figures
]:  # fmt: skip
    """The same clips by each method and raw."""
    observed, truth = clips(stage, 7001, count, frames)
    rows: Dict[str, List[Figures]] = {name: [] for name in (*methods, "raw")}
    for clip in range(count):
        seen = observations_of(observed, clip, FPS)
        if (seen.body_confidence > 0).mean() < 0.5:
            continue
        real = TrueClip(observed, truth, clip, stage)
        rows["raw"].append(real.raw(seen))
        for name, solve in methods.items():
            rows[name].append(real.take(solve(seen)))
    return {name: together(each) for name, each in rows.items()}
