# SPDX-License-Identifier: GPL-3.0-or-later
"""How the real tracker errs on rendered performers: what ``synthesis/tracker.py`` and ``landmarks.py`` are fitted to.

    python -m training.tracker_errors FOLDER [FOLDER ...]

Each folder holds ``truth.npz`` and ``observations.npz``. For each body point, in percent of the torso's length: the
mean offset in the picture and how much it differs between clips, the spread within a clip while the point is trusted
(visibility above 0.8) and while it is not, and the autocorrelation after 3 and 6 frames; then the world landmarks'
compression in depth, spread in depth (mm), size and turn against the truth.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from holirep_blender.motion.observations import Observations

Array = npt.NDArray[np.float64]

_JOINTS = {
    11: "leftUpperArm", 12: "rightUpperArm", 13: "leftLowerArm", 14: "rightLowerArm", 15: "leftHand", 16: "rightHand",
    23: "leftUpperLeg", 24: "rightUpperLeg", 25: "leftLowerLeg", 26: "rightLowerLeg", 27: "leftFoot", 28: "rightFoot",
}  # fmt: skip
_TIPS = {0: "nose", 7: "leftEar", 8: "rightEar", 29: "leftHeel", 30: "rightHeel", 31: "leftToeTip", 32: "rightToeTip"}
_TRUSTED = 0.8


class Clip:
    """One folder's truth beside its observations, in frames where the performer was found and wholly in the picture."""

    def __init__(self, folder: Path) -> None:
        self.seen = Observations.load(folder / "observations.npz")
        with np.load(folder / "truth.npz", allow_pickle=False) as stored:
            truth = {name: stored[name] for name in stored.files}
        names, tips = [str(n) for n in truth["joint_names"]], [str(n) for n in truth["tips_names"]]
        camera, lens = truth["world_from_camera"], truth["K"]
        joints = (truth["joints"].astype(float) - camera[:3, 3]) @ camera[:3, :3]
        self.points = joints[:, [names.index(name) for name in _JOINTS.values()]]
        self.picture = {row: truth["joints2d"][:, names.index(name)].astype(float) for row, name in _JOINTS.items()}
        self.picture.update({row: truth["tips2d"][:, tips.index(name)].astype(float) for row, name in _TIPS.items()})
        shoulders, hips = self.points[:, 0:2].mean(1), self.points[:, 6:8].mean(1)
        self.torso = np.linalg.norm(shoulders - hips, axis=-1) * lens[0, 0] / hips[:, 2]
        every = np.stack(list(self.picture.values()), axis=1)
        inside = ((every > 0) & (every < truth["size"])).all(axis=(1, 2))
        self.rows = np.asarray(inside & (self.seen.body_confidence > 0))

    def errors(self, row: int) -> Array:
        """Percent of the torso's length ``(T, 2)`` by which a point is marked right of and below the truth."""
        found = self.seen.body_image[self.rows, row, :2]
        return np.asarray(100.0 * (found - self.picture[row][self.rows]) / self.torso[self.rows, None])


def _lagged(errors: list[Array], lag: int) -> float:
    centred = [rows - rows.mean(0) for rows in errors if len(rows) > 2 * lag]
    if not centred:
        return float("nan")
    return float(
        np.concatenate([(rows[:-lag] * rows[lag:]).ravel() for rows in centred]).mean()
        / np.concatenate([(rows**2).ravel() for rows in centred]).mean()
    )


def _world(clips: list[Clip]) -> None:
    compression, size, turns, deep = [], [], [], []
    for clip in clips:
        found = clip.seen.body_world[clip.rows][:, list(_JOINTS)]
        a = found - found[:, 6:8].mean(1, keepdims=True)
        b = clip.points[clip.rows] - clip.points[clip.rows][:, 6:8].mean(1, keepdims=True)
        compression.append(float((a[..., 2] * b[..., 2]).sum() / (b[..., 2] ** 2).sum()))
        size.append(float(np.linalg.norm(a - a.mean(1, keepdims=True)) / np.linalg.norm(b - b.mean(1, keepdims=True))))
        u, _, vt = np.linalg.svd(np.einsum("tni,tnj->tij", b, a))
        u[..., 2] *= np.linalg.det(u @ vt)[:, None]
        r = u @ vt
        skew = np.stack([r[:, 2, 1] - r[:, 1, 2], r[:, 0, 2] - r[:, 2, 0], r[:, 1, 0] - r[:, 0, 1]], axis=1) / 2.0
        turns.append((np.degrees(skew.mean(0)), np.degrees(skew.std(0))))
        deep.append(1000.0 * (a[..., 2] - compression[-1] * b[..., 2]).std(0))
    low, high = min(compression), max(compression)
    print(f"depth over truth's: median {np.median(compression):.2f}, from {low:.2f} to {high:.2f}")
    print(f"size over truth's: {np.mean(size):.3f} ± {np.std(size):.3f}")
    mean = np.array([turn[0] for turn in turns])
    within = np.array([turn[1] for turn in turns])
    print(f"turn about x, y, z, degrees: between clips {mean.std(0).round(1)} about {mean.mean(0).round(1)}")
    print(f"turn within a clip: {within.mean(0).round(1)}")
    print("spread in depth, mm:", dict(zip(_JOINTS.values(), np.mean(deep, axis=0).round(0).astype(int).tolist())))


def main(arguments: list[str]) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    clips = [Clip(folder) for folder in parser.parse_args(arguments).folders if (folder / "observations.npz").is_file()]
    clips = [clip for clip in clips if clip.rows.sum() > 8]
    print(
        f"{len(clips)} clips, {sum(int(clip.rows.sum()) for clip in clips)} frames with the whole body in the picture"
    )
    print("point           offset x,y     between clips  trusted  untrusted (share)  lag 3  lag 6")
    for row, name in {**_JOINTS, **_TIPS}.items():
        errors = [clip.errors(row) for clip in clips]
        means = np.array([rows.mean(0) for rows in errors])
        trusted = [clip.seen.body_visibility[clip.rows, row] > _TRUSTED for clip in clips]
        away = np.concatenate([np.linalg.norm(rows - np.median(rows, axis=0), axis=-1) for rows in errors])
        away /= np.sqrt(2.0)
        sure = np.concatenate(trusted)
        spread = [float(np.sqrt((away[mask] ** 2).mean())) if mask.any() else float("nan") for mask in (sure, ~sure)]
        offset, between = means.mean(0), means.std(0)
        lags = (_lagged(errors, 3), _lagged(errors, 6))
        print(
            f"{name:14s} {offset[0]:6.1f} {offset[1]:6.1f}  {between[0]:6.1f} {between[1]:6.1f}   {spread[0]:6.1f}  "
            f"{spread[1]:7.1f} ({(~sure).mean():.2f})  {lags[0]:8.2f} {lags[1]:6.2f}"
        )
    _world(clips)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
